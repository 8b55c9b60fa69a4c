//! Whose address a client has, with proxies in front of the gateway and without.

use crate::harness::*;

const PER_IP: &str = "[rate_limits.per_ip]\nquota = \"1/h\"\n";
const ROUTE: &str = "rate_limits = [\"per_ip\"]\n[get.response]\nshape = '$request.ip'\n";

/// A gateway that trusts these, asked from 127.0.0.1. It tells the address, and lets each in once.
async fn trusting(proxies: &str) -> Gateway {
    let text = format!("trusted_proxies = [{proxies}]\n{PER_IP}");
    Gateway::config().gateway(&text).open_route("x.toml", ROUTE).start().await
}

async fn seen(gateway: &Gateway, name: &str, value: &str) -> Value {
    let reply = gateway.get("/x").header(name, value).await;
    reply.assert_status(200).json()["data"].clone()
}

#[tokio::test]
async fn h6_the_right_most_address_that_no_trusted_proxy_has_is_the_client() {
    let gateway = trusting("'127.0.0.1', '10.0.0.0/8'").await;
    let chain = "9.9.9.9, 6.6.6.6, 10.0.0.5";
    assert_eq!(seen(&gateway, "X-Forwarded-For", chain).await, "6.6.6.6");
    // Whatever is written at the left is no other client.
    for left in ["1.1.1.1", "", "10.9.9.9", "unknown", "1.1.1.1, 2.2.2.2, 3.3.3.3"] {
        let reply = gateway.get("/x").header("x-forwarded-for", &format!("{left}, 6.6.6.6")).await;
        reply.assert_error(429, "RATE_LIMITED");
    }
    let two_lines = "X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 10.0.0.7\r\n";
    assert_eq!(gateway.raw_status("/x", two_lines).await, 429);
    assert_eq!(seen(&gateway, "X-FORWARDED-FOR", "6.6.6.6, 7.7.7.7").await, "7.7.7.7");
}

#[tokio::test]
async fn h6_nobody_else_is_believed() {
    for proxies in ["", "'10.0.0.0/8'", "'unix'", "'::1'"] {
        let gateway = trusting(proxies).await;
        assert_eq!(seen(&gateway, "X-Forwarded-For", "6.6.6.6").await, "127.0.0.1", "{proxies}");
        for (name, value) in [
            ("x-forwarded-for", "7.7.7.7"),
            ("X-FORWARDED-FOR", "127.0.0.1, 7.7.7.7"),
            ("forwarded", "for=7.7.7.7"),
            ("x-real-ip", "7.7.7.7"),
            ("true-client-ip", "7.7.7.7"),
            ("cf-connecting-ip", "7.7.7.7"),
        ] {
            let reply = gateway.get("/x").header(name, value).await;
            reply.assert_error(429, "RATE_LIMITED");
        }
    }
}

#[tokio::test]
async fn forwarded_is_understood_too() {
    let gateway = trusting("'127.0.0.1', '10.0.0.0/8', '2001:db8:cafe::/48'").await;
    let chain = "for=9.9.9.9, for=6.6.6.6;proto=https;by=203.0.113.43, For=\"10.0.0.5:80\"";
    assert_eq!(seen(&gateway, "Forwarded", chain).await, "6.6.6.6");
    let v6 = "for=\"[2001:db8:1::17]:4711\", for=\"[2001:db8:cafe::1]\"";
    assert_eq!(seen(&gateway, "Forwarded", v6).await, "2001:db8:1::17");
    // Who hides leaves the proxy that hides them.
    assert_eq!(seen(&gateway, "Forwarded", "for=_hidden, for=10.0.0.6").await, "10.0.0.6");
    assert_eq!(seen(&gateway, "Forwarded", "for=9.9.9.9, for=unknown").await, "127.0.0.1");
}

#[tokio::test]
async fn two_headers_that_do_not_agree_are_refused() {
    let gateway = trusting("'127.0.0.1'").await;
    let both = |one: &str, other: &str| {
        gateway.get("/x").header("x-forwarded-for", one).header("forwarded", other)
    };
    both("6.6.6.6", "for=7.7.7.7").await.assert_error(400, "BAD_REQUEST");
    both("6.6.6.6", "for=nonsense").await.assert_error(400, "BAD_REQUEST");
    let reply = both("1.1.1.1, 6.6.6.6", "for=2.2.2.2, for=6.6.6.6").await;
    reply.assert_data(200, json!("6.6.6.6"));
}

