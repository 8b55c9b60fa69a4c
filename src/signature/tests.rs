use http::HeaderName;
use proptest::prelude::*;

use super::*;

/// A delivery as it comes.
#[derive(Clone)]
struct Delivery<'a> {
    headers: Vec<(&'a str, &'a [u8])>,
    body: &'a [u8],
    /// Seconds since 1970.
    now: u64,
}

fn signature(scheme: Scheme, secrets: &[&str]) -> Signature {
    let parse = |text: &&str| Secret::parse(&scheme, text).expect("a secret");
    let secrets = secrets.iter().map(parse).collect();
    Signature { scheme, secrets, tolerance: Duration::from_secs(300) }
}

impl<'a> Delivery<'a> {
    fn new(headers: &[(&'a str, &'a str)], body: &'a str, now: u64) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        Self { headers, body: body.as_bytes(), now }
    }

    fn check(&self, signature: &Signature) -> Result<Option<String>, Refusal> {
        let header = |name: &str| {
            let same = self.headers.iter().filter(|(own, _)| *own == name);
            same.map(|(_, value)| *value).collect()
        };
        let claim = signature.claim(Headers(&header))?;
        signature.verify(claim, self.body, Duration::from_secs(self.now))
    }
}

type Vector = (Signature, Delivery<'static>, Option<&'static str>);

fn vectors() -> Vec<Vector> {
    let mut all = published();
    all.extend(ours());
    all
}

