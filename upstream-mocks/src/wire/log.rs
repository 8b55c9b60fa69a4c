//! What came in, kept so that a test can ask, or wait for it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;

use super::Recorded;

/// All that a server has seen. Waiting is on a change of it, never on time.
#[derive(Debug)]
pub(crate) struct Log {
    seen: watch::Sender<Seen>,
    keep: usize,
}

#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: VecDeque<Arc<Recorded>>,
    pub(crate) counts: BTreeMap<String, usize>,
    /// Requests ever, also those that are no longer kept.
    pub(crate) total: usize,
    pub(crate) connections: usize,
    /// Requests whose client left before it had the whole reply, and the first of them.
    pub(crate) cancelled: usize,
    pub(crate) first_cancelled: Option<Arc<Recorded>>,
}

impl Log {
    /// A log of the last `keep` requests. What it counts, it counts without an end.
    pub(crate) fn new(keep: usize) -> Self {
        Self { seen: watch::Sender::new(Seen::default()), keep }
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    /// Resolves as soon as `look` finds something.
    pub(crate) async fn wait<T>(&self, look: impl Fn(&Seen) -> Option<T>) -> T {
        let mut changes = self.seen.subscribe();
        loop {
            if let Some(found) = look(&changes.borrow_and_update()) {
                return found;
            }
            // Cannot fail: `self` is a sender.
            let _ = changes.changed().await;
        }
    }

    /// Forgets all requests and counts; the numbers of connections go on.
    pub(crate) fn clear(&self) {
        self.seen.send_modify(|seen| {
            let connections = seen.connections;
            *seen = Seen { connections, ..Seen::default() };
        });
    }

    pub(super) fn connected(&self) -> usize {
        self.seen.send_modify(|seen| seen.connections += 1);
        self.seen.borrow().connections
    }

    pub(super) fn requested(&self, request: &Arc<Recorded>) {
        self.seen.send_modify(|seen| {
            if seen.requests.len() == self.keep {
                seen.requests.pop_front();
            }
            if self.keep > 0 {
                seen.requests.push_back(Arc::clone(request));
            }
            *seen.counts.entry(request.key()).or_default() += 1;
            seen.total += 1;
        });
    }

    pub(super) fn cancelled(&self, request: &Arc<Recorded>) {
        self.seen.send_modify(|seen| {
            seen.cancelled += 1;
            seen.first_cancelled.get_or_insert_with(|| Arc::clone(request));
        });
    }
}
