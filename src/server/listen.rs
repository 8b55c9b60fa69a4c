//! Addresses that are listened on.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// A bound address.
pub(super) enum Listener {
    Tcp(TcpListener, SocketAddr),
    Unix(UnixListener, PathBuf),
}

/// Binds `127.0.0.1:8080`, `[::]:8080` or `unix:/run/frontdesk.sock`. A socket file that nobody listens on is replaced.
///
/// # Errors
/// The address, and why it cannot be had.
pub(super) fn bind(address: &str) -> io::Result<Listener> {
    let told = |error: io::Error| {
        io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
    };
    if let Some(path) = address.strip_prefix("unix:") {
        return unix(Path::new(path)).map_err(told);
    }
    let listener = TcpListener::bind(address).map_err(told)?;
    let bound = listener.local_addr().map_err(told)?;
    Ok(Listener::Tcp(listener, bound))
}

fn unix(path: &Path) -> io::Result<Listener> {
    let stale = || std::os::unix::net::UnixStream::connect(path).is_err();
    if path.exists() && stale() {
        std::fs::remove_file(path)?;
    }
    Ok(Listener::Unix(UnixListener::bind(path)?, path.to_owned()))
}

impl Listener {
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(..) => None,
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(_, address) => write!(f, "http://{address}"),
            Self::Unix(_, path) => write!(f, "unix:{}", path.display()),
        }
    }
}
