//! Load by `wrk`, and what it cost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failure;
use crate::process::Running;

/// How hard, and for how long.
pub(crate) struct Load {
    script: PathBuf,
    connections: u32,
}

/// One round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// CPU microseconds for each request.
    pub(crate) cpu: f64,
    pub(crate) requests_per_second: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Load {
    /// From this many connections, each with a request under way all the time.
    ///
    /// `script` is Lua that sets `made`, the list of requests that take turns.
    pub(crate) fn new(script: &str, connections: u32) -> Result<Self, Failure> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
        fs::create_dir_all(&directory)?;
        let file = directory.join(format!("load-{}.lua", std::process::id()));
        fs::write(&file, format!("function init()\n{script}end\n{SCRIPT}"))?;
        Ok(Self { script: file, connections })
    }

    pub(crate) fn measure(
        &self,
        running: &Running,
        url: &str,
        seconds: u32,
    ) -> Result<Sample, Failure> {
        let before = running.cpu()?;
        let [requests, microseconds, p50, p99] = self.run(url, seconds)?;
        let cpu = (running.cpu()? - before) / requests;
        let requests_per_second = requests * 1e6 / microseconds;
        Ok(Sample { cpu, requests_per_second, p50: p50 / 1e3, p99: p99 / 1e3 })
    }

    /// Requests, duration, p50 and p99 in microseconds.
    fn run(&self, url: &str, seconds: u32) -> Result<[f64; 4], Failure> {
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--latency", "--timeout", "10s"]);
        command.args(["--connections", &self.connections.to_string()]);
        command.args(["--duration", &format!("{seconds}s"), "--script"]).arg(&self.script);
        let output = command.arg(url).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find_map(|line| line.strip_prefix("RESULT "));
        let numbers = line.map(|line| line.split(' ').map(str::parse).collect::<Result<_, _>>());
        match numbers {
            Some(Ok(numbers)) => match <Vec<f64> as TryInto<[f64; 5]>>::try_into(numbers) {
                Ok([requests, duration, p50, p99, 0.0]) if requests > 0.0 => {
                    Ok([requests, duration, p50, p99])
                }
                _ => Err(format!("requests failed:\n{text}").into()),
            },
            _ => Err(format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)).into()),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.script);
    }
}

const SCRIPT: &str = r"
local turn = 0
function request()
  turn = turn % #made + 1
  return made[turn]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('RESULT %d %d %d %d %d\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
";
