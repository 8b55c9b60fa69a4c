//! `health`: for container health checks, where there is no other client.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Why a gateway is not known to be well.
#[derive(Debug)]
pub(super) enum Unwell {
    /// The address is not one.
    Url(String),
    /// It did not answer, or not with a 2xx.
    Answer(String),
}

/// For each step: the connection, and the wait for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks `http://host:port/path`; well is a 2xx.
pub(super) fn ask(url: &str) -> Result<(), Unwell> {
    let (authority, path) = parse(url)?;
    let status = status(&authority, &path)
        .map_err(|error| Unwell::Answer(format!("{url} does not answer: {error}")))?;
    match status.as_bytes() {
        [b'2', _, _] => Ok(()),
        _ => Err(Unwell::Answer(format!("{url} answers {status}"))),
    }
}

fn parse(url: &str) -> Result<(String, String), Unwell> {
    let wrong =
        || Unwell::Url(format!("`{url}` is not an address like http://127.0.0.1:9090/readyz"));
    let parsed = url::Url::parse(url).map_err(|_| wrong())?;
    let host = parsed.host_str().filter(|_| parsed.scheme() == "http").ok_or_else(wrong)?;
    let port = parsed.port_or_known_default().ok_or_else(wrong)?;
    Ok((format!("{host}:{port}"), parsed.path().to_owned()))
}

fn status(authority: &str, path: &str) -> io::Result<String> {
    let address = authority.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/1.1 ").ok_or(io::ErrorKind::InvalidData)?;
    Ok(status.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    use super::*;

    fn answering(reply: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let (mut request, mut lines) = (String::new(), BufReader::new(&stream));
            while !request.ends_with("\r\n\r\n") {
                lines.read_line(&mut request).unwrap();
            }
            assert!(request.starts_with("GET /readyz HTTP/1.1\r\n"), "{request}");
            (&stream).write_all(reply.as_bytes()).unwrap();
        });
        format!("http://{address}/readyz")
    }

    #[test]
    fn a_2xx_is_well() {
        assert!(ask(&answering("HTTP/1.1 200 OK\r\n\r\n")).is_ok());
        assert!(ask(&answering("HTTP/1.1 503 Service Unavailable\r\n\r\n")).is_err());
        assert!(ask(&answering("nonsense that is no HTTP")).is_err());
    }

    #[test]
    fn only_http_addresses_are_asked() {
        for url in ["", "127.0.0.1:9090", "https://127.0.0.1/", "file:///etc/passwd"] {
            assert!(matches!(ask(url), Err(Unwell::Url(_))), "{url}");
        }
    }
}
