//! Giving Redis an entry, and the lease back.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep};

use super::begin::LEASE;
use super::record::{micros, write_lives, write_tags};
use super::scripts::{HOLD, KEEP};
use super::{Lease, Shared, leased, recorded};
use crate::cache::entries::Entries;
use crate::cache::entry::{Entry, Payload};
use crate::cache::key::Key;
use crate::store::{Away, Redis};

impl Shared {
    /// Holds the lease until something is made.
    pub async fn hold<T>(
        &self,
        redis: &Redis,
        key: &Key,
        lease: &Lease,
        making: impl Future<Output = T>,
    ) -> T {
        match select(pin!(making), pin!(renew(redis, key, lease))).await {
            Either::Left((made, _)) => made,
            Either::Right((never, _)) => match never {},
        }
    }

    /// Shares an entry, and gives the lease back.
    pub async fn keep<T: Payload>(
        &self,
        redis: &Redis,
        entries: &Entries<T>,
        key: &Key,
        shared: &Entry<T>,
        lease: Lease,
    ) {
        // Where it is not known, whoever reads the record would take it for gone.
        let upto = self.upto.at(shared.began);
        let payload = (upto > 0).then(|| shared.payload.encode()).flatten();
        let Some(payload) = payload.filter(|payload| payload.len() <= self.max_shared) else {
            return self.release(redis, key, lease).await;
        };
        let began = lease.began.min(upto + 1);
        let (age, lives) = (shared.age(entries.now()), &shared.lives);
        let rest = lives.all().saturating_sub(age).min(LONGEST);
        let mut call = KEEP.key(recorded(key));
        call.key(leased(key)).arg(&lease.owner[..]).arg(began);
        call.arg(micros(age)).arg(micros(lives.fresh.min(LONGEST)));
        call.arg(write_lives(lives)).arg(write_tags(&shared.tags)).arg(payload);
        call.arg(rest.as_millis().max(1).to_string());
        // Who cannot be told makes its own.
        let told: Result<(), Away> = redis.run(&call).await;
        if told.is_err() {
            self.release(redis, key, lease).await;
        }
    }

    /// Gives the lease back: there is nothing to share. Where Redis does not answer, it is tried until the lease ends by itself:
    /// others wait for it.
    pub async fn release(&self, redis: &Redis, key: &Key, lease: Lease) {
        let until = Instant::now() + Duration::from_millis(LEASE);
        while ask(redis, key, &lease, 0).await.is_err() && Instant::now() < until {
            sleep(AGAIN).await;
        }
    }
}

async fn renew(redis: &Redis, key: &Key, lease: &Lease) -> Infallible {
    loop {
        sleep(Duration::from_millis(LEASE / 3)).await;
        let _: Result<(), Away> = ask(redis, key, lease, LEASE).await;
    }
}

async fn ask(redis: &Redis, key: &Key, lease: &Lease, lasts: u64) -> Result<(), Away> {
    let mut call = HOLD.key(leased(key));
    call.arg(&lease.owner[..]).arg(lasts);
    redis.run(&call).await
}

/// However long an entry is good: the times of its tags are known for longer.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// Between two attempts to give a lease back.
const AGAIN: Duration = Duration::from_millis(20);
