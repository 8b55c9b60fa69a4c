//! Webhooks: whose deliveries are believed, and that each is served once.

mod refused;
mod seen;
mod served;
mod stores;

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};

use crate::harness::*;

const SECRET: &str = "whsec_of-more-than-sixteen-bytes";

/// A gateway whose `/hook` asks for this signature and gives the body, as JSON, to a service.
async fn json_hook(service: &Upstream, signature: &str) -> Gateway {
    hook(service, signature, "input.body = { type = \"object\" }", "json = '$body'").await
}

/// The same where the service gets the body as it came.
async fn raw_hook(service: &Upstream, signature: &str) -> Gateway {
    hook(service, signature, "", "body = \"raw\"").await
}

async fn hook(service: &Upstream, signature: &str, keys: &str, body: &str) -> Gateway {
    config(service, signature, keys, body).start().await
}

fn config(service: &Upstream, signature: &str, keys: &str, body: &str) -> Config {
    let route = format!(
        r#"
        [post]
        signature = {signature}
        {keys}
        [post.calls.told]
        upstream = "service"
        method = "POST"
        path = "/told"
        {body}
        [post.response]
        shape = '"told"'
        "#
    );
    let config = Gateway::config().env("HOOK_SECRET", SECRET);
    config.upstream("service", service).open_route("hook.toml", &route)
}

async fn service() -> Upstream {
    let service = Upstream::start().await;
    service.on("POST", "/told", Reply::json(json!({})));
    service
}

fn mac(secret: impl AsRef<[u8]>, signed: impl AsRef<[u8]>) -> Vec<u8> {
    hmac::sign(&Key::new(HMAC_SHA256, secret.as_ref()), signed.as_ref()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What Stripe writes into its header.
pub fn stripe(secret: &str, time: u64, body: &str) -> String {
    format!("t={time},v1={}", hex(&mac(secret, format!("{time}.{body}"))))
}

fn github(body: impl AsRef<[u8]>) -> String {
    format!("sha256={}", hex(&mac(SECRET, body)))
}

/// A request like those of a webhook's sender.
fn delivery(gateway: &Gateway, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Request {
    let request = gateway.request("POST", "/hook").body("application/json", body.into());
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

const STRIPE: &str = r#"{ scheme = "stripe", secrets = ["${HOOK_SECRET}"] }"#;
const GITHUB: &str = r#"{ scheme = "github", secrets = ["${HOOK_SECRET}"] }"#;

/// A delivery of GitHub's with this body.
fn pushed(gateway: &Gateway, body: &str) -> Request {
    delivery(gateway, &[("x-hub-signature-256", &github(body))], body)
}

/// An event of Stripe's, signed this many seconds from now.
fn event(gateway: &Gateway, body: &str, later: u64) -> Request {
    delivery(gateway, &[("stripe-signature", &stripe(SECRET, now() + later, body))], body)
}
