//! One upstream request of an endpoint.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};

use super::cache::Caching;
use crate::fault::Code;
use crate::jq::Program;
use crate::template::{Path, Text};
use crate::upstream::{Base, Settings};
use crate::value::{SmolStr, Value};

/// One upstream request of an endpoint, with what its upstream adds to it.
#[derive(Debug)]
pub struct Call {
    /// Its name; its answer stands at `slot::FIRST_CALL` plus its index in the endpoint.
    pub name: SmolStr,
    /// Index into [`super::Plan::upstreams`].
    pub upstream: usize,
    /// The method it is sent with.
    pub method: Method,
    /// The path below the upstream's base path.
    pub path: Path,
    /// Query keys, the upstream's first.
    pub query: Vec<(SmolStr, Text)>,
    /// Headers, the upstream's merged with the call's.
    pub headers: Vec<(HeaderName, Text)>,
    /// What it sends.
    pub body: Body,
    /// From the moment it starts to the last byte of the body.
    pub timeout: Duration,
    /// Decoded bytes of the answer.
    pub max_response: usize,
    /// The call is skipped where this is not true.
    pub when: Option<Program>,
    /// One request per item.
    pub each: Option<Each>,
    /// Calls that must be settled before this one starts: those it reads and those it needs.
    pub waits_for: Vec<usize>,
    /// Calls that must have succeeded; otherwise this one is skipped.
    pub needs: Vec<usize>,
    /// It changes something: it runs to its end once it was sent, and waits for `allow`.
    pub changes: bool,
    /// It sends a key derived from the client's, its name and the item.
    pub idempotency_key: bool,
    /// Its failure does not decide the reply.
    pub optional: bool,
    /// What reading it gives when it failed or was skipped; null without one.
    pub fallback: Value,
    /// What a status means, before the common rules.
    pub on_status: Vec<(u16, OnStatus)>,
    /// How the answer is read.
    pub expect: Expect,
    /// What is sent as `Authorization: Bearer`.
    pub auth: Auth,
    /// How its answers are kept; none: not at all.
    pub cache: Option<Caching>,
}

/// What a call is sent with as `Authorization: Bearer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Nothing.
    None,
    /// The client's verified token, or the session's access token.
    User,
    /// A token of a credential: an index into [`super::Plan::credentials`].
    Credential(usize),
}

/// The request body of a call.
#[derive(Debug)]
pub enum Body {
    /// None.
    None,
    /// What a program makes, as JSON.
    Json(Program),
    /// Keys and values, as `application/x-www-form-urlencoded`.
    Form(Vec<(SmolStr, Text)>),
    /// The client's body as it came, with its content type.
    Raw,
}

/// One request per item.
#[derive(Debug)]
pub struct Each {
    /// Gives the array of items; null counts as none.
    pub items: Program,
    /// More items fail the call.
    pub limit: usize,
    /// Requests at once.
    pub parallel: usize,
}

/// How an answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// A JSON document.
    Json,
    /// UTF-8 text.
    Text,
    /// The body is thrown away.
    None,
}

/// What a status means for a call.
#[derive(Debug)]
pub enum OnStatus {
    /// A failure: 502.
    Fail,
    /// The same status to the client, in our error shape.
    Pass,
    /// Success with this answer.
    Value(Value),
    /// An own fault.
    Fault(FaultRule),
}

/// A fault that the config describes.
#[derive(Debug)]
pub struct FaultRule {
    /// Code and status.
    pub code: Code,
    /// The public text; the code's own sentence without one.
    pub message: Option<Text>,
    /// Gives `details`; in `on_status` it may read `$error`.
    pub details: Option<Program>,
}

/// An upstream: where it lives and how it is connected to.
#[derive(Debug)]
pub struct Upstream {
    /// Its name in `upstreams.toml`.
    pub name: SmolStr,
    /// The connection's settings; equal settings share a client, over reloads too.
    pub settings: Arc<Settings>,
    /// `http://users:7001/base`, where its calls' paths are put behind.
    pub base: Base,
    /// As it may be shown: the base, or `(users)` where a secret made it.
    pub shown: String,
}
