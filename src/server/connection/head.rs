//! Heads of requests: whether they are good, and where their bodies end (RFC 9112).
//!
//! actix-http gets only what has passed here, and reads it in the same way: the parser is the same, and a test compares
//! the rest.

use std::mem::MaybeUninit;

use actix_web::http::{Method, Uri};
use httparse::{Error, Header, Request, Status};

use super::aside::{self, Aside};
use super::limits::{Limits, MAX_METHOD};
use super::turns::Open;
use crate::fault::{Code, Fault};

/// What a good head says about what comes behind it.
#[derive(Debug)]
pub(super) struct Good {
    /// The body, nothing where there is none.
    pub(super) body: Open,
    /// The client waits for a word before it sends the body.
    pub(super) waits: bool,
    /// No request comes behind this one.
    pub(super) last: bool,
    /// The head as actix-http is to see it, where that is another one.
    pub(super) aside: Option<Aside>,
}

/// Looks at a whole head.
///
/// # Errors
/// 414 and 431 for what is too large. 400 for what is no head of HTTP/1.1 or 1.0, for a body that could end in two
/// places (§6), for a target that names another authority than `Host`, and for a `Host` that is none (§3.2).
pub(super) fn check(head: &[u8], limits: &Limits) -> Result<Good, Fault> {
    let mut few = [const { MaybeUninit::uninit() }; FEW];
    let most = limits.max_headers;
    if most <= FEW {
        return parse(head, &mut few[..most], limits);
    }
    match parse(head, &mut few, limits) {
        Err(fault) if fault.parts().code == Code::HeadersTooLarge => {
            parse(head, &mut vec![MaybeUninit::uninit(); most.min(head.len())], limits)
        }
        checked => checked,
    }
}

/// Looks at what there is of a head that has not ended.
///
/// # Errors
/// 414 and 431 where no end could make it good.
pub(super) fn check_start(start: &[u8], limits: &Limits) -> Result<(), Fault> {
    let line = &start[..start.len().min(limits.request_line())];
    if line.len() == limits.request_line() && memchr::memchr(b'\n', line).is_none() {
        return Err(Fault::new(Code::UriTooLong));
    }
    if start.len() > limits.head() {
        return Err(Fault::new(Code::HeadersTooLarge));
    }
    Ok(())
}

pub(super) fn refuse(why: &'static str) -> Fault {
    Fault::new(Code::BadRequest).message(why).cause(why)
}

pub(super) fn nonsense() -> Fault {
    Fault::new(Code::BadRequest).cause("what came is not a request")
}

/// Headers for which there is always room.
const FEW: usize = 128;

fn parse<'a>(
    head: &'a [u8],
    space: &mut [MaybeUninit<Header<'a>>],
    limits: &Limits,
) -> Result<Good, Fault> {
    let mut request = Request::new(&mut []);
    match request.parse_with_uninit_headers(head, space) {
        Ok(Status::Complete(length)) if length == head.len() => {}
        Ok(_) => return Err(nonsense()),
        Err(error) => return Err(malformed(error)),
    }
    let (method, target) = (request.method.unwrap_or(""), request.path.unwrap_or(""));
    let is_old = request.version == Some(0);
    if !is_method(method) {
        return Err(refuse("There is no such method."));
    }
    if target.len() > limits.max_uri {
        return Err(Fault::new(Code::UriTooLong));
    }
    let told = Told::read(head, request.headers)?;
    if told.bytes > limits.max_header_bytes {
        return Err(Fault::new(Code::HeadersTooLarge));
    }
    check_host(target, told.host, is_old)?;
    let body = told.body(method, is_old)?;
    let last = told.close || (is_old && !told.keep_alive);
    let aside = if told.hides || request.headers.len() > aside::ROOM {
        Some(Aside::new(method, target, is_old, request.headers)?)
    } else {
        None
    };
    let waits = told.waits && !is_old && body != Open::Nothing;
    // Without its `Connection` actix-http would end an old one anyway.
    Ok(Good { body, waits, last: last || (is_old && aside.is_some()), aside })
}

/// Whether actix-http takes this for a method, and so do we.
pub(super) fn is_method(text: &str) -> bool {
    text.len() <= MAX_METHOD && Method::from_bytes(text.as_bytes()).is_ok()
}

/// Whether actix-http takes this for a target.
pub(super) fn is_target(text: &str) -> bool {
    authority(text).is_ok()
}

fn malformed(error: Error) -> Fault {
    match error {
        Error::TooManyHeaders => Fault::new(Code::HeadersTooLarge),
        Error::Version => refuse("HTTP/1.1 and HTTP/1.0 are spoken here."),
        Error::HeaderName | Error::HeaderValue => refuse("A header is malformed."),
        _ => nonsense(),
    }
}

