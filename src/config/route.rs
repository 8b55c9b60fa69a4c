//! `routes/**/NAME.toml` and `_defaults.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::gateway::Size;
use super::plain::{Plain, Program, Template, Toml};
use super::upstreams::HeaderValue;
use crate::diagnostic::Span;

/// A route file: what stands above the methods, and the methods.
pub struct RouteFile {
    pub shared: Endpoint,
    pub methods: BTreeMap<Method, Endpoint>,
}

/// The method tables: `[get]`, `[post]`, `[put]`, `[patch]`, `[delete]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method { Get, Post, Put, Patch, Delete }

/// What may stand in a method's table, above the methods, and in `_defaults.toml`.
pub struct Endpoint {
    /// The place of the table's header.
    pub span: Span,
    pub session: Option<Plain<String>>,
    pub deadline: Option<Plain<Duration>>,
    pub summary: Option<Plain<String>>,
    pub roles: Option<Vec<Plain<String>>>,
    pub scopes: Option<Vec<Plain<String>>>,
    pub allow: Option<Program>,
    pub deny_status: Option<Plain<u64>>,
    pub errors: Option<Plain<String>>,
    pub csrf: Option<Plain<String>>,
    pub max_body: Option<Plain<Size>>,
    pub input: Input,
    pub calls: BTreeMap<String, Call>,
    pub response: Response,
    pub fail: Option<Vec<Fail>>,
}

/// `input`: parameters by name, each a JSON Schema.
pub struct Input {
    pub params: BTreeMap<String, Toml>,
    pub query: BTreeMap<String, Toml>,
    pub headers: BTreeMap<String, Toml>,
    pub cookies: BTreeMap<String, Toml>,
    pub additional_query: Option<Plain<String>>,
    pub body: Option<Toml>,
}

/// `[METHOD.calls.NAME]`.
pub struct Call {
    pub span: Span,
    pub upstream: Option<Plain<String>>,
    pub method: Option<Plain<String>>,
    pub path: Option<Template>,
    pub query: BTreeMap<String, Template>,
    pub headers: BTreeMap<String, HeaderValue>,
    pub timeout: Option<Plain<Duration>>,
    pub when: Option<Program>,
    pub each: Option<Program>,
    pub each_limit: Option<Plain<u64>>,
    pub each_parallel: Option<Plain<u64>>,
    pub needs: Option<Vec<Plain<String>>>,
    pub parallel: Option<Plain<bool>>,
    pub optional: Option<Plain<bool>>,
    pub fallback: Option<Toml>,
    /// By status as text, as TOML keys are.
    pub on_status: BTreeMap<String, OnStatus>,
    pub expect: Option<Plain<String>>,
    pub json: Option<Program>,
    pub form: Option<BTreeMap<String, Template>>,
    pub body: Option<Plain<String>>,
    pub reads: Option<Plain<bool>>,
    pub auth: Option<Plain<String>>,
    pub max_response: Option<Plain<Size>>,
}

/// What a status means.
pub enum OnStatus {
    /// `"fail"`, `"pass"`, `"null"`
    Word(Plain<String>),
    /// `{ value = … }`
    Value(Toml),
    /// `{ status = 402, code = "…", message = "…", details = '…' }`
    Fault(Fail),
}

/// An own fault: of `on_status` (without `when`) or `[[METHOD.fail]]`.
pub struct Fail {
    pub span: Span,
    pub when: Option<Program>,
    pub status: Option<Plain<u64>>,
    pub code: Option<Plain<String>>,
    pub message: Option<Template>,
    pub details: Option<Program>,
}

/// `[METHOD.response]`.
pub struct Response {
    pub status: Option<Plain<u64>>,
    pub status_from: Option<Program>,
    pub headers: BTreeMap<String, HeaderValue>,
    pub shape: Option<Program>,
    pub envelope: Option<Plain<String>>,
    pub extra: BTreeMap<String, Program>,
}
