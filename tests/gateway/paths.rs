//! One reading of a path for routing, authorization and upstreams (`P1` to `P10`).

use crate::harness::*;

async fn gateway() -> (Upstream, Gateway) {
    let users = Upstream::start().await;
    users.on("*", "/**", Reply::json(json!("here")));
    let route = |session: &str, path: &str| {
        format!(
            "session = \"{session}\"\n[get.calls.it]\nupstream = \"users\"\npath = \"{path}\"\n\
             [delete.calls.it]\nupstream = \"users\"\nmethod = \"DELETE\"\npath = \"{path}\"\n"
        )
    };
    let gateway = Gateway::config()
        .upstream("users", &users)
        .route("public.toml", &route("none", "/public"))
        .route("private.toml", &route("required", "/private"))
        .route("admin.toml", &route("required", "/admin"))
        .route("api/private.toml", &route("required", "/private"))
        .route("users/[id].toml", &route("none", "/users/{$params.id}"))
        .route("files/[...path].toml", &route("none", "/files/{$params.path}"))
        .route(
            "search.toml",
            &format!("input.query.id = {{}}\n{}", route("none", "/items/{$query.id}")),
        )
        .start()
        .await;
    (users, gateway)
}

/// Neither nobody nor somebody gets to an upstream by these targets.
async fn refuses(targets: &[&str], statuses: &[u16]) {
    let (users, gateway) = gateway().await;
    let alice = format!("authorization: Bearer {}\r\n", token(json!({})));
    for target in targets {
        for headers in ["", &alice] {
            let status = gateway.raw_status(target, headers).await;
            assert!(statuses.contains(&status), "{target}: {status}");
        }
    }
    let seen: Vec<_> = users.requests().iter().map(|request| request.target.clone()).collect();
    assert!(seen.is_empty(), "{seen:?}");
}

/// These are the private path: nobody gets 401.
async fn needs_a_session(targets: &[&str]) {
    let (users, gateway) = gateway().await;
    for target in targets {
        assert_eq!(gateway.raw_status(target, "").await, 401, "{target}");
        let reply = gateway.raw_get(target, "").await;
        assert!(reply.contains("www-authenticate: Bearer"), "{reply}");
    }
    assert_eq!(users.total(), 0);
}

#[tokio::test]
async fn p1_a_path_that_climbs_is_refused() {
    let targets = [
        "/public/../admin",
        "/public/%2e%2e/admin",
        "/public/%2E%2E/admin",
        "/public/..%2fadmin",
        "/public/.%2e/admin",
        "/public/..;/admin",
        "/public/%252e%252e/admin",
        "/public\\..\\admin",
        "/public/..%5cadmin",
        "/public/./admin",
        "/files/../admin",
        "/files/a/..%2f..%2fadmin",
        "/files/%2e%2e/admin",
        "/files/a/..",
        "/users/..",
        "/users/.%2e",
    ];
    refuses(&targets, &[400, 404]).await;
}

#[tokio::test]
async fn p2_path_parameters_are_no_way_around() {
    let targets =
        ["/admin;x=y", "/admin;/x", "/public;/../admin", "/admin;", "/;/admin", "/admin%3bx=y"];
    refuses(&targets, &[400, 404]).await;
}

#[tokio::test]
async fn p3_what_follows_the_path_does_not_change_it() {
    needs_a_session(&["/private?x=/public", "/private?/public", "/private?", "/private??/public"])
        .await;
    refuses(&["/private%23/public", "/private%3f/public"], &[400, 404]).await;
    // A target has no fragment (RFC 9112 §3.2).
    refuses(&["/private#/public", "/public#/../private", "/public#", "/public?a#b"], &[400]).await;
}

#[tokio::test]
async fn p4_a_path_has_one_spelling_of_its_structure() {
    needs_a_session(&["/api/private", "/%61pi/private", "/api/%70rivate"]).await;
    let others = [
        "//api/private",
        "/api//private",
        "/API/private",
        "/api/private/",
        "/api/private%00",
        "/api/private%",
        "/api/private%2",
        "/api/private%zz",
        "/api%2fprivate",
        "/api/private%20",
        "/api/private%ff",
    ];
    refuses(&others, &[400, 404]).await;
}

#[tokio::test]
async fn p5_another_representation_is_no_other_policy() {
    needs_a_session(&["/private?_rsc=1", "/private?format=json", "/private?__nextDataReq=1"]).await;
    let others = ["/private.json", "/private.rsc", "/private.txt", "/_next/data/x/private.json"];
    refuses(&others, &[404]).await;
}

#[tokio::test]
async fn p6_a_route_ends_at_its_segment() {
    refuses(&["/administrator", "/admin.", "/adminx/y", "/admi", "/admin/x"], &[404]).await;
}

