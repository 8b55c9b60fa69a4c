//! What browsers and caches on the way are told: `ETag`, `Cache-Control`, `Vary`, `HEAD`, `Range`.

use crate::harness::*;

async fn up() -> Upstream {
    let up = Upstream::start().await;
    up.on("*", "/it", Reply::json(json!({"text": "so many words ".repeat(300)})));
    up.on("GET", "/small", Reply::json(json!(1)));
    up.on("GET", "/gone", Reply::status(404));
    up
}

/// A GET and a POST over one call, with further lines of `[get]`.
fn route(session: &str, path: &str, get: &str) -> String {
    format!(
        "session = \"{session}\"\n[get]\n{get}\n[get.calls.it]\nupstream = \"up\"\npath = \"{path}\"\n\
         [post.calls.it]\nupstream = \"up\"\nmethod = \"POST\"\npath = \"/it\"\n"
    )
}

async fn with(up: &Upstream, route: &str) -> Gateway {
    Gateway::config().upstream("up", up).route("x.toml", route).start().await
}

/// A rest of so many seconds may be a second less by now.
#[track_caller]
fn assert_control(reply: &Answer, control: &str) {
    let said = reply.header("cache-control").unwrap_or_default();
    let earlier = control.split_once("max-age=").map(|(whose, rest)| {
        format!("{whose}max-age={}", rest.parse::<u64>().expect("seconds") - 1)
    });
    assert!(said == control || earlier.as_deref() == Some(said), "{control}: {reply:?}");
}

#[track_caller]
fn assert_kept(reply: &Answer, control: &str, vary: Option<&str>) {
    assert_control(reply, control);
    assert_eq!(reply.headers.get_all("cache-control").iter().count(), 1, "{reply:?}");
    let said = reply.header("vary").map(str::to_ascii_lowercase);
    assert_eq!(said.as_deref(), vary, "{reply:?}");
}

#[tokio::test]
async fn a_reply_that_the_client_has_is_304() {
    let up = up().await;
    let gateway = with(&up, &route("none", "/it", "")).await;
    let first = gateway.get("/x").await;
    let tag = first.assert_status(200).header("etag").expect("a tag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    for named in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        for method in ["GET", "HEAD"] {
            let again = gateway.request(method, "/x").header("if-none-match", &named).await;
            again.assert_status(304).assert_header("etag", &tag);
            again.assert_no_header("content-type").assert_no_header("content-length");
            assert_eq!(again.body, "");
            assert_kept(&again, "public, no-cache", Some("accept-encoding"));
            assert!(
                again.header("x-request-id").is_some()
                    && again.header("x-content-type-options").is_some()
            );
        }
    }
    for named in ["\"other\"", "", &tag[1..], "nonsense"] {
        gateway.get("/x").header("if-none-match", named).await.assert_status(200);
    }
    up.on("*", "/it", Reply::json(json!("new")));
    let changed = gateway.get("/x").header("if-none-match", &tag).await;
    changed.assert_data(200, json!("new"));
    assert_ne!(changed.header("etag"), Some(&*tag));
}

#[tokio::test]
async fn a_kept_reply_is_304_with_its_age() {
    let up = up().await;
    let cache = "[get.response]\ncache = { ttl = \"60s\", scope = \"shared\" }";
    let gateway = with(&up, &route("none", "/small", cache)).await;
    let tag = gateway.get("/x").await.header("etag").expect("a tag").to_owned();
    gateway.advance(10);
    let again = gateway.get("/x").header("if-none-match", &tag).await;
    again.assert_status(304).assert_header("frontdesk-cache", "hit").assert_header("age", "10");
    assert_kept(&again, "public, max-age=50", None);
    assert_eq!(up.total(), 1);
}

#[tokio::test]
async fn only_what_a_get_says_has_a_tag() {
    let up = up().await;
    let gateway = with(&up, &route("none", "/it", "")).await;
    gateway
        .poke("/x")
        .header("if-none-match", "*")
        .await
        .assert_status(200)
        .assert_no_header("etag");
    gateway
        .get("/none")
        .header("if-none-match", "*")
        .await
        .assert_status(404)
        .assert_no_header("etag");
    up.on("*", "/it", Reply::status(500));
    gateway
        .get("/x")
        .header("if-none-match", "*")
        .await
        .assert_status(502)
        .assert_no_header("etag");
}

#[tokio::test]
async fn a_tag_and_a_control_of_the_config_stay() {
    let up = up().await;
    let own =
        "[get.response.headers]\netag = \"\\\"v1\\\"\"\ncache-control = \"public, max-age=9\"";
    let gateway = with(&up, &route("none", "/small", own)).await;
    let reply = gateway.get("/x").await;
    reply.assert_header("etag", "\"v1\"");
    assert_kept(&reply, "public, max-age=9", None);
    gateway.get("/x").header("if-none-match", "W/\"v1\"").await.assert_status(304);
    let own = "[get.response.headers]\ncache-control = \"no-store\"";
    let gateway = with(&up, &route("none", "/small", own)).await;
    gateway.get("/x").await.assert_header("cache-control", "no-store").assert_no_header("etag");
}

