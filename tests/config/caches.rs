//! What `cache` and `revalidate` mean: inheritance, who shares, what decides a reply, which rules are the same.

use std::collections::HashMap;
use std::time::Duration;

use frontdesk::encoding::Encoding;
use frontdesk::plan::{Caching, Endpoint, Place, Scope, Ttl, slot};
use proptest::prelude::*;

use crate::case::{Case, endpoint};
use crate::command::run;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn cache<'e>(endpoint: &'e Endpoint, call: &str) -> Option<&'e Caching> {
    let call = endpoint.calls.iter().find(|one| one.name == call).expect("a call");
    call.cache.as_ref()
}

fn tags(caching: &Caching) -> Vec<String> {
    caching.tags.iter().map(|tag| tag.text.template().masked()).collect()
}

#[test]
fn what_nothing_says_is_off_and_has_its_defaults() {
    let plan = Case::of(&[("routes/x.toml", "session = 'none'\n[get.response]\nshape = '1'\n")]);
    let plan = plan.plan();
    assert_eq!((plan.cache.max_size, plan.cache.away_ttl), (256 << 20, Duration::from_millis(500)));
    assert_eq!(plan.cache.max_shared, 1 << 20);
    assert_eq!(plan.stores.cache, Place::Memory);
    assert_eq!(plan.compression.encodings, [Encoding::Zstd, Encoding::Brotli, Encoding::Gzip]);
    assert_eq!(plan.compression.from, 1024);
    let endpoint = endpoint(&plan, "GET /x");
    assert!(endpoint.reply.cache.is_none() && endpoint.revalidate.is_empty());
}

#[test]
fn a_cache_is_inherited_as_a_whole_and_taken_away_by_a_ttl_of_nothing() {
    let defaults = r#"
        session = "required"
        [calls.all]
        upstream = "users"
        path = "/all"
        cache = { ttl = "30s", stale = "5m", scope = "shared", tags = ["all"] }
        [response]
        cache = { ttl = "1m" }
        "#;
    let route = |cache: &str| format!("[get.calls.all]\n{cache}\n[get.response]\nshape = '$all'\n");
    let nearer = route("cache = { ttl = 'upstream' }");
    let without = route("cache = { ttl = '0s' }") + "cache = { ttl = '0s' }\n";
    let changes = "[post.response]\nshape = '$all'\n";
    let plan = Case::of(&[
        ("routes/_defaults.toml", defaults),
        ("routes/as_it_is.toml", &route("")),
        ("routes/nearer.toml", &nearer),
        ("routes/without.toml", &without),
        ("routes/changes.toml", changes),
    ])
    .plan();
    let inherited = cache(endpoint(&plan, "GET /as_it_is"), "all").expect("a cache");
    assert_eq!((inherited.ttl, inherited.stale), (Ttl::Fixed(seconds(30)), seconds(300)));
    assert!(matches!(inherited.scope, Scope::Shared));
    assert_eq!(tags(inherited), ["all"]);
    // Nothing of what stands further out: least of all that it is shared.
    let nearer = cache(endpoint(&plan, "GET /nearer"), "all").expect("a cache");
    assert_eq!((nearer.ttl, nearer.stale), (Ttl::Upstream, Duration::ZERO));
    assert!(matches!(nearer.scope, Scope::Session) && nearer.tags.is_empty());
    let without = endpoint(&plan, "GET /without");
    assert!(cache(without, "all").is_none() && without.reply.cache.is_none());
    // A call's cache is there for all methods, a reply's for GET alone.
    let changes = endpoint(&plan, "POST /changes");
    assert!(cache(changes, "all").is_some() && changes.reply.cache.is_none());
    assert!(endpoint(&plan, "GET /nearer").reply.cache.is_some());
}

#[test]
fn tags_above_the_methods_are_revalidated_by_those_that_change_something() {
    let route = r#"
        session = "required"
        revalidate = ["posts", "user:{$session.sub}"]
        [get.response]
        shape = "1"
        [post.response]
        shape = "1"
        [delete]
        revalidate = []
        "#;
    let plan = Case::of(&[("routes/x.toml", route)]).plan();
    let count = |name| endpoint(&plan, name).revalidate.len();
    assert_eq!([count("GET /x"), count("POST /x"), count("DELETE /x")], [0, 2, 0]);
}

