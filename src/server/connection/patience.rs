//! How long is waited for what a client has to say.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

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

/// One timer, made when something is waited for the first time. It is set again when it would be too late, and when it
/// was too early: most of what is waited for comes, and then the timer has cost nothing.
#[derive(Default)]
pub(super) struct Patience {
    timer: Option<Pin<Box<Sleep>>>,
    /// Until when; nothing where that is further than a clock goes.
    wait: Option<(Wait, Option<Instant>)>,
}

impl Patience {
    /// Ready when this has been waited for so long, all in all.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        wait: Wait,
        longest: Duration,
    ) -> Poll<()> {
        let until = match self.wait {
            Some((same, until)) if same == wait => until,
            _ => Instant::now().checked_add(longest),
        };
        self.wait = Some((wait, until));
        let Some(until) = until else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() > until {
            timer.as_mut().reset(until);
        }
        ready!(timer.as_mut().poll(context));
        if timer.deadline() < until {
            timer.as_mut().reset(until);
            return timer.as_mut().poll(context);
        }
        Poll::Ready(())
    }

    /// It has come. The timer stays as it is: that costs a needless look later, and now nothing.
    pub(super) fn over(&mut self) {
        self.wait = None;
    }
}
