//! The gateway as a process: for what it writes, and how it ends.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

use serde_json::Value;
use tempfile::TempDir;

use super::secrets::{self, Watch};

/// A running program; it is killed when dropped.
pub struct Program {
    pub address: SocketAddr,
    pub admin: SocketAddr,
    child: Child,
    lines: Receiver<String>,
    readers: Vec<JoinHandle<()>>,
    watch: Watch,
    _folder: TempDir,
}

impl Program {
    pub(super) fn start(folder: TempDir, environment: &HashMap<String, String>) -> Self {
        let watch = Watch::start();
        let mut child = command(folder.path())
            .envs(environment)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (sender, lines) = channel();
        let out = child.stdout.take().expect("an output");
        let err = child.stderr.take().expect("an output");
        // They read on when nobody wants the lines any more: all of them are looked at in the end.
        let readers = vec![
            reader("stdout", out, move |line| drop(sender.send(line))),
            reader("stderr", err, |line| eprintln!("{line}")),
        ];
        let unknown: SocketAddr = ([127, 0, 0, 1], 0).into();
        let mut program = Self {
            address: unknown,
            admin: unknown,
            child,
            lines,
            readers,
            watch,
            _folder: folder,
        };
        let serving = program.wait_for("serving");
        let address = |name: &str| {
            let url = serving[name].as_str().expect("an address");
            url.trim_start_matches("http://").parse().expect("an address")
        };
        (program.address, program.admin) = (address("listen"), address("admin"));
        program
    }

    /// The next line with this message.
    pub fn wait_for(&self, message: &str) -> Value {
        loop {
            let line = self.lines.recv().expect("the program still runs");
            let line: Value = serde_json::from_str(&line).expect("JSON");
            if line["message"] == message {
                return line;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Ends it, and gives its exit code and the lines that nobody has waited for.
    pub fn stop(mut self) -> (Option<i32>, Vec<String>) {
        self.signal("TERM");
        let status = self.child.wait().expect("it ends");
        (status.code(), self.lines.iter().collect())
    }

    /// Runs the program with a config that keeps it from serving: its exit code, and what it says.
    pub fn fails(config: super::Config) -> (Option<i32>, String) {
        let watch = Watch::start();
        let (folder, environment) = config.written();
        let mut child = command(folder.path())
            .envs(environment)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut said = String::new();
        let mut err = child.stderr.take().expect("an output");
        err.read_to_string(&mut said).expect("text");
        secrets::line("stderr", said.as_bytes());
        watch.verify();
        (child.wait().expect("it ends").code(), said)
    }
}

fn reader(
    name: &'static str,
    output: impl Read + Send + 'static,
    each: impl Fn(String) + Send + 'static,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            secrets::line(name, line.as_bytes());
            each(line);
        }
    })
}

fn command(folder: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontdesk"));
    command.arg("--config").arg(folder).arg("serve").env_clear();
    command
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        if !std::thread::panicking() {
            self.watch.verify();
        }
    }
}
