//! A method of a route.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;

use super::cache::Caching;
use super::call::{Call, FaultRule};
use super::limits::RateLimits;
use super::{Headers, Webhook};
use crate::cors::Policy;
use crate::jq::Program;
use crate::template::Text;
use crate::validate::{Parameter, Schema};
use crate::value::SmolStr;

/// A method of a route: everything that happens between a request and its reply.
#[derive(Debug)]
pub struct Endpoint {
    /// `GET /api/v1/users/{id}`, as logs and metrics name it.
    pub name: String,
    /// The NAME of its frontend; empty where the config has no `[frontends]`.
    pub frontend: SmolStr,
    /// One sentence for `routes`.
    pub summary: Option<String>,
    /// Whether a session is needed.
    pub session: SessionRule,
    /// What becomes of a request without a session where one is required.
    pub unauthenticated: Unauthenticated,
    /// How a request that a cookie authenticates proves where it comes from.
    pub csrf: Csrf,
    /// Who may read replies; none: our own pages only.
    pub cors: Option<Arc<Policy>>,
    /// What stands on every reply, faults too.
    pub headers: Headers,
    /// Every list must have one of the session's roles.
    pub roles: Vec<Vec<String>>,
    /// The session must have all of these.
    pub scopes: Vec<String>,
    /// How many requests are let in.
    pub rate_limits: RateLimits,
    /// All must be true.
    pub allow: Vec<Allow>,
    /// What a client that is not allowed sees: 403, or 404 to hide that it exists.
    pub deny_status: u16,
    /// The whole request, from its head to the reply.
    pub deadline: Duration,
    /// What a key of the client means; none: nothing.
    pub idempotency: Option<Idempotency>,
    /// How a webhook proves who sent it, in the place of a session.
    pub webhook: Option<Arc<Webhook>>,
    /// Bytes of the request body.
    pub max_body: usize,
    /// What of the request is visible.
    pub input: Input,
    /// The calls; a call's slot is `slot::FIRST_CALL` plus its index.
    pub calls: Vec<Call>,
    /// Own faults, in order, once all calls are settled: the first whose `when` is true is the reply.
    pub fail: Vec<FailRule>,
    /// Tags whose entries are gone once it has changed something.
    pub revalidate: Vec<Text>,
    /// The reply.
    pub reply: Reply,
    /// The form of errors.
    pub errors: ErrorShape,
}

impl Endpoint {
    /// The path of its route, without the method: `/api/v1/users/{id}`.
    pub fn route(&self) -> &str {
        self.name.split_once(' ').map_or(&self.name, |(_, route)| route)
    }
}

/// Whether a session is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionRule {
    /// 401 without one.
    Required,
    /// Null without one.
    Optional,
    /// Never looked for.
    None,
}

/// `unauthenticated`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthenticated {
    /// 401
    Refuse,
    /// A navigation is sent to the login; an API call gets 401.
    Login,
}

/// `csrf`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Csrf {
    /// A header that only our own pages can set, and `Sec-Fetch-Site` or `Origin`.
    Header,
    /// `Sec-Fetch-Site`, or `Origin` where it is not sent.
    Origin,
    /// No check.
    Off,
}

/// `idempotency`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idempotency {
    /// 400 without a key.
    pub required: bool,
    /// How long the reply to a key is kept, and the key is not free.
    pub keep: Duration,
}

/// `allow`
#[derive(Debug)]
pub struct Allow {
    /// Anything but true is a no, an error too.
    pub program: Program,
    /// The calls that it reads, all GET or HEAD.
    pub waits_for: Vec<usize>,
}

/// What of the request is visible to templates and programs.
#[derive(Debug, Default)]
pub struct Input {
    /// The path's segments, by name.
    pub params: Vec<Parameter>,
    /// Query keys.
    pub query: Vec<Parameter>,
    /// Headers, by lower-case name.
    pub headers: Vec<Parameter>,
    /// Cookies.
    pub cookies: Vec<Parameter>,
    /// Other query keys are refused rather than ignored.
    pub refuse_additional_query: bool,
    /// The body as programs see it; none: it is not read.
    pub body: Option<Schema>,
    /// How the body may be sent.
    pub accept: Accept,
    /// A call forwards the body as it came.
    pub raw_body: bool,
}

/// How a body that is read may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accept {
    /// As `application/json`.
    pub json: bool,
    /// As `application/x-www-form-urlencoded`.
    pub form: bool,
}

impl Default for Accept {
    fn default() -> Self {
        Self { json: true, form: false }
    }
}

/// `[server] validate_responses`: what becomes of a reply that its schema refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidateResponses {
    /// Nobody looks.
    Off,
    /// It is sent, and the log says what is wrong.
    Log,
    /// 500 in its place.
    Fail,
}

/// `[[fail]]`
#[derive(Debug)]
pub struct FailRule {
    /// Decides.
    pub when: Program,
    /// The fault.
    pub fault: FaultRule,
}

/// The reply of an endpoint that did not fail.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: Status,
    /// Its headers.
    pub headers: Vec<(HeaderName, Text)>,
    /// Its payload.
    pub shape: Shape,
    /// What is around the payload.
    pub envelope: Envelope,
    /// Members beside `data`.
    pub extra: Vec<(SmolStr, Program)>,
    /// Bytes of the whole body.
    pub max_bytes: usize,
    /// What the payload must look like.
    pub schema: Option<Schema>,
    /// How whole replies are kept; none: not at all.
    pub cache: Option<Caching>,
}

/// `envelope`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// `{"data": …}`
    Data,
    /// Nothing: the payload is the whole body, as JSON.
    None,
    /// Nothing: the payload is a text, and the whole body as it is.
    Text,
}

/// The status of a reply.
#[derive(Debug)]
pub enum Status {
    /// Always this.
    Fixed(u16),
    /// A program gives it: an integer from 200 to 599.
    From(Program),
}

/// The payload of a reply.
#[derive(Debug)]
pub enum Shape {
    /// What a program gives.
    Program(Program),
    /// The answer of this call, as it is.
    Call(usize),
    /// An object with a member per call.
    Members(Vec<usize>),
    /// Nothing: null.
    Empty,
}

/// The form of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorShape {
    /// `{"error": {…}}`
    Envelope,
    /// `application/problem+json` (RFC 9457).
    Problem,
}
