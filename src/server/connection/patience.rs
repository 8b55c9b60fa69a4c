//! How long is waited for what a client has to say.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The rest of a head.
    Head,
    /// The next request.
    Next,
    /// The reply to what was refused.
    Refusal,
    /// That a client takes more of its reply.
    Room,
}

/// One timer, made when something is waited for the first time, and set when something else is.
#[derive(Default)]
pub(super) struct Patience {
    timer: Option<Pin<Box<Sleep>>>,
    wait: Option<Wait>,
}

impl Patience {
    /// Ready when this has been waited for so long, all in all.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        wait: Wait,
        longest: Duration,
    ) -> Poll<()> {
        let is_set = self.wait.replace(wait) == Some(wait);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(longest)));
        if !is_set {
            timer.set(sleep(longest));
        }
        timer.as_mut().poll(context)
    }

    /// It has come. The timer stays as it is: that costs a needless look later, and now nothing.
    pub(super) fn over(&mut self) {
        self.wait = None;
    }
}
