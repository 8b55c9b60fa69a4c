//! The whole config: all files, decoded.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{Caching, Call, Gateway, Program, RouteFile, Signature, Upstreams};
use crate::diagnostic::{Diagnostic, Sources, Span};

/// What loading gives: always the texts, so that the mistakes can be shown.
pub struct Loaded {
    /// All files, also those with mistakes.
    pub sources: Sources,
    /// The config; `None` where a file could not be read or parsed, so that much would be missing.
    /// With mistakes of a smaller kind it is there, without what was wrong.
    pub tree: Option<Tree>,
    /// The mistakes found so far; with any the gateway does not start.
    pub diagnostics: Vec<Diagnostic>,
}

/// All files of a config, decoded, without meaning yet.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The folder that it was read from.
    pub folder: PathBuf,
    /// `gateway.toml` over the built-in defaults.
    pub gateway: Gateway,
    /// `upstreams.toml`, each over its `_defaults` and the built-in ones.
    pub upstreams: Upstreams,
    /// `lib.jq`
    pub lib: Option<Program>,
    /// The route files by their folder, as `[frontends]` name it or `routes`; sorted by path.
    pub routes: IndexMap<String, Vec<Route>>,
    /// Built-in values of keys of a call that say nothing.
    pub call_defaults: Call,
    /// Built-in values of keys of a `signature` that say nothing.
    pub signature_defaults: Signature,
    /// Built-in values of keys of a `cache` that say nothing.
    pub cache_defaults: Caching,
}

/// A route file and where it belongs.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path it answers.
    pub pattern: Pattern,
    /// The file as it was found: `config/routes/api/users.toml`.
    pub file_name: String,
    /// The start of the file, for what is missing in it.
    pub span: Span,
    /// Its content.
    pub file: RouteFile,
    /// The folders' `_defaults.toml`, nearest first; the last one is always the built-in.
    pub defaults: Vec<Arc<RouteFile>>,
}

/// The path of an endpoint, segment by segment; none is `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// From the left.
    pub segments: Vec<Segment>,
}

/// A segment of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// `users`
    Literal(String),
    /// `[id]`: one segment.
    Param(String),
    /// `[...rest]`: one or more segments; the last of a pattern.
    CatchAll(String),
    /// `[[...rest]]`: none or more segments; the last of a pattern.
    OptionalCatchAll(String),
}

impl fmt::Display for Pattern {
    /// `/users/[id]`, as the files are named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return f.write_str("/");
        }
        self.segments.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(text) => f.write_str(text),
            Self::Param(name) => write!(f, "[{name}]"),
            Self::CatchAll(name) => write!(f, "[...{name}]"),
            Self::OptionalCatchAll(name) => write!(f, "[[...{name}]]"),
        }
    }
}