#[test]
fn a_tag_may_read_the_answer_and_waits_for_what_else_it_reads() {
    let route = r#"
        session = "required"
        [get.calls.post]
        upstream = "users"
        path = "/post"
        cache = { ttl = "1s", tags = ["posts", "post:{$post.id}", "team:{$team.id}", "{$calls.post.headers.tag}"] }
        [calls.team]
        upstream = "users"
        path = "/team"
        [get.response]
        cache = { ttl = "1s", tags = ["page", "author:{$post.author}"] }
        "#;
    let plan = Case::of(&[("routes/x.toml", route)]).plan();
    let endpoint = endpoint(&plan, "GET /x");
    let names: Vec<&str> = endpoint.calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["post", "team"]);
    assert_eq!(endpoint.calls[0].waits_for, [1]);
    let after = |caching: &Caching| -> Vec<bool> {
        caching.tags.iter().map(|tag| tag.reads_answer).collect()
    };
    assert_eq!(after(cache(endpoint, "post").expect("a cache")), [false, true, false, true]);
    assert_eq!(after(endpoint.reply.cache.as_ref().expect("a cache")), [false, true]);
}

#[test]
fn a_reply_is_decided_by_what_anything_in_it_reads_but_not_by_who_may_have_it() {
    let gateway = "[rate_limits.few]\nquota = '60/min'\nkey_from = '$cookies.limit'\n";
    let upstreams =
        "[users]\nurl = 'http://users:7001'\nheaders = { x-host = '{$request.host}' }\n";
    let route = r#"
        session = "required"
        rate_limits = ["few"]
        allow = '$allowed.by == $headers.by and $request.ip != null'
        input.params.id = { type = "string" }
        input.query.page = { type = "integer" }
        input.headers.by = { type = "string" }
        input.cookies.limit = { type = "string" }
        [calls.allowed]
        upstream = "users"
        path = "/allowed"
        headers = { x-host = false }
        query = { how = "{$request.method}" }
        [get.calls.first]
        upstream = "users"
        path = "/first/{$query.page}"
        on_status = { 404 = { status = 404, code = "NONE", message = "{$request.path}" } }
        [get.calls.second]
        upstream = "users"
        path = "/second/{$first.id}"
        [get.response]
        shape = '[$second, $params.id, $request.frontend]'
        cache = { ttl = "1s" }
        "#;
    let plan = Case::of(&[
        ("gateway.toml", gateway),
        ("upstreams.toml", upstreams),
        ("routes/[id].toml", route),
    ])
    .plan();
    let endpoint = endpoint(&plan, "GET /{id}");
    let reads = &endpoint.reply.cache.as_ref().expect("a cache").reads;
    assert_eq!(reads.slots, [slot::PARAMS, slot::QUERY]);
    assert_eq!(reads.request, ["frontend", "host"]);
}

#[test]
fn explain_shows_what_is_kept_in_the_words_of_the_config() {
    let route = r#"
        session = "required"
        [calls.user]
        upstream = "users"
        path = "/user"
        cache = { ttl = "30s", stale = "5m", stale_if_error = "1h", negative_ttl = "5s", tags = ["user:${KEY:-secret}", "of:{$user.id}"] }
        [get.response]
        shape = '$user'
        cache = { ttl = "upstream", scope_from = '$session.claims.tenant' }
        [post]
        revalidate = ["user:{$session.sub}"]
        "#;
    let case = Case::of(&[("routes/x.toml", route)]);
    let (_, out, _) = run(&case, &["explain", "GET", "/x"]);
    let (_, post, _) = run(&case, &["explain", "POST", "/x"]);
    for line in [
        "    cache      ttl 30s, stale 5m, stale_if_error 1h, negative_ttl 5s\n",
        "    scope      session\n",
        "    tag        user:***\n",
        "    tag        of:{$user.id}\n",
        "  cache        ttl as the upstream says\n",
        "  scope_from   $session.claims.tenant\n",
        "  revalidates  user:{$session.sub}\n",
    ] {
        assert!(out.contains(line) || post.contains(line), "{line}{out}{post}");
    }
}

