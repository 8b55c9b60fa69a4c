//! Addresses that are listened on.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use socket2::{Domain, Socket, Type};

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
    let parsed = address.parse().map_err(|error| told(io::Error::other(error)))?;
    let listener = tcp(parsed).map_err(told)?;
    let bound = listener.local_addr().map_err(told)?;
    Ok(Listener::Tcp(listener, bound))
}

/// As `TcpListener::bind`, with more room for clients that come all at once.
fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Connections that wait to be taken; the system may allow less.
const BACKLOG: i32 = 1024;

fn unix(path: &Path) -> io::Result<Listener> {
    let is_socket = path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
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
