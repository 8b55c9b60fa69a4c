//! Writing equal values as equal texts, to be hashed.

use super::{Num, Value, number_text};

impl Value {
    /// Appends one text for equal values, which is not JSON: `1.0` as `1`, members in the order of their names. Numbers
    /// that are no integers are as exact as an IEEE 754 double.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        match self {
            Self::Num(number @ (Num::Dec(_) | Num::Float(_))) => {
                let text = number_text(number);
                match text.parse() {
                    Ok(float) => out.extend_from_slice(number_text(&Num::Float(float)).as_bytes()),
                    Err(_) => out.extend_from_slice(text.as_bytes()),
                }
            }
            Self::Arr(array) => {
                out.push(b'[');
                for item in &array.items {
                    item.write_canonical(out);
                    out.push(b',');
                }
                out.push(b']');
            }
            Self::Obj(object) => {
                let mut members: Vec<_> = object.members.iter().collect();
                members.sort_unstable_by_key(|(name, _)| *name);
                out.push(b'{');
                for (name, member) in members {
                    Self::from(name.as_str()).write(out);
                    out.push(b':');
                    member.write_canonical(out);
                    out.push(b',');
                }
                out.push(b'}');
            }
            _ => self.write(out),
        }
    }

    /// What [`Self::write_canonical`] appends.
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_canonical(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DuplicateKeys, Limits, Value, parse};

    fn canonical(text: &str) -> Vec<u8> {
        let limits = Limits { max_depth: 9, duplicate_keys: DuplicateKeys::LastWins };
        let value: Value = parse(text.as_bytes(), &limits).unwrap();
        value.to_canonical()
    }

    #[test]
    fn equal_values_have_one_text() {
        for (one, other) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("0.5", "5e-1"),
            (r#"{"a":1,"b":[2]}"#, r#"{ "b": [2.0], "a": 1 }"#),
            (r#""a""#, r#""\u0061""#),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
        }
    }

    #[test]
    fn other_values_have_other_texts() {
        for (one, other) in [
            ("1", "\"1\""),
            ("1", "1.5"),
            ("[1,2]", "[2,1]"),
            ("[[1],2]", "[[1,2]]"),
            ("9007199254740993", "9007199254740992"),
            (r#"{"a":"b"}"#, r#"["a","b"]"#),
            (r#"{"a":null}"#, "{}"),
        ] {
            assert_ne!(canonical(one), canonical(other), "{one} {other}");
        }
    }
}
