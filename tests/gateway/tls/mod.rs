//! Upstreams behind TLS. `upstream.pem`, for 127.0.0.1 and upstream.test, is signed by `ca.pem`, whose key is thrown away.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::harness::*;

const CA: &str = include_str!("ca.pem");
const IT: &str = "get.calls.it = { upstream = \"up\", path = \"/it\" }";
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\n\"secure\"";

/// Answers every connection with `REPLY`, on a thread that ends with the tests.
fn secure() -> SocketAddr {
    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("upstream.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("upstream.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair");
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.expect("a connection");
            let mut connection = ServerConnection::new(Arc::clone(&config)).expect("TLS");
            let mut stream = Stream::new(&mut connection, &mut socket);
            // A client that does not trust us leaves here.
            if stream.read(&mut [0; 4096]).is_ok() {
                stream.write_all(REPLY).expect("it is written");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    address
}

async fn gateway(url: &str, lines: &str) -> Gateway {
    Gateway::config()
        .file("certificates/ca.pem", CA)
        .upstream_at("up", url, lines)
        .open_route("x.toml", IT)
        .start()
        .await
}

#[tokio::test]
async fn an_upstream_is_trusted_by_the_authority_that_is_written() {
    let url = format!("https://{}", secure());
    let gateway = gateway(&url, "tls = { ca = \"certificates/ca.pem\" }").await;
    gateway.get("/x").await.assert_data(200, json!("secure"));
}

#[tokio::test]
async fn an_upstream_that_nobody_vouches_for_is_503() {
    let url = format!("https://{}", secure());
    let reply = gateway(&url, "").await.get("/x").await;
    reply.assert_error(503, "UPSTREAM_UNAVAILABLE");
    assert!(!reply.body.contains("ertificate"), "{reply:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_503() {
    let url = format!("https://localhost:{}", secure().port());
    let gateway = gateway(&url, "tls = { ca = \"certificates/ca.pem\" }").await;
    gateway.get("/x").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
}

#[tokio::test]
async fn an_upstream_that_speaks_no_tls_is_503() {
    let up = Upstream::start().await;
    let gateway = gateway(&up.url().replace("http:", "https:"), "").await;
    gateway.get("/x").await.assert_error(503, "UPSTREAM_UNAVAILABLE");
}
