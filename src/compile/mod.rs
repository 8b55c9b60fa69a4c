//! From the config to the plan: one file per table. The only room that sees both.
//!
//! Every mistake is found at once: compiling goes on after one, and what only follows from it is not reported.

mod access;
mod body;
mod bound;
mod cache;
mod cacheable;
mod call;
mod compression;
mod context;
mod cors;
mod credential;
mod endpoint;
mod fault;
mod frontend;
mod gateway;
mod graph;
mod headers;
mod idempotency;
mod inherit;
mod input;
mod limits;
mod login;
mod members;
mod names;
mod on_status;
mod origins;
mod provider;
mod proxies;
mod reader;
mod reply;
mod request;
mod response_headers;
mod route;
mod rule;
mod schema;
mod schema_file;
mod scope;
mod session;
mod signature;
mod stores;
mod text;
mod tokens;
mod upstreams;
mod world;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use context::Context;
use inherit::Levels;
use scope::Scope;
use world::{SessionCookies, World};

use crate::config::{self, Environment, Files, Secrets, Tree};
use crate::diagnostic::{Diagnostic, Sources};
use crate::jq::Library;
use crate::plan::{Credential, Lifetimes, Login, Plan};
use crate::seal::Keys;
use crate::value::SmolStr;

/// Reads and compiles the config in a folder. The texts are there in any case, to show the mistakes in.
///
/// # Errors
/// All mistakes, in the order of the files.
pub fn load(
    folder: &Path,
    files: &dyn Files,
    environment: &dyn Environment,
) -> (Sources, Result<Plan, Vec<Diagnostic>>) {
    let loaded = config::load(folder, files);
    let mut mistakes = loaded.diagnostics;
    let compiled = loaded.tree.map(|tree| compile(&tree, &loaded.sources, environment));
    let result = match compiled {
        Some(Ok(plan)) if mistakes.is_empty() => Ok(plan),
        Some(Err(further)) => {
            mistakes.extend(further);
            Err(mistakes)
        }
        _ => Err(mistakes),
    };
    (loaded.sources, result)
}

/// Compiles a config. `sources` are the texts that it was read from; `environment` has its secrets.
///
/// # Errors
/// All mistakes, in the order of the files. None holds a secret.
pub fn compile(
    tree: &Tree,
    sources: &Sources,
    environment: &dyn Environment,
) -> Result<Plan, Vec<Diagnostic>> {
    let mut cx = Context::new(Secrets { sources, environment });
    let plan = plan(&mut cx, tree);
    match (plan, cx.into_mistakes()) {
        (Some(plan), mistakes) if mistakes.is_empty() => Ok(plan),
        (_, mistakes) => Err(mistakes),
    }
}

fn plan(cx: &mut Context<'_>, tree: &Tree) -> Option<Plan> {
    let gateway = &tree.gateway;
    library(cx, tree);
    let server = gateway::server(cx, gateway);
    let limits = gateway::limits(cx, gateway);
    let validate_responses = gateway::validate_responses(cx, gateway);
    let (policies, rate_limits) = limits::policies(cx, &gateway.rate_limits);
    let Sessions { lifetimes, keys, logins, providers, drafts, credentials, auth } =
        sessions(cx, tree, &rate_limits);
    let issuers = tokens::issuers(cx, &gateway.tokens);
    let roles_from = cx.program(&gateway.session.roles_from, &mut Scope::Claims);
    let scopes_from = cx.program(&gateway.session.scopes_from, &mut Scope::Claims);
    let (upstreams, known) = upstreams::upstreams(cx, &tree.upstreams, &auth);
    let policy = cors::policy(cx, &Levels::only(&gateway.cors));
    let encrypted =
        frontend::origins(&drafts).any(|origin| origin.as_str().starts_with("https://"));
    let headers = response_headers::standing(cx, gateway, encrypted);
    let stores = stores::stores(cx, &gateway.stores, &tree.folder);
    let cache = cache::cache(cx, &gateway.cache);
    let compression = compression::compression(cx, &gateway.server);
    let proxies = proxies::proxies(cx, &gateway.server.trusted_proxies);
    let max_body = gateway::size(cx, &gateway.server.max_body);
    let max_reply = gateway::size(cx, &gateway.server.max_reply);
    let session_cookies =
        SessionCookies::new(tokens::cookies(cx, gateway), frontend::doors(&drafts));
    let mut world = World {
        upstreams: known,
        session_cookies,
        auth,
        frontend: SmolStr::default(),
        has_login: false,
        rate_limits,
        max_body: max_body.unwrap_or_default(),
        max_reply: max_reply.unwrap_or_default(),
        tree,
        headers: Arc::clone(&headers),
        codes: HashMap::new(),
    };
    let frontends = frontend::frontends(cx, &mut world, &logins, drafts);
    Some(Plan {
        limits: limits?,
        frontends,
        logins,
        providers,
        credentials,
        lifetimes: lifetimes?,
        keys: Arc::new(keys),
        issuers,
        roles_from: roles_from?,
        scopes_from: scopes_from?,
        upstreams,
        rate_limits: policies?,
        proxies,
        validate_responses: validate_responses?,
        stores: stores?,
        cache: cache?,
        compression: compression?,
        cors: policy,
        headers,
        server: server?,
    })
}

/// All about sessions of logins, but for the routes.
struct Sessions<'a> {
    lifetimes: Option<Lifetimes>,
    keys: Keys,
    logins: Vec<Login>,
    providers: Vec<crate::login::Settings>,
    drafts: Vec<frontend::Draft<'a>>,
    credentials: Vec<Credential>,
    auth: credential::Words,
}

fn sessions<'a>(cx: &mut Context<'_>, tree: &'a Tree, policies: &limits::Keys<'_>) -> Sessions<'a> {
    let gateway = &tree.gateway;
    let lifetimes = session::lifetimes(cx, &gateway.session);
    let keys = session::keys(cx, &gateway.session, gateway.login.values().next());
    let (logins, providers) = login::logins(cx, gateway, policies);
    let cookies = session::cookies(cx, &gateway.session);
    let before = cx.count();
    let drafts = frontend::drafts(cx, tree, &cookies);
    let (credentials, auth) = credential::credentials(cx, gateway);
    if cx.count() == before {
        login::check_used(cx, gateway, frontend::doors(&drafts), &credentials);
    }
    tokens::apart_from_logins(cx, gateway, frontend::doors(&drafts));
    Sessions { lifetimes, keys, logins, providers, drafts, credentials, auth }
}

fn library(cx: &mut Context<'_>, tree: &Tree) {
    let Some(written) = &tree.lib else { return };
    match Library::parse(&written.text) {
        Ok(library) => cx.library = library,
        Err(problems) => {
            cx.library_is_broken = true;
            problems.iter().for_each(|problem| cx.problem(&written.span, problem));
        }
    }
}
