//! The command.

use std::io::{IsTerminal, stderr, stdout};
use std::process::ExitCode;

use frontdesk::cli::{self, Outcome, World};
use frontdesk::config::{Disk, Process};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (out, err) = (&mut stdout(), &mut stderr());
    let color = err.is_terminal();
    let world = World { environment: &Process, files: &Disk, out, err, color };
    match cli::run(std::env::args_os(), world) {
        Outcome::Exit(code) => ExitCode::from(code),
        Outcome::Serve(plan) => cli::serve(*plan, &mut stderr()),
    }
}
