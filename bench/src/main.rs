//! `make bench`: the gateway beside a hand-written handler of the same dashboard. See README.md.

mod cache;
mod gate;
mod instructions;
mod load;
mod options;
mod process;
mod replies;
mod sessions;
mod stage;
mod start;
mod table;

use std::io::{self, Write};
use std::process::ExitCode;

use load::Load;
use options::{Only, Options};
use process::{Running, free_address};
use stage::{Entrant, PATH, Stage};
use table::{Row, median};

/// The gateway's, since some of what is measured runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why there are no figures.
type Failure = Box<dyn std::error::Error>;

/// Who is measured. The second has the gateway's duties, and is what it is held against; the last is as lean as it gets.
const ENTRANTS: [(&str, Entrant); 4] = [
    ("gateway", Entrant::Gateway),
    ("hand-written", Entrant::Peer(&[])),
    ("hand-written, no access line", Entrant::Peer(&["--no-log"])),
    ("hand-written, keeps tokens", Entrant::Peer(&["--keep-tokens"])),
];
const BASE: usize = 1;

/// At most so many times the CPU of the hand-written handler.
const MOST_CPU: f64 = 1.5;
/// Milliseconds from the start of the process to the first answer, at most.
const LONGEST_START: f64 = 50.0;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Options::read(std::env::args().skip(1)) {
        Ok(options) => all(&options).await,
        Err(why) => Err(why.into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether all limits hold.
async fn all(options: &Options) -> Result<bool, Failure> {
    match options.only {
        Some(Only::CacheMemory(max_size)) => return cache::memory(max_size).map(|()| true),
        Some(Only::Cache) => return cache::bench(),
        Some(Only::Sessions) => return sessions::bench().await,
        Some(Only::Replies) => return replies::bench(options).await,
        None => {}
    }
    let cache = cache::bench()?;
    let sessions = sessions::bench().await?;
    let replies = replies::bench(options).await?;
    let gate = gate::bench(options).await?;
    Ok(bench(options).await? && gate && sessions && replies && cache)
}

/// The dashboard, beside the hand-written one.
async fn bench(options: &Options) -> Result<bool, Failure> {
    let stage = Stage::set().await?;
    let mut served = Vec::new();
    for (_, entrant) in ENTRANTS {
        let address = free_address()?;
        let running = Running::start(&mut stage.command(entrant, &address)?)?;
        stage.ready(&address).await?;
        served.push((running, address));
    }
    compare(&stage, &served).await?;
    let mut rows = measure(&stage, &served, options)?;
    drop(served);

    let mut starts = Vec::new();
    for _ in 0..options.starts {
        starts.push(start::once(&stage).await?);
    }
    if options.instructions {
        for (row, (_, entrant)) in rows.iter_mut().zip(ENTRANTS) {
            row.instructions = Some(instructions::per_request(&stage, entrant).await?);
        }
    }
    report(&rows, median(starts.into_iter()))
}

/// Both say the same, and ask the same of the services.
async fn compare(stage: &Stage, served: &[(Running, String)]) -> Result<(), Failure> {
    for token in &stage.tokens {
        let (mut answers, mut asked) = (Vec::new(), Vec::new());
        for (_, address) in served {
            let before = stage.upstream_requests().await?;
            answers.push(stage.dashboard(address, token).await?);
            asked.push(stage.upstream_requests().await? - before);
        }
        if answers.iter().any(|answer| *answer != answers[0]) {
            return Err(format!("different answers: {answers:#?}").into());
        }
        if asked.iter().any(|count| *count != asked[0]) {
            return Err(format!("different numbers of upstream requests: {asked:?}").into());
        }
    }
    Ok(())
}

fn measure(
    stage: &Stage,
    served: &[(Running, String)],
    options: &Options,
) -> Result<Vec<Row>, Failure> {
    let tokens = stage.tokens.iter().enumerate().map(|(index, token)| {
        let headers = format!("{{authorization = 'Bearer {token}'}}");
        format!("made[{}] = wrk.format('GET', nil, {headers})\n", index + 1)
    });
    let script: String = std::iter::once("made = {}\n".to_owned()).chain(tokens).collect();
    let load = Load::new(&script, options.connections)?;
    let mut rows: Vec<Row> = ENTRANTS
        .iter()
        .map(|(name, _)| Row { name, rounds: Vec::new(), memory: (0.0, 0.0), instructions: None })
        .collect();
    let url = |address: &str| format!("http://{address}{PATH}");
    for (running, address) in served {
        load.measure(running, &url(address), WARM_UP)?;
    }
    for round in 1..=options.rounds {
        writeln!(io::stderr(), "round {round} of {}", options.rounds)?;
        for (row, (running, address)) in rows.iter_mut().zip(served) {
            row.rounds.push(load.measure(running, &url(address), options.seconds)?);
            row.memory = running.memory()?;
        }
    }
    Ok(rows)
}

fn report(rows: &[Row], start: f64) -> Result<bool, Failure> {
    let cpu = rows[0].ratio(&rows[BASE], |sample| sample.cpu);
    let leanest = rows[0].ratio(&rows[rows.len() - 1], |sample| sample.cpu);
    let verdict = |holds| if holds { "holds" } else { "MISSED" };
    let (cpu_holds, start_holds) = (cpu <= MOST_CPU, start <= LONGEST_START);
    writeln!(
        io::stdout(),
        "\n{}\nCPU: {cpu:.2} times the hand-written one, at most {MOST_CPU}: {} \
         ({leanest:.2} times the one that keeps tokens)\n\
         Start to first answer: {start:.1} ms, at most {LONGEST_START}: {}",
        table::render(rows, BASE),
        verdict(cpu_holds),
        verdict(start_holds),
    )?;
    Ok(cpu_holds && start_holds)
}

/// Seconds.
const WARM_UP: u32 = 2;
