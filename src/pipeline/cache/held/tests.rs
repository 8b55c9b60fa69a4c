use proptest::prelude::*;

use super::*;
use crate::value::{DuplicateKeys, Limits, Value, parse};

fn json(text: &[u8]) -> Value {
    let limits = Limits { max_depth: 10, duplicate_keys: DuplicateKeys::LastWins };
    parse(text, &limits).expect("JSON")
}

fn again(held: &Held) -> Held {
    let record = held.encode().expect("a record");
    Held::decode(record.into()).expect("what was written")
}

fn answer(status: u16, headers: &[(HeaderName, HeaderValue)], body: &[u8]) -> Answer {
    Answer::new(status, headers.iter().cloned().collect(), Bytes::copy_from_slice(body))
}

fn of_json(text: &[u8]) -> Answer {
    let came = answer(200, &[], text);
    came.json.set(json(&came.body)).expect("read once");
    match again(&Held::Answer(Arc::new(came.compact(true)))) {
        Held::Answer(back) => Arc::into_inner(back).expect("nobody else's"),
        _ => panic!("another kind"),
    }
}

#[test]
fn an_answer_whose_body_was_left_out_comes_back_with_its_json_and_its_size() {
    let text = b"{ \"a\": [1.10, \"x\"] }";
    let back = of_json(text);
    assert_eq!((back.body.len(), back.size), (0, text.len()));
    assert_eq!(back.json.get().map(Value::to_json).as_deref(), Some("{\"a\":[1.10,\"x\"]}"));
}

#[test]
fn a_large_one_is_parsed_by_whoever_reads_it_and_weighs_as_if_it_were() {
    let text = format!("[{}1]", "1, ".repeat(50_000));
    let back = of_json(text.as_bytes());
    assert!(back.json.get().is_none() && back.size == text.len());
    assert_eq!(json(&back.body), json(text.as_bytes()));
    let length = back.body.len();
    assert!(Held::Answer(Arc::new(back)).weight() > 4 * length);
}

#[test]
fn a_fault_is_not_shared() {
    assert!(Held::Fault(Fault::new(fault::Code::NotFound)).encode().is_none());
}

#[test]
fn all_that_is_held_weighs() {
    let whole = |body: &[u8], headers| Whole {
        status: 200,
        headers,
        body: Bytes::copy_from_slice(body),
        partial: None,
        age: Duration::ZERO,
        is_for_one: false,
        variants: Variants::default(),
    };
    let weight = |whole| Held::Reply(Arc::new(whole)).weight();
    let nothing = weight(whole(b"", Vec::new()));
    let header = (HeaderName::from_static("x-a"), HeaderValue::from_static("0123456789"));
    assert_eq!(weight(whole(&[b'x'; 500], Vec::new())), nothing + 500);
    assert!(weight(whole(b"", vec![header])) >= nothing + 13 + 64);
    let short = Held::Fault(Fault::new(fault::Code::NotFound)).weight();
    let long = Fault::new(fault::Code::NotFound).cause("x".repeat(500));
    assert!(short > 0 && Held::Fault(long).weight() >= short + 500);
}

proptest! {
    #[test]
    fn an_answer_comes_back_as_it_was(
        status in 200_u16..600, headers in any_headers(), body: Vec<u8>, size: u16,
    ) {
        let mut came = answer(status, &headers, &body);
        came.size = size.into();
        let Held::Answer(back) = again(&Held::Answer(Arc::new(came))) else { panic!("another kind") };
        let same: http::HeaderMap = headers.into_iter().collect();
        prop_assert_eq!((back.status, back.size, &back.headers), (status, usize::from(size), &same));
        prop_assert_eq!(&back.body[..], &body[..]);
    }

    #[test]
    fn a_whole_reply_comes_back_as_it_was(
        status in 200_u16..600, headers in any_headers(), body: Vec<u8>, partial in "[a-z ]{0,9}",
        age: u32,
    ) {
        let age = Duration::from_secs(age.into());
        let partial = (!partial.is_empty()).then_some(partial);
        let (body, own) = (Bytes::from(body), (headers.clone(), partial.clone()));
        let whole = Whole { status, headers, body: body.clone(), partial, age, is_for_one: false, variants: Variants::default() };
        let Held::Reply(back) = again(&Held::Reply(Arc::new(whole))) else { panic!("another kind") };
        prop_assert_eq!((back.status, &back.body, back.age), (status, &body, age));
        prop_assert_eq!((&back.headers, &back.partial), (&own.0, &own.1));
    }

    #[test]
    fn other_bytes_are_none_and_what_is_cut_off_too(
        mut bytes: Vec<u8>, kind in 0_u8..4, headers in any_headers(), cut: prop::sample::Index,
    ) {
        let _ = Held::decode(bytes.clone().into());
        bytes.splice(0..0, [2, kind]);
        let _ = Held::decode(bytes.clone().into());
        // Lengths that are read as far as a length.
        bytes.splice(2..2, [0; 9]);
        bytes.splice(11..11, [1, 0, 200]);
        let _ = Held::decode(bytes.into());
        let record = Held::Answer(Arc::new(answer(200, &headers, b"body"))).encode().expect("a record");
        let cut = cut.index(record.len());
        prop_assert!(Held::decode(record[..cut].to_vec().into()).is_none());
        let longer = [&record[..], b"x"].concat();
        prop_assert!(Held::decode(longer.into()).is_none());
    }
}

fn any_headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let header = ("[a-c]{1,2}", "[ -~]{0,12}").prop_map(|(name, value)| {
        let name = HeaderName::try_from(name).expect("a name");
        (name, HeaderValue::try_from(value).expect("a value"))
    });
    prop::collection::vec(header, 0..5)
}
