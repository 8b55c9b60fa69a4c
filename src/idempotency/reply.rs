//! A reply as a record.

use bytes::{Buf, BufMut, Bytes, BytesMut, TryGetError};
use http::{HeaderName, HeaderValue};

/// A reply that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: u16,
    /// Its headers, in order.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub body: Bytes,
}

/// The first byte of each record, so that a later form can be told from this one.
const FORM: u8 = 1;

impl Reply {
    /// The record: status, headers, body; each text with its length.
    pub fn to_record(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(64 * (self.headers.len() + 1) + self.body.len());
        let put = |out: &mut BytesMut, text: &[u8]| {
            out.put_u64(text.len() as u64);
            out.put_slice(text);
        };
        out.put_u8(FORM);
        out.put_u16(self.status);
        out.put_u64(self.headers.len() as u64);
        for (name, value) in &self.headers {
            put(&mut out, name.as_str().as_bytes());
            put(&mut out, value.as_bytes());
        }
        put(&mut out, &self.body);
        out.freeze()
    }

    /// What [`Self::to_record`] has written; nothing where it has not.
    pub fn from_record(mut record: Bytes) -> Option<Self> {
        Self::read(&mut record).ok().flatten().filter(|_| record.is_empty())
    }

    fn read(record: &mut Bytes) -> Result<Option<Self>, TryGetError> {
        if record.try_get_u8()? != FORM {
            return Ok(None);
        }
        let status = record.try_get_u16()?;
        let count = record.try_get_u64()?;
        let mut headers = Vec::new();
        for _ in 0..count {
            let name = HeaderName::from_bytes(&text(record)?);
            let value = HeaderValue::from_maybe_shared(text(record)?);
            let (Ok(name), Ok(value)) = (name, value) else { return Ok(None) };
            headers.push((name, value));
        }
        Ok(Some(Self { status, headers, body: text(record)? }))
    }
}

fn text(record: &mut Bytes) -> Result<Bytes, TryGetError> {
    let length = usize::try_from(record.try_get_u64()?).unwrap_or(usize::MAX);
    if length > record.len() {
        return Err(TryGetError { requested: length, available: record.len() });
    }
    Ok(record.split_to(length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reply_comes_back_as_it_was() {
        let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let headers = vec![header("location", "/a"), header("x", ""), header("x", "2")];
        for body in ["", "{\"data\":1}"] {
            let reply = Reply { status: 201, headers: headers.clone(), body: body.into() };
            assert_eq!(Reply::from_record(reply.to_record()), Some(reply));
        }
    }

    proptest! {
        #[test]
        fn other_bytes_are_none(mut bytes: Vec<u8>) {
            let _ = Reply::from_record(bytes.clone().into());
            bytes.splice(0..0, [FORM, 0, 200]);
            let _ = Reply::from_record(bytes.into());
        }
    }
}