#[tokio::test]
async fn head_says_what_get_says_without_its_body() {
    let up = up().await;
    let gateway = with(&up, &route("none", "/it", "")).await;
    for coding in ["", "gzip"] {
        let get = gateway.get("/x").header("accept-encoding", coding).await;
        let head = gateway.head("/x").header("accept-encoding", coding).await;
        assert!(head.bytes.is_empty());
        let of = |reply: &Answer| {
            let mut headers = reply.headers.clone();
            headers.remove("x-request-id");
            headers.remove("date");
            headers
        };
        assert_eq!(of(&get), of(&head));
        assert_eq!(head.header("content-length"), Some(&*get.bytes.len().to_string()));
    }
}

#[tokio::test]
async fn ranges_are_not_served() {
    let up = up().await;
    let gateway = with(&up, &route("none", "/it", "")).await;
    let whole = gateway.get("/x").await;
    let reply = gateway.get("/x").header("range", "bytes=0-1").await;
    reply
        .assert_status(200)
        .assert_header("accept-ranges", "none")
        .assert_no_header("content-range");
    assert_eq!(reply.body, whole.body);
    let tag = whole.header("etag").expect("a tag");
    let conditional = gateway.get("/x").header("range", "bytes=0-1").header("if-range", tag);
    conditional.await.assert_status(200);
}

#[tokio::test]
async fn who_may_keep_a_reply_goes_by_whose_it_is() {
    let up = up().await;
    let gateway = with(&up, &route("required", "/small", "")).await;
    let somebodys = Some("cookie, authorization");
    assert_kept(&gateway.get("/x").user("ada").await, "private, no-cache", somebodys);
    assert_eq!(
        gateway.get("/x").await.assert_status(401).header("cache-control"),
        Some("no-store")
    );
    gateway
        .poke("/x")
        .user("ada")
        .await
        .assert_status(200)
        .assert_header("cache-control", "no-store");

    let gateway = with(&up, &route("optional", "/small", "")).await;
    assert_kept(&gateway.get("/x").user("ada").await, "private, no-cache", somebodys);
    assert_kept(&gateway.get("/x").await, "public, no-cache", somebodys);

    let gateway = with(&up, &route("none", "/small", "")).await;
    assert_kept(&gateway.get("/x").await, "public, no-cache", None);
    gateway.poke("/x").await.assert_status(200).assert_header("cache-control", "no-store");

    let inputs = "[get.input.headers.x-kind]\ntype = \"string\"\n[get.input.cookies.theme]\ntype = \"string\"";
    let gateway = with(&up, &route("none", "/small", inputs)).await;
    assert_kept(&gateway.get("/x").await, "public, no-cache", Some("cookie, x-kind"));
}

#[tokio::test]
async fn a_time_is_told_only_for_what_is_everybodys_and_is_never_revalidated() {
    let up = up().await;
    let cache = |more: &str| format!("[get.response]\ncache = {{ ttl = \"60s\"{more} }}");
    for (session, more, control) in [
        ("none", ", scope = \"shared\"", "public, max-age=60"),
        ("none", ", scope = \"shared\", tags = [\"a\"]", "public, no-cache"),
        ("none", "", "public, no-cache"),
        ("optional", ", scope = \"shared\"", "public, no-cache"),
    ] {
        let gateway = with(&up, &route(session, "/small", &cache(more))).await;
        assert_control(&gateway.get("/x").await, control);
    }
    let gateway = with(&up, &route("required", "/small", &cache(", scope = \"shared\""))).await;
    gateway.get("/x").user("ada").await.assert_header("cache-control", "private, no-cache");
}

#[tokio::test]
async fn k4_what_comes_for_a_cookie_is_in_no_shared_cache() {
    let up = up().await;
    let shared = "[get.response]\ncache = { ttl = \"60s\", scope = \"shared\" }";
    let gateway = Gateway::config()
        .upstream("up", &up)
        .route("required.toml", &route("required", "/small", ""))
        .route("optional.toml", &route("optional", "/small", ""))
        .route("none.toml", &route("none", "/small", ""))
        .route("shared.toml", &route("none", "/small", shared))
        .route("gone.toml", &route("none", "/gone", ""))
        .start()
        .await;
    assert_control(&gateway.get("/shared").await, "public, max-age=60");
    for path in ["/required", "/optional", "/none", "/shared", "/gone", "/nowhere", "/%2f"] {
        for cookie in ["theme=dark", "token=nonsense"] {
            for method in ["GET", "HEAD", "POST", "PUT"] {
                let reply = gateway.request(method, path).header("cookie", cookie).await;
                let control = reply.header("cache-control").unwrap_or_default();
                assert!(control.contains("private") || control == "no-store", "{path} {reply:?}");
                let vary = reply.header("vary").unwrap_or_default().to_ascii_lowercase();
                assert!(vary.split(", ").any(|one| one == "cookie"), "{path} {reply:?}");
            }
        }
    }
    let mine = gateway.get("/required").cookie_user("ada").by_our_page().await;
    assert_kept(mine.assert_status(200), "private, no-cache", Some("cookie, authorization"));
}

