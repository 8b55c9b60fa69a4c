//! `[server] compress`

use crate::encoding::Encoding;

/// How replies are compressed for clients that can read it.
#[derive(Debug, Clone)]
pub struct Compression {
    /// What may be used: of those that a client likes best the first; none: nothing is compressed.
    pub encodings: Vec<Encoding>,
    /// Bytes of a body from which it is compressed.
    pub from: usize,
}
