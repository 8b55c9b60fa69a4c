//! What a config without mistakes means: inheritance, secrets, the order of calls.

use frontdesk::jq::{Limits, Scope, Slot};
use frontdesk::plan::{Auth, Endpoint, OnStatus, Plan, SessionRule, Shape};
use frontdesk::template::{Rendered, Text};
use frontdesk::value::Value;

use crate::case::{Case, endpoint};

struct Nothing;

impl Scope for Nothing {
    fn get(&self, _: Slot) -> Value {
        Value::Null
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

fn text(template: &Text) -> String {
    match run(template.render(&Nothing, &Limits::default())) {
        Ok(Rendered::One(text)) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

fn names(endpoint: &Endpoint) -> Vec<&str> {
    endpoint.calls.iter().map(|call| call.name.as_str()).collect()
}

fn headers(endpoint: &Endpoint, call: usize) -> Vec<String> {
    let headers = endpoint.calls[call].headers.iter();
    headers.map(|(name, value)| format!("{name}: {}", value.template().masked())).collect()
}

#[test]
fn a_secret_is_data_wherever_it_stands() {
    let case = Case::good("hostile_secrets");
    let plan = case.plan();
    let endpoint = endpoint(&plan, "POST /x");
    let secret = case.env("KEY");
    let call = &endpoint.calls[0];
    assert_eq!(endpoint.roles, [[secret]]);
    assert_eq!(endpoint.summary.as_deref(), Some(secret));
    assert_eq!(text(&call.headers[0].1), secret);
    assert_eq!(text(&call.headers[1].1), format!("a {secret} b"));
    assert_eq!(text(&call.query[0].1), secret);
    assert_eq!(call.fallback.get("key"), Some(&Value::from(secret)));
    let path = run(call.path.render(&Nothing, &Limits::default(), &[])).expect("a path");
    let segments: Vec<&str> = path.split('/').collect();
    assert!(matches!(segments[..], ["", "users", _, "x"]), "{path}");
    assert!(!path.contains(['?', '#', '"', ' ', '&', '=']), "{path}");
    let [(404, OnStatus::Value(value)), (402, OnStatus::Fault(rule))] = &call.on_status[..] else {
        panic!("{:?}", call.on_status)
    };
    assert_eq!(value, &Value::from(secret));
    assert_eq!(text(rule.message.as_ref().expect("a message")), secret);
    let shown = format!("{:?}", plan.upstreams) + &format!("{:?}", call.headers);
    assert!(!shown.contains("nothing"), "{shown}");
}

#[test]
fn the_nearest_says_and_restrictions_add_up() {
    let case = Case::of(&[
        (
            "routes/_defaults.toml",
            "session = 'required'\ndeadline = '1s'\nroles = ['a']\nscopes = ['s1']\nallow = '1'\n\
             [get]\ndeadline = '2s'\nsummary = 'outer'\n\
             [post]\nsession = 'none'\n",
        ),
        (
            "routes/in/_defaults.toml",
            "deadline = '3s'\nroles = ['b', 'c']\nallow = '2'\ninput.query.x = { type = 'integer' }\n",
        ),
        (
            "routes/in/x.toml",
            "scopes = ['s2']\ninput.query.y = { type = 'integer' }\n\
             [get]\nallow = '3'\ninput.query.x = { type = 'boolean' }\n[put]\ndeadline = '4s'\n",
        ),
    ]);
    let plan = case.plan();
    let get = endpoint(&plan, "GET /in/x");
    assert_eq!(get.session, SessionRule::Required);
    assert_eq!(get.roles, [vec!["b", "c"], vec!["a"]]);
    assert_eq!(get.scopes, ["s2", "s1"]);
    let allow: Vec<&str> = get.allow.iter().map(|allow| allow.program.source()).collect();
    assert_eq!(allow, ["3", "2", "1"]);
    assert_eq!(get.deadline.as_secs(), 3);
    assert_eq!(get.summary.as_deref(), Some("outer"));
    let query: Vec<String> = get
        .input
        .query
        .iter()
        .map(|one| format!("{} {:?}", one.name, one.schema.types()))
        .collect();
    assert_eq!(query, ["x [Boolean]", "y [Integer]"]);
    assert_eq!(endpoint(&plan, "PUT /in/x").deadline.as_secs(), 4);
}

#[test]
fn an_inherited_call_is_sent_where_it_is_read_and_merged_by_key() {
    let shared = "session = 'none'\n\
        [calls.user]\nupstream = 'users'\npath = '/users/1'\ntimeout = '1s'\nheaders = { x-a = '1', x-b = '2' }\n\
        [calls.team]\nupstream = 'users'\npath = '/teams/{$user.team}'\n\
        [calls.log]\nupstream = 'users'\nmethod = 'POST'\npath = '/log'\n";
    let file = "[get.response]\nshape = '$team'\n\
        [put]\n\
        [post.calls.user]\ntimeout = '9s'\nheaders = { X-A = false, x-c = '3' }\n\
        [delete.calls.a]\nupstream = 'users'\npath = '/a'\n\
        [delete.calls.b]\nupstream = 'users'\npath = '/b'\nneeds = ['log']\n";
    let plan = Case::of(&[("routes/_defaults.toml", shared), ("routes/x.toml", file)]).plan();
    let get = endpoint(&plan, "GET /x");
    assert_eq!(names(get), ["team", "user"]);
    assert_eq!((&get.calls[0].waits_for, &get.calls[1].waits_for), (&vec![1], &vec![]));
    assert!(names(endpoint(&plan, "PUT /x")).is_empty());
    assert!(matches!(endpoint(&plan, "PUT /x").reply.shape, Shape::Empty));
    let post = endpoint(&plan, "POST /x");
    assert_eq!(post.calls[0].timeout.as_secs(), 9);
    assert_eq!(headers(post, 0), ["x-c: 3", "x-b: 2"]);
    assert!(matches!(post.reply.shape, Shape::Call(0)));
    let delete = endpoint(&plan, "DELETE /x");
    assert_eq!(names(delete), ["a", "b", "log"]);
    assert!(matches!(&delete.reply.shape, Shape::Members(calls) if calls == &[0, 1]));
    assert_eq!((&delete.calls[1].needs, delete.calls[2].changes), (&vec![2], true));
}

#[test]
fn headers_of_an_upstream_and_its_defaults_are_sent_with_every_call() {
    let plan = Case::good("dashboard").plan();
    let dashboard = endpoint(&plan, "GET /api/v1/dashboard");
    assert_eq!(
        headers(dashboard, 0),
        ["x-api-key: ***", "x-user-id: {$session.sub}", "x-gateway: frontdesk"]
    );
    assert_eq!(
        headers(dashboard, 2),
        [
            "x-api-key: ***",
            "x-gateway: frontdesk",
            "accept-language: {$headers.\"accept-language\"}"
        ]
    );
    assert!(dashboard.calls[1].auth == Auth::User && dashboard.calls[4].auth == Auth::None);
    assert_eq!(plan.upstreams[1].base.join("/x", "").as_str(), "http://analytics:7002/base/x");
}

#[test]
fn what_only_follows_from_a_mistake_is_not_told() {
    let unknown = Case::of(&[(
        "routes/x.toml",
        "session = 'none'\n[get.calls.a]\nupstream = 'usrs'\npath = '/a'\n\
         [get.calls.b]\nupstream = 'users'\npath = '/b/{$x}'\n[get.response]\nshape = '$a | nme'\n",
    )]);
    assert_eq!(
        unknown.titles(),
        ["no upstream is named `usrs`", "unknown variable `$x`", "unknown filter `nme`"]
    );
}

#[test]
fn parameters_have_the_type_that_they_show() {
    let plan = Case::of(&[(
        "routes/[id]/[[...rest]].toml",
        "session = 'none'\ninput.params.rest = { enum = ['a', 'b'] }\n[get.input.query]\n\
         a = {}\nb = { enum = [1, 2] }\nc = { maximum = 2 }\nd = { items = { type = 'integer' } }\n\
         e = { type = 'array' }\n",
    )])
    .plan();
    let input = &endpoint(&plan, "GET /{id}/{[...rest]}").input;
    let shown = |one: &frontdesk::validate::Parameter| {
        let view = one.schema.describe().expect("a schema");
        let items = view.items().map(|items| items.types());
        format!("{} {:?} {items:?}", one.name, view.types())
    };
    let params: Vec<String> = input.params.iter().map(shown).collect();
    assert_eq!(params, ["id [String] None", "rest [Array] Some([String])"]);
    assert_eq!(input.params[1].default, Some(Value::array(vec![])));
    let query: Vec<String> = input.query.iter().map(shown).collect();
    assert_eq!(
        query,
        [
            "a [String] None",
            "b [Integer] None",
            "c [Number] None",
            "d [Array] Some([Integer])",
            "e [Array] Some([String])"
        ]
    );
}

#[test]
fn a_plan_shows_no_secret() {
    for name in ["dashboard", "hostile_secrets"] {
        let case = Case::good(name);
        let plan: Plan = case.plan();
        let shown = format!("{:?}", plan.issuers);
        assert!(case.secrets().all(|secret| !shown.contains(secret.as_str())));
    }
}

#[test]
fn limits_of_all_levels_count_each_once_and_as_early_as_it_can() {
    let plan = Case::good("limits").plan();
    let names = |limits: &[frontdesk::plan::RateLimit]| {
        let names = limits.iter().map(|limit| plan.rate_limits[limit.policy].name.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    let get = &endpoint(&plan, "GET /api/{tenant}").rate_limits;
    assert_eq!(names(&get.by_address), "per_ip per_token");
    assert_eq!(names(&get.by_session), "per_user");
    assert_eq!(names(&get.by_input), "per_tenant");
    let post = &endpoint(&plan, "POST /api/{tenant}").rate_limits;
    assert_eq!(names(&post.by_address) + &names(&post.by_session) + &names(&post.by_input), "");
    assert_eq!(plan.rate_limits[1].burst.get(), 10);
    let trusted = |address: &str| plan.proxies.trust(Some(address.parse().expect("an address")));
    assert!(
        ["10.9.9.9", "192.168.1.5", "2001:db8::1", "172.31.0.1"].iter().all(|one| trusted(one))
    );
    assert!(
        !["11.0.0.1", "192.168.1.6", "2001:db9::1", "172.32.0.1"].iter().any(|one| trusted(one))
    );
    assert!(plan.proxies.trust(None));
}
