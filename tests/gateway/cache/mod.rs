//! What is kept of calls' answers: asked once, fresh by tag, never another user's.

mod browser_side;
mod calls;
mod compression;
mod configs;
mod decided;
mod flights;
mod for_one;
mod operators;
mod redis_away;
mod replies;
mod scopes;
mod shared;
mod sharing;
mod stale;
mod tags;
mod upstream_says;
mod validators;

use crate::harness::*;

/// An upstream that answers each request with a number of its own: what is kept has the one from before.
async fn counting() -> Upstream {
    let up = Upstream::start().await;
    count(&up, "/**", |reply| reply);
    up
}

/// Answers requests of this path with `{"n": 1}`, then 2 and so on, each made into what `with` says.
fn count(up: &Upstream, path: &str, with: impl Fn(Reply) -> Reply + Send + Sync + 'static) {
    let so_far = std::sync::atomic::AtomicUsize::new(0);
    up.reply_with("*", path, move |_| {
        let n = so_far.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        with(Reply::json(json!({ "n": n })))
    });
}

/// A gateway in front of `up` whose route `x` is this text.
async fn with(up: &Upstream, route: &str) -> Gateway {
    Gateway::config().upstream("up", up).route("x.toml", route).start().await
}

/// A route that anybody may read, with one call that has this cache.
fn route(cache: &str) -> String {
    format!(
        "session = \"none\"\n[get.calls.it]\nupstream = \"up\"\npath = \"/it\"\ncache = {cache}\n"
    )
}

/// What a reply of [`route`] says: where it is from, and the number that the upstream gave.
fn said(reply: &Answer) -> (String, Value) {
    let how = reply.header("frontdesk-cache").unwrap_or("none").to_owned();
    (how, reply.json()["data"]["n"].clone())
}

/// Asks, and says what [`said`] gives.
async fn ask(gateway: &Gateway) -> (String, Value) {
    said(&gateway.get("/x").await)
}

/// What [`said`] gives.
fn is(how: &str, n: usize) -> (String, Value) {
    (how.to_owned(), json!(n))
}