/// actix-http knows no longer names.
const MAX_NAME: usize = (1 << 16) - 1;

/// What headers say about the connection and the body.
#[derive(Default)]
struct Told<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: bool,
    waits: bool,
    close: bool,
    keep_alive: bool,
    /// Something that actix-http would obey and we do not.
    hides: bool,
    /// Of all names and values.
    bytes: usize,
}

impl<'a> Told<'a> {
    fn read(head: &[u8], headers: &[Header<'a>]) -> Result<Self, Fault> {
        let mut told = Self::default();
        for Header { name, value } in headers {
            told.bytes += name.len() + value.len();
            if name.len() > MAX_NAME {
                return Err(Fault::new(Code::HeadersTooLarge));
            }
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            match name.len() {
                4 if is("host") && told.host.is_some() => {
                    return Err(refuse("There is more than one Host header."));
                }
                4 if is("host") => told.host = Some(value),
                14 if is("content-length") => {
                    let length = length(value).filter(|_| is_plain(head, value));
                    if length.is_none() || told.length.is_some() {
                        return Err(refuse("The length of the body is not one number."));
                    }
                    told.length = length;
                }
                17 if is("transfer-encoding") => {
                    let chunked = value.eq_ignore_ascii_case(b"chunked") && is_plain(head, value);
                    if !chunked || told.chunked {
                        return Err(refuse("The transfer coding is not chunked."));
                    }
                    told.chunked = true;
                }
                10 if is("connection") => {
                    told.close |= names(value, "close");
                    told.keep_alive |= names(value, "keep-alive");
                    told.hides |= names(value, "upgrade");
                }
                6 if is("expect") => {
                    told.waits |= names(value, "100-continue");
                    told.hides = true;
                }
                7 if is("upgrade") => told.hides = true,
                _ => {}
            }
        }
        Ok(told)
    }

    /// Where the body ends (RFC 9112 §6.3), with one answer only.
    fn body(&self, method: &str, is_old: bool) -> Result<Open, Fault> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err(refuse("The body has a length and a transfer coding.")),
            (true, None) if is_old => Err(refuse("HTTP/1.0 has no transfer codings.")),
            (true, None) => Ok(Open::Chunks),
            (false, None) if is_old && method == "POST" => {
                Err(refuse("The length of the body is missing."))
            }
            (false, None | Some(0)) => Ok(Open::Nothing),
            (false, Some(length)) => Ok(Open::Bytes(length)),
        }
    }
}

/// Digits and nothing else (RFC 9110 §8.6).
fn length(value: &[u8]) -> Option<u64> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| is_number)?.parse().ok()
}

/// Whether nothing stands around a value but one blank before it: what says where a body ends is not to be read with more
/// good will by the one than by the other.
fn is_plain(head: &[u8], value: &[u8]) -> bool {
    let start = (value.as_ptr() as usize).saturating_sub(head.as_ptr() as usize);
    let (before, from) = head.split_at(start.min(head.len()));
    let behind = from.get(value.len()..).unwrap_or_default();
    let before = before.strip_suffix(b" ").unwrap_or(before);
    before.ends_with(b":") && behind.starts_with(b"\r\n")
}

/// Whether a list has this word.
fn names(list: &[u8], word: &str) -> bool {
    list.split(|byte| *byte == b',')
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

fn check_host(target: &str, host: Option<&[u8]>, is_old: bool) -> Result<(), Fault> {
    let authority = authority(target)?;
    let Some(host) = host else {
        return if is_old { Ok(()) } else { Err(refuse("There is no Host header.")) };
    };
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]%~".contains(byte);
    if !host.iter().all(plain) {
        return Err(refuse("The Host header is malformed."));
    }
    match authority {
        Some(authority) if !authority.eq_ignore_ascii_case(host) => {
            Err(refuse("The request is for another host than its Host header says."))
        }
        _ => Ok(()),
    }
}

/// The authority in a target, where there is one.
fn authority(target: &str) -> Result<Option<Vec<u8>>, Fault> {
    // Most are a path of harmless letters, which is one for actix-http too.
    if target.starts_with('/') && target.bytes().all(is_harmless) {
        return Ok(None);
    }
    if target.contains('#') {
        // Where it is dropped somebody else may read on (RFC 9112 §3.2).
        return Err(refuse("The target of a request has no fragment."));
    }
    let uri =
        Uri::try_from(target).map_err(|_| refuse("The target of the request is malformed."))?;
    if !uri.scheme_str().is_none_or(is_http) {
        return Err(refuse("The scheme of the target is neither http nor https."));
    }
    Ok(uri.authority().map(|authority| authority.as_str().as_bytes().to_vec()))
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn is_harmless(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~%?=&!$'()*+,;:@".contains(&byte)
}
