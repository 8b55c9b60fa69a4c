//! The command line.

mod serve;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// temporary
pub fn run(folder: &Path, err: &mut dyn Write) -> ExitCode {
    let (sources, plan) =
        crate::compile::load(folder, &crate::config::Disk, &crate::config::Process);
    match plan {
        Ok(plan) => serve::serve(plan, err),
        Err(mistakes) => {
            let _ =
                writeln!(err, "{}; the gateway was not started", sources.render(&mistakes, true));
            ExitCode::from(1)
        }
    }
}
