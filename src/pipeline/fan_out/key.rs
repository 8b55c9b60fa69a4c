//! What decides the answer to a call that has a cache.

use http::{HeaderName, HeaderValue};

use super::tags;
use crate::cache::{Key, Tag};
use crate::fault::Fault;
use crate::jq::Scope;
use crate::pipeline::cache::{scope as of_scope, shown};
use crate::pipeline::frame::Frame;
use crate::plan::Caching;
use crate::upstream::Request;

/// All that decides the answer. `request` has no token yet: whose it is, the scope says. `tags` are those that do not read
/// the answer.
///
/// # Errors
/// 500 where the program of the scope fails.
pub(super) async fn key(
    frame: &Frame,
    index: usize,
    rule: &Caching,
    scope: &dyn Scope,
    request: &Request,
    tags: &[Tag],
) -> Result<Key, Fault> {
    let call = frame.call(index);
    let upstream = &frame.gateway.plan.upstreams[call.upstream].name;
    let mut key = Key::of("call")
        .part(&rule.rule)
        .part(upstream.as_bytes())
        .part(request.method.as_str().as_bytes())
        .part(request.url.as_str().as_bytes())
        .part(&request.body);
    key = shown(key, frame, call.auth)?;
    let mut headers: Vec<_> =
        request.headers.iter().filter(|header| !is_told(frame, header)).collect();
    // Values of one name stay in their order.
    headers.sort_by_key(|(name, _)| name.as_str());
    key = key.count(headers.len());
    for (name, value) in headers {
        key = key.part(name.as_str().as_bytes()).part(value.as_bytes());
    }
    key = key.count(tags.len());
    for tag in tags {
        key = key.part(&tag.0);
    }
    for slot in tags::besides(rule, index) {
        key = key.part(&slot.to_be_bytes()).part(&scope.get(slot).to_canonical());
    }
    Ok(of_scope(key, &rule.scope, frame, scope).await?.end())
}

/// Whether a header only tells the upstream which request this is.
fn is_told(frame: &Frame, (name, value): &(&HeaderName, &HeaderValue)) -> bool {
    frame.told().iter().any(|(own, told)| own == *name && told == *value)
}