/// A config whose endpoints `/a` and `/b` have a call with these lines; the rules of both, and that of the reply.
fn rules(call: &str, files: &[(&str, &str)]) -> [Vec<u8>; 3] {
    let route = format!(
        "session = 'none'\ninput.query.q = {{ type = 'string' }}\n[get.calls.x]\n\
         upstream = 'users'\npath = '/x'\n{call}\n[get.response]\ncache = {{ ttl = '9s' }}\n"
    );
    let own = [("routes/a.toml", route.as_str()), ("routes/b.toml", &route)];
    let plan = Case::of(&[files, &own].concat()).plan();
    let [a, b] = ["GET /a", "GET /b"].map(|name| endpoint(&plan, name));
    let reply = a.reply.cache.as_ref().expect("a cache");
    let [a, b] = [a, b].map(|endpoint| cache(endpoint, "x").expect("a cache").rule.clone());
    [a, b, reply.rule.clone()]
}

#[test]
fn rules_are_others_wherever_anything_else_is_meant() {
    let table = |rest: &str| format!("cache = {{ ttl = '1s'{rest} }}");
    let cases = [
        (table(""), &[][..]),
        (table("") + "\nexpect = 'text'", &[]),
        (table("") + "\nmax_response = '1KiB'", &[]),
        (table("") + "\non_status = { 404 = 'null' }", &[]),
        (table(", tags = ['a', 'b']"), &[]),
        (table(", tags = ['ab']"), &[]),
        (table(", tags = ['${A:-a}b']"), &[]),
        (table(", tags = ['${A:-ab}']"), &[]),
        (table(", tags = ['${A:-b}b']"), &[]),
        (table(", tags = ['{$x.id}']"), &[]),
        (table(", tags = ['{$x.id | here}']"), &[("lib.jq", "def here: .;")]),
        (table(", tags = ['{$x.id | here}']"), &[("lib.jq", "def here: . + 1;")]),
    ];
    let mut seen: HashMap<Vec<u8>, &str> = HashMap::new();
    let mut replies: HashMap<Vec<u8>, &str> = HashMap::new();
    for (call, files) in &cases {
        let [a, b, reply] = rules(call, files);
        assert_eq!(a, b, "equal calls of two endpoints share their entries: {call}");
        assert_eq!(seen.insert(a, call), None, "{call}");
        assert_eq!(replies.insert(reply, call), None, "{call}");
    }
    // What a call sends is in its key, but not in that of the reply.
    let sends = [
        ("query = { key = '${A:-a}' }", "http://users"),
        ("query = { key = '${A:-b}' }", "http://users"),
        ("headers = { key = '${A:-b}' }", "http://users"),
        ("", "http://others"),
    ];
    let mut calls = HashMap::new();
    for (line, url) in sends {
        let upstreams = format!("[users]\nurl = '{url}'\n");
        let call = format!("{}\n{line}", table(""));
        let [a, _, reply] = rules(&call, &[("upstreams.toml", &upstreams)]);
        calls.insert(a, line);
        assert_eq!(replies.insert(reply, line), None, "{line} {url}");
    }
    assert_eq!(calls.len(), 1);
    // Such a tag says of an answer what only the endpoint knows.
    let [a, b, _] = rules(&table(", tags = ['{$x.id}:{$query.q}']"), &[]);
    assert_ne!(a, b);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rules_are_the_same_exactly_where_the_tables_mean_the_same(
        one in any::<[u8; 6]>(), other in any::<[u8; 6]>()
    ) {
        let table = |picks: [u8; 6]| {
            let of = |index: usize, options: &[&str]| {
                options[usize::from(picks[index]) % options.len()].to_owned()
            };
            [
                of(0, &["ttl = '1s'", "ttl = '2s'", "ttl = 'upstream'"]),
                of(1, &["stale = '1s'", "stale = '2s'"]),
                of(2, &["stale_if_error = '1s'", "stale_if_error = '2s'"]),
                of(3, &["negative_ttl = '1s'", "negative_ttl = '2s'"]),
                of(4, &["scope = 'session'", "scope = 'shared'", "scope_from = '$query.q'"]),
                of(5, &["tags = ['t']", "tags = ['{$query.q}']", "tags = ['t', 't']"]),
            ]
            .join(", ")
        };
        let (one, other) = (table(one), table(other));
        let rule = |table: &str| rules(&format!("cache = {{ {table} }}"), &[])[0].clone();
        prop_assert_eq!(rule(&one) == rule(&other), one == other, "{} / {}", one, other);
    }
}