#[tokio::test]
async fn a_thousand_entries_are_read_in_time() {
    let gateway = trusting("'127.0.0.1', '10.0.0.0/8'").await;
    let trusted = vec!["10.0.0.1"; 1000].join(",");
    assert_eq!(seen(&gateway, "x-forwarded-for", &format!("6.6.6.6,{trusted}")).await, "6.6.6.6");
    let strange = vec!["9.9.9.9"; 1000].join(",");
    assert_eq!(seen(&gateway, "x-forwarded-for", &format!("{strange},7.7.7.7")).await, "7.7.7.7");
    assert_eq!(seen(&gateway, "x-forwarded-for", &",".repeat(3000)).await, "127.0.0.1");
}

#[tokio::test]
async fn an_ipv6_client_has_one_budget_for_its_64() {
    let gateway = trusting("'127.0.0.1'").await;
    assert_eq!(seen(&gateway, "x-forwarded-for", "2001:db8:1:2::1").await, "2001:db8:1:2::1");
    for host in 2..100 {
        let address = format!("2001:db8:1:2:{host:x}::{host:x}");
        let reply = gateway.get("/x").header("x-forwarded-for", &address).await;
        reply.assert_error(429, "RATE_LIMITED");
    }
    assert_eq!(seen(&gateway, "x-forwarded-for", "2001:db8:1:3::1").await, "2001:db8:1:3::1");
    // IPv4 is IPv4, in whatever it is wrapped.
    assert_eq!(seen(&gateway, "x-forwarded-for", "::ffff:9.9.9.9").await, "9.9.9.9");
    let reply = gateway.get("/x").header("x-forwarded-for", "9.9.9.9").await;
    reply.assert_error(429, "RATE_LIMITED");
}

#[tokio::test]
async fn a_listener_for_ipv6_sees_ipv4_clients_as_such() {
    let text = format!("listen = \"[::]:0\"\ntrusted_proxies = ['127.0.0.0/8']\n{PER_IP}");
    let gateway = Gateway::config().gateway(&text).open_route("x.toml", ROUTE).start().await;
    let url = format!("http://127.0.0.1:{}/x", gateway.address.port());
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = async |name: &str, value: &str| {
        let asked = client.get(&url).header(name, value).send().await.expect("a reply");
        asked.text().await.expect("text")
    };
    assert_eq!(ask("x-nothing", "").await, r#"{"data":"127.0.0.1"}"#);
    assert_eq!(ask("x-forwarded-for", "6.6.6.6").await, r#"{"data":"6.6.6.6"}"#);
}

/// What the gateway answers on a Unix socket.
async fn over_a_socket(proxies: &str, headers: &str) -> Vec<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let listen = format!("listen = \"unix:{}\"\n", path.display());
    let text = format!("{listen}trusted_proxies = [{proxies}]\n{PER_IP}");
    let _gateway = Gateway::config().gateway(&text).open_route("x.toml", ROUTE).start().await;
    let mut replies = Vec::new();
    for _ in 0..2 {
        let mut socket = tokio::net::UnixStream::connect(&path).await.expect("it listens");
        let request = format!("GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).await.expect("it is sent");
        let mut reply = String::new();
        socket.read_to_string(&mut reply).await.expect("a reply");
        replies.push(reply.split("\r\n\r\n").last().expect("a body").to_owned());
    }
    replies
}

#[tokio::test]
async fn behind_a_unix_socket_a_proxy_is_believed_where_the_config_says_so() {
    let replies = over_a_socket("'unix'", "x-forwarded-for: 9.9.9.9, 6.6.6.6\r\n").await;
    assert_eq!(replies[0], r#"{"data":"6.6.6.6"}"#);
    // Otherwise all that connect are one client without an address.
    let all = "'127.0.0.1', '0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'";
    let replies = over_a_socket(all, "x-forwarded-for: 6.6.6.6\r\n").await;
    assert_eq!(replies[0], r#"{"data":null}"#);
    assert!(replies[1].contains("RATE_LIMITED"), "{replies:?}");
}
