//! The body of an answer: decoded, and never larger than was said.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::error::{Error, chain};

/// Reads a body to its end and decodes it (RFC 9110 §8.4), counting the decoded bytes as they come.
///
/// # Errors
/// More than `max` bytes, a body that ends early, an encoding that is unknown or broken.
pub(super) async fn read(response: reqwest::Response, max: usize) -> Result<Bytes, Error> {
    match encoding(response.headers())? {
        None => plain(response, max).await,
        Some(encoding) => {
            let broken = |error: reqwest::Error| std::io::Error::other(chain(&error));
            let reader = StreamReader::new(response.bytes_stream().map_err(broken));
            decode(reader, &encoding, max).await
        }
    }
}

/// The encoding of a body; none for a plain one.
fn encoding(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut encoding = None;
    for value in headers.get_all(CONTENT_ENCODING) {
        let name = value.to_str().unwrap_or("?").to_ascii_lowercase();
        if matches!(name.as_str(), "identity" | "") {
            continue;
        }
        if encoding.replace(name).is_some() {
            return Err(Error::Broken("the body is encoded twice".to_owned()));
        }
    }
    Ok(encoding)
}

async fn plain(mut response: reqwest::Response, max: usize) -> Result<Bytes, Error> {
    let announced = response.content_length().unwrap_or(0);
    if announced > max as u64 {
        return Err(Error::TooLarge(max));
    }
    let broken = |error: reqwest::Error| Error::Broken(chain(&error));
    let Some(first) = response.chunk().await.map_err(broken)? else { return Ok(Bytes::new()) };
    if first.len() as u64 == announced {
        // Read on to the end all the same: that is what hands the connection back to the pool.
        while response.chunk().await.map_err(broken)?.is_some() {}
        return Ok(first);
    }
    let mut body = BytesMut::with_capacity((announced as usize).max(first.len()));
    body.extend_from_slice(&first);
    while body.len() <= max {
        let Some(chunk) = response.chunk().await.map_err(broken)? else { return Ok(body.freeze()) };
        body.extend_from_slice(&chunk);
    }
    Err(Error::TooLarge(max))
}

/// No window larger than this is allocated, whatever a body asks for: 8 MiB, as RFC 9659 says.
const ZSTD_WINDOW_LOG: u32 = 23;

async fn decode(
    mut reader: impl AsyncBufRead + Unpin,
    encoding: &str,
    max: usize,
) -> Result<Bytes, Error> {
    // The answer to a HEAD names the encoding of a body that is not there.
    if reader.fill_buf().await.map_err(broken)?.is_empty() {
        return Ok(Bytes::new());
    }
    match encoding {
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(reader);
            decoder.multiple_members(true);
            limited(decoder, max).await
        }
        "br" => limited(BrotliDecoder::new(reader), max).await,
        "deflate" => limited(ZlibDecoder::new(reader), max).await,
        "zstd" => {
            let window = DParameter::window_log_max(ZSTD_WINDOW_LOG);
            let mut decoder = ZstdDecoder::with_params(reader, &[window]);
            decoder.multiple_members(true);
            limited(decoder, max).await
        }
        _ => Err(Error::Broken("content-encoding is unknown".to_owned())),
    }
}

async fn limited(reader: impl AsyncRead + Unpin, max: usize) -> Result<Bytes, Error> {
    let mut body = Vec::new();
    let mut reader = reader.take((max as u64).saturating_add(1));
    reader.read_to_end(&mut body).await.map_err(broken)?;
    if body.len() > max { Err(Error::TooLarge(max)) } else { Ok(body.into()) }
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn broken(error: std::io::Error) -> Error {
    Error::Broken(error.to_string())
}
