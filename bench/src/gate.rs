//! What each part of the gate costs: two endpoints of one gateway that differ in it alone, loaded in turns.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Failure;
use crate::load::Load;
use crate::options::Options;
use crate::process::{Running, built, free_address};
use crate::table::median;

/// A part of the gate, and what it may cost.
struct Part {
    name: &'static str,
    store: &'static str,
    without: &'static str,
    with: &'static str,
    /// What `wrk` sends: arguments of `wrk.format`.
    request: Request,
    /// CPU microseconds for each request, at most.
    limit: f64,
}

#[derive(Clone, Copy)]
enum Request {
    Get,
    Post,
}

const PARTS: [Part; 4] = [
    Part {
        name: "validation of a 1 KB body",
        store: "memory",
        without: "/body",
        with: "/validated",
        request: Request::Post,
        limit: 5.0,
    },
    Part {
        name: "rate limit, in memory",
        store: "memory",
        without: "/plain",
        with: "/limited",
        request: Request::Get,
        limit: 5.0,
    },
    Part {
        name: "rate limit, in Redis",
        store: "redis",
        without: "/plain",
        with: "/limited",
        request: Request::Get,
        limit: 15.0,
    },
    Part {
        name: "CORS",
        store: "memory",
        without: "/plain",
        with: "/cors",
        request: Request::Get,
        limit: 5.0,
    },
];

/// Measures all parts and says whether their limits hold.
pub(crate) async fn bench(options: &Options) -> Result<bool, Failure> {
    let redis_port = free_address()?.rsplit(':').next().unwrap_or_default().to_owned();
    let mut redis = Command::new("redis-server");
    redis.args(["--port", &redis_port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    let _redis = Running::start(&mut redis)?;
    wait_for(&format!("127.0.0.1:{redis_port}")).await?;
    let mut text = String::from(HEAD);
    let mut all_hold = true;
    for part in &PARTS {
        let [without, with, cost] = measure(part, &redis_port, options).await?;
        let holds = cost <= part.limit;
        all_hold &= holds;
        let verdict = if holds { "holds" } else { "MISSED" };
        writeln!(
            text,
            "| {:<26} | {without:>7.1} | {with:>7.1} | {cost:>7.1} | {:>7.0} | {verdict:>7} |",
            part.name, part.limit
        )?;
    }
    writeln!(io::stdout(), "\n{text}")?;
    Ok(all_hold)
}

/// CPU per request without it, with it, and the difference: medians of all rounds.
async fn measure(part: &Part, redis_port: &str, options: &Options) -> Result<[f64; 3], Failure> {
    let address = free_address()?;
    let gateway = Running::start(&mut command(part.store, &address, redis_port)?)?;
    wait_for(&address).await?;
    let load = Load::new(&script(part.request)?, options.connections)?;
    let url = |path| format!("http://{address}{path}");
    for path in [part.without, part.with] {
        load.measure(&gateway, &url(path), 1)?;
    }
    let mut rounds = Vec::new();
    for round in 1..=options.gate_rounds {
        writeln!(io::stderr(), "{}: round {round} of {}", part.name, options.gate_rounds)?;
        let without = load.measure(&gateway, &url(part.without), 1)?.cpu;
        let with = load.measure(&gateway, &url(part.with), 1)?.cpu;
        rounds.push([without, with, with - without]);
    }
    Ok([0, 1, 2].map(|column| median(rounds.iter().map(|round| round[column]))))
}

fn command(store: &str, address: &str, redis_port: &str) -> Result<Command, Failure> {
    let mut command = Command::new(built("frontdesk")?);
    command.arg("--config").arg(folder().join(".")).arg("serve");
    command.env("GATE_LISTEN", address).env("GATE_ADMIN", free_address()?);
    command.env("GATE_STORE", store);
    command.env("GATE_REDIS", format!("redis://127.0.0.1:{redis_port}"));
    Ok(command)
}

fn script(request: Request) -> Result<String, Failure> {
    // The origin is sent in any case, so that only what is made of it differs.
    let headers = "['origin'] = 'https://app.example.com', ['content-type'] = 'application/json'";
    let (method, body) = match request {
        Request::Get => ("GET", String::new()),
        Request::Post => ("POST", std::fs::read_to_string(folder().join("order.json"))?),
    };
    let body = body.trim();
    Ok(format!("made = {{wrk.format('{method}', nil, {{{headers}}}, [[{body}]])}}\n"))
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("gate")
}

pub(crate) async fn wait_for(address: &str) -> Result<(), Failure> {
    for _ in 0..400 {
        if std::net::TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Err(format!("nobody listens on {address}").into())
}

const HEAD: &str = "\
| CPU us / request           | without |    with |    cost | at most |         |
| -------------------------- | ------: | ------: | ------: | ------: | ------: |
";
