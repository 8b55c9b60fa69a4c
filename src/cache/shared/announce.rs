//! Telling the other instances what was revalidated.

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::record::write_tags;
use super::scripts::REVALIDATE;
use super::untold::Batch;
use super::{ALL, CHANNEL, Shared, hex};
use crate::cache::tags::{Tag, Tags};
use crate::store::{Aside, Away, Redis, ScriptInvocation};

/// Who knows of a revalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// How many instances, with this one; in a cluster, of those that listen where it was told.
    pub instances: usize,
    /// The others will know once Redis is back.
    pub is_pending: bool,
}

/// How many have heard it, and when it was, by the clock of Redis.
type Told = (usize, u64);

impl Shared {
    /// Revalidates these here, and tells all instances. Where Redis does not answer within `[stores] redis.timeout`, it is
    /// told once it is back.
    pub async fn announce(&self, redis: &Redis, known: &Tags, tags: &[Tag]) -> Announced {
        let nobody = Announced { instances: 1, is_pending: false };
        if tags.is_empty() {
            return nobody;
        }
        // First of all: nothing that Redis has from before comes into this process from now on.
        let batch = self.untold.add(tags);
        known.revalidate(tags);
        let tick = known.now();
        if !self.is_here() {
            return Announced { is_pending: true, ..nobody };
        }
        let scripts = self.scripts(&batch);
        let telling = try_join_all(scripts.iter().map(|script| redis.run::<Told>(script)));
        match timeout(self.target.timeout, telling).await {
            Ok(Ok(told)) => {
                let told = self.told(&batch, &told);
                self.heard.note(tick, told.1);
                Announced { instances: told.0.max(1), is_pending: false }
            }
            _ => Announced { is_pending: true, ..nobody },
        }
    }

    /// Tells what could not be told before.
    pub(super) async fn catch_up(&self, aside: &Aside) -> Result<(), Away> {
        let Some(batch) = self.untold.left() else { return Ok(()) };
        let scripts = self.scripts(&batch);
        let told = try_join_all(scripts.iter().map(|script| aside.run::<Told>(script))).await?;
        self.told(&batch, &told);
        Ok(())
    }

    fn told(&self, batch: &Batch, told: &[Told]) -> Told {
        self.untold.told(batch);
        let instances = told.iter().map(|(instances, _)| *instances).max();
        (instances.unwrap_or(0), told.iter().map(|(_, time)| *time).max().unwrap_or(0))
    }

    /// One for all; in a cluster, where each key may be on another server, one for each.
    fn scripts(&self, batch: &Batch) -> Vec<ScriptInvocation<'static>> {
        let of = |keys: Vec<String>, tags: &[Tag]| {
            let mut script = REVALIDATE.prepare_invoke();
            for key in keys {
                script.key(key);
            }
            let said = [&self.name[..], &write_tags(tags)].concat();
            script.arg(CHANNEL).arg(said).arg(KEPT);
            script
        };
        if batch.tags.is_empty() {
            return vec![of(vec![ALL.to_owned()], &[])];
        }
        let size = if self.target.is_cluster() { 1 } else { AT_ONCE };
        let parts = batch.tags.chunks(size);
        parts.map(|tags| of(tags.iter().map(named).collect(), tags)).collect()
    }
}

/// The key of a tag's time.
pub(super) fn named(tag: &Tag) -> String {
    format!("frontdesk:cache:tag:{}", hex(&tag.0))
}

/// Milliseconds that the time of a tag is known: longer than any record is.
pub(super) const KEPT: u64 = 31 * 24 * 3600 * 1000;
/// A script takes so many at most.
const AT_ONCE: usize = 1000;
