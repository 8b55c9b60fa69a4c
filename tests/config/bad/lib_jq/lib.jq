def person: {id, name;

def other: 1;
