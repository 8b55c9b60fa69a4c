//! A health check for images that have no `curl`.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(2);

/// Asks this `http://HOST:PORT/PATH`; anything but 200 is an error.
pub(crate) fn check(url: &str) -> io::Result<()> {
    let wrong = || io::Error::other("a health check is for http://HOST:PORT/PATH");
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = host.to_socket_addrs()?.next().ok_or_else(wrong)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")?;
    let mut start = [0; 12];
    stream.read_exact(&mut start)?;
    match start.ends_with(b" 200") {
        true => Ok(()),
        false => Err(io::Error::other(format!("{url} is not well"))),
    }
}
