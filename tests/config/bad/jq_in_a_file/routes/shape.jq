# The shape of a user.
def name: .first + " " + .last;

{id: $user.id, name: ($usr | name)}
