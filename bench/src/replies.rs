//! What it costs to serve a reply that is kept, beside a handler that returns the same as a constant.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonwebtoken::{EncodingKey, Header};

use crate::Failure;
use crate::gate::wait_for;
use crate::load::Load;
use crate::options::Options;
use crate::process::{Running, built, free_address};
use crate::table::median;

/// At most so many times the CPU of the constant.
const MOST: f64 = 1.5;

/// What is held against what.
struct Part {
    name: &'static str,
    path: &'static str,
    /// Both write a line for each request, or neither does.
    log: bool,
    /// With a bearer token, which the constant does not look at.
    session: bool,
}

const PARTS: [Part; 3] = [
    Part { name: "everybody's, access lines", path: "/open", log: true, session: false },
    Part { name: "everybody's, no lines", path: "/open", log: false, session: false },
    Part { name: "a session's, access lines", path: "/mine", log: true, session: true },
];

/// Measures all parts and says whether their limits hold.
pub(crate) async fn bench(options: &Options) -> Result<bool, Failure> {
    let token = token()?;
    let mut text = String::from(HEAD);
    let mut all_hold = true;
    for part in &PARTS {
        let [constant, kept, ratio] = measure(part, &token, options).await?;
        let holds = ratio <= MOST;
        all_hold &= holds;
        let verdict = if holds { "holds" } else { "MISSED" };
        writeln!(
            text,
            "| {:<26} | {constant:>8.1} | {kept:>7.1} | {ratio:>7.2} | {MOST:>7} | {verdict:>7} |",
            part.name
        )?;
    }
    writeln!(io::stdout(), "\n{text}")?;
    Ok(all_hold)
}

/// CPU per request of the constant and of the kept reply, and their ratio: medians of all rounds.
async fn measure(part: &Part, token: &str, options: &Options) -> Result<[f64; 3], Failure> {
    let address = free_address()?;
    let gateway = Running::start(&mut gateway(part, &address)?)?;
    wait_for(&address).await?;
    let url = format!("http://{address}{}", part.path);
    let file = constant(&url, token).await?;
    let other = free_address()?;
    let workers = std::thread::available_parallelism()?.to_string();
    let mut command = Command::new(built("constant")?);
    command.args([&other, &workers]).arg(&file).args(part.log.then_some("log"));
    let constant = Running::start(&mut command)?;
    wait_for(&other).await?;
    let headers = match part.session {
        true => format!("{{authorization = 'Bearer {token}'}}"),
        false => "{}".to_owned(),
    };
    let script = format!("made = {{wrk.format('GET', nil, {headers})}}\n");
    let load = Load::new(&script, options.connections)?;
    let constant_url = format!("http://{other}{}", part.path);
    load.measure(&gateway, &url, 1)?;
    load.measure(&constant, &constant_url, 1)?;
    let mut rounds = Vec::new();
    for round in 1..=options.gate_rounds {
        writeln!(io::stderr(), "{}: round {round} of {}", part.name, options.gate_rounds)?;
        let without = load.measure(&constant, &constant_url, 1)?.cpu;
        let with = load.measure(&gateway, &url, 1)?.cpu;
        rounds.push([without, with, with / without]);
    }
    let _ = fs::remove_file(file);
    Ok([0, 1, 2].map(|column| median(rounds.iter().map(|round| round[column]))))
}

fn gateway(part: &Part, address: &str) -> Result<Command, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("replies");
    let mut command = Command::new(built("frontdesk")?);
    command.arg("--config").arg(folder).arg("serve");
    command.env("REPLIES_LISTEN", address).env("REPLIES_ADMIN", free_address()?);
    command.env("REPLIES_SECRET", SECRET);
    command.env("REPLIES_LEVEL", if part.log { "info" } else { "warn" });
    Ok(command)
}

/// What the gateway says, as a file for the constant: it has all headers but those that a server writes itself.
async fn constant(url: &str, token: &str) -> Result<PathBuf, Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    client.get(url).bearer_auth(token).send().await?;
    let reply = client.get(url).bearer_auth(token).send().await?.error_for_status()?;
    let hit = reply.headers().get("frontdesk-cache").is_some_and(|how| how == "hit");
    if !hit {
        return Err(format!("{url} is not kept: {:?}", reply.headers()).into());
    }
    let mut text = String::new();
    for (name, value) in reply.headers() {
        if !["date", "content-length"].contains(&name.as_str()) {
            writeln!(text, "{name}: {}", value.to_str()?)?;
        }
    }
    text.push('\n');
    text.push_str(&reply.text().await?);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    fs::create_dir_all(&folder)?;
    let file = folder.join(format!("constant-{}.txt", std::process::id()));
    fs::write(&file, text)?;
    Ok(file)
}

fn token() -> Result<String, Failure> {
    let claims = serde_json::json!({
        "iss": "https://id.bench.test/", "aud": "bench", "sub": "u1", "exp": 4_000_000_000_u32,
    });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    Ok(jsonwebtoken::encode(&Header::default(), &claims, &key)?)
}

const SECRET: &str = "a-secret-of-the-bench-with-thirty-two-bytes";
const HEAD: &str = "\
| CPU us / request           | constant |    kept |   ratio | at most |         |
| -------------------------- | -------: | ------: | ------: | ------: | ------: |
";
