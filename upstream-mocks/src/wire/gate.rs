use tokio::sync::watch;

/// Holds replies back until a test opens it. Clones are the same gate.
///
/// With it a test decides what comes first, and needs no sleep:
/// `Reply::json(..).when(&gate)`, then `wait_for(1)`, then look around, then `gate.open()`.
#[derive(Clone, Debug, Default)]
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets through what waits, and all that comes later.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    /// Holds back what comes from now on.
    pub fn close(&self) {
        self.0.send_replace(false);
    }

    pub(crate) async fn opened(&self) {
        // Cannot fail: `self` is a sender.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
