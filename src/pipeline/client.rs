//! The client's address: the peer's, or what trusted proxies say.
//!
//! Each proxy adds the address of its own peer at the right. So the list is read from the right, as long as proxies are
//! trusted: the first entry that none of them is, is the client. What stands further left anybody may have written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::request::Request;
use crate::fault::{Code, Fault};
use crate::plan::Proxies;

/// Finds the client's address. IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4.
///
/// # Errors
/// 400 where `Forwarded` and `X-Forwarded-For` say different things: a proxy writes one and passes on the other as it
/// came, and which is which cannot be seen.
pub(super) fn find(proxies: &Proxies, request: &mut Request) -> Result<(), Fault> {
    let peer = request.client.map(|address| address.to_canonical());
    request.client = peer;
    if proxies.is_empty() || !proxies.trust(peer) {
        return Ok(());
    }
    let told = |name, entry: fn(&str) -> Option<IpAddr>| {
        let lines = request.head.header(name);
        (!lines.is_empty()).then(|| walk(proxies, peer, &lines, entry))
    };
    let client = match (told("x-forwarded-for", node), told("forwarded", element)) {
        (Some(one), Some(other)) if one != other => {
            let message = "Forwarded and X-Forwarded-For do not say the same.";
            return Err(Fault::new(Code::BadRequest).message(message).cause(message));
        }
        (Some(told), _) | (None, Some(told)) => told,
        (None, None) => peer,
    };
    request.client = client;
    Ok(())
}

/// Several lines are one list. Commas in quotes are not looked for: what a client wrote must not reach, by a quote that it
/// never closes, into what a proxy has added.
fn walk(
    proxies: &Proxies,
    peer: Option<IpAddr>,
    lines: &[&[u8]],
    entry: fn(&str) -> Option<IpAddr>,
) -> Option<IpAddr> {
    let entries = lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
    let mut client = peer;
    for text in entries {
        // What cannot be read ends the list: the last one that is known counts.
        let Some(address) = std::str::from_utf8(text).ok().and_then(entry) else { break };
        client = Some(address);
        if !proxies.trust(client) {
            break;
        }
    }
    client
}

/// An element of `Forwarded` (RFC 7239 §4): what its one `for` says.
fn element(text: &str) -> Option<IpAddr> {
    let mut address = None;
    for pair in text.split(';').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(value.trim())?;
        if name.trim().eq_ignore_ascii_case("for") && address.replace(node(value)?).is_some() {
            return None;
        }
    }
    address
}

fn unquoted(text: &str) -> Option<&str> {
    let inner = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"')?,
        None => text,
    };
    (!inner.contains(['"', '\\'])).then_some(inner)
}

/// `192.0.2.1`, `192.0.2.1:47011`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:47011`. Nothing for `unknown` and
/// `_names` (RFC 7239 §6).
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        let no_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return no_port.then_some(IpAddr::from(address).to_canonical());
    }
    let (address, port) = text.split_once(':')?;
    let address: Ipv4Addr = address.parse().ok()?;
    is_port(port).then_some(address.into())
}

/// Digits, or a name that stands for them.
fn is_port(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(entry: fn(&str) -> Option<IpAddr>, lines: &[&str]) -> String {
        let ranges = ["10.0.0.0/8", "2001:db8:cafe::/48"].map(|range| range.parse().unwrap());
        let proxies = Proxies { ranges: ranges.to_vec(), unix: false };
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let peer = Some(IpAddr::from([10, 0, 0, 1]));
        walk(&proxies, peer, &lines, entry).unwrap().to_string()
    }

    #[test]
    fn the_right_most_that_is_no_proxy_is_the_client() {
        let found = |lines: &[&str]| found(node, lines);
        assert_eq!(found(&["9.9.9.9, 6.6.6.6"]), "6.6.6.6");
        assert_eq!(found(&["9.9.9.9, 6.6.6.6, 10.0.0.7"]), "6.6.6.6");
        assert_eq!(found(&["9.9.9.9", "6.6.6.6", "10.0.0.7,10.2.3.4"]), "6.6.6.6");
        assert_eq!(found(&["9.9.9.9, ::ffff:10.0.0.7"]), "9.9.9.9");
        assert_eq!(found(&["10.0.0.9, 10.0.0.8"]), "10.0.0.9");
        assert_eq!(found(&["6.6.6.6:4711"]), "6.6.6.6");
        assert_eq!(found(&["2001:db8::1"]), "2001:db8::1");
        assert_eq!(found(&["[2001:db8::1]:443, 2001:db8:cafe::1"]), "2001:db8::1");
    }

    #[test]
    fn what_cannot_be_read_ends_the_list() {
        let found = |lines: &[&str]| found(node, lines);
        for bad in [
            "",
            ",",
            "unknown",
            "_hidden",
            "9.9.9",
            "9.9.9.9:",
            "9.9.9.9:1:2",
            "[::1",
            "::1]",
            "[9.9.9.9]",
            "fe80::1%eth0",
            "localhost",
            "9.9.9.9 8.8.8.8",
            "\"9.9.9.9\"",
            "010.1.1.1",
            "[::1]x",
            "unix:",
        ] {
            assert_eq!(found(&[bad]), "10.0.0.1", "{bad}");
            assert_eq!(found(&[&format!("9.9.9.9, {bad}, 10.0.0.7")]), "10.0.0.7", "{bad}");
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_has_it() {
        let found = |lines: &[&str]| found(element, lines);
        assert_eq!(
            found(&["for=192.0.2.43, for=10.0.0.7;proto=http;by=203.0.113.43"]),
            "192.0.2.43"
        );
        assert_eq!(found(&[r#"For="[2001:db8::17]:4711""#]), "2001:db8::17");
        assert_eq!(found(&[r#"proto=https;FOR="192.0.2.60:_p""#, "for=10.0.0.7"]), "192.0.2.60");
        for bad in [
            "for=unknown",
            "for=_gazonk",
            "by=192.0.2.1",
            "192.0.2.1",
            "for=192.0.2.1;for=192.0.2.2",
            r#"for="192.0.2.1"#,
            r#"for=192.0.2.1""#,
            r#"for="192.0.2\.1""#,
            "for",
            "=192.0.2.1",
        ] {
            assert_eq!(found(&[bad]), "10.0.0.1", "{bad}");
        }
    }

    #[test]
    fn an_open_quote_of_a_client_does_not_swallow_what_a_proxy_adds() {
        assert_eq!(found(element, &[r#"for="9.9.9.9, for=6.6.6.6"#]), "6.6.6.6");
        assert_eq!(found(element, &[r#"for=";x=", for=6.6.6.6;proto="https""#]), "6.6.6.6");
    }
}
