//! `explain`: what an endpoint does, for people. Secrets are masked.

use super::find::{self, Found};
use super::routes::{roles, session};
use super::times::duration;
use super::{browser, caches, inputs, limits};
use crate::plan::{
    Body, Call, Each, Endpoint, Envelope, Expect, FaultRule, OnStatus, Plan, Shape, Status,
    ValidateResponses,
};

/// Describes the endpoint of a method and a path, of each frontend that has one or of the one that is named, or says why
/// there is none.
pub(super) fn explain(
    plan: &Plan,
    method: &str,
    path: &str,
    frontend: Option<&str>,
) -> Result<String, String> {
    let found = find::find(plan, method, path, frontend)?;
    let texts: Vec<String> = found.iter().map(|found| describe(plan, found)).collect();
    Ok(texts.join("\n"))
}

fn describe(plan: &Plan, found: &Found<'_>) -> String {
    let endpoint = found.endpoint;
    let mut text = Sheet::default();
    text.title(&endpoint.name);
    head(&mut text, plan, found);
    let names: Vec<&str> = endpoint.calls.iter().map(|call| call.name.as_str()).collect();
    if !endpoint.calls.is_empty() {
        text.title("\ncalls");
    }
    for index in in_order(&endpoint.calls) {
        call(&mut text, plan, endpoint, &endpoint.calls[index]);
    }
    text.title("\nreply");
    reply(&mut text, plan, endpoint, &names);
    text.0
}

/// Lines of a name and a text.
#[derive(Default)]
struct Sheet(String);

impl Sheet {
    fn title(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    /// A text under its name; further lines of it are indented as far.
    fn row(&mut self, depth: usize, name: &str, text: &str) {
        let width = 14_usize.saturating_sub(depth * 2);
        for (index, line) in text.trim().lines().enumerate() {
            let name = if index == 0 { name } else { "" };
            let line = format!("{:indent$}{name:width$} {line}", "", indent = depth * 2);
            self.title(line.trim_end());
        }
    }
}

fn head(text: &mut Sheet, plan: &Plan, found: &Found<'_>) {
    let Found { frontend, route, endpoint } = found;
    if !frontend.name.is_empty() {
        text.row(1, "frontend", &frontend.name);
    }
    if let Some(summary) = &endpoint.summary {
        text.row(1, "summary", summary);
    }
    text.row(1, "file", &route.file);
    text.row(1, "session", session(endpoint));
    if let Some(webhook) = &endpoint.webhook {
        text.row(1, "signature", &inputs::signature(webhook));
    }
    let roles = roles(endpoint);
    if !roles.is_empty() {
        text.row(1, "roles", &roles.replace("; ", "\nand "));
    }
    if !endpoint.scopes.is_empty() {
        text.row(1, "scopes", &endpoint.scopes.join(" and "));
    }
    for allow in &endpoint.allow {
        let calls = allow.waits_for.iter().map(|index| endpoint.calls[*index].name.as_str());
        let calls: Vec<&str> = calls.collect();
        let when = match calls.is_empty() {
            true => String::new(),
            false => format!("\nonce it has {}", calls.join(" and ")),
        };
        text.row(1, "allow", &format!("{}{when}", allow.program.source().trim()));
    }
    if !endpoint.roles.is_empty() || !endpoint.scopes.is_empty() || !endpoint.allow.is_empty() {
        text.row(1, "if not", &endpoint.deny_status.to_string());
    }
    for (name, line) in browser::lines(plan, frontend, endpoint) {
        text.row(1, name, &line);
    }
    for line in limits::lines(plan, endpoint) {
        text.row(1, "limit", &line);
    }
    if let Some(cors) = &endpoint.cors {
        text.row(1, "cors", &cors.to_string());
    }
    text.row(1, "deadline", &duration(endpoint.deadline));
    for (place, line) in inputs::lines(endpoint) {
        text.row(1, place, &line);
    }
}

/// What others wait for comes first; otherwise the order of the file.
fn in_order(calls: &[Call]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < calls.len() {
        let open = (0..calls.len()).filter(|index| !order.contains(index));
        let ready =
            |index: &usize| calls[*index].waits_for.iter().all(|other| order.contains(other));
        let next: Vec<usize> = open.clone().filter(ready).collect();
        match next.is_empty() {
            true => order.extend(open.collect::<Vec<_>>()),
            false => order.extend(next),
        }
    }
    order
}

fn call(text: &mut Sheet, plan: &Plan, endpoint: &Endpoint, call: &Call) {
    text.title(&format!("  {}", call.name));
    let name = |index: &usize| endpoint.calls[*index].name.as_str();
    let waits: Vec<&str> = call.waits_for.iter().map(name).collect();
    let mut starts = match waits.is_empty() {
        true => "at once".to_owned(),
        false => format!("when {} settled", list(&waits, "is", "are")),
    };
    if call.changes && !endpoint.allow.is_empty() {
        starts.push_str(", once `allow` is true");
    }
    text.row(2, "starts", &starts);
    let needs: Vec<&str> = call.needs.iter().map(name).collect();
    if !needs.is_empty() {
        text.row(2, "needs", &needs.join(", "));
    }
    if let Some(when) = &call.when {
        text.row(2, "when", when.source());
    }
    if let Some(Each { items, limit, parallel }) = &call.each {
        let bounds = format!("at most {limit} items, {parallel} at a time");
        text.row(2, "each", &format!("{}\n{bounds}", items.source().trim()));
    }
    sends(text, plan, call);
    text.row(2, "timeout", &duration(call.timeout));
    text.row(2, "if it fails", &failure(call));
    for (status, meaning) in &call.on_status {
        text.row(2, "on status", &format!("{status}: {}", on_status(meaning)));
    }
    match call.expect {
        Expect::Json => {}
        Expect::Text => text.row(2, "expects", "text"),
        Expect::None => text.row(2, "expects", "nothing"),
    }
    for (name, line) in call.cache.iter().flat_map(caches::lines) {
        text.row(2, name, &line);
    }
}

fn sends(text: &mut Sheet, plan: &Plan, call: &Call) {
    let upstream = plan.upstreams.get(call.upstream);
    let base = upstream.map_or("", |upstream| upstream.shown.as_str());
    text.row(2, "sends", &format!("{} {base}{}", call.method, call.path.template().masked()));
    for (name, value) in &call.query {
        text.row(2, "query", &format!("{name} = {}", value.template().masked()));
    }
    for (name, value) in &call.headers {
        text.row(2, "header", &format!("{name}: {}", value.template().masked()));
    }
    if let Some(whose) = browser::token(plan, call.auth) {
        text.row(2, "header", &format!("authorization: {whose}"));
    }
    if call.idempotency_key {
        text.row(2, "header", "idempotency-key: derived from the client's, or the delivery's");
    }
    match &call.body {
        Body::None => {}
        Body::Json(program) => text.row(2, "json", program.source()),
        Body::Form(fields) => {
            for (name, value) in fields {
                text.row(2, "form", &format!("{name} = {}", value.template().masked()));
            }
        }
        Body::Raw => text.row(2, "body", "the client's, as it came"),
    }
}

fn failure(call: &Call) -> String {
    match call.optional {
        false => "so does the request".to_owned(),
        true if call.fallback.is_null() => "it is null, and the reply is partial".to_owned(),
        true => "its fallback stands in, and the reply is partial".to_owned(),
    }
}

fn on_status(meaning: &OnStatus) -> String {
    match meaning {
        OnStatus::Fail => "fails".to_owned(),
        OnStatus::Pass => "passes to the client".to_owned(),
        OnStatus::Value(value) if value.is_null() => "answers null".to_owned(),
        // It may hold a secret.
        OnStatus::Value(_) => "answers a value of its own".to_owned(),
        OnStatus::Fault(rule) => fault(rule),
    }
}

fn fault(rule: &FaultRule) -> String {
    let message =
        rule.message.as_ref().map(|message| format!(" {:?}", message.template().masked()));
    format!("{} {}{}", rule.code.status(), rule.code.name(), message.unwrap_or_default())
}

/// What becomes of a reply that its schema refuses.
fn checked(plan: &Plan) -> &'static str {
    match plan.validate_responses {
        ValidateResponses::Off => "not checked",
        ValidateResponses::Log => "checked: what it refuses is logged",
        ValidateResponses::Fail => "checked: what it refuses is a fault",
    }
}

