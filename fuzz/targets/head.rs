//! Where heads end: the scanner before actix-http must see the same ends as its parser, or a body could pass for a
//! request. The first byte says how large the pieces are in which the rest comes.

#![no_main]

#[path = "../../src/server/connection/scan.rs"]
#[expect(dead_code, reason = "a part of the server")]
mod scan;

use actix_http::h1::Message;
use bytes::BytesMut;
use fuzz::codec;
use libfuzzer_sys::fuzz_target;
use scan::Scan;
use tokio_util::codec::Decoder;

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else { return };
    let ends = ends(bytes, usize::from(*size).max(1));
    assert_eq!(ends, self::ends(bytes, bytes.len().max(1)), "pieces make a difference");
    let mut start = 0;
    for end in ends {
        // Nothing before the end is enough, and at the end nothing is left or missing.
        if parser(&bytes[start..end - 1]) == Parsed::Head
            || !matches!(parser(&bytes[start..end]), Parsed::Refused | Parsed::Head)
        {
            panic!("the parser does not see the head end at {end}");
        }
        start = end;
    }
    assert_ne!(parser(&bytes[start..]), Parsed::Head, "the parser sees a further head");
});

fn ends(bytes: &[u8], piece: usize) -> Vec<usize> {
    let (mut scan, mut ends, mut at) = (Scan::default(), Vec::new(), 0);
    while at < bytes.len() {
        let upto = (at + piece).min(bytes.len());
        match scan.end_of_head(&bytes[at..upto]) {
            Some(length) => {
                assert!(length > 0 && length <= upto - at);
                at += length;
                ends.push(at);
            }
            None => at = upto,
        }
    }
    ends
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    /// A head, and so many bytes behind it.
    Head,
    Left(usize),
    More,
    Refused,
}

fn parser(bytes: &[u8]) -> Parsed {
    let mut source = BytesMut::from(bytes);
    match codec().decode(&mut source) {
        Ok(Some(Message::Item(_))) if source.is_empty() => Parsed::Head,
        Ok(Some(_)) => Parsed::Left(source.len()),
        Ok(None) => Parsed::More,
        Err(_) => Parsed::Refused,
    }
}
