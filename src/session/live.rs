//! A session that was opened.

use std::sync::Arc;
use std::time::Duration;

use super::key::Key;
use super::record::Record;
use super::row::{About, Standing};
use crate::identity::Identity;

/// What a cookie leads to.
#[derive(Clone, Debug)]
pub enum Found {
    /// A session.
    Live(Arc<Live>),
    /// None any more: it has ended, or nobody knows of it.
    Ended,
    /// None: the key does not open it, or it is another frontend's.
    Forged,
}

/// A session that has not ended.
#[derive(Debug)]
pub struct Live {
    /// What the browser holds.
    pub key: Key,
    /// The NAME of its frontend.
    pub frontend: Arc<str>,
    /// What was sealed.
    pub record: Record,
    /// Who it is.
    pub identity: Arc<Identity>,
    /// Counts the changes of the record.
    pub version: u64,
    /// When it ends without a request, since 1970, as it was when it was read.
    pub idle_until: Duration,
    /// When it ends in any case, since 1970.
    pub absolute_until: Duration,
    pub(super) about: Arc<About>,
}

impl Live {
    pub(super) fn standing(&self) -> Standing {
        let Self { version, idle_until, absolute_until, .. } = *self;
        Standing { version, idle_until, absolute_until }
    }

    /// The same with other ends.
    pub(super) fn at(&self, standing: Standing) -> Self {
        Self {
            key: self.key.clone(),
            frontend: Arc::clone(&self.frontend),
            record: self.record.clone(),
            identity: Arc::clone(&self.identity),
            version: standing.version,
            idle_until: standing.idle_until,
            absolute_until: standing.absolute_until,
            about: Arc::clone(&self.about),
        }
    }
}
