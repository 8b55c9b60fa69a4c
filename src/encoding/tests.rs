//! Which coding is chosen, and that each gives back what was put in.

use std::io::Read;

use proptest::prelude::*;

use super::Encoding::{Brotli, Gzip, Zstd};
use super::*;

const OURS: &[Encoding] = &[Zstd, Brotli, Gzip];

fn chosen(headers: &[&str]) -> Option<Encoding> {
    choose(headers.iter().map(|header| header.as_bytes()), OURS)
}

#[test]
fn the_coding_that_the_client_likes_best_is_chosen_and_of_equals_our_first() {
    for (header, wanted) in [
        ("gzip, deflate, br, zstd", Some(Zstd)),
        ("gzip, deflate, br", Some(Brotli)),
        ("gzip", Some(Gzip)),
        ("GZip", Some(Gzip)),
        ("x-gzip", Some(Gzip)),
        ("gzip;q=1.0, br;q=0.9", Some(Gzip)),
        ("gzip;q=0.001", Some(Gzip)),
        ("gzip ; q=0.5 ,\tbr ;Q=0.7", Some(Brotli)),
        ("zstd;q=0, br;q=0, gzip", Some(Gzip)),
        ("*", Some(Zstd)),
        ("zstd;q=0, *", Some(Brotli)),
        ("*;q=0.1, gzip;q=0.2", Some(Gzip)),
        ("gzip;q=0, *;q=0", None),
        ("gzip, *;q=0", Some(Gzip)),
        ("", None),
        (",, ,", None),
        ("identity", None),
        ("deflate, compress, dcb", None),
        ("gzip;q=0", None),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0.5, identity;q=0.5", Some(Gzip)),
        ("identity;q=0, gzip;q=0.1", Some(Gzip)),
        ("identity;q=0", None),
        ("gzip;q=0.2, gzip;q=0", Some(Gzip)),
        // What is no weight says nothing.
        ("gzip;q=2", None),
        ("gzip;q=0.0001", None),
        ("gzip;q=", None),
        ("gzip;q=-1", None),
        ("gzip;level=9", None),
        ("gzip;q=1.001, br;q=0.1", Some(Brotli)),
    ] {
        assert_eq!(chosen(&[header]), wanted, "{header}");
    }
}

#[test]
fn several_headers_are_one_list_and_none_asks_for_nothing() {
    assert_eq!(chosen(&["gzip;q=0.5", "br"]), Some(Brotli));
    assert_eq!(chosen(&["identity;q=0.9", "br;q=0.8"]), None);
    assert_eq!(chosen(&[]), None);
    assert_eq!(choose([&b"gzip, br"[..]].into_iter(), &[]), None);
    assert_eq!(choose([&b"gzip, br"[..]].into_iter(), &[Gzip, Brotli]), Some(Gzip));
}

fn decoded(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match encoding {
        Zstd => zstd::stream::read::Decoder::new(bytes).unwrap().read_to_end(&mut out).unwrap(),
        Brotli => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out).unwrap(),
        Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap(),
    };
    out
}

#[test]
fn what_does_not_get_smaller_stays_as_it_is() {
    for encoding in Encoding::ALL {
        for effort in [Effort::Once, Effort::Often] {
            assert_eq!(compress(encoding, effort, b""), None);
            assert_eq!(compress(encoding, effort, b"{}"), None);
            assert!(compress(encoding, effort, &[b'a'; 1000]).is_some());
        }
    }
}

proptest! {
    #[test]
    fn each_coding_gives_back_what_was_put_in(
        words in prop::collection::vec("[a-f]{1,4}|[0-9]{2}|.", 0..3000),
    ) {
        let plain = words.concat().into_bytes();
        for encoding in Encoding::ALL {
            for effort in [Effort::Once, Effort::Often] {
                if let Some(bytes) = compress(encoding, effort, &plain) {
                    prop_assert!(bytes.len() < plain.len());
                    prop_assert_eq!(decoded(encoding, &bytes), plain.clone());
                }
            }
        }
    }

    #[test]
    fn any_header_gives_a_coding_that_it_names(header in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Some(encoding) = choose([&header[..]].into_iter(), OURS) {
            let text = String::from_utf8_lossy(&header).to_ascii_lowercase();
            prop_assert!(text.contains(encoding.name()) || text.contains('*'));
        }
    }

    #[test]
    fn a_list_is_read_as_a_reader_of_it_would(
        list in prop::collection::vec(
            (prop::sample::select(vec!["gzip", "br", "zstd", "identity", "*", "deflate"]), 0u16..=1000),
            0..7,
        ),
        cut in 0usize..7,
    ) {
        let written = |(name, weight): &(&str, u16)| match weight {
            1000 => format!("{name};q=1"),
            weight => format!("{name};q=0.{weight:03}"),
        };
        let cut = cut.min(list.len());
        let half = |part: &[(&str, u16)]| part.iter().map(written).collect::<Vec<_>>().join(" , ");
        let headers = [half(&list[..cut]), half(&list[cut..])];
        let of = |name: &str| list.iter().find(|(other, _)| *other == name).map(|(_, weight)| *weight);
        let weight = |one: Encoding| of(one.name()).or(of("*")).unwrap_or(0);
        let plain = of("identity").unwrap_or(0);
        let chosen = chosen(&headers.each_ref().map(String::as_str));
        match chosen {
            Some(one) => {
                prop_assert!(weight(one) > 0 && weight(one) >= plain);
                prop_assert!(OURS.iter().all(|other| weight(*other) <= weight(one)));
            }
            None => prop_assert!(OURS.iter().all(|one| weight(*one) == 0 || weight(*one) < plain)),
        }
    }
}
