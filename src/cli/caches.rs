//! What is kept, for `explain`.

use super::times::duration;
use crate::plan::{Caching, Endpoint, Scope, Ttl};

/// How a `cache` keeps, in the words of the config: how long, who shares it, its tags.
pub(super) fn lines(caching: &Caching) -> Vec<(&'static str, String)> {
    let mut lines = vec![("cache", times(caching))];
    lines.push(match &caching.scope {
        Scope::Session => ("scope", "session".to_owned()),
        Scope::Shared => ("scope", "shared".to_owned()),
        Scope::From(program) => ("scope_from", program.source().to_owned()),
    });
    let tags = caching.tags.iter().map(|tag| ("tag", tag.text.template().masked()));
    lines.extend(tags);
    lines
}

/// The tags that an endpoint revalidates.
pub(super) fn revalidated(endpoint: &Endpoint) -> impl Iterator<Item = String> {
    endpoint.revalidate.iter().map(|tag| tag.template().masked())
}

/// `ttl 30s, stale 5m`; what is not said is left out.
fn times(caching: &Caching) -> String {
    let ttl = match caching.ttl {
        Ttl::Fixed(time) => duration(time),
        Ttl::Upstream => "as the upstream says".to_owned(),
    };
    let further = [
        ("stale", caching.stale),
        ("stale_if_error", caching.stale_if_error),
        ("negative_ttl", caching.negative_ttl),
    ];
    let said = further.into_iter().filter(|(_, time)| !time.is_zero());
    let said = said.map(|(name, time)| format!(", {name} {}", duration(time)));
    format!("ttl {ttl}{}", said.collect::<String>())
}
