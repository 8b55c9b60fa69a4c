//! `signature`: webhooks.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::context::Context;
use super::idempotency::kept;
use super::inherit::Levels;
use super::scope::Scope;
use super::upstreams::positive;
use crate::config::{self, Endpoint, Method, Plain};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{Input, Webhook};
use crate::signature::{Algorithm, Encoding, Hmac, Scheme, Secret, Signature};

/// Compiles the signature that an endpoint asks for, if it does. The outer `None` is a mistake.
pub(super) fn webhook(
    cx: &mut Context<'_>,
    defaults: &config::Signature,
    method: Method,
    levels: &Levels<'_, Endpoint>,
    input: &Input,
) -> Option<Option<Arc<Webhook>>> {
    let Some(written) = levels.leaf(|endpoint| endpoint.signature.as_ref()) else {
        return Some(None);
    };
    check_endpoint(cx, written, method, levels);
    let scheme = scheme(cx, written, defaults);
    let secrets = secrets(cx, written, scheme.as_ref());
    let tolerance = tolerance(cx, written, defaults, scheme.as_ref());
    let keep = either(&written.keep, &defaults.keep).map(|keep| kept(cx, keep));
    let own = matches!(scheme, None | Some(Scheme::Hmac(_)));
    let id_from = written.id_from.as_ref().filter(|_| own);
    let id_from = id_from.map(|id| cx.program(id, &mut Scope::Delivery(input)));
    let signature = Signature { scheme: scheme?, secrets: secrets?, tolerance: tolerance? };
    let keep = keep?;
    if signature.scheme.signs_time() && keep < signature.tolerance.saturating_mul(2) {
        keeps_too_short(cx, written);
    }
    let id_from = id_from.map_or(Some(None), |id| id.map(Some))?;
    Some(Some(Arc::new(Webhook { signature, keep, id_from })))
}

/// A delivery is no user's, is sent as a body, and is known by what is signed.
fn check_endpoint(
    cx: &mut Context<'_>,
    written: &config::Signature,
    method: Method,
    levels: &Levels<'_, Endpoint>,
) {
    if method == Method::Get {
        let title = "a GET has no body that could be signed";
        cx.wrong(&written.span, title, "write it into `[post]`");
    }
    let session = levels.leaf(|endpoint| endpoint.session.as_ref());
    if let Some(span) = says(cx, session, &["required", "optional"]) {
        cx.mistake(
            Diagnostic::at(span, "a webhook has no session")
                .label(written.span.clone(), "its signature says who sent it")
                .help("say `session = \"none\"`"),
        );
    }
    let idempotency = levels.leaf(|endpoint| endpoint.idempotency.as_ref());
    if let Some(span) = says(cx, idempotency, &["required", "optional"]) {
        cx.mistake(
            Diagnostic::at(span, "a webhook has no idempotency key")
                .label(written.span.clone(), "a delivery is known by what is signed")
                .help("say `idempotency = \"off\"`"),
        );
    }
}

/// Where one of these words stands.
fn says(cx: &mut Context<'_>, word: Option<&Plain<String>>, words: &[&str]) -> Option<Span> {
    let value = cx.value(word?)?;
    words.contains(&value.as_str()).then(|| word.map(|word| word.span.clone())).flatten()
}

fn scheme(
    cx: &mut Context<'_>,
    written: &config::Signature,
    defaults: &config::Signature,
) -> Option<Scheme> {
    type Make = Option<fn() -> Scheme>;
    let words: [(&str, Make); 6] = [
        ("stripe", Some(|| Scheme::Stripe)),
        ("github", Some(|| Scheme::Github)),
        ("standard-webhooks", Some(|| Scheme::StandardWebhooks)),
        ("slack", Some(|| Scheme::Slack)),
        ("shopify", Some(|| Scheme::Shopify)),
        ("hmac", None),
    ];
    let Some(word) = &written.scheme else {
        let names = words.map(|(name, _)| format!("\"{name}\"")).join(", ");
        missing(
            cx,
            written,
            "scheme",
            "`signature` has no `scheme`",
            &format!("write one of {names}"),
        );
        return None;
    };
    let Some(make) = cx.word(word, &words)? else { return hmac(cx, written, defaults) };
    let scheme = make();
    refuse_keys_of_hmac(cx, written, &scheme);
    Some(scheme)
}

