//! Whatever a hole holds, it stays in its place.

use proptest::prelude::*;

use super::*;
use crate::fault::Code;
use crate::jq::{Library, Limits, Scope, Slot};
use crate::value::{Members, SmolStr, Value};
use percent_encoding::{percent_decode_str, utf8_percent_encode};

/// `$a` and `$b`.
struct Two(Value, Value);

impl Scope for Two {
    fn get(&self, slot: Slot) -> Value {
        if slot == 0 { self.0.clone() } else { self.1.clone() }
    }
}

fn template(text: &str) -> Template {
    let mut hole = |program: &str, _| {
        Program::compile(program, &Library::empty(), &mut |read| Ok(Slot::from(read.var != "a")))
    };
    let mut secret = |reference: &str, _| reference.to_owned();
    Template::parse(text, &mut secret, &mut hole).unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn path(text: &str, scope: &Two, client: &[Slot]) -> Result<String, Code> {
    let path = Path::new(template(text)).unwrap();
    run(path.render(scope, &Limits::default(), client)).map_err(|fault| fault.parts().code.clone())
}

fn text(text: &str, scope: &Two) -> Option<Rendered> {
    run(Text::new(template(text)).render(scope, &Limits::default())).ok()
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8().unwrap().into_owned()
}

/// As a server would see it that decodes twice.
fn decoded_twice(segment: &str) -> String {
    percent_decode_str(&decoded(segment)).decode_utf8_lossy().into_owned()
}

fn any_value() -> impl Strategy<Value = Value> {
    let dots = "(\\.|%2e|%2E|%252e|%25){0,4}";
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(|text| Value::from(text.as_str())),
        dots.prop_map(|text| Value::from(text.as_str())),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::array),
            inner.prop_map(|value| {
                Value::object(Members::from_iter([(SmolStr::new("k"), value)]))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn a_hole_is_one_segment_that_decodes_to_it_or_is_refused(value in any_value()) {
        let items = value.as_array().map(<[Value]>::to_vec).unwrap_or_else(|| vec![value.clone()]);
        if let Ok(path) = path("/x/{$a}/y", &Two(value, Value::Null), &[]) {
            let segments: Vec<_> = path.split('/').collect();
            prop_assert_eq!(segments.len(), items.len() + 3, "{}", path);
            prop_assert_eq!((segments[1], segments[segments.len() - 1]), ("x", "y"));
            for (segment, item) in segments[2..].iter().zip(&items) {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
                prop_assert!(segment.bytes().all(plain), "{}", segment);
                prop_assert!(!["", ".", ".."].contains(&decoded_twice(segment).as_str()));
                if let Some(text) = item.as_str() {
                    prop_assert_eq!(&decoded(segment), text);
                }
            }
        }
    }

    #[test]
    fn text_is_refused_only_where_it_is_no_segment(value in any::<String>()) {
        let dots = |text: &str| ["", ".", ".."].contains(&text);
        let twice = percent_decode_str(&value).decode_utf8_lossy().into_owned();
        let refused = dots(&value) || dots(&twice);
        prop_assert_eq!(path("/{$a}", &Two(Value::from(value.as_str()), Value::Null), &[]).is_err(), refused);
    }

    #[test]
    fn pieces_make_one_segment(a in any::<String>(), b in "[.%2eE]{0,4}") {
        let scope = Two(Value::from(a.as_str()), Value::from(b.as_str()));
        if let Ok(path) = path("/-{$a}{$b}/z", &scope, &[]) {
            let segments: Vec<_> = path.split('/').collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!(decoded(segments[1]), format!("-{a}{b}"));
        }
        if let Ok(path) = path("/{$b}{$b}", &scope, &[]) {
            prop_assert!(!["/", "/.", "/.."].contains(&decoded_twice(&path).as_str()));
        }
    }

    #[test]
    fn any_text_in_a_query_comes_back(value in any::<String>()) {
        let Some(Rendered::One(one)) = text("{$a}", &Two(Value::from(value.as_str()), Value::Null)) else {
            panic!("no text");
        };
        let pair = format!("k={}", utf8_percent_encode(&one, ENCODED));
        prop_assert!(pair.bytes().all(|byte| byte.is_ascii_graphic()));
        let back: Vec<_> = url::form_urlencoded::parse(pair.as_bytes()).into_owned().collect();
        prop_assert_eq!(back, [("k".to_owned(), value)]);
    }

    #[test]
    fn a_secret_is_data(secret in "[^}$]{1,20}") {
        let scope = Two(Value::Null, Value::Null);
        let template = format!("/x/-${{{secret}}}");
        if let Ok(path) = path(&template, &scope, &[]) {
            prop_assert_eq!(decoded(&path), format!("/x/-{secret}"));
            prop_assert_eq!(path.matches('/').count(), 2);
        }
    }

    #[test]
    fn no_template_panics(source in any::<String>()) {
        let mut hole = |program: &str, _| {
            Program::compile(program, &Library::empty(), &mut |_| Ok(0))
        };
        if let Ok(template) = Template::parse(&source, &mut |_, _| String::new(), &mut hole) {
            let _ = Path::new(template);
        }
    }
}

#[test]
fn who_made_a_segment_is_to_blame() {
    let scope = Two(Value::from(".."), Value::from("x"));
    assert_eq!(path("/{$a}", &scope, &[0]), Err(Code::BadRequest));
    assert_eq!(path("/{$a}{$b | empty}", &scope, &[1]), Err(Code::BadRequest));
    assert_eq!(path("/{$b}/{$a}", &scope, &[1]), Err(Code::InternalError));
    assert_eq!(path("/{$a}", &scope, &[]), Err(Code::InternalError));
}

#[test]
fn null_takes_the_text_around_it_along() {
    let scope = Two(Value::Null, Value::from("x"));
    assert_eq!(text("{$a}", &scope), Some(Rendered::Absent));
    assert_eq!(text("pre {$a} {$b}", &scope), Some(Rendered::Absent));
    assert_eq!(text("pre {$b}", &scope), Some(Rendered::One("pre x".into())));
}

#[test]
fn arrays_repeat_where_they_are_the_whole_value() {
    let list = Value::array(vec![Value::from("x"), Value::Null, Value::Bool(true)]);
    let scope = Two(list, Value::array(Vec::new()));
    assert_eq!(text("{$a}", &scope), Some(Rendered::Many(vec!["x".into(), "true".into()])));
    assert_eq!(text("{$b}", &scope), Some(Rendered::Many(Vec::new())));
    assert_eq!(text("x{$a}", &scope), None);
}

#[test]
fn a_debug_output_masks_secrets() {
    let template = template("a${SECRET}{$a}");
    assert_eq!(template.masked(), "a***{$a}");
    assert!(!format!("{template:?}").contains("SECRET"));
}
