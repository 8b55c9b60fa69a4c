//! The strict JSON parser and writer: what is read is written back the same, and `serde_json` agrees on what is JSON.

#![no_main]

use frontdesk::value::{DuplicateKeys, Limits, MAX_DEPTH, Value, parse};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { max_depth: MAX_DEPTH, duplicate_keys: DuplicateKeys::LastWins };

fuzz_target!(|bytes: &[u8]| {
    let serde = serde_json::from_slice::<serde_json::Value>(bytes);
    let refusing = Limits { duplicate_keys: DuplicateKeys::Refuse, ..LIMITS };
    let strict = parse(bytes, &refusing);
    match parse(bytes, &LIMITS) {
        Ok(value) => {
            back_again(&value);
            match serde {
                Ok(serde) => same_as(&value, &serde),
                // It has no numbers beyond a float's, and no such depth.
                Err(error) => {
                    let why = error.to_string();
                    let known = ["number out of range", "recursion limit exceeded"];
                    assert!(known.iter().any(|known| why.starts_with(known)), "{why}");
                }
            }
            if let Err(error) = strict {
                assert_eq!(error.reason, "duplicate key");
            }
        }
        Err(error) => {
            assert!(serde.is_err(), "{error}");
            assert!(strict.is_err());
            assert!(error.offset <= bytes.len());
        }
    }
});

fn back_again(value: &Value) {
    let text = value.to_json();
    let back = parse(text.as_bytes(), &LIMITS).expect("what is written is JSON");
    assert_eq!(&back, value);
    assert_eq!(back.depth(), value.depth());
    assert_eq!(back.to_json(), text);
    let mut out = Vec::new();
    assert!(value.write_within(&mut out, text.len()).is_ok());
    assert_eq!(out, text.as_bytes());
    assert!(value.write_within(&mut Vec::new(), text.len() - 1).is_err());
}

/// Numbers aside, which only one of them keeps.
fn same_as(value: &Value, serde: &serde_json::Value) {
    match (value, serde) {
        (Value::Num(_), serde_json::Value::Number(_)) => {}
        (Value::Arr(_), serde_json::Value::Array(items)) => {
            let ours = value.as_array().unwrap_or_default();
            assert_eq!(ours.len(), items.len());
            ours.iter().zip(items).for_each(|(one, other)| same_as(one, other));
        }
        (Value::Obj(_), serde_json::Value::Object(members)) => {
            let ours = value.as_object().expect("an object");
            assert!(ours.keys().map(|key| key.as_str()).eq(members.keys()));
            ours.values().zip(members.values()).for_each(|(one, other)| same_as(one, other));
        }
        _ => assert_eq!(value, &Value::from(serde)),
    }
}
