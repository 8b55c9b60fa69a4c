//! The command.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let folder = std::env::args().nth(2).unwrap_or_else(|| "config".to_owned());
    frontdesk::cli::run(folder.as_ref(), &mut std::io::stderr())
}
