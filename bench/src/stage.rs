//! The mocks, and who is measured in front of them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::Failure;
use crate::process::{Running, built, free_address};

/// The private services, and tokens of some of their users.
pub(crate) struct Stage {
    _mocks: Running,
    urls: HashMap<String, String>,
    config: PathBuf,
    pub(crate) tokens: Vec<String>,
    pub(crate) client: reqwest::Client,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrant {
    Gateway,
    /// The hand-written handler, with these flags.
    Peer(&'static [&'static str]),
}

impl Stage {
    pub(crate) async fn set() -> Result<Self, Failure> {
        let mut command = Command::new(built("upstream-mocks")?);
        command.args(["--base-port", "0", "--keep", "0"]);
        let (mocks, lines) = Running::start_and_hear(&mut command, SERVICES)?;
        let pairs = lines.iter().filter_map(|line| line.split_once(' '));
        let urls = pairs.map(|(name, url)| (name.to_owned(), url.trim().to_owned())).collect();
        let client = reqwest::Client::builder().no_proxy().build()?;
        let config = config()?;
        let mut stage = Self { _mocks: mocks, urls, config, tokens: Vec::new(), client };
        for number in 1..=USERS {
            let url = format!("{}/token?sub=u{number}", stage.url("token"));
            stage.tokens.push(stage.client.get(url).send().await?.text().await?);
        }
        Ok(stage)
    }

    fn url(&self, service: &str) -> &str {
        self.urls.get(service).map_or("", String::as_str)
    }

    /// The command that serves the dashboard at this address.
    pub(crate) fn command(&self, entrant: Entrant, address: &str) -> Result<Command, Failure> {
        match entrant {
            Entrant::Gateway => self.gateway(address),
            Entrant::Peer(flags) => self.peer(address, flags),
        }
    }

    fn gateway(&self, address: &str) -> Result<Command, Failure> {
        let mut command = Command::new(built("frontdesk")?);
        command.arg("--config").arg(&self.config).arg("serve");
        command.env("FRONTDESK_LISTEN", address).env("FRONTDESK_ADMIN", free_address()?);
        command.env("FRONTDESK_STORE", "memory");
        for (service, url) in &self.urls {
            command.env(format!("{}_URL", service.to_uppercase()), url);
        }
        Ok(command)
    }

    fn peer(&self, address: &str, flags: &[&str]) -> Result<Command, Failure> {
        let mut command = Command::new(built("peer")?);
        let workers = std::thread::available_parallelism()?.to_string();
        command.args(["--listen", address, "--workers", &workers]).args(flags);
        command.args(["--jwks", &format!("{}/.well-known/jwks.json", self.url("token"))]);
        for service in ["users", "analytics", "notifications"] {
            command.args([&format!("--{service}"), self.url(service)]);
        }
        Ok(command)
    }

    /// What a user sees on the dashboard.
    pub(crate) async fn dashboard(&self, address: &str, token: &str) -> Result<Value, Failure> {
        let request = self.client.get(format!("http://{address}{PATH}")).bearer_auth(token);
        let response = request.send().await?;
        let status = response.status();
        let text = response.text().await?;
        if status != reqwest::StatusCode::OK {
            return Err(format!("{status} from {address}: {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Waits for the first dashboard.
    pub(crate) async fn ready(&self, address: &str) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for _ in 0..600 {
            outcome = self.dashboard(address, &self.tokens[0]).await.map(|_| ());
            if outcome.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        outcome
    }

    /// How many requests the services have answered, by all that is known of them.
    pub(crate) async fn upstream_requests(&self) -> Result<u64, Failure> {
        let mut total = 0;
        for service in ["users", "analytics", "notifications"] {
            let url = format!("{}/_control/counts", self.url(service));
            let text = self.client.get(url).send().await?.text().await?;
            let counts: Value = serde_json::from_str(&text)?;
            total += counts["total"].as_u64().ok_or("no counts")?;
        }
        Ok(total)
    }
}

/// The demo's config without its caches: the hand-written handler has none either.
fn config() -> Result<PathBuf, Failure> {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
    let to = bench.join("../target/bench").join(format!("config-{}", std::process::id()));
    copy(&bench.join("../config"), &to)?;
    Ok(to)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let to = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &to)?;
        } else {
            let text = fs::read_to_string(&path)?;
            let kept = text.lines().filter(|line| !line.starts_with("cache = {"));
            fs::write(to, kept.map(|line| format!("{line}\n")).collect::<String>())?;
        }
    }
    Ok(())
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.config);
    }
}

/// The dashboard.
pub(crate) const PATH: &str = "/api/v1/dashboard";
const SERVICES: usize = 10;
const USERS: usize = 20;
