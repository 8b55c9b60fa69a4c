//! A real Redis of a test's own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::store::{Redis, Target};

/// A `redis-server` on a free port; it is killed when dropped.
pub(super) struct Server {
    url: String,
    child: Child,
    _folder: TempDir,
}

impl Server {
    pub(super) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--appendonly", "no", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::yield_now();
        }
        Self { url: format!("redis://127.0.0.1:{port}"), child, _folder: folder }
    }

    /// It has half a minute for each answer.
    pub(super) fn target(&self) -> Target {
        let patience = Duration::from_secs(30);
        Target::parse(std::slice::from_ref(&self.url), None, patience).unwrap()
    }

    pub(super) fn connect(&self) -> Redis {
        Redis::new(self.target())
    }

    /// A connection on which it has so long for each answer.
    pub(super) fn connect_for(&self, patience: Duration) -> Redis {
        Redis::new(Target::parse(std::slice::from_ref(&self.url), None, patience).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