/// A scheme of its own says where its signature stands.
fn refuse_keys_of_hmac(cx: &mut Context<'_>, written: &config::Signature, scheme: &Scheme) {
    let span = |plain: &Option<Plain<String>>| plain.as_ref().map(|plain| plain.span.clone());
    let keys = [
        ("header", span(&written.header)),
        ("algorithm", span(&written.algorithm)),
        ("encoding", span(&written.encoding)),
        ("prefix", span(&written.prefix)),
        ("id_from", written.id_from.as_ref().map(|program| program.span.clone())),
    ];
    for (name, span) in keys {
        let Some(span) = span else { continue };
        let title = format!("`{name}` goes with `scheme = \"hmac\"` only");
        cx.wrong(&span, title, format!("take it away: `{}` knows its own", scheme.name()));
    }
}

fn hmac(
    cx: &mut Context<'_>,
    written: &config::Signature,
    defaults: &config::Signature,
) -> Option<Scheme> {
    let algorithms =
        [("sha256", Algorithm::Sha256), ("sha512", Algorithm::Sha512), ("sha1", Algorithm::Sha1)];
    let encodings = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
    if written.header.is_none() {
        let help = "where the signature stands: `header = \"x-signature\"`";
        missing(cx, written, "header", "`scheme = \"hmac\"` needs a `header`", help);
    }
    let header = written.header.as_ref().and_then(|header| header_name(cx, header));
    let algorithm = either(&written.algorithm, &defaults.algorithm);
    let algorithm = algorithm.and_then(|word| cx.word(word, &algorithms));
    let encoding = either(&written.encoding, &defaults.encoding);
    let encoding = encoding.and_then(|word| cx.word(word, &encodings));
    let prefix = either(&written.prefix, &defaults.prefix).and_then(|prefix| cx.value(prefix));
    Some(Scheme::Hmac(Hmac {
        header: header?,
        algorithm: algorithm?,
        encoding: encoding?,
        prefix: prefix?,
    }))
}

/// Says that a key is missing, where it is not wrong in another way.
fn missing(cx: &mut Context<'_>, written: &config::Signature, key: &str, title: &str, help: &str) {
    if !written.wrong.contains(&key) {
        cx.wrong(&written.span, title, help);
    }
}

fn header_name(cx: &mut Context<'_>, written: &Plain<String>) -> Option<HeaderName> {
    let name = cx.value(written)?;
    let header = HeaderName::from_str(&name).ok();
    if header.is_none() {
        cx.wrong(&written.span, "this is not the name of a header", "letters, digits and `-`");
    }
    header
}

fn secrets(
    cx: &mut Context<'_>,
    written: &config::Signature,
    scheme: Option<&Scheme>,
) -> Option<Vec<Secret>> {
    let help = "what its sender signs with: `secrets = [\"${WEBHOOK_SECRET}\"]`";
    let Some(list) = &written.secrets else {
        missing(cx, written, "secrets", "`signature` has no `secrets`", help);
        return None;
    };
    if list.items.is_empty() {
        cx.wrong(&list.span, "`secrets` is empty, so that no delivery is let in", help);
        return None;
    }
    let texts: Vec<_> = list.items.iter().map(|one| Some((&one.span, cx.value(one)?))).collect();
    let scheme = scheme?;
    let parsed: Vec<_> = texts
        .into_iter()
        .map(|found| found.and_then(|(at, text)| secret(cx, scheme, at, &text)))
        .collect();
    parsed.into_iter().collect()
}

fn secret(cx: &mut Context<'_>, scheme: &Scheme, span: &Span, text: &str) -> Option<Secret> {
    Secret::parse(scheme, text)
        .map_err(|why| cx.wrong(span, "this secret cannot be used", why))
        .ok()
}

fn tolerance(
    cx: &mut Context<'_>,
    written: &config::Signature,
    defaults: &config::Signature,
    scheme: Option<&Scheme>,
) -> Option<Duration> {
    if let (Some(plain), Some(scheme)) = (&written.tolerance, scheme)
        && !scheme.signs_time()
    {
        let title = format!("`{}` signs no time that a `tolerance` could be for", scheme.name());
        let help = "take it away; `keep` says how long a delivery is known";
        cx.wrong(&plain.span, title, help);
    }
    either(&written.tolerance, &defaults.tolerance).map(|tolerance| positive(cx, tolerance))
}

/// A delivery whose time is still good, and which is no longer known, would be served again.
fn keeps_too_short(cx: &mut Context<'_>, written: &config::Signature) {
    let [keep, tolerance] = [&written.keep, &written.tolerance].map(|plain| plain.as_ref());
    let span = keep.or(tolerance).map_or(&written.span, |plain| &plain.span);
    let title = "`keep` is shorter than the time in which a delivery is let in";
    let help = "that is twice the `tolerance`: it counts both ways";
    cx.wrong(span, title, help);
}

fn either<'a, T>(written: &'a Option<T>, default: &'a Option<T>) -> Option<&'a T> {
    written.as_ref().or(default.as_ref())
}
