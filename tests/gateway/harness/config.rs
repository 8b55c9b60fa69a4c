//! A config tree, written to a folder that goes away with the test.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;

use frontdesk::compile;
use frontdesk::config::{Disk, Environment};
use frontdesk::plan::Plan;
use tempfile::TempDir;
use upstream_mocks::Upstream;

use super::secrets::{self, Watch};

/// The secret of `[tokens.main]` where a test says nothing else.
pub const SECRET: &str = "a-test-secret-of-more-than-thirty-two-bytes";

/// A config tree.
pub struct Config {
    gateway: String,
    upstreams: String,
    files: Vec<(String, String)>,
    environment: HashMap<String, String>,
    tokens: bool,
    admin: String,
}

impl Config {
    pub fn new() -> Self {
        Self {
            gateway: String::new(),
            upstreams: String::new(),
            files: Vec::new(),
            environment: HashMap::new(),
            tokens: true,
            admin: String::new(),
        }
        .env("TEST_SECRET", SECRET)
    }

    /// An upstream of this name at a scripted one. More keys: `upstream_with`.
    pub fn upstream(self, name: &str, upstream: &Upstream) -> Self {
        self.upstream_with(name, upstream, "")
    }

    /// The same with further lines in its table.
    pub fn upstream_with(self, name: &str, upstream: &Upstream, lines: &str) -> Self {
        self.upstream_at(name, &upstream.url(), lines)
    }

    /// An upstream at an address.
    pub fn upstream_at(mut self, name: &str, url: &str, lines: &str) -> Self {
        let _ = writeln!(self.upstreams, "[{name}]\nurl = \"{url}\"\n{lines}\n");
        self
    }

    /// A route file below `routes/`.
    pub fn route(self, file: &str, text: &str) -> Self {
        self.file(&format!("routes/{file}"), text)
    }

    /// Any file of the tree.
    pub fn file(mut self, path: &str, text: &str) -> Self {
        secrets::configured(text);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Further tables of `gateway.toml`; `[server]` and `[admin]` get their `listen` from the harness. Put keys of
    /// `[server]` first, without its header.
    pub fn gateway(mut self, text: &str) -> Self {
        secrets::configured(text);
        self.gateway.push_str(text);
        self
    }

    /// So many threads that serve requests; one unless a test says otherwise.
    pub fn workers(mut self, count: usize) -> Self {
        self.gateway.insert_str(0, &format!("workers = {count}\n"));
        self
    }

    /// Takes the `[tokens.main]` of the harness away.
    pub fn without_tokens(mut self) -> Self {
        self.tokens = false;
        self
    }

    /// The token of the admin listener.
    pub fn admin_token(mut self, token: &str) -> Self {
        secrets::variable(token);
        self.admin = format!("token = \"{token}\"\n");
        self
    }

    /// A variable of the environment. Its value is a secret: see `secrets::variable`.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        secrets::variable(value);
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the gateway. Fails the test when the config has a mistake.
    #[track_caller]
    pub fn start(self) -> impl Future<Output = super::Gateway> {
        let folder = self.write();
        let plan = self.plan(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        async move { super::Gateway::start(plan, folder).await }
    }

    /// Starts the program itself, as a process, for what is written to its log.
    #[track_caller]
    pub fn launch(self) -> super::Program {
        let folder = self.write();
        super::Program::start(folder, &self.environment)
    }

    /// Its folder and its environment.
    pub(super) fn written(self) -> (TempDir, HashMap<String, String>) {
        (self.write(), self.environment)
    }

    /// The plan, for a server that must not start.
    #[track_caller]
    pub fn compiled(&self) -> Plan {
        let folder = self.write();
        self.plan(folder.path()).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    /// Starts the gateway with a config that is there already.
    #[track_caller]
    pub fn start_at(self, folder: &Path) -> impl Future<Output = super::Gateway> {
        let plan = self.plan(folder).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let none = tempfile::tempdir().expect("a folder");
        async move { super::Gateway::start(plan, none).await }
    }

    /// The mistakes as they are shown, for a config that must not start.
    #[track_caller]
    pub fn mistakes(&self) -> String {
        let watch = Watch::start();
        let folder = self.write();
        let shown = self.plan(folder.path()).map(|_| ()).expect_err("the config has no mistake");
        secrets::line("mistakes", shown.as_bytes());
        watch.verify();
        shown.replace(&folder.path().display().to_string(), "config")
    }

    fn plan(&self, folder: &Path) -> Result<Plan, String> {
        let (sources, plan) = compile::load(folder, &Disk, self);
        plan.map_err(|mistakes| sources.render(&mistakes, false))
    }

    fn write(&self) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        put("gateway.toml", &self.gateway_toml());
        put("upstreams.toml", &self.upstreams);
        for (path, text) in &self.files {
            put(path, text);
        }
        folder
    }

    fn gateway_toml(&self) -> String {
        let (server, tables) = match self.gateway.find("[") {
            Some(at) if !self.gateway[..at].contains('=') => ("", self.gateway.as_str()),
            _ => match self.gateway.find("\n[") {
                Some(at) => self.gateway.split_at(at),
                None => (self.gateway.as_str(), ""),
            },
        };
        let tokens = if self.tokens { TOKENS } else { "" };
        let admin = &self.admin;
        let listen = if server.contains("listen") { "" } else { "listen = \"127.0.0.1:0\"\n" };
        let workers = if server.contains("workers") { "" } else { "workers = 1\n" };
        format!(
            "[server]\n{listen}{workers}{server}\n[admin]\nlisten = \"127.0.0.1:0\"\n{admin}{tables}\n{tokens}"
        )
    }
}

impl Environment for Config {
    fn var(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        std::fs::read_to_string(path)
    }
}

const TOKENS: &str = r#"
[tokens.main]
issuer = "https://id.test/"
audience = "api"
algorithms = ["HS256"]
key = { secret = "${TEST_SECRET}" }
cookie = "token"
"#;

/// Shared by all tests: nothing is fetched where keys are secrets.
pub fn fetch() -> Arc<dyn frontdesk::token::Fetch> {
    Arc::new(frontdesk::token::Http::new())
}
