//! `[server] compress`

use super::call::bytes;
use super::context::Context;
use crate::config::Server;
use crate::encoding::Encoding;
use crate::plan::Compression;

const WORDS: &[(&str, Encoding)] =
    &[("zstd", Encoding::Zstd), ("br", Encoding::Brotli), ("gzip", Encoding::Gzip)];

/// Compiles how replies are compressed.
pub(super) fn compression(cx: &mut Context<'_>, server: &Server) -> Option<Compression> {
    let from = cx.value(&server.compress_from).map(bytes);
    let mut encodings = Vec::new();
    for word in &server.compress.items {
        let encoding = cx.word(word, WORDS)?;
        if encodings.contains(&encoding) {
            cx.wrong(&word.span, "this encoding stands here twice", "take one of them away");
        }
        encodings.push(encoding);
    }
    Some(Compression { encodings, from: from? })
}
