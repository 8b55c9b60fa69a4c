//! The programs that are measured, each a process of its own so that nobody else's CPU is counted.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Failure;

/// A process that ends with this.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it. What it says is thrown away: whoever reads a log is not measured.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(Self)
    }

    /// Starts it, and gives the first lines that it says.
    pub(crate) fn start_and_hear(
        command: &mut Command,
        lines: usize,
    ) -> Result<(Self, Vec<String>), Failure> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let heard = BufReader::new(output).lines().take(lines).collect::<Result<_, _>>();
        let running = Self(child);
        Ok((running, heard?))
    }

    /// CPU time so far, user and system, in microseconds: fields 14 and 15 of `proc_pid_stat(5)`.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let (_, fields) = text.rsplit_once(')').ok_or("no stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? * MICROSECONDS_PER_TICK)
    }

    /// Resident memory in MiB: now, and at its highest.
    pub(crate) fn memory(&self) -> Result<(f64, f64), Failure> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            kib.map(|kib| kib / 1024.0).ok_or("no status")
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        Command::new("kill").arg(self.0.id().to_string()).status()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that was built along with this one.
pub(crate) fn built(name: &str) -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let path = own.parent().unwrap_or(Path::new(".")).join(name);
    if path.exists() { Ok(path) } else { Err(format!("{} is not built", path.display()).into()) }
}

/// `127.0.0.1` and a port that is free at the moment.
pub(crate) fn free_address() -> io::Result<String> {
    TcpListener::bind("127.0.0.1:0")?.local_addr().map(|address| address.to_string())
}

/// `USER_HZ` is 100 on every Linux.
const MICROSECONDS_PER_TICK: f64 = 10_000.0;
