//! Budgets in Redis, one for all instances: a script counts, with the server's own time.

use std::sync::LazyLock;
use std::time::Duration;

use futures_util::future::try_join_all;

use super::{Asked, Policy, Standing};
use crate::store::{Away, Redis, Script};

static GCRA: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("gcra.lua")));

/// A policy as the script wants it.
pub(super) struct Shared {
    /// Its keys begin so.
    name: String,
    /// Microseconds that refill one; the burst; the cost.
    numbers: [String; 3],
}

impl Shared {
    pub(super) fn new(policy: &Policy) -> Self {
        let interval = policy.per.as_secs_f64() * 1e6 / f64::from(policy.count.get());
        Self {
            name: format!("frontdesk:limit:{}:", policy.name),
            numbers: [interval.to_string(), policy.burst.to_string(), policy.cost.to_string()],
        }
    }
}

/// Counts a request, in one question; in a cluster in one per key, at the same time.
pub(super) async fn count(
    policies: &[Shared],
    redis: &Redis,
    asked: &[Asked],
) -> Result<Vec<Standing>, Away> {
    if !redis.is_cluster() {
        return ask(policies, redis, asked).await;
    }
    let same_key = asked.chunk_by(|one, other| one.key == other.key);
    let answers = try_join_all(same_key.map(|asked| ask(policies, redis, asked))).await?;
    Ok(answers.concat())
}

async fn ask(policies: &[Shared], redis: &Redis, asked: &[Asked]) -> Result<Vec<Standing>, Away> {
    let mut script = GCRA.prepare_invoke();
    for Asked { policy, key } in asked {
        let Shared { name, numbers } = &policies[*policy];
        // In a cluster, what is in braces decides which server has it.
        script.key(format!("{name}{{{key}}}")).arg(numbers);
    }
    let answer: Vec<u64> = redis.run(&script).await?;
    let standing = |(asked, answer): (&Asked, &[u64])| Standing {
        policy: asked.policy,
        remaining: answer.first().map_or(0, |left| u32::try_from(*left).unwrap_or(u32::MAX)),
        wait: answer.get(1).filter(|wait| **wait > 0).map(|wait| Duration::from_micros(*wait)),
    };
    Ok(asked.iter().zip(answer.chunks(2)).map(standing).collect())
}
