//! How a secret may look where it has no business.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// What is shorter is found by accident.
pub(super) const SHORTEST: usize = 12;

/// The start of a secret is enough to find it by.
const LONGEST: usize = 512;

/// All texts that would give the secret away, or a part of it that is secret by itself.
pub(super) fn of(text: &str) -> BTreeSet<Vec<u8>> {
    let forms = parts(text).into_iter().flat_map(|part| {
        let part = &part[..part.len().min(LONGEST)];
        encoded(part)
    });
    forms.filter(|form| form.len() >= SHORTEST).collect()
}

/// The whole, and what is secret of a JWT, a session's cookie, a webhook's secret and a private key.
fn parts(text: &str) -> Vec<Vec<u8>> {
    let mut parts = vec![text.as_bytes().to_vec()];
    if let [header, claims, signature] = text.split('.').collect::<Vec<_>>()[..]
        && header.starts_with("eyJ")
    {
        parts.extend([claims, signature].map(|part| part.as_bytes().to_vec()));
    }
    if let Some(key) = text.strip_prefix("v1.")
        && let Ok(bytes) = URL_SAFE_NO_PAD.decode(key)
        && let Some((id, secret)) = bytes.split_at_checked(16)
    {
        parts.extend([id, secret].map(<[u8]>::to_vec));
    }
    if let Some(secret) = text.strip_prefix("whsec_") {
        parts.push(secret.as_bytes().to_vec());
        parts.extend(STANDARD.decode(secret));
    }
    if text.contains("-----BEGIN") {
        // Around a key there may be a whole config.
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        let inner = text.lines().map(str::trim).filter(|line| line.bytes().all(is_base64));
        parts.extend(inner.map(|line| line.as_bytes().to_vec()));
    }
    parts.retain(|part| part.len() >= SHORTEST);
    parts
}

/// As it is; as programs quote it; in forms, base64 at any place of a longer text, hexadecimal and lists of bytes.
fn encoded(part: &[u8]) -> Vec<Vec<u8>> {
    let form: String = url::form_urlencoded::byte_serialize(part).collect();
    let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
    let list: Vec<_> = part.iter().map(u8::to_string).collect();
    let mut texts = vec![
        part.escape_ascii().to_string(),
        form,
        hex.to_uppercase(),
        hex,
        list.join(", "),
        list.join(","),
    ];
    if let Ok(text) = std::str::from_utf8(part) {
        texts.push(text.escape_debug().to_string());
        texts.push(serde_json::to_string(text).expect("JSON").trim_matches('"').to_owned());
    }
    texts.extend((0..3).flat_map(|before| base64_inside(part, before)));
    let texts = texts.into_iter().map(String::into_bytes);
    texts.chain([part.to_vec()]).collect()
}

/// The characters that say nothing but `part` in the base64 of a text that has so many bytes before it, modulo three.
fn base64_inside(part: &[u8], before: usize) -> [String; 2] {
    let whole = [&[0; 2][..before], part].concat();
    let (start, end) = ((before * 8).div_ceil(6), whole.len() * 8 / 6);
    [STANDARD_NO_PAD.encode(&whole), URL_SAFE_NO_PAD.encode(&whole)]
        .map(|text| text[start..end].to_owned())
}
