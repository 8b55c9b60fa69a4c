//! A real provider to log in at.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::secrets::{self, Watch};

/// `tests/provider` as a process; it ends when dropped. Its README has the settings.
pub struct Provider {
    issuer: String,
    child: Child,
    client: reqwest::Client,
    watch: Watch,
}

impl Provider {
    /// Starts one on a free port.
    pub fn start(settings: Value) -> Self {
        let watch = Watch::start();
        let mut child = node("provider/provider.mjs")
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there: make tests/node_modules");
        let mut issuer = String::new();
        let out = child.stdout.take().expect("an output");
        BufReader::new(out).read_line(&mut issuer).expect("a line");
        assert!(issuer.starts_with("http://"), "the provider has not started");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { issuer: issuer.trim().to_owned(), child, client, watch }
    }

    /// `http://127.0.0.1:PORT`
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// From now on it finds this origin there, for back-channel logouts.
    pub async fn finds(&self, origin: &str, address: std::net::SocketAddr) {
        self.tell("located", json!({ origin: format!("http://{address}") })).await;
    }

    /// How many requests it has had, by grant or endpoint: `{"refresh_token": {"ok": 1, "refused": 0, "failed": 0}}`.
    pub async fn counts(&self) -> Value {
        self.ask("counts").await
    }

    /// How many of one kind have had an answer as wanted.
    pub async fn count(&self, name: &str) -> u64 {
        self.counts().await[name]["ok"].as_u64().unwrap_or(0)
    }

    /// All requests to the token endpoint: `[{grant, client, auth, scope, resource, status}]`.
    pub async fn requests(&self) -> Value {
        self.ask("requests").await
    }

    /// All tokens that it has issued: their kinds and values.
    pub async fn tokens(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let tokens = self.ask("tokens").await;
        let tokens = tokens.as_array().expect("tokens").iter();
        tokens.map(|token| (text(&token["kind"]), text(&token["value"]))).collect()
    }

    /// The next so many token requests with this grant go wrong: `how` is a status, "hang", "drop" (the connection
    /// ends), or "lost" (what was asked for is done, but the connection ends before the answer).
    pub async fn fail_next(&self, times: usize, grant: &str, how: &str) {
        self.tell("fail", json!({"times": times, "grant": grant, "how": how})).await;
    }

    /// Nothing goes wrong any more.
    pub async fn heal(&self) {
        self.tell("heal", json!({})).await;
    }

    /// Lets this many seconds go by at the provider.
    pub async fn advance(&self, seconds: u64) {
        self.tell("advance", json!({ "seconds": seconds })).await;
    }

    /// Takes away what this user has granted; nobody is told.
    pub async fn revoke(&self, user: &str) {
        self.tell("revoke", json!({ "sub": user })).await;
    }

    /// Ends this user's sessions, and tells who was logged in by them; gives the statuses of their answers.
    pub async fn logout(&self, user: &str) -> Vec<u64> {
        let told = self.tell("logout", json!({ "sub": user })).await;
        told.as_array().expect("answers").iter().filter_map(|one| one["told"].as_u64()).collect()
    }

    async fn ask(&self, what: &str) -> Value {
        read(self.client.get(format!("{}/_{what}", self.issuer))).await
    }

    async fn tell(&self, what: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}/_{what}", self.issuer));
        read(request.body(body.to_string())).await
    }
}

/// A script below `tests/`, run by the node that its packages bring.
pub fn node(script: &str) -> Command {
    let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests");
    // Not by `.bin/node`: Debian's npm leaves that out where two packages would give it.
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let node = format!("node_modules/node-linux-{machine}/bin/node");
    let mut command = Command::new(tests.join(node));
    command.arg(tests.join(script));
    command
}

async fn read(request: reqwest::RequestBuilder) -> Value {
    let reply = request.send().await.expect("a reply").error_for_status().expect("200");
    serde_json::from_str(&reply.text().await.expect("a body")).expect("JSON")
}

impl Provider {
    /// All tokens that it has issued become secrets; without a runtime, which may be gone.
    fn tells_secrets(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(self.issuer.trim_start_matches("http://"))?;
        stream.write_all(b"GET /_tokens HTTP/1.0\r\n\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let tokens: Value = serde_json::from_str(body).map_err(std::io::Error::other)?;
        let values = tokens.as_array().into_iter().flatten().map(|token| &token["value"]);
        values.filter_map(Value::as_str).for_each(|token| secrets::used("token of npm's", token));
        Ok(())
    }
}

impl Drop for Provider {
    /// Gateways may have ended before: what they said is looked at here, too, now that all tokens are known.
    fn drop(&mut self) {
        let told = self.tells_secrets();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            told.expect("the provider's tokens");
            self.watch.verify();
        }
    }
}
