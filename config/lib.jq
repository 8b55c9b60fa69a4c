# Definitions that every program sees.

# What the frontend may know of somebody else. Null stays null.
def person: if . == null then null else {id, name, avatar} end;

# What the frontend may know of a post.
def post_card: {id, title, excerpt: .body[:120], tags, likes, created_at};

# The `pagination` member beside `data`.
def pagination($page; $limit; $total):
  {page: $page, limit: $limit, total: $total, totalPages: (($total + $limit - 1) / $limit | floor)};

# Over an array of roles.
def is_staff: any(. == "admin" or . == "support");