/// What senders publish for testing.
fn published() -> Vec<Vector> {
    vec![
        // docs.github.com, "Testing the webhook payload validation"
        (
            signature(Scheme::Github, &["It's a Secret to Everybody"]),
            Delivery::new(
                &[(
                    "x-hub-signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                )],
                "Hello, World!",
                0,
            ),
            None,
        ),
        // github.com/standard-webhooks/standard-webhooks, libraries/go/webhook_test.go
        (
            signature(Scheme::StandardWebhooks, &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]),
            Delivery::new(
                &[
                    ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                    ("webhook-timestamp", "1614265330"),
                    ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
                ],
                r#"{"test": 2432232314}"#,
                1614265330,
            ),
            Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ),
        // docs.slack.dev/authentication/verifying-requests-from-slack
        (
            signature(Scheme::Slack, &["8f742231b10e8888abcd99yyyzzz85a5"]),
            Delivery::new(
                &[
                    ("x-slack-request-timestamp", "1531420618"),
                    (
                        "x-slack-signature",
                        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
                    ),
                ],
                SLACK,
                1531420618,
            ),
            None,
        ),
    ]
}

/// Made with `openssl dgst -hmac`, where senders publish none.
fn ours() -> Vec<Vector> {
    let hmac = |algorithm, encoding, prefix: &str| {
        let header = HeaderName::from_static("x-signature");
        Scheme::Hmac(Hmac { header, algorithm, encoding, prefix: prefix.to_owned() })
    };
    let own = |scheme, value| {
        let signature = signature(scheme, &["0123456789abcdef"]);
        (signature, Delivery::new(&[("x-signature", value)], r#"{"event":"x"}"#, 0), None)
    };
    vec![
        // Stripe publishes headers, but neither their secret nor their body.
        (
            signature(Scheme::Stripe, &["whsec_test_secret"]),
            Delivery::new(
                &[("stripe-signature", STRIPE)],
                r#"{"id":"evt_1","object":"event"}"#,
                1492774577,
            ),
            Some("evt_1"),
        ),
        // Shopify publishes none.
        (
            signature(Scheme::Shopify, &["test-webhook-secret"]),
            Delivery::new(
                &[("x-shopify-hmac-sha256", "QNyObTlKbMx2qDlPF/ZOZcBqg5OgPg+2oky3zldc0Gw=")],
                r#"{"id":1234567890,"email":"customer@example.com","total_price":"123.45"}"#,
                0,
            ),
            None,
        ),
        own(hmac(Algorithm::Sha1, Encoding::Hex, "sha1="), SHA1),
        own(hmac(Algorithm::Sha256, Encoding::Base64, ""), SHA256),
        own(hmac(Algorithm::Sha512, Encoding::Hex, ""), SHA512),
    ]
}

const SLACK: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const STRIPE: &str = "t=1492774577,v1=654b43d3508ecadb3f8cefc4bc7d3d2bdc5ba9e03bf2c89b2d0657a8e24e4543,\
                      v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39";
const SHA1: &str = "sha1=01e8221c1c2aae2403bcf2a4fabe214e2803ddb8";
const SHA256: &str = "9ExLuyPfOBezNrXbhHCREajRwRgu1jtxEBhFVl/fa6o=";
const SHA512: &str = "9f7f9c8eadf90e5ab976967867effda4f46371f011612b551fdee56afbc99beb4be4af4d8f03fda1b6e374813b80ef69646758caceb73800f4c7ddb9b7a8d1e9";

#[test]
fn published_vectors_of_each_scheme_are_good() {
    for (signature, delivery, id) in vectors() {
        let found = delivery.check(&signature).map_err(|why| (signature.scheme.name(), why));
        assert_eq!(found, Ok(id.map(str::to_owned)), "{}", signature.scheme.name());
    }
}

#[test]
fn any_of_the_secrets_may_have_signed() {
    let two = ["another-secret-of-ours", "test-webhook-secret"];
    let delivery = vectors().remove(4).1;
    assert_eq!(delivery.check(&signature(Scheme::Shopify, &two)), Ok(None));
    let other = delivery.check(&signature(Scheme::Shopify, &two[..1]));
    assert_eq!(other, Err(Refusal::Mismatch));
}

#[test]
fn any_of_several_signatures_may_be_ours() {
    let (stripe, ours, _) = vectors().remove(3);
    let foreign = "v1=00".to_owned() + &"ab".repeat(31);
    let header = STRIPE.replacen(",v1=", &format!(",{foreign},v1=odd,v1="), 1);
    let delivery = Delivery { headers: vec![("stripe-signature", header.as_bytes())], ..ours };
    assert_eq!(delivery.check(&stripe), Ok(Some("evt_1".to_owned())));

    let (standard, mut ours, _) = vectors().remove(1);
    let both = b"v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg== \
        v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    ours.headers[2].1 = both;
    assert!(ours.check(&standard).is_ok());
}

#[test]
fn svix_names_the_headers_in_its_own_way() {
    let (standard, mut delivery, id) = vectors().remove(1);
    for (header, name) in
        delivery.headers.iter_mut().zip(["svix-id", "svix-timestamp", "svix-signature"])
    {
        header.0 = name;
    }
    assert_eq!(delivery.check(&standard), Ok(id.map(str::to_owned)));
    // One of each kind is neither.
    delivery.headers[0].0 = "webhook-id";
    assert!(matches!(delivery.check(&standard), Err(Refusal::Missing(_))));
}

#[test]
fn a_time_that_is_signed_must_be_near_in_both_directions() {
    for (signature, delivery, _) in vectors() {
        let at = |now| Delivery { now, ..delivery.clone() }.check(&signature);
        if !signature.scheme.signs_time() {
            assert!(at(u64::MAX / 2).is_ok());
            continue;
        }
        let (now, tolerance) = (delivery.now, signature.tolerance);
        assert!(at(now + 300).is_ok());
        assert!(at(now - 300).is_ok());
        assert_eq!(at(now + 301), Err(Refusal::Old(tolerance)));
        assert_eq!(at(now - 301), Err(Refusal::Early(tolerance)));
    }
}

#[test]
fn times_that_are_no_times_are_refused() {
    let (stripe, delivery, _) = vectors().remove(3);
    for time in [
        "",
        "x",
        "-1",
        "+1492774577",
        " 1492774577",
        "1492774577.0",
        "1e9",
        "0x1",
        "١",
        "18446744073709551616",
        "99999999999999999999999999999999",
    ] {
        let header = STRIPE.replacen("1492774577", time, 1);
        let headers = vec![("stripe-signature", header.as_bytes())];
        let found = Delivery { headers, ..delivery.clone() }.check(&stripe);
        assert!(matches!(found, Err(Refusal::Malformed(..))), "{time}: {found:?}");
    }
    let twice = format!("t=1,{STRIPE}");
    let found = Delivery { headers: vec![("stripe-signature", twice.as_bytes())], ..delivery };
    assert!(matches!(found.check(&stripe), Err(Refusal::Malformed(..))));
}

#[test]
fn a_header_must_be_there_once() {
    for (signature, delivery, _) in vectors() {
        for index in 0..delivery.headers.len() {
            let mut without = delivery.clone();
            without.headers.remove(index);
            assert!(matches!(without.check(&signature), Err(Refusal::Missing(_))));

            let mut twice = delivery.clone();
            twice.headers.push(twice.headers[index]);
            assert!(matches!(twice.check(&signature), Err(Refusal::Repeated(_))));

            let mut empty = delivery.clone();
            empty.headers[index].1 = b"";
            assert!(empty.check(&signature).is_err());
        }
    }
}

#[test]
fn a_dot_in_an_id_is_no_other_id() {
    // `a.1.2.{}` is also the id `a`, the time 1 and the body `2.{}`.
    let (standard, mut delivery, _) = vectors().remove(1);
    delivery.headers[0].1 = b"msg.p5jXN8AQM9LWM0D4loKWxJek";
    assert!(matches!(delivery.check(&standard), Err(Refusal::Malformed(..))));
}

#[test]
fn hexadecimal_is_the_same_in_either_case_and_nothing_else() {
    let (github, delivery, _) = vectors().remove(0);
    let value = std::str::from_utf8(delivery.headers[0].1).expect("text");
    let digits = value.strip_prefix("sha256=").expect("a prefix");
    let with = |value: String| {
        let headers = vec![("x-hub-signature-256", value.as_bytes())];
        Delivery { headers, ..delivery.clone() }.check(&github)
    };
    assert_eq!(with(format!("sha256={}", digits.to_uppercase())), Ok(None));
    for wrong in [
        digits.to_owned(),
        format!("SHA256={digits}"),
        format!("sha1={digits}"),
        format!("sha256= {digits}"),
        format!("sha256={}g", &digits[1..]),
        format!("sha256={}", &digits[1..]),
        "sha256=dXEH6g61CfwhESIcze+YS4pXVWtnVYbCLEb0N5yLBD4X".to_owned(),
    ] {
        assert!(matches!(with(wrong.clone()), Err(Refusal::Malformed(..))), "{wrong}");
    }
    // Too short to be one, and nothing at all.
    assert_eq!(with(format!("sha256={}", &digits[2..])), Err(Refusal::Mismatch));
    assert_eq!(with("sha256=".to_owned()), Err(Refusal::Mismatch));
    assert_eq!(with(format!("sha256={digits}00")), Err(Refusal::Mismatch));
}

#[test]
fn ids_are_those_that_are_signed() {
    let id = |body: &str| stripe::id(body.as_bytes());
    assert_eq!(id(r#"{"data":{"id":"in"},"id":"evt"}"#), Some("evt".to_owned()));
    for none in ["", "x", "[]", "{}", r#"{"id":7}"#, r#"{"id":"a","id":"b"}"#, &"[".repeat(100_000)]
    {
        assert_eq!(id(none), None, "{none}");
    }
    assert_eq!(slack::id(br#"{"event_id":"Ev1","id":"x"}"#), Some("Ev1".to_owned()));
}

#[test]
fn secrets_that_can_be_none_are_refused_without_being_shown() {
    let refused = |scheme: Scheme, text: &str| Secret::parse(&scheme, text).expect_err("refused");
    for short in ["", "whsec_short", "123456789012345"] {
        let why = refused(Scheme::Stripe, short);
        assert!(short.is_empty() || !why.contains(short), "{why}");
    }
    assert!(refused(Scheme::StandardWebhooks, "whsec_not base64!").contains("base64"));
    assert!(refused(Scheme::StandardWebhooks, "whsec_c2hvcnQ=").contains("24 bytes"));
    let secret = Secret::parse(&Scheme::Github, "It's a Secret to Everybody").expect("a secret");
    assert_eq!(format!("{secret:?}"), "Secret(***)");
}

proptest! {
    #[test]
    fn any_change_of_a_body_is_refused(
        which in 0..8_usize,
        at in any::<prop::sample::Index>(),
        change in 1..=u8::MAX,
        cut in any::<bool>(),
    ) {
        let (signature, delivery, _) = vectors().remove(which);
        let mut body = delivery.body.to_vec();
        let at = at.index(body.len());
        if cut { body.truncate(at) } else { body[at] ^= change }
        let found = Delivery { body: &body, ..delivery }.check(&signature);
        prop_assert_eq!(found, Err(Refusal::Mismatch));
    }

    #[test]
    fn any_headers_and_bodies_are_refused(
        which in 0..8_usize,
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 3),
        body: Vec<u8>,
        now: u64,
    ) {
        let (signature, delivery, _) = vectors().remove(which);
        let names = delivery.headers.iter().map(|(name, _)| *name);
        let headers = names.zip(values.iter().map(Vec::as_slice)).collect();
        let found = Delivery { headers, body: &body, now }.check(&signature);
        prop_assert!(found.is_err());
    }

    #[test]
    fn any_change_of_a_header_is_refused(
        which in 0..8_usize,
        header in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        to: u8,
    ) {
        let (signature, delivery, _) = vectors().remove(which);
        let index = header.index(delivery.headers.len());
        let mut value = delivery.headers[index].1.to_vec();
        let at = at.index(value.len());
        let same = value[at].eq_ignore_ascii_case(&to);
        // Stripe's other versions are not read.
        let unread = value.windows(4).position(|part| part == b",v0=").is_some_and(|v0| at > v0);
        prop_assume!(!same && !unread);
        value[at] = to;
        let mut changed = delivery.clone();
        changed.headers[index].1 = &value;
        prop_assert!(changed.check(&signature).is_err());
    }
}
