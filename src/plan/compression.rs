//! `[server] compress`

/// How replies are compressed for clients that can read it.
#[derive(Debug, Clone)]
pub struct Compression {
    /// What may be used: of those that a client likes best the first; none: nothing is compressed.
    pub encodings: Vec<Encoding>,
    /// Bytes of a body from which it is compressed.
    pub from: usize,
}

/// A content coding (RFC 9110 §8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `zstd` (RFC 8878)
    Zstd,
    /// `br` (RFC 7932)
    Brotli,
    /// `gzip` (RFC 1952)
    Gzip,
}