#[tokio::test]
async fn p7_the_authority_chooses_nothing() {
    let (users, gateway) = gateway().await;
    let evil = Upstream::start().await;
    let (own, evil_host) = (gateway.address, evil.address());
    let ask = async |target: &str, hosts: &[&str]| {
        let hosts: String = hosts.iter().map(|host| format!("host: {host}\r\n")).collect();
        let head = format!("GET {target} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        let reply = gateway.raw(head).await;
        reply.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).expect("a status")
    };
    let own = own.to_string();
    let evil_host = evil_host.to_string();

    for (target, hosts) in [
        (format!("http://{evil_host}/public"), vec![&*own]),
        ("http://evil.test/".to_owned(), vec![&*own]),
        (format!("http://{own}@evil.test/public"), vec![&*own]),
        (format!("http://{own}/public"), vec![&*evil_host]),
        ("/public".to_owned(), vec![&*own, &*evil_host]),
        ("/public".to_owned(), vec!["a@b"]),
        ("/public".to_owned(), vec!["a/b"]),
        ("/public".to_owned(), vec!["a b"]),
        ("/public".to_owned(), vec![]),
        (evil_host.clone(), vec![&*own]),
        ("evil.test/public".to_owned(), vec![&*own]),
    ] {
        let status = ask(&target, &hosts).await;
        assert!([400, 404].contains(&status), "{target} {hosts:?}: {status}");
    }
    assert_eq!(users.total(), 0);

    // The absolute form of our own address is the same path.
    assert_eq!(ask(&format!("http://{own}/private"), &[&own]).await, 401);
    assert_eq!(ask(&format!("http://{own}/public"), &[&own]).await, 200);
    // Another host is a name for us, and no upstream hears of it.
    assert_eq!(ask("/private", &[&evil_host]).await, 401);
    assert_eq!(ask("/public", &[&evil_host]).await, 200);
    let upstream = users.address().to_string();
    assert!(users.requests().iter().all(|request| request.header_values("host") == [&*upstream]));
    assert_eq!((users.total(), evil.total()), (2, 0));
}

#[tokio::test]
async fn p8_what_a_client_writes_stays_one_segment() {
    let (users, gateway) = gateway().await;
    let long = "a".repeat(7000);
    for (target, sent) in [
        ("/users/@evil.test", "/users/%40evil.test"),
        ("/users/evil.test:80", "/users/evil.test%3A80"),
        ("/users/a%3Fx=1", "/users/a%3Fx%3D1"),
        ("/users/a%23b", "/users/a%23b"),
        ("/users/a;b=c", "/users/a%3Bb%3Dc"),
        ("/users/a+b%20c", "/users/a%2Bb%20c"),
        ("/users/%25zz", "/users/%25zz"),
        ("/users/...", "/users/..."),
        ("/users/%C3%A9", "/users/%C3%A9"),
        ("/files/a/b%3F/c", "/files/a/b%3F/c"),
        ("/search?id=../../admin", "/items/..%2F..%2Fadmin"),
        ("/search?id=%2F%2Fevil.test", "/items/%2F%2Fevil.test"),
        (&format!("/users/{long}"), &format!("/users/{long}")),
    ] {
        users.forget();
        assert_eq!(gateway.raw_status(target, "").await, 200, "{target}");
        let seen: Vec<_> = users.requests().iter().map(|request| request.target.clone()).collect();
        assert_eq!(seen, [sent]);
    }
    drop(gateway);
    let refused = [
        "/users/1/../../admin",
        "/users/1%2f..%2f..%2fadmin",
        "/users/http:%2f%2fevil.test",
        "/users/%0d%0aX:%20y",
        "/users/a%0ab",
        "/users/%00",
        "/users/%2e%2e",
        "/users/%252e%252e",
        "/search?id=a%0d%0aX:%20y",
        "/search?id=..",
        "/search?id=.",
        "/search?id=%2e%2e",
        "/search?id=%252e%252e",
        "/search?id=",
        "/search",
    ];
    refuses(&refused, &[400, 404]).await;
    refuses(&[&format!("/users/{}", "a".repeat(9000))], &[414]).await;
}

#[tokio::test]
async fn p9_every_method_of_a_private_path_is_private() {
    let (users, gateway) = gateway().await;
    gateway.request("HEAD", "/private").await.assert_status(401);
    gateway.request("DELETE", "/private").await.assert_error(401, "UNAUTHORIZED");
    for method in ["OPTIONS", "TRACE", "POST", "PUT", "PROPFIND", "GETX", "get"] {
        for token in ["", "x"] {
            let request = gateway.request(method, "/private").header("x-token", token);
            let reply = request.header("access-control-request-method", "GET").await;
            reply
                .assert_error(405, "METHOD_NOT_ALLOWED")
                .assert_header("allow", "GET, HEAD, DELETE");
            assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")));
        }
    }
    let connect =
        format!("CONNECT {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", users.address());
    let reply = gateway.raw(connect).await;
    assert!(reply.starts_with("HTTP/1.1 4"), "{reply}");
    assert_eq!((users.total(), users.connections()), (0, 0));
}

#[tokio::test]
async fn p10_an_upstreams_redirect_is_not_followed() {
    let users = Upstream::start().await;
    let evil = Upstream::start().await;
    evil.on("*", "/**", Reply::json(json!("stolen")));
    let route = r#"
        session = "none"
        [get.calls.it]
        upstream = "users"
        path = "/{$params.status}"
    "#;
    let gateway = Gateway::config()
        .env("KEY", "our-key")
        .upstream_with("users", &users, "headers.x-api-key = \"${KEY}\"")
        .route("[status].toml", route)
        .start()
        .await;
    for status in [301, 302, 303, 307, 308] {
        let reply = Reply::status(status).header("location", &format!("{}/steal", evil.url()));
        users.on("GET", &format!("/{status}"), reply);
        let reply = gateway.get(&format!("/{status}")).await;
        reply.assert_error(502, "UPSTREAM_ERROR").assert_no_header("location");
    }
    assert_eq!((users.total(), evil.connections()), (5, 0));
}

#[tokio::test]
async fn a_target_of_another_scheme_is_refused() {
    let (users, gateway) = gateway().await;
    let get = |scheme: &str| {
        format!("GET {scheme}://a/public HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    };
    for scheme in ["ftp", "ws", "file", "httpx"] {
        let replies = gateway.exchange(get(scheme), "GET").await;
        replies[0].assert_error(400, "BAD_REQUEST").assert_last();
    }
    assert_eq!(users.total(), 0);
    for scheme in ["http", "HTTP", "https"] {
        assert_eq!(gateway.exchange(get(scheme), "GET").await[0].status, 200, "{scheme}");
    }
}