fn reply(text: &mut Sheet, plan: &Plan, endpoint: &Endpoint, names: &[&str]) {
    for rule in &endpoint.fail {
        let when = rule.when.source().trim();
        text.row(1, "fails", &format!("{} when {when}", fault(&rule.fault)));
    }
    let reply = &endpoint.reply;
    match &reply.status {
        Status::Fixed(status) => text.row(1, "status", &status.to_string()),
        Status::From(program) => text.row(1, "status", program.source()),
    }
    for (name, value) in &reply.headers {
        text.row(1, "header", &format!("{name}: {}", value.template().masked()));
    }
    let payload = match reply.envelope {
        Envelope::Data => "data",
        Envelope::None => "body",
        Envelope::Text => "text",
    };
    match &reply.shape {
        Shape::Program(program) => text.row(1, payload, program.source()),
        Shape::Call(index) => text.row(1, payload, &format!("what {} answered", names[*index])),
        Shape::Members(calls) => {
            let calls: Vec<&str> = calls.iter().map(|index| names[*index]).collect();
            text.row(1, payload, &format!("an object of {}", calls.join(", ")));
        }
        Shape::Empty => text.row(1, payload, "null"),
    }
    for (name, program) in &reply.extra {
        text.row(1, name, program.source());
    }
    if reply.schema.is_some() {
        text.row(1, "schema", checked(plan));
    }
    for (name, line) in reply.cache.iter().flat_map(caches::lines) {
        text.row(1, name, &line);
    }
    for tag in caches::revalidated(endpoint) {
        text.row(1, "revalidates", &tag);
    }
}

fn list(names: &[&str], one: &str, many: &str) -> String {
    let verb = if names.len() == 1 { one } else { many };
    format!("{} {verb}", names.join(" and "))
}
