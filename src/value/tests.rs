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

fn reason(text: &[u8]) -> String {
    parse(text, &LIMITS).expect_err("no JSON").to_string()
}

#[test]
fn what_is_not_json_is_refused() {
    for text in [
        "",
        " ",
        "nul",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "-",
        "0x1",
        "1 2",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\"}",
        "{1:1}",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"a\nb\"",
        "\"\u{1}\"",
        "[1] x",
        "// c\n1",
        "1 /* c */",
        "[1",
        "{\"a\":1",
        "]",
        "}",
        "\u{feff}1",
        "\u{a0}1",
    ] {
        assert!(parse(text.as_bytes(), &LIMITS).is_err(), "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
    }
    assert_eq!(reason(b"[1,\n 2,,]"), "expected a value at line 2 column 4");
    assert_eq!(reason(b"\"\xff\""), "invalid UTF-8 at line 1 column 2");
    assert_eq!(reason("\"é\\q\"".as_bytes()), "invalid escape at line 1 column 3");
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let limits = |max_depth| Limits { max_depth, ..LIMITS };
    assert_eq!(parse(nested(64).as_bytes(), &limits(64)).map(|value| value.depth()), Ok(64));
    assert!(parse(nested(65).as_bytes(), &limits(64)).is_err());
    assert!(parse(nested(201).as_bytes(), &limits(100_000)).is_err());
    assert!(parse("[".repeat(1_000_000).as_bytes(), &limits(100_000)).is_err());
    assert!(parse("{\"a\":".repeat(1_000_000).as_bytes(), &limits(100_000)).is_err());
    assert_eq!(parsed("[[],[]]").depth(), 2);
    assert_eq!(parse(b"[[1],[2],{\"a\":[]}]", &limits(3)).map(|value| value.depth()), Ok(3));
}

#[test]
fn duplicate_keys() {
    let text = br#"{"a":1,"b":2,"a":3}"#;
    assert_eq!(parsed(r#"{"a":1,"b":2,"a":3}"#).to_json(), r#"{"a":3,"b":2}"#);
    let refuse = Limits { duplicate_keys: DuplicateKeys::Refuse, ..LIMITS };
    let error = parse(text, &refuse).expect_err("refused");
    assert_eq!(error.to_string(), "duplicate key at line 1 column 14");
    // the same key in another spelling
    assert!(parse(br#"{"a":1,"\u0061":2}"#, &refuse).is_err());
}

#[test]
fn text_comes_through() {
    for (text, expected) in [
        (r#""\ud83d\ude00 \u00e9 \/ \b\f\n\r\t\\\"""#, "\"😀 é / \\b\\f\\n\\r\\t\\\\\\\"\""),
        (r#""\u0000\u001f""#, r#""\u0000\u001f""#),
        ("\"\u{7f}\u{2028}\"", "\"\u{7f}\u{2028}\""),
        (r#"{"a b":{"":[]}}"#, r#"{"a b":{"":[]}}"#),
        (" [ 1 , true ,\t{ \"a\" : null } ]\r\n", r#"[1,true,{"a":null}]"#),
    ] {
        assert_eq!(parsed(text).to_json(), expected);
    }
}

#[test]
fn equality_and_order_are_jqs() {
    let equal = [
        ("1", "1.0"),
        ("1", "1e0"),
        ("-0", "0"),
        ("9007199254740993", "9007199254740993"),
        ("100", "1e2"),
        (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1.0}"#),
    ];
    for (a, b) in equal {
        assert_eq!(parsed(a), parsed(b));
    }
    assert_ne!(parsed("9007199254740993"), parsed("9007199254740992"));
    assert_ne!(parsed("9007199254740993"), parsed("9007199254740992.0"));
    assert_ne!(Value::from(f64::NAN), Value::from(f64::NAN));
    let sorted = [
        "null",
        "false",
        "true",
        "-1e400",
        "-9223372036854775809",
        "-1.5",
        "0",
        "0.5",
        "1",
        "9007199254740992.0",
        "9007199254740993",
        "9223372036854775808",
        "123456789012345678901234567890",
        "1e400",
        "\"\"",
        "\"B\"",
        "\"a\"",
        "\"ab\"",
        "[]",
        "[null]",
        "[1]",
        "[1,2]",
        "[2]",
        "{}",
        r#"{"a":2}"#,
        r#"{"a":1,"b":0}"#,
        r#"{"b":0}"#,
    ];
    for (i, a) in sorted.iter().enumerate() {
        for (j, b) in sorted.iter().enumerate() {
            assert_eq!(parsed(a).cmp(&parsed(b)), i.cmp(&j), "{a} {b}");
        }
    }
}

#[test]
fn calculated_numbers() {
    for (float, text) in [
        (2.0, "2"),
        (-2.0, "-2"),
        (0.1, "0.1"),
        (-0.0, "-0"),
        (1e16, "10000000000000000"),
        (1.5e300, "1.5e300"),
        (f64::NAN, "null"),
        (f64::INFINITY, "null"),
        (f64::NEG_INFINITY, "null"),
    ] {
        assert_eq!(Value::from(float).to_json(), text);
    }
    let text = |json: &str| match parsed(json) {
        Value::Num(number) => number_text(&number).into_owned(),
        other => other.to_json(),
    };
    let texts = [
        ("2.0", "2"),
        ("2.00", "2"),
        ("1.10", "1.10"),
        ("1e400", "1e400"),
        ("7", "7"),
        ("1.0e5", "100000"),
        ("1000e-1", "100"),
        ("-12.50E+1", "-125"),
        ("1e-1", "1e-1"),
        ("12e39", "12e39"),
        ("0.00e-7", "0"),
        ("0.1e1", "1"),
        ("-0", "-0"),
    ];
    for (json, expected) in texts {
        assert_eq!(text(json), expected);
    }
}

#[test]
fn writing_within_a_limit() {
    let value = parsed(r#"{"a":["some text",12345]}"#);
    let whole = value.to_json().len();
    let mut out = b"before".to_vec();
    assert_eq!(value.write_within(&mut out, whole), Ok(()));
    for limit in 0..whole {
        out.clear();
        assert_eq!(value.write_within(&mut out, limit), Err(TooLarge));
    }
    assert!(!value.is_longer_than(whole));
    let long = Value::from("x".repeat(1000)).to_string();
    assert!(long.len() < 110, "{long}");
}

#[test]
fn claims_come_from_serde() {
    let text = r#"{"sub":"u1","roles":["a","b"],"exp":1700000000,"n":1.5,"big":18446744073709551615,"t":true,"z":null}"#;
    let serde: serde_json::Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(Value::from(&serde), parsed(text));
    assert_eq!(serde_json::Value::from(&parsed(text)), serde);
    assert_eq!(serde_json::from_str::<Value>(text).expect("JSON"), parsed(text));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let numbers = prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,5})?"
                .prop_map(|text| parsed(&text)),
        ];
        let leaves = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            numbers,
            any::<String>().prop_map(Value::from),
            "\\PC{0,40}".prop_map(Value::from),
        ];
        leaves.prop_recursive(6, 60, 8, |inner| {
            let members = prop::collection::vec((any::<String>(), inner.clone()), 0..8);
            prop_oneof![
                prop::collection::vec(inner, 0..8).prop_map(Value::array),
                members.prop_map(|all| all
                    .into_iter()
                    .map(|(key, value)| (key.into(), value))
                    .collect()),
            ]
        })
    }

    /// Near enough to JSON that both kinds come up.
    const NEARLY: &str =
        r#"([\[\]{},:"\\ ]|null|true|"a"|"\\u[0-9a-d]{4}"|-?[0-9]{1,3}|[0-9.eE+-]{1,4}|\PC){0,12}"#;

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in values()) {
            let text = value.to_json();
            let back = parsed(&text);
            prop_assert_eq!(&back, &value);
            prop_assert_eq!(back.depth(), value.depth());
            prop_assert_eq!(back.to_json(), text);
        }

        #[test]
        fn the_order_is_total(a in values(), b in values(), c in values()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a == b, a.cmp(&b).is_eq());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }

        #[test]
        fn serde_agrees_on_what_is_json(text in NEARLY) {
            agrees(text.as_bytes())?;
        }

        #[test]
        fn serde_agrees_on_changed_json(value in values(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut text = value.to_json().into_bytes();
            let at = at.index(text.len());
            text[at] = byte;
            agrees(&text)?;
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            agrees(&bytes)?;
        }
    }

    fn agrees(text: &[u8]) -> Result<(), TestCaseError> {
        let (ours, serde) =
            (parse(text, &LIMITS), serde_json::from_slice::<serde_json::Value>(text));
        match (&ours, &serde) {
            (Ok(_), Ok(_)) | (Err(_), Err(_)) => {}
            // serde_json has no numbers beyond a float's
            (Ok(_), Err(error)) if error.to_string().starts_with("number out of range") => {}
            _ => prop_assert!(false, "ours {:?}, serde_json {:?}", ours, serde),
        }
        Ok(())
    }
}
