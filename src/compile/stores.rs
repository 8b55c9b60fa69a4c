//! `[stores]`

use std::path::Path;

use super::call::bytes;
use super::context::Context;
use super::upstreams::{certificates, positive};
use crate::config::{self, Plain};
use crate::plan::{Place, Stores};
use crate::store::Target;

/// Compiles where state lives.
pub(super) fn stores(
    cx: &mut Context<'_>,
    written: &config::Stores,
    folder: &Path,
) -> Option<Stores> {
    let shared = [("memory", Place::Memory), ("redis", Place::Redis)];
    let kept = [("memory", Place::Memory), ("file", Place::File), ("redis", Place::Redis)];
    let sessions = cx.word(&written.sessions, &kept);
    let rate_limits = cx.word(&written.rate_limits, &shared);
    let idempotency = cx.word(&written.idempotency, &kept);
    let cache = cx.word(&written.cache, &shared);
    let redis = redis(cx, &written.redis);
    let places = [
        (&written.sessions, sessions),
        (&written.rate_limits, rate_limits),
        (&written.idempotency, idempotency),
        (&written.cache, cache),
    ];
    for (plain, place) in places {
        let wrong = written.wrong.contains(&"redis");
        if place == Some(Place::Redis) && written.redis.url.is_none() && !wrong {
            let help = "say where it is: `redis = { url = \"redis://127.0.0.1:6379\" }`";
            cx.wrong(&plain.span, "no Redis is configured", help);
        }
    }
    let max_memory = cx.value(&written.max_memory).map(bytes);
    let file = file(cx, &written.file).map(|file| folder.join(file));
    Some(Stores {
        sessions: sessions?,
        rate_limits: rate_limits?,
        idempotency: idempotency?,
        cache: cache?,
        max_memory: max_memory?,
        file: file?,
        redis: redis?,
    })
}

/// What can be known of it without looking: whether it can be written, the start tells.
fn file(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let file = cx.value(written)?;
    let name = file.rsplit('/').next().unwrap_or_default();
    if ["", ".", ".."].contains(&name) || file.contains('\0') {
        let help = "a path from the config's folder, such as \"frontdesk.redb\"";
        cx.wrong(&written.span, "this is not the path of a file", help);
    }
    Some(file)
}

/// The outer `None` is a mistake.
fn redis(cx: &mut Context<'_>, written: &config::Redis) -> Option<Option<Target>> {
    let timeout = positive(cx, &written.timeout);
    let ca = written.ca.as_ref().map(|path| certificates(cx, path));
    let Some(urls) = &written.url else { return Some(None) };
    let values: Vec<_> = urls.iter().map(|url| cx.value(url)).collect();
    let values = values.into_iter().collect::<Option<Vec<_>>>()?;
    let pem = ca.clone().flatten().map(String::into_bytes);
    match Target::parse(&values, pem, timeout) {
        Ok(target) if ca != Some(None) => Some(Some(target)),
        Ok(_) => None,
        Err(why) => {
            let span = urls.iter().next().map_or(&written.span, |url: &Plain<_>| &url.span);
            cx.wrong(span, "this cannot be the URL of Redis", why);
            None
        }
    }
}
