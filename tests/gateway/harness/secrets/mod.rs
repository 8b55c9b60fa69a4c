//! What must stay secret in a run of the tests, and whether it did.
//!
//! The harness names each secret where it makes or meets one ([`used`]). All that the gateways of this process log, and
//! the libraries below them, each span and event of every target at every level, all that programs write, and all
//! replies are kept ([`record`]). A gateway that ends looks through what was kept in its life ([`Watch::verify`]).

mod forms;
mod record;
mod search;

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};

use search::{Hit, Index};

pub use record::{Watch, line};

static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

/// Secrets, and where they are.
#[derive(Default)]
pub struct Known {
    secrets: HashSet<String>,
    index: Index,
}

/// From now on, and since the gateways that run now have started, this is nowhere to be found: not as it is, not encoded,
/// and no part of it that is secret by itself. What is shorter than 12 bytes is passed over, since it may stand anywhere.
pub fn used(kind: &'static str, text: &str) {
    let is_new = !KNOWN.read().unwrap_or_else(PoisonError::into_inner).secrets.contains(text);
    if is_new {
        KNOWN.write().unwrap_or_else(PoisonError::into_inner).add(kind, text);
    }
}

/// A variable of the environment is a secret unless it is an address or a public key. Of a URL it is the password.
pub fn variable(value: &str) {
    let is_public = value.contains("PUBLIC KEY") || value.contains("CERTIFICATE");
    match url::Url::parse(value) {
        Ok(url) if url.has_authority() => used("password of a URL", url.password().unwrap_or("")),
        _ if is_public || value.parse::<std::net::SocketAddr>().is_ok() => {}
        _ => used("secret of the config", value),
    }
}

/// Secrets that stand in a file of the config as they are, or a private key that is the file.
pub fn configured(text: &str) {
    if text.contains("PRIVATE KEY") {
        used("private key", text);
    }
    for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let is_secret = ["client_secret", "keys", "key", "secret"].contains(&name.trim());
        for quoted in value.split('"').skip(1).step_by(2).filter(|_| is_secret) {
            if !quoted.contains("${") && !quoted.contains("://") {
                used("secret of the config", quoted);
            }
        }
    }
}

/// The credential of an `Authorization` header, with its scheme or without.
pub fn authorization(value: &str) {
    used("credential", value.split_once(' ').map_or(value, |(_, credential)| credential).trim());
}

/// The credentials in a request of these bytes.
pub fn sent(bytes: &[u8]) {
    for (name, value) in bytes.split(|byte| *byte == b'\n').filter_map(field) {
        if name.eq_ignore_ascii_case("authorization") {
            authorization(value);
        }
    }
}

/// A part of a reply as it came. Cookies that it sets are secrets, wherever else they are found.
pub fn received(bytes: &[u8]) {
    for text in bytes.split(|byte| *byte == b'\n') {
        match field(text) {
            Some((name, value)) if name.eq_ignore_ascii_case("set-cookie") => set_cookie(value),
            Some((name, _)) if name.eq_ignore_ascii_case("location") => {
                line("reply", &without_hint(text));
            }
            _ => line("reply", text),
        }
    }
}

/// The same of one header.
pub fn received_header(name: &str, value: &[u8]) {
    received(&[name.as_bytes(), b": ", value].concat());
}

/// `id_token_hint` in the URL that a logout redirects to is there because the config says so, and is the one token that a
/// browser may see. No script of a page sees a redirect.
fn without_hint(text: &[u8]) -> Cow<'_, [u8]> {
    const NAME: &[u8] = b"id_token_hint=";
    let Some(at) = text.windows(NAME.len()).position(|part| part == NAME) else {
        return text.into();
    };
    let (before, value) = text.split_at(at + NAME.len());
    let is_end = |byte: &u8| matches!(byte, b'&' | b'"' | b'\'' | b' ' | b'<');
    let end = value.iter().position(is_end).unwrap_or(value.len());
    [before, &value[end..]].concat().into()
}

fn set_cookie(header: &str) {
    let pair = header.split(';').next().unwrap_or_default();
    used("cookie", pair.split_once('=').map_or("", |(_, value)| value).trim());
}

fn field(line: &[u8]) -> Option<(&str, &str)> {
    let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
    Some((name, value.trim()))
}

/// What [`Known::found`] says of all secrets so far.
pub fn found(text: &[u8]) -> Vec<String> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).found(text)
}

impl Known {
    /// See [`used`].
    pub fn add(&mut self, kind: &'static str, text: &str) {
        // One letter over and over only fills: other tests send and get it too.
        let fills = text.as_bytes().windows(2).all(|pair| pair[0] == pair[1]);
        if text.len() >= forms::SHORTEST && !fills && self.secrets.insert(text.to_owned()) {
            forms::of(text).into_iter().for_each(|form| self.index.insert(kind, form));
        }
    }

    /// Each line of this text that holds a secret: which kind it is of, and the line without it.
    pub fn found(&self, text: &[u8]) -> Vec<String> {
        let mut lines = self.found_as_it_is(text);
        // What is escaped in a URL, and how much of it, is up to who writes it.
        let escaped = text.split(|byte| *byte == b'\n').filter(|line| line.contains(&b'%'));
        let mut decoded = Vec::new();
        for line in escaped.filter(|line| lines.is_empty() || self.index.search(line).is_empty()) {
            let line = percent_encoding::percent_decode(line);
            decoded.extend(line.map(|byte| if byte == b'\n' { b' ' } else { byte }));
            decoded.push(b'\n');
        }
        lines.extend(self.found_as_it_is(&decoded));
        lines
    }

    fn found_as_it_is(&self, text: &[u8]) -> Vec<String> {
        let mut hits = self.index.search(text).into_iter().peekable();
        let mut lines = Vec::new();
        while let Some(hit) = hits.next() {
            let line = line_around(text, &hit.range);
            let mut inside = vec![hit];
            while let Some(next) = hits.next_if(|next| next.range.start < line.end) {
                inside.push(next);
            }
            lines.push(told(text, line, &inside));
        }
        lines
    }
}

fn line_around(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let is_end = |byte: &u8| *byte == b'\n';
    let start = text[..range.start].iter().rposition(is_end).map_or(0, |at| at + 1);
    let length = text[range.end..].iter().position(is_end);
    start..length.map_or(text.len(), |length| range.end + length)
}

fn told(text: &[u8], line: Range<usize>, hits: &[Hit]) -> String {
    let mut kinds: Vec<_> = hits.iter().map(|hit| hit.kind).collect();
    kinds.dedup();
    let mut said = format!("{}: ", kinds.join(", "));
    let mut at = line.start;
    for hit in hits {
        if hit.range.start > at {
            let _ = write!(said, "{}***", shortened(&text[at..hit.range.start]));
        } else if at == line.start {
            said.push_str("***");
        }
        at = at.max(hit.range.end);
    }
    said + &shortened(&text[at..line.end.max(at)])
}

/// The two ends of what is long.
fn shortened(text: &[u8]) -> String {
    match text.len() {
        ..=400 => String::from_utf8_lossy(text).into_owned(),
        length => {
            let (start, end) = (&text[..200], &text[length - 200..]);
            format!("{} [...] {}", String::from_utf8_lossy(start), String::from_utf8_lossy(end))
        }
    }
}
