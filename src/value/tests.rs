use super::*;

const LIMITS: Limits = Limits { max_depth: 200, duplicate_keys: DuplicateKeys::LastWins };

fn parsed(text: &str) -> Value {
    parse(text.as_bytes(), &LIMITS).expect(text)
}

#[test]
fn sizes_and_threads() {
    fn send_sync<T: Send + Sync + 'static>() {}
    send_sync::<Value>();
    assert_eq!(size_of::<Value>(), 24);
}

#[test]
fn numbers_pass_through() {
    for text in [
        "0",
        "-0",
        "-0.0",
        "1.10",
        "1.0",
        "1e400",
        "1E+5",
        "9007199254740993",
        "-9223372036854775808",
        "9223372036854775808",
        "123456789012345678901234567890",
        "0.1",
        "1e-7",
        "3.14159265358979323846264",
    ] {
        assert_eq!(parsed(text).to_json(), text);
    }
}
