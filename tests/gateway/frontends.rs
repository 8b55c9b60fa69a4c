//! `[frontends.NAME]`: several origins on one gateway, told apart by `Host`.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::*;

const FRONTENDS: &str = r#"
[frontends.app]
origin = "https://app.test"
[frontends.admin]
origin = "https://admin.test"
routes = "routes-admin"
[frontends.dev]
origin = "http://dev.test:8080"
"#;

const WHO: &str = r#"
session = "none"
get.response.shape = '{frontend: $request.frontend, host: $request.host}'
"#;

fn config() -> Config {
    Gateway::config().gateway(FRONTENDS).route("who.toml", WHO).file("routes-admin/who.toml", WHO)
}

/// What `/who` says on a host; nothing where it is 404.
async fn frontend(gateway: &Gateway, host: &str) -> Option<String> {
    let reply = gateway.get("/who").header("host", host).await;
    match reply.status {
        404 => {
            reply.assert_error(404, "NOT_FOUND");
            None
        }
        _ => Some(reply.json()["data"]["frontend"].as_str().expect("a name").to_owned()),
    }
}

#[tokio::test]
async fn host_tells_which_frontend_is_asked() {
    let gateway = config().start().await;
    for (host, name) in [("app.test", "app"), ("admin.test", "admin"), ("dev.test:8080", "dev")] {
        assert_eq!(frontend(&gateway, host).await.as_deref(), Some(name), "{host}");
    }
}

#[tokio::test]
async fn the_schemes_own_port_and_capital_letters_make_no_other_host() {
    let gateway = config().start().await;
    for (host, name) in [
        ("app.test:443", "app"),
        ("APP.Test", "app"),
        ("Admin.test:443", "admin"),
        ("DEV.test:8080", "dev"),
    ] {
        assert_eq!(frontend(&gateway, host).await.as_deref(), Some(name), "{host}");
    }
}

#[tokio::test]
async fn an_unknown_host_is_404() {
    let gateway = config().start().await;
    for host in [
        "other.test",
        // Another port, also that of the other scheme.
        "app.test:80",
        "app.test:8443",
        "dev.test",
        "dev.test:80",
        // For browsers this is another origin, with cookies of its own.
        "app.test.",
        "xapp.test",
        "app.test.evil.test",
        "127.0.0.1",
        "app",
        "",
    ] {
        assert_eq!(frontend(&gateway, host).await, None, "{host}");
    }
}

#[tokio::test]
async fn each_has_its_own_routes() {
    let open = "session = \"none\"\n[get]\n";
    let config = config().route("users/[id].toml", open).file("routes-admin/audit.toml", open);
    let gateway = config.start().await;
    for (host, path, status) in [
        ("app.test", "/users/1", 200),
        ("app.test", "/audit", 404),
        ("admin.test", "/audit", 200),
        ("admin.test", "/users/1", 404),
        // The same folder for both.
        ("dev.test:8080", "/users/1", 200),
    ] {
        gateway.get(path).header("host", host).await.assert_status(status);
    }
    let reply = gateway.request("DELETE", "/audit").header("host", "admin.test").await;
    reply.assert_error(405, "METHOD_NOT_ALLOWED");
    let reply = gateway.request("DELETE", "/audit").header("host", "app.test").await;
    reply.assert_error(404, "NOT_FOUND");
}

