//! Schemas as their users see them: a schema, a value, what becomes of it.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::value::{DuplicateKeys, Limits, Value, parse};

fn value(text: &str) -> Value {
    parse(text.as_bytes(), &Limits { max_depth: 200, duplicate_keys: DuplicateKeys::Refuse })
        .unwrap()
}

#[track_caller]
fn schema(json: Json) -> Schema {
    Schema::compile(&json).unwrap_or_else(|wrong| panic!("{json}: {wrong:?}"))
}

/// The prepared value, or `field message (rule)` of all mistakes.
fn check(schema: &Schema, text: &str) -> Result<String, Vec<String>> {
    let mut value = value(text);
    let mut mistakes = Mistakes::default();
    let good = schema.check(&mut value, || "body".into(), &mut mistakes);
    assert_eq!(good, mistakes.is_empty(), "{text}");
    let details = mistakes.into_details();
    if details.is_empty() {
        return Ok(value.to_json());
    }
    let line = |one: &crate::fault::Detail| format!("{} {} ({})", one.field, one.message, one.rule);
    Err(details.iter().map(line).collect())
}

#[track_caller]
fn one_mistake(json: Json, text: &str) -> String {
    let told = check(&schema(json.clone()), text);
    let mistakes = told.expect_err(&json.to_string());
    assert_eq!(mistakes.len(), 1, "{json}: {mistakes:?}");
    mistakes[0].clone()
}

#[track_caller]
fn titles(json: Json) -> Vec<String> {
    let wrong = Schema::compile(&json).map(|_| ()).expect_err("a mistake");
    wrong.into_iter().map(|one| format!("{}: {}", one.at, one.title)).collect()
}

mod keywords {
    use super::*;

    /// As the official suite is written: a schema, values that are good, values that are not.
    const CASES: &str = include_str!("cases.json");

    #[test]
    fn every_keyword_lets_in_and_refuses_what_the_standard_says() {
        let cases: Vec<Json> = serde_json::from_str(CASES).unwrap();
        for case in &cases {
            let schema = schema(case["schema"].clone());
            for (list, good) in [("good", true), ("bad", false)] {
                for one in case[list].as_array().into_iter().flatten() {
                    let text = one.to_string();
                    assert_eq!(check(&schema, &text).is_ok(), good, "{} {text}", case["schema"]);
                }
            }
        }
        let all = cases.iter().map(|case| case["schema"].to_string()).collect::<String>();
        let forms = super::super::keywords::KEYWORDS.iter().map(|(name, _)| *name);
        let checked = forms.filter(|name| !name.starts_with("content") && *name != "$comment");
        let missing: Vec<&str> =
            checked.filter(|name| !all.contains(&format!("\"{name}\""))).collect();
        assert!(missing.is_empty(), "no case for {missing:?}");
    }

    /// A schema, a value, what is said, in three lines each.
    const MESSAGES: &str = include_str!("messages.txt");

    #[test]
    fn every_mistake_is_told_in_words() {
        let lines: Vec<&str> = MESSAGES.lines().collect();
        for case in lines.chunks(4) {
            let [json, value, message, ..] = case else { panic!("{case:?}") };
            let json = serde_json::from_str(json).expect(json);
            assert_eq!(one_mistake(json, value), *message);
        }
    }

