//! The body of an answer: decoded, and never larger than was said.

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::header::CONTENT_ENCODING;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt};
use tokio_util::io::StreamReader;

use super::error::{Error, chain};

/// Reads a body to its end and decodes it (RFC 9110 §8.4), counting the decoded bytes as they come.
///
/// # Errors
/// More than `max` bytes, a body that ends early, an encoding that is unknown or broken.
pub(super) async fn read(response: reqwest::Response, max: usize) -> Result<Bytes, Error> {
    let encoding = response.headers().get(CONTENT_ENCODING).cloned();
    let encoding = encoding.as_ref().map_or(Ok("identity"), |value| {
        value.to_str().map_err(|_| Error::Broken("content-encoding is not text".to_owned()))
    })?;
    if matches!(encoding, "identity" | "") {
        return plain(response, max).await;
    }
    let broken = |error: reqwest::Error| std::io::Error::other(chain(&error));
    let reader = StreamReader::new(response.bytes_stream().map_err(broken));
    decode(reader, &encoding.to_ascii_lowercase(), max).await
}

async fn plain(mut response: reqwest::Response, max: usize) -> Result<Bytes, Error> {
    let announced = response.content_length().unwrap_or(0);
    if announced > max as u64 {
        return Err(Error::TooLarge(max));
    }
    let broken = |error: reqwest::Error| Error::Broken(chain(&error));
    let Some(first) = response.chunk().await.map_err(broken)? else { return Ok(Bytes::new()) };
    if first.len() as u64 == announced && announced <= max as u64 {
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

async fn decode(
    reader: impl AsyncBufRead + Unpin,
    encoding: &str,
    max: usize,
) -> Result<Bytes, Error> {
    match encoding {
        "gzip" | "x-gzip" => limited(GzipDecoder::new(reader), max).await,
        "br" => limited(BrotliDecoder::new(reader), max).await,
        "deflate" => limited(ZlibDecoder::new(reader), max).await,
        "zstd" => limited(ZstdDecoder::new(reader), max).await,
        _ => Err(Error::Broken("content-encoding is unknown".to_owned())),
    }
}

async fn limited(reader: impl AsyncRead + Unpin, max: usize) -> Result<Bytes, Error> {
    let mut body = Vec::new();
    let mut reader = reader.take(max as u64 + 1);
    let read = reader.read_to_end(&mut body).await;
    read.map_err(|error| Error::Broken(error.to_string()))?;
    if body.len() > max { Err(Error::TooLarge(max)) } else { Ok(body.into()) }
}
