//! `routes/**/NAME.toml` and `_defaults.toml`.

use std::time::Duration;

use indexmap::IndexMap;

use super::decode::{Decode, Decoder, Scope, table};
use super::gateway::{Cors, Size};
use super::plain::{HeaderValue, List, Many, Named, OnStatus, Plain, Program, Template, Toml};

/// A route file: what stands above the methods, and the methods.
#[derive(Clone, Debug)]
pub struct RouteFile {
    /// What stands above the methods.
    pub shared: Endpoint,
    /// The method tables, in the order of the file.
    pub methods: IndexMap<Method, Endpoint>,
}

/// The method tables: `[get]`, `[post]`, `[put]`, `[patch]`, `[delete]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

table! {
    /// What may stand in a method's table, above the methods, and in `_defaults.toml`.
    pub struct Endpoint {
        /// `required`, `optional` or `none`; must be said here or in a `_defaults.toml`.
        pub session: Option<Plain<String>>,
        /// What becomes of a request without a session where one is required: `401`, or `login`, which sends a navigation to
        /// the login.
        pub unauthenticated: Option<Plain<String>>,
        /// Of the whole request.
        pub deadline: Option<Plain<Duration>>,
        /// What the endpoint is for, in a sentence.
        pub summary: Option<Plain<String>>,
        /// The session needs one of these; 403 otherwise.
        pub roles: Option<List<Plain<String>>>,
        /// The session needs all of these.
        pub scopes: Option<Vec<Plain<String>>>,
        /// Anything but `true` is a no; may read calls.
        pub allow: Option<Program>,
        /// What a no is answered with; 404 hides that it exists.
        pub deny_status: Option<Plain<u64>>,
        /// `envelope`, or `problem` (RFC 9457).
        pub errors: Option<Plain<String>>,
        /// How a request that a cookie authenticates proves where it comes from: `header`, `origin` or `off`.
        pub csrf: Option<Plain<String>>,
        /// Policies of `[rate_limits]`. Those of all levels count; `[]` clears those further out.
        pub rate_limits: Option<List<Plain<String>>>,
        /// Which other origins' pages may read replies; what is not said is as further out, `[cors]` last.
        pub cors: Cors,
        /// What an `Idempotency-Key` of a POST or PATCH means: `off`, `optional` or `required`.
        pub idempotency: Option<Plain<String>>,
        /// How long the reply to a key is kept.
        pub idempotency_keep: Option<Plain<Duration>>,
        /// How a webhook proves who sent it; its deliveries are served once.
        pub signature: Option<Signature>,
        /// Bytes of the client's body; where none says it, `[server] max_body`.
        pub max_body: Option<Plain<Size>>,
        /// How `input.body` may be sent: `json`, `form`, both, or `raw`, which is not read.
        pub accept: Option<Many<Plain<String>>>,
        /// What the client may send.
        pub input: Input,
        /// What is asked of upstreams.
        pub calls: Named<Call>,
        /// What the client gets.
        pub response: Response,
        /// In order, once all calls are settled; the first whose `when` is true is the reply.
        pub fail: Option<Vec<Fail>>,
        /// Templates of tags: what is kept under them is gone once the endpoint has changed something.
        pub revalidate: Option<List<Template>>,
    }
}

table! {
    /// `input`: parameters by name, each a JSON Schema.
    pub struct Input {
        /// Segments of the path; the file's name declares them, this narrows them.
        pub params: Named<Toml>,
        /// Parameters of the query.
        pub query: Named<Toml>,
        /// Headers.
        pub headers: Named<Toml>,
        /// Cookies.
        pub cookies: Named<Toml>,
        /// What undeclared query parameters are: `ignore` or `refuse`.
        pub additional_query: Option<Plain<String>>,
        /// A JSON Schema of the body.
        pub body: Option<Toml>,
    }
}

table! {
    /// `signature`: how a webhook proves who sent it.
    pub struct Signature {
        /// `stripe`, `github`, `standard-webhooks`, `slack`, `shopify` or `hmac`. Required.
        pub scheme: Option<Plain<String>>,
        /// Any of these may have signed; two while one is being replaced. Required.
        pub secrets: Option<List<Plain<String>>>,
        /// How far the signed time may be from ours, both ways.
        pub tolerance: Option<Plain<Duration>>,
        /// How long a delivery is known that was answered with 2xx.
        pub keep: Option<Plain<Duration>>,
        /// With `hmac`: the header that holds the signature. Required there.
        pub header: Option<Plain<String>>,
        /// With `hmac`: `sha256`, `sha512` or `sha1`.
        pub algorithm: Option<Plain<String>>,
        /// With `hmac`: `hex` or `base64`.
        pub encoding: Option<Plain<String>>,
        /// With `hmac`: what stands before the signature: `"sha256="`.
        pub prefix: Option<Plain<String>>,
        /// With `hmac`: the delivery's id, from `$body` or `$headers`; the hash of the body unless said.
        pub id_from: Option<Program>,
    }
}

