//! The mocks as a program: `upstream-mocks --help`.

mod args;
mod client;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{Args, Command};
use tokio::signal::unix::{SignalKind, signal};
use upstream_mocks::Mocks;

fn main() -> ExitCode {
    // `vars` would panic at a variable that is no UTF-8, whosever it is.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let outcome = match Args::new(std::env::args().skip(1), environment).read() {
        Ok(Command::Help) => say(args::HELP),
        Ok(Command::Request { method, url, body }) => {
            client::request(&method, &url, &body).and_then(|answer| say(&answer))
        }
        Ok(Command::Serve(options)) => serve(options),
        Err(why) => {
            let _ = writeln!(io::stderr(), "upstream-mocks: {why}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "upstream-mocks: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: upstream_mocks::Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Before the first byte is served, so that no signal is missed.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mocks = Mocks::start(options).await?;
        for name in mocks.names() {
            say(&format!("{name:<13} {}", mocks.url(name)))?;
        }
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

fn say(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{}", text.trim_end())
}
