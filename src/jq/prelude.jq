# What jq 1.7 has beyond jaq, and what jaq has another way. Later definitions of a name win; those in Rust are in native/.

def repeat(f): def rec: ., (f | rec); rec;
def del(f): delpaths([path(f)]);
def walk(f):
  def rec: if type == "object" then map_values(rec) elif type == "array" then map(rec) else . end | f;
  rec;
def add(f): [f] | add;
def combinations:
  if length == 0 then []
  else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;
def combinations($n): . as $dice | [range($n)] | map($dice) | combinations;
def pick(f): . as $top | reduce path(f) as $path (null; setpath($path; $top | getpath($path)));
def abs:
  if type != "number" then error("\(type) has no absolute value") elif . < 0 then -. else . end;
def toarray: if type == "array" then . else [.] end;
def have_literal_numbers: true;
def have_decnum: false;
def isvalid(f): try (f | true) catch false;
def leaf_paths: paths(scalars);
def ascii: [.] | implode;
def trimstr($part): ltrimstr($part) | rtrimstr($part);
def toboolean:
  if type == "boolean" then . elif . == "true" then true elif . == "false" then false
  else error("\(type) cannot be parsed as a boolean") end;

# SQL
def IN(values): any(values == .; .);
def IN(source; values): any(source == values; .);
def INDEX(rows; key): reduce rows as $row ({}; .[$row | key | tostring] |= $row);
def INDEX(key): INDEX(.[]; key);
def GROUP_BY(key): group_by(key);
def JOIN($index; key): [.[] | [., $index[key]]];
def JOIN($index; rows; key): rows | [., $index[key]];
def JOIN($index; rows; key; join): rows | [., $index[key]] | join;

# Streams
def tostream:
  path(def rec: (.[]? | rec), .; rec) as $path
  | getpath($path)
  | reduce path(.[]?) as $child ([$path, .]; [$path + $child]);
def fromstream(events):
  { value: null, whole: false } as $start
  | foreach events as $event ($start;
      if .whole then $start else . end
      | if $event | length == 2
        then .whole = ($event[0] | length == 0) | setpath(["value"] + $event[0]; $event[1])
        else .whole = ($event[0] | length == 1) end;
      if .whole then .value else empty end);
def truncate_stream(events):
  . as $depth | null | events
  | if (.[0] | length) > $depth then .[0] |= .[$depth:] else empty end;

# Regular expressions
def test(re; flags): is_match(re; flags);
def test(re): is_match(re; null);
def match(re; flags): matches(re; flags)[];
def match(re): matches(re; null)[];
def capture(re; flags):
  match(re; flags) | [.captures[] | select(.name != null) | { key: .name, value: .string }]
  | from_entries;
def capture(re): capture(re; null);
def scan(re; flags):
  match(re; "g" + flags) | if .captures == [] then .string else [.captures[].string] end;
def scan(re): scan(re; null);
def split(re; flags): split_at(re; "g" + flags);
def splits(re; flags): split(re; flags)[];
def splits(re): splits(re; null);
def sub(re; f; flags):
  reduce split_matches(re; flags)[] as $piece
    (""; . + ($piece | if type == "object" then f else . end));
def sub(re; f): sub(re; f; null);
def gsub(re; f; flags): sub(re; f; "g" + flags);
def gsub(re; f): sub(re; f; "g");

# Dates
def short($format): if $format | utf8bytelength > 200 then error("the format is too long") else . end;
# jaq reckons with what is out of range, and comes to another time.
def moment:
  if type == "number" and (. > 1e12 or . < -1e12)
    or type == "array" and (.[1] | type == "number" and . > 11)
  then error("the time is out of range") else . end;
def gmtime: moment | gmtime_unchecked;
def localtime: moment | localtime_unchecked;
def mktime: moment | mktime_unchecked;
def strftime($format): short($format) | moment | strftime_unchecked($format);
def strflocaltime($format): short($format) | moment | strflocaltime_unchecked($format);
def strptime($format): short($format) | strptime_unchecked($format);
def date: todate;
def dateadd(unit; $seconds): . + $seconds;
def datesub(unit; $seconds): . - $seconds;

# Formats
def @csv: to_csv;
def @tsv: to_tsv;
def @base32: encode_base32;
def @base32d: decode_base32;