    #[test]
    fn of_several_branches_the_one_that_was_meant_is_explained() {
        let shape = |kind: &str, member: &str| {
            json!({
                "type": "object",
                "required": ["kind", member],
                "properties": {"kind": {"const": kind}, member: {"type": "number", "minimum": 0}}
            })
        };
        let shapes = json!({"oneOf": [shape("circle", "radius"), shape("square", "side")]});
        assert_eq!(
            one_mistake(shapes.clone(), r#"{"kind":"square","side":-1}"#),
            "body.side must be at least 0 (minimum)"
        );
        assert_eq!(
            one_mistake(shapes.clone(), r#"{"kind":"line"}"#),
            "body.kind must be one of circle, square (enum)"
        );
        assert_eq!(one_mistake(shapes.clone(), "{}"), "body.kind is required (required)");
        assert_eq!(one_mistake(shapes, "1"), "body must be an object (type)");
    }

    #[test]
    fn numbers_are_compared_digit_by_digit() {
        for (json, good, bad) in [
            (json!({"maximum": 0.3}), "0.3", "0.30000000000000000001"),
            (json!({"minimum": 9007199254740993_u64}), "9007199254740993", "9007199254740992.9"),
            (json!({"const": 0.3}), "0.30", "0.30000000000000000001"),
            (json!({"enum": [9007199254740993_u64]}), "9007199254740993.0", "9007199254740992"),
            (json!({"multipleOf": 0.01}), "123456789012345678901.23", "123456789012345678901.231"),
            (json!({"type": "integer"}), "9007199254740993.0", "9007199254740993.5"),
            (json!({"uniqueItems": true}), "[0.3,0.30000000000000000001]", "[0.3,0.30]"),
            (json!({"maximum": 5}), "-1e400", "1e400"),
        ] {
            let schema = schema(json.clone());
            assert!(check(&schema, good).is_ok(), "{json} {good}");
            assert!(check(&schema, bad).is_err(), "{json} {bad}");
        }
    }

    #[test]
    fn a_schema_may_refer_to_itself_and_deep_values_take_no_longer() {
        let tree = schema(json!({
            "$ref": "#/$defs/node",
            "$defs": {"node": {"anyOf": [
                {"type": "array", "items": {"$ref": "#/$defs/node"}},
                {"type": "array", "prefixItems": [{"$ref": "#/$defs/node"}]},
                {"type": "integer"}
            ]}}
        }));
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(200), "]".repeat(200));
        assert!(check(&tree, &deep("1")).is_ok());
        assert_eq!(check(&tree, &deep("\"x\"")).unwrap_err().len(), 1);
    }

    #[test]
    fn many_equal_looking_items_are_told_apart_in_linear_time() {
        let unique = schema(json!({"uniqueItems": true}));
        let items: Vec<String> = (0..50_000).map(|n| format!("{{\"a\":{n}}}")).collect();
        assert!(check(&unique, &format!("[{}]", items.join(","))).is_ok());
    }
}

mod preparation {
    use super::*;

    #[test]
    fn members_that_were_not_offered_are_stripped_at_every_depth() {
        let deep = schema(json!({
            "properties": {
                "in": {"properties": {"a": {}}},
                "list": {"items": {"properties": {"a": {}}}},
                "pair": {"prefixItems": [{"properties": {"a": {}}}], "items": {"properties": {"b": {}}}},
                "free": {"type": "object"},
                "ref": {"$ref": "#/$defs/named"}
            },
            "patternProperties": {"^x-": {"properties": {"a": {}}}},
            "$defs": {"named": {"properties": {"a": {}, "again": {"$ref": "#/$defs/named"}}}}
        }));
        let given = r#"{"admin":1,"in":{"a":1,"admin":1},"list":[{"a":1,"admin":1}],"pair":[{"a":1,"b":1},{"a":1,"b":1}],"free":{"x":1},"ref":{"admin":1,"again":{"again":{"a":1,"admin":1}}},"x-1":{"a":1,"admin":1}}"#;
        assert_eq!(
            check(&deep, given).unwrap(),
            r#"{"in":{"a":1},"list":[{"a":1}],"pair":[{"a":1},{"b":1}],"free":{"x":1},"ref":{"again":{"again":{"a":1}}},"x-1":{"a":1}}"#
        );
    }