table! {
    /// `[METHOD.calls.NAME]`: one request to an upstream, or one per item.
    pub struct Call {
        /// A name of `upstreams.toml`. Required.
        pub upstream: Option<Plain<String>>,
        /// `GET` unless said.
        pub method: Option<Plain<String>>,
        /// A template: `"/users/{$params.id}"`. Required.
        pub path: Option<Template>,
        /// Templates; null leaves the key out, an array repeats it.
        pub query: Named<Template>,
        /// Templates; null leaves the header out, `false` takes an inherited one away.
        pub headers: Named<HeaderValue>,
        /// The upstream's unless said.
        pub timeout: Option<Plain<Duration>>,
        /// Sent only where this is true.
        pub when: Option<Program>,
        /// An array: one request per item, which is `$item`.
        pub each: Option<Program>,
        /// Items at most.
        pub each_limit: Option<Plain<u64>>,
        /// Requests at a time.
        pub each_parallel: Option<Plain<u64>>,
        /// Calls that must have succeeded before.
        pub needs: Option<Vec<Plain<String>>>,
        /// Whether a call that changes something may run beside others that do.
        pub parallel: Option<Plain<bool>>,
        /// Whether a failure leaves null instead of deciding the reply.
        pub optional: Option<Plain<bool>>,
        /// Stands in for a failed call; makes it optional.
        pub fallback: Option<Toml>,
        /// By status as text, as TOML keys are.
        pub on_status: Named<OnStatus>,
        /// `json`, `text` or `none`.
        pub expect: Option<Plain<String>>,
        /// The body, as JSON.
        pub json: Option<Program>,
        /// The body, as a form.
        pub form: Option<Named<Template>>,
        /// `raw`: the client's body as it came.
        pub body: Option<Plain<String>>,
        /// True for a POST that changes nothing.
        pub reads: Option<Plain<bool>>,
        /// Whether a key is sent, derived from the client's, the call and the item.
        pub idempotency_key: Option<Plain<bool>>,
        /// As in the upstream.
        pub auth: Option<Plain<String>>,
        /// As in the upstream.
        pub max_response: Option<Plain<Size>>,
        /// How its answers are kept.
        pub cache: Option<Caching>,
    }
}

table! {
    /// `cache` of a call or of `[METHOD.response]`: how answers, or whole replies, are kept.
    pub struct Caching {
        /// How long one is served as it is; `upstream`: what its `Cache-Control` says; `0s`: nothing is kept. Required.
        pub ttl: Option<Plain<Ttl>>,
        /// How much longer it is served while another one is fetched behind.
        pub stale: Option<Plain<Duration>>,
        /// How much longer than `ttl` it is served where another one cannot be had.
        pub stale_if_error: Option<Plain<Duration>>,
        /// How long it is known that there is nothing: 404 and 410.
        pub negative_ttl: Option<Plain<Duration>>,
        /// Who shares it: `session` or `shared`.
        pub scope: Option<Plain<String>>,
        /// In the place of `scope`: all for whom it gives the same value share it; null is the session.
        pub scope_from: Option<Program>,
        /// Templates: what it is revalidated by. Those of a call may read its answer; null is none, an array several.
        pub tags: Option<List<Template>>,
    }
}

/// How long something is served as it is: `"30s"`, or `"upstream"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// So long.
    Fixed(Duration),
    /// As the upstream says.
    Upstream,
}

table! {
    /// An own fault: of `on_status` (without `when`) or `[[METHOD.fail]]`.
    pub struct Fail {
        /// Whether it is the reply.
        pub when: Option<Program>,
        /// The HTTP status.
        pub status: Option<Plain<u64>>,
        /// The error's code: `"CARD_DECLINED"`.
        pub code: Option<Plain<String>>,
        /// The error's text.
        pub message: Option<Template>,
        /// The error's details; may read `$error`.
        pub details: Option<Program>,
    }
}

table! {
    /// `[METHOD.response]`.
    pub struct Response {
        /// The HTTP status.
        pub status: Option<Plain<u64>>,
        /// The HTTP status, as a program.
        pub status_from: Option<Program>,
        /// Templates; `false` takes an inherited one away.
        pub headers: Named<HeaderValue>,
        /// The reply's `data`.
        pub shape: Option<Program>,
        /// `data`, `none` or `text`.
        pub envelope: Option<Plain<String>>,
        /// Further members beside `data`.
        pub extra: Named<Program>,
        /// A JSON Schema of the payload; `[server] validate_responses` says what it is for.
        pub schema: Option<Toml>,
        /// How whole replies to a GET are kept.
        pub cache: Option<Caching>,
    }
}

impl Method {
    /// All of them, with the names of their tables.
    pub const ALL: [(&'static str, Self); 5] = [
        ("get", Self::Get),
        ("post", Self::Post),
        ("put", Self::Put),
        ("patch", Self::Patch),
        ("delete", Self::Delete),
    ];

    /// As HTTP writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl Decode for RouteFile {
    fn decode(layers: &[&Toml], decoder: &mut Decoder<'_>) -> Option<Self> {
        let methods = Method::ALL.map(|(name, _)| name);
        let shared = Endpoint::read_beside(&methods, layers, decoder)?;
        decoder
            .scopes
            .push(Scope { span: shared.span.clone(), keys: [Endpoint::KEYS, &methods].concat() });
        let read = |(name, method): &(&str, Method)| {
            let tables: Vec<&Toml> = layers.iter().filter_map(|node| node.member(name)).collect();
            let first = tables.first()?.span.start;
            Some((first, *method, Endpoint::decode(&tables, decoder)?))
        };
        let mut found: Vec<_> = Method::ALL.iter().filter_map(read).collect();
        decoder.leave();
        found.sort_by_key(|(first, ..)| *first);
        let methods = found.into_iter().map(|(_, method, endpoint)| (method, endpoint)).collect();
        Some(Self { shared, methods })
    }
}
