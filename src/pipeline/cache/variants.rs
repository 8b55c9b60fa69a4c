//! A kept body in the codings that clients have asked for.

use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::encoding::Encoding;

/// A kept body in the codings that clients have asked for: each is made once, for all workers.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Variants([OnceCell<Option<Bytes>>; Encoding::ALL.len()]);

impl Variants {
    /// The body in a coding, nothing where that has no fewer bytes; and whether it was made just now, by `make`. Whoever
    /// asks meanwhile waits for it.
    pub(in crate::pipeline) async fn get<F>(
        &self,
        encoding: Encoding,
        make: impl FnOnce() -> F,
    ) -> (Option<Bytes>, bool)
    where
        F: Future<Output = Option<Bytes>>,
    {
        let mut is_new = false;
        let made = self.0[encoding as usize].get_or_init(|| {
            is_new = true;
            make()
        });
        let made = made.await.clone();
        (made, is_new)
    }

    /// Bytes that they hold in memory.
    pub(super) fn weight(&self) -> usize {
        let bytes = |one: &OnceCell<Option<Bytes>>| one.get()?.as_ref().map(Bytes::len);
        self.0.iter().filter_map(bytes).sum()
    }
}
