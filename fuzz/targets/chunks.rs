//! Where bodies in chunks end: the scanner before actix-http must see the same end as its decoder, or what is behind it
//! could pass for a request. The first byte says how large the pieces are in which the rest comes.

#![no_main]

#[path = "../../src/server/connection/chunks.rs"]
mod chunks;

use actix_http::h1::Message;
use bytes::{Bytes, BytesMut};
use chunks::{Chunks, Found};
use fuzz::codec;
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::Decoder;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";

fuzz_target!(|input: &[u8]| {
    let Some((size, bytes)) = input.split_first() else { return };
    let found = scan(bytes, usize::from(*size).max(1));
    assert_eq!(found, scan(bytes, bytes.len().max(1)), "pieces make a difference");
    let Found::End(end) = found else { return };
    assert!(end > 0 && end <= bytes.len());
    if let Some(left) = decoder(&bytes[..end - 1]) {
        panic!("the decoder ends {} bytes before the scanner", left + 1);
    }
    assert_eq!(decoder(&bytes[..end]), Some(0), "the decoder does not end with the scanner");
});

fn scan(bytes: &[u8], piece: usize) -> Found {
    let (mut chunks, mut before) = (Chunks::default(), 0);
    for part in bytes.chunks(piece) {
        match chunks.scan(part) {
            Found::More => before += part.len(),
            Found::End(end) => return Found::End(before + end),
            Found::Broken => return Found::Broken,
        }
    }
    Found::More
}

/// How many bytes it leaves behind the end that it sees, if it sees one.
fn decoder(body: &[u8]) -> Option<usize> {
    let mut codec = codec();
    let mut source = BytesMut::from(&[HEAD, body].concat()[..]);
    loop {
        let left = source.len();
        match codec.decode(&mut source) {
            Ok(Some(Message::Item(_))) => {}
            Ok(Some(Message::Chunk(None))) => return Some(source.len()),
            Ok(Some(Message::Chunk(Some(chunk)))) => {
                assert!(source.len() < left || chunk != Bytes::new(), "it goes on for ever");
            }
            Ok(None) | Err(_) => return None,
        }
    }
}