#[tokio::test]
async fn k4_what_sets_a_cookie_is_kept_by_nobody() {
    let up = up().await;
    let idp = Idp::start().await;
    let shared = "[get.response]\ncache = { ttl = \"60s\", scope = \"shared\" }";
    let config = Gateway::config().gateway(&login_at(&idp, "")).upstream("up", &up);
    let gateway = config.route("x.toml", &route("optional", "/small", shared)).start().await;
    // A cookie that is no session any more is deleted.
    for _ in 0..2 {
        let dead = format!("__Host-Http-session=v1.{}.{}", "A".repeat(22), "A".repeat(43));
        let reply = gateway.get("/x").header("cookie", &dead).by_our_page().await;
        if reply.header("set-cookie").is_some() {
            reply.assert_header("cache-control", "no-store");
        } else {
            panic!("no cookie is deleted: {reply:?}");
        }
    }
    gateway.get("/x").await.assert_no_header("set-cookie").assert_header("frontdesk-cache", "hit");
}

#[tokio::test]
async fn k5_a_path_that_looks_like_a_file_is_not_the_session() {
    let up = up().await;
    let idp = Idp::start().await;
    let config = Gateway::config().gateway(&login_at(&idp, "")).upstream("up", &up);
    let gateway = config.route("x.toml", &route("none", "/small", "")).start().await;
    assert_eq!(gateway.raw_status("/auth/session", "").await, 200);
    for path in [
        "/auth/session/x.css",
        "/auth/session;x.js",
        "/auth/session%0a.css",
        "/auth/session%3f.css",
        "/auth/session%23.css",
        "/auth/session.css",
        "/auth/session/",
        "/x/a.css",
        "/x;a.js",
        "/x%0a.css",
        "/x%3f.css",
    ] {
        let reply = gateway.raw_get(path, "").await;
        let status = reply.split(' ').nth(1).unwrap_or_default();
        assert!(["404", "400"].contains(&status), "{path}: {reply}");
        assert!(reply.contains("cache-control: no-store"), "{path}: {reply}");
        assert!(!reply.contains("authenticated"), "{path}: {reply}");
    }
}

const PAGE: &str = r#"
session = "none"
[get.calls.page]
upstream = "up"
path = "/page"
expect = "text"
[get.response]
envelope = "text"
[get.response.headers]
content-type = "text/html; charset=utf-8"
content-security-policy = "default-src 'none'; connect-src 'self'"
"#;

/// Shown with Chromium: what may be kept for a time is not asked for again, and of what must be asked for no body comes.
#[tokio::test]
async fn a_browser_keeps_what_it_may_and_asks_for_the_rest_without_getting_it_twice() {
    let up = up().await;
    up.on("GET", "/page", Reply::text("<!DOCTYPE html><title>A page</title>"));
    let shared = "[get.response]\ncache = { ttl = \"60s\", scope = \"shared\" }";
    let gateway = Gateway::config()
        .upstream("up", &up)
        .route("index.toml", PAGE)
        .route("kept.toml", &route("none", "/it", shared))
        .route("checked.toml", &route("none", "/it", ""))
        .start()
        .await;
    let visit = browse("fetch_twice", &gateway.url("")).await;
    let visit = visit.unwrap_or_else(|error| panic!("{error}"));
    for path in ["/kept", "/checked"] {
        let (bodies, sizes) = (&visit[path]["bodies"], &visit[path]["sizes"]);
        assert_eq!(bodies[0], bodies[1]);
        let of = |n: usize| [0, 1, 2].map(|at| sizes[n][at].as_u64().expect("a size"));
        let ([first, encoded, decoded], [again, _, decoded_again]) = (of(0), of(1));
        assert_eq!(decoded, decoded_again);
        assert!(encoded * 2 < decoded && first > encoded, "it came compressed: {visit:#}");
        match path {
            "/kept" => assert_eq!(again, 0, "it was not asked for again: {visit:#}"),
            _ => assert!(again > 0 && again < 400, "no body came again: {visit:#}"),
        }
    }
    let asked = up.requests().iter().filter(|request| request.path() == "/it").count();
    assert_eq!(asked, 3, "once to be kept, twice to be checked");
}
