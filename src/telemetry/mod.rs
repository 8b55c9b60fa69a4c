//! Logs and traces; takes plain labels only.

mod trace;

pub use trace::Trace;
