//! Instructions for each request, in user space, as `valgrind` counts them. Slow, but no load on the machine changes them.

use std::fs;
use std::path::Path;
use std::process::Command;

use futures_util::future::try_join_all;

use crate::Failure;
use crate::process::{Running, free_address};
use crate::stage::{Entrant, Stage};

/// The difference between a long and a short run, so that the start does not count.
pub(crate) async fn per_request(stage: &Stage, entrant: Entrant) -> Result<f64, Failure> {
    let short = count(stage, entrant, 20).await?;
    let long = count(stage, entrant, 20 + REQUESTS).await?;
    Ok((long - short) / REQUESTS as f64)
}

async fn count(stage: &Stage, entrant: Entrant, requests: usize) -> Result<f64, Failure> {
    let address = free_address()?;
    let log = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/valgrind.log");
    let served = stage.command(entrant, &address)?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    command.arg(format!("--log-file={}", log.display()));
    command.arg(served.get_program()).args(served.get_args());
    command.envs(served.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let running = Running::start(&mut command)?;
    stage.ready(&address).await?;
    for _ in 0..requests / SIDE_BY_SIDE {
        let tokens = stage.tokens.iter().take(SIDE_BY_SIDE);
        try_join_all(tokens.map(|token| stage.dashboard(&address, token))).await?;
    }
    running.stop()?;
    let text = fs::read_to_string(log)?;
    let line = text.lines().find_map(|line| line.split_once("I   refs:")).ok_or("no count")?;
    Ok(line.1.trim().replace(',', "").parse()?)
}

const REQUESTS: usize = 1000;
const SIDE_BY_SIDE: usize = 10;