/// What a raw request is answered with: the status and the body.
async fn raw(gateway: &Gateway, text: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(gateway.address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("it is written");
    let replies = read_until_closed(&mut stream, "GET").await;
    (replies[0].status, replies[0].body.clone())
}

#[tokio::test]
async fn a_target_that_names_the_host_leads_there_too() {
    let gateway = config().start().await;
    let close = "connection: close\r\n\r\n";
    for (text, status, name) in [
        (
            format!("GET http://admin.test/who HTTP/1.1\r\nhost: admin.test\r\n{close}"),
            200,
            "admin",
        ),
        (
            format!("GET https://admin.test/who HTTP/1.1\r\nhost: ADMIN.test\r\n{close}"),
            200,
            "admin",
        ),
        // Nobody may read one of them and we the other.
        (
            format!("GET http://admin.test/who HTTP/1.1\r\nhost: app.test\r\n{close}"),
            400,
            "BAD_REQUEST",
        ),
        (
            format!("GET /who HTTP/1.1\r\nhost: app.test\r\nhost: admin.test\r\n{close}"),
            400,
            "BAD_REQUEST",
        ),
        (
            format!("GET http://other.test/who HTTP/1.1\r\nhost: other.test\r\n{close}"),
            404,
            "NOT_FOUND",
        ),
        ("GET http://admin.test/who HTTP/1.0\r\n\r\n".to_owned(), 200, "admin"),
        ("GET /who HTTP/1.0\r\n\r\n".to_owned(), 404, "NOT_FOUND"),
    ] {
        let (got, body) = raw(&gateway, &text).await;
        assert!(got == status && body.contains(&format!("\"{name}\"")), "{text}: {got} {body}");
    }
}

#[tokio::test]
async fn a_forwarded_host_is_nobodys() {
    let gateway = config().start().await;
    for (name, value) in [
        ("x-forwarded-host", "admin.test"),
        ("forwarded", "host=admin.test"),
        ("x-original-host", "admin.test"),
    ] {
        let reply = gateway.get("/who").header("host", "app.test").header(name, value).await;
        assert_eq!(reply.json()["data"]["frontend"], "app", "{name}");
    }
}

#[tokio::test]
async fn without_frontends_every_host_leads_to_the_one_that_has_no_name() {
    let gateway = Gateway::config().route("who.toml", WHO).start().await;
    for host in ["app.test", "127.0.0.1", "app.test."] {
        let reply = gateway.get("/who").header("host", host).await;
        reply.assert_data(200, json!({ "frontend": null, "host": host }));
    }
}

#[tokio::test]
async fn the_pages_of_one_frontend_are_not_those_of_another() {
    let route = "session = \"required\"\ncsrf = \"origin\"\n[post]\n";
    let config = config().route("x.toml", route).file("routes-admin/x.toml", route);
    let gateway = config.start().await;
    for (host, origin, status) in [
        ("app.test", "https://app.test", 200),
        ("app.test", "https://admin.test", 403),
        ("app.test", "http://app.test", 403),
        ("admin.test", "https://admin.test", 200),
        ("admin.test", "https://app.test", 403),
        ("dev.test:8080", "http://dev.test:8080", 200),
        ("dev.test:8080", "http://dev.test", 403),
    ] {
        let request = gateway.post("/x", json!({})).header("host", host).header("origin", origin);
        let reply = request.cookie_user("u1").await;
        assert_eq!(reply.status, status, "{host} {origin}: {}", reply.body);
        if status == 403 {
            reply.assert_error(403, "CSRF_FAILED");
        }
    }
}

#[tokio::test]
async fn cors_is_that_of_the_route_or_of_the_gateway_where_none_answers() {
    let route = "session = \"none\"\ncors.origins = [\"https://partner.test\"]\n[get]\n";
    let cors = "[cors]\norigins = [\"https://everywhere.test\"]\n";
    let config = config().gateway(cors).file("routes-admin/shared.toml", route);
    let gateway = config.start().await;
    let shares = "access-control-allow-origin";
    for (host, origin, status, shared) in [
        ("admin.test", "https://partner.test", 200, true),
        ("admin.test", "https://everywhere.test", 200, false),
        ("app.test", "https://partner.test", 404, false),
        ("app.test", "https://everywhere.test", 404, true),
        ("other.test", "https://everywhere.test", 404, true),
    ] {
        let request = gateway.get("/shared").header("host", host).header("origin", origin);
        let reply = request.await;
        reply.assert_status(status);
        assert_eq!(reply.header(shares), shared.then_some(origin), "{host} {origin}");
        let preflight = gateway.request("OPTIONS", "/shared").header("host", host);
        let preflight = preflight.header("access-control-request-method", "GET");
        let reply = preflight.header("origin", origin).await;
        reply.assert_status(204);
        assert_eq!(reply.header(shares), shared.then_some(origin), "{host} {origin}");
    }
}

#[tokio::test]
async fn a_key_of_one_frontend_is_free_in_another() {
    let up = Upstream::start().await;
    up.on("POST", "/made", Reply::json(json!("made")));
    let route = r#"
        session = "none"
        idempotency = "required"
        post.calls.made = { upstream = "up", path = "/made", method = "POST" }
        "#;
    let config = config().upstream("up", &up).route("x.toml", route);
    let gateway = config.file("routes-admin/x.toml", route).start().await;
    for (host, calls) in [("app.test", 1), ("app.test", 1), ("admin.test", 2), ("admin.test", 2)] {
        let request = gateway.post("/x", json!({})).header("host", host);
        let reply = request.header("idempotency-key", "the-same-key-for-both").await;
        reply.assert_data(200, json!("made"));
        assert_eq!(up.total(), calls, "{host}");
    }
}

#[tokio::test]
async fn limits_may_count_by_frontend() {
    let limit = "\n[rate_limits.each]\nquota = \"1/h\"\nkey_from = '$request.frontend'\n";
    let route = "session = \"none\"\nrate_limits = [\"each\"]\n[get]\n";
    let config = config().gateway(limit).route("x.toml", route);
    let gateway = config.file("routes-admin/x.toml", route).start().await;
    for (host, status) in [("app.test", 200), ("app.test", 429), ("admin.test", 200)] {
        gateway.get("/x").header("host", host).await.assert_status(status);
    }
}