    #[test]
    fn what_any_schema_of_a_value_offers_stays() {
        for (json, kept) in [
            (
                json!({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}),
                r#"{"a":1,"b":1}"#,
            ),
            (
                json!({"properties": {"a": {}}, "anyOf": [{"required": ["a"]}, {"properties": {"b": {}}}]}),
                r#"{"a":1,"b":1}"#,
            ),
            (
                json!({"properties": {"a": {}}, "if": {"required": ["a"]}, "then": {"properties": {"b": {}}}}),
                r#"{"a":1,"b":1}"#,
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": true}),
                r#"{"a":1,"b":1,"c":1}"#,
            ),
            (
                json!({"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}),
                r#"{"a":1,"b":1,"c":1}"#,
            ),
            (json!({"properties": {"a": {}}, "additional": "keep"}), r#"{"a":1,"b":1,"c":1}"#),
            (
                json!({"anyOf": [{"properties": {"a": {}}}, {"type": "object"}]}),
                r#"{"a":1,"b":1,"c":1}"#,
            ),
            (
                json!({"properties": {"a": {}}, "not": {"properties": {"b": {"const": 2}}, "required": ["b"]}}),
                r#"{"a":1}"#,
            ),
            (json!({"type": "object", "minProperties": 1}), r#"{"a":1,"b":1,"c":1}"#),
        ] {
            assert_eq!(
                check(&schema(json.clone()), r#"{"a":1,"b":1,"c":1}"#).unwrap(),
                kept,
                "{json}"
            );
        }
    }

    #[test]
    fn members_make_an_object_of_it() {
        for json in [json!({"properties": {"a": {}}}), json!({"required": ["a"]})] {
            let schema = schema(json);
            for text in ["[]", "1", "\"x\"", "null", "[{\"a\":1}]"] {
                assert_eq!(check(&schema, text).unwrap_err(), ["body must be an object (type)"]);
            }
        }
        let nullable = schema(json!({"type": ["object", "null"], "properties": {"a": {}}}));
        assert_eq!(check(&nullable, "null"), Ok("null".into()));
    }

    #[test]
    fn text_is_trimmed_and_lowercased_before_it_is_checked() {
        let json = json!({"type": "string", "trim": true, "lowercase": true, "enum": ["abc"]});
        assert_eq!(check(&schema(json), "\"  ABC \\n\""), Ok("\"abc\"".into()));
        let short = json!({"type": "string", "trim": true, "minLength": 1});
        assert_eq!(one_mistake(short, "\"   \""), "body must not be empty (minLength)");
    }

    #[test]
    fn numbers_are_brought_into_range() {
        let page = schema(json!({"type": "integer", "minimum": 1, "maximum": 100, "clamp": true}));
        for (given, becomes) in [
            ("0", "1"),
            ("-1e400", "1"),
            ("50", "50"),
            ("101", "100"),
            ("99999999999999999999", "100"),
        ] {
            assert_eq!(check(&page, given), Ok(becomes.into()), "{given}");
        }
        assert_eq!(check(&page, "1.5").unwrap_err(), ["body must be a whole number (type)"]);
        assert_eq!(check(&page, "\"x\"").unwrap_err(), ["body must be a whole number (type)"]);
    }

    #[test]
    fn defaults_are_filled_in_where_their_object_is() {
        let schema = schema(json!({"properties": {
            "n": {"type": "integer", "default": 1},
            "in": {"properties": {"m": {"default": "x"}}, "default": {}},
            "absent": {"properties": {"m": {"default": "x"}}}
        }}));
        assert_eq!(check(&schema, "{}"), Ok(r#"{"n":1,"in":{"m":"x"}}"#.into()));
        assert_eq!(
            check(&schema, r#"{"absent":{}}"#),
            Ok(r#"{"absent":{"m":"x"},"n":1,"in":{"m":"x"}}"#.into())
        );
        assert_eq!(
            check(&schema, r#"{"n":null}"#).unwrap_err(),
            ["body.n must be a whole number (type)"]
        );
    }

    #[test]
    fn an_array_may_have_fewer_items_than_are_described() {
        let pair = schema(json!({"prefixItems": [{"default": 1}, {"trim": true}]}));
        assert_eq!(check(&pair, "[]"), Ok("[]".into()));
        assert_eq!(check(&pair, "[2,\" a \",\" b \"]"), Ok("[2,\"a\",\" b \"]".into()));
    }
}

mod texts {
    use super::*;

    fn read(json: Json, texts: &[&str]) -> Result<String, String> {
        let schema = schema(json);
        let default = schema.default_value().cloned();
        let parameter = Parameter { name: "x".into(), schema, default, required: false };
        let mut mistakes = Mistakes::default();
        let value = parameter.read("query", texts, &mut mistakes);
        match mistakes.into_details().first() {
            None => Ok(value.to_json()),
            Some(detail) => Err(format!("{} {}", detail.field, detail.message)),
        }
    }

    #[test]
    fn text_becomes_the_declared_type() {
        for (json, texts, becomes) in [
            (json!({"type": "integer"}), &["30"][..], "30"),
            (json!({"type": "integer"}), &["9007199254740993"], "9007199254740993"),
            (json!({"type": "number"}), &["1.50"], "1.50"),
            (json!({"type": "boolean"}), &["true"], "true"),
            (json!({"type": "string"}), &["30"], "\"30\""),
            (json!({}), &["30"], "\"30\""),
            (json!({"enum": [1, "a", "2"]}), &["1"], "1"),
            (json!({"enum": [1, "a", "2"]}), &["2"], "\"2\""),
            (json!({"const": true}), &["true"], "true"),
            (json!({"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}}), &["7"], "7"),
            (json!({"anyOf": [{"type": "integer"}, {"const": "all"}]}), &["all"], "\"all\""),
            (json!({"anyOf": [{"type": "integer"}, {"const": "all"}]}), &["7"], "7"),
            (json!({"type": "array"}), &["a"], "[\"a\"]"),
            (json!({"type": "array"}), &["a", "b"], "[\"a\",\"b\"]"),
            (json!({"type": "array", "items": {"type": "integer"}}), &["", "1"], "[1]"),
            (json!({"type": "array", "items": {"type": "string"}}), &["", "a"], "[\"\",\"a\"]"),
            (json!({"type": "integer", "trim": true}), &[" 7 "], "7"),
            (json!({"type": "integer"}), &[""], "null"),
            (json!({"type": "string"}), &[""], "\"\""),
            (json!({"type": "integer", "enum": [1]}), &[""], "null"),
            (json!({"type": "integer", "default": 20}), &[""], "20"),
        ] {
            assert_eq!(read(json.clone(), texts), Ok(becomes.to_owned()), "{json} {texts:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for text in ["x", "1e", "+5", " 5", "0x5", "5.5", "01", "١"] {
            let json = json!({"type": "integer"});
            assert_eq!(read(json, &[text]), Err("query.x must be a whole number".into()), "{text}");
        }
        let twice = read(json!({"type": "string"}), &["a", "b"]);
        assert_eq!(twice, Err("query.x must be given once".into()));
    }
}

#[test]
fn references_that_multiply_are_refused_before_anything_is_slow() {
    for list in ["allOf", "anyOf", "oneOf"] {
        for depth in [15, 40, 90] {
            let next = |at| json!({"$ref": format!("#/$defs/a{at}")});
            let mut defs: serde_json::Map<String, Json> = (0..depth)
                .map(|at| (format!("a{at}"), json!({list: [next(at + 1), next(at + 1)]})))
                .collect();
            defs.insert(format!("a{depth}"), json!({"type": "string"}));
            let wrong = Schema::compile(&json!({"$defs": defs, "$ref": "#/$defs/a0"}));
            assert_eq!(wrong.unwrap_err()[0].title, "this schema is too large", "{list} {depth}");
        }
    }
    let mut items: serde_json::Map<String, Json> = serde_json::Map::new();
    for at in 0..40 {
        let next = json!({"$ref": format!("#/$defs/a{}", at + 1)});
        items.insert(format!("a{at}"), json!({"items": {"allOf": [next, next]}}));
    }
    items.insert("a40".to_owned(), json!({}));
    assert!(Schema::compile(&json!({"$defs": items, "$ref": "#/$defs/a0"})).is_err());
}

#[test]
fn a_long_chain_of_references_is_refused() {
    let next = |at| json!({"$ref": format!("#/$defs/a{at}")});
    let defs = (0..50_000).map(|at| (format!("a{at}"), next((at + 1).min(49_999))));
    let defs: serde_json::Map<String, Json> = defs.collect();
    let wrong = Schema::compile(&json!({"$defs": defs, "$ref": "#/$defs/a0"})).unwrap_err();
    assert_eq!(wrong[0].title, "this schema is too large");
}

#[test]
fn a_schema_may_have_many_members() {
    let members = (0..50_000).map(|at| (format!("m{at}"), json!({"type": "string"})));
    let members: serde_json::Map<String, Json> = members.collect();
    let schema = schema(json!({"properties": members}));
    assert_eq!(check(&schema, "{\"m49999\":\"a\",\"x\":1}"), Ok("{\"m49999\":\"a\"}".into()));
}

#[test]
fn what_is_wrong_with_a_schema_is_told_at_its_place() {
    for (json, title) in [
        (
            json!({"properties": {"a": {"minimun": 1}}}),
            "/properties/a/minimun: unknown keyword `minimun` of a JSON Schema",
        ),
        (json!({"$ref": "#/$defs/a"}), "/$ref: there is no schema at this place"),
        (
            json!({"$ref": "https://example.com/a.json"}),
            "/$ref: a reference to another place is not followed",
        ),
        (json!({"$ref": "#"}), ": this schema refers to itself without end"),
        (json!({"anyOf": [{"$ref": "#"}]}), "/anyOf/0: this schema refers to itself without end"),
        (json!({"format": "emial"}), "/format: unknown format `emial`"),
        (json!({"exclusiveMinimum": true}), "/exclusiveMinimum: expected a number"),
        (json!({"items": [{}]}), "/items: `items` is the schema of every item"),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#"}),
            "/$schema: this draft of JSON Schema is not read",
        ),
        (
            json!({"anyOf": [{"trim": true}, {"type": "null"}]}),
            "/anyOf/0/trim: `trim` cannot stand in a branch",
        ),
        (json!({"clamp": true}), "/clamp: `clamp` needs `minimum` or `maximum`"),
        (
            json!({"properties": {"a": {}}, "required": ["b"]}),
            "/required: `b` is required, but not declared",
        ),
        (
            json!({"type": "integer", "default": "x"}),
            "/default: the default is not let in by its own schema",
        ),
        (
            json!({"properties": {"a": {"maximum": 1, "clamp": true, "default": 2}}}),
            "/properties/a/default: the default is not let in by its own schema",
        ),
        (
            json!({"patternProperties": {"(?=a)": true}}),
            "/patternProperties/(?=a): this is not a regular expression",
        ),
    ] {
        assert_eq!(titles(json), [title]);
    }
}

#[test]
fn annotations_and_own_keys_say_nothing() {
    schema(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/x.json",
        "title": "a", "description": "b", "examples": [1], "deprecated": true, "$comment": "c",
        "readOnly": true, "x-owner": {"any": "thing"}, "$ref": "#/$defs/a", "$defs": {"a": {}}
    }));
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[ a-zA-Z0-9é\u{130}]{0,12}".prop_map(Json::from),
        Just(json!("circle")),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = prop_oneof![
            Just("a".to_owned()),
            Just("b".to_owned()),
            Just("kind".to_owned()),
            "[a-z]{1,3}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|all| Json::Object(all.into_iter().collect())),
        ]
    })
}

fn some_schemas() -> Vec<Schema> {
    [
        json!({"properties": {"a": {"type": "string", "trim": true, "lowercase": true}, "b": {"items": {"$ref": "#"}}}}),
        json!({"type": ["object", "array"], "additional": "refuse", "properties": {"a": {"default": 1}}, "items": {"type": "integer", "minimum": 0, "maximum": 9, "clamp": true}}),
        json!({"$ref": "#/$defs/e", "$defs": {"e": {"anyOf": [{"type": "integer"}, {"items": {"$ref": "#/$defs/e"}, "type": "array"}, {"properties": {"a": {"$ref": "#/$defs/e"}, "kind": {"const": "circle"}}, "required": ["kind"]}]}}}),
        json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "unevaluatedProperties": false, "properties": {"a": true, "b": {"uniqueItems": true}}}),
        json!({"if": {"type": "string"}, "then": {"format": "date"}, "else": {"not": {"type": "boolean"}}, "contains": {"type": "null"}, "propertyNames": {"maxLength": 2}, "prefixItems": [{"const": 1}], "patternProperties": {"^a": {"multipleOf": 3}}}),
        json!(false),
    ]
    .map(schema)
    .into()
}

proptest! {
    #[test]
    fn any_value_is_judged_and_preparing_it_again_changes_nothing(json in any_json()) {
        for schema in some_schemas() {
            let mut once = Value::from(&json);
            let mut mistakes = Mistakes::default();
            let good = schema.check(&mut once, || "body".into(), &mut mistakes);
            prop_assert_eq!(good, mistakes.is_empty());
            let mut twice = once.clone();
            let mut again = Mistakes::default();
            prop_assert_eq!(schema.check(&mut twice, || "body".into(), &mut again), good);
            prop_assert_eq!(once.to_json(), twice.to_json());
        }
    }

    #[test]
    fn no_message_holds_what_was_sent(secret in "[A-Z]{12}", number in 1_000_000_007_i64..) {
        for schema in some_schemas() {
            for text in [
                format!("\"{secret}\""),
                number.to_string(),
                format!("{{\"a\":\"{secret}\",\"b\":[\"{secret}\",{number},\"{secret}\"],\"kind\":\"{secret}\"}}"),
                format!("[\"{secret}\",{number},[{{\"a\":\"{secret}\"}}]]"),
            ] {
                let found = check(&schema, &text).err().unwrap_or_default().join("\n");
                prop_assert!(!found.contains(&secret) && !found.contains(&number.to_string()), "{}", found);
            }
        }
    }

    #[test]
    fn any_text_is_converted_or_refused(text: String) {
        for kind in ["string", "integer", "number", "boolean", "array"] {
            let parameter = Parameter {
                name: "x".into(),
                schema: schema(json!({"type": kind})),
                default: None,
                required: false,
            };
            let mut mistakes = Mistakes::default();
            let value = parameter.read("query", &[&text], &mut mistakes);
            let fits = value.is_null() || value.kind() == kind || kind == "integer";
            prop_assert!(fits, "{} {}", kind, value.to_json());
        }
    }
}
