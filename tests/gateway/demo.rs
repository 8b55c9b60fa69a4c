//! The demo's own config, in `config/`, against its services.

use std::path::Path;
use std::time::Duration;

use crate::harness::*;

struct Demo {
    mocks: Mocks,
    gateway: Gateway,
}

impl Demo {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With other values of the environment than those that lead to the mocks.
    async fn start_with(environment: &[(&str, &str)]) -> Self {
        let mocks = Mocks::start(Options::default()).await.expect("mocks");
        let mut config = Gateway::config()
            .env("FRONTDESK_LISTEN", "127.0.0.1:0")
            .env("FRONTDESK_ADMIN", "127.0.0.1:0")
            // The file is that of a demo that may be running.
            .env("FRONTDESK_STORE", "memory");
        for name in mocks.names() {
            config = config.env(&format!("{}_URL", name.to_uppercase()), &mocks.url(name));
        }
        for (name, value) in environment {
            config = config.env(name, value);
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
        let gateway = config.start_at(&folder).await;
        Self { mocks, gateway }
    }

    /// A request of this user, who has these roles.
    fn request(&self, user: &str, roles: &[&str], method: &str, path: &str) -> Request {
        let token = self.mocks.token(user, &json!({ "roles": roles })).expect("a token");
        let request = self.gateway.request(method, &format!("/api/v1{path}"));
        request.header("authorization", &format!("Bearer {token}"))
    }

    fn get(&self, path: &str) -> Request {
        self.request("u1", &[], "GET", path)
    }

    fn send(&self, method: &str, path: &str, body: Value) -> Request {
        self.request("u1", &[], method, path).json(body)
    }
}

/// What a value looks like: the members of its objects, and the types of what they hold.
fn shape(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "text".to_owned(),
        Value::Array(items) => {
            items.first().map_or("[]".to_owned(), |one| format!("[{}]", shape(one)))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}: {}", shape(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

#[tokio::test]
async fn the_dashboard_is_a_screen_in_one_reply() {
    let demo = Demo::start().await;

    let reply = demo.get("/dashboard").await;

    reply.assert_status(200).assert_no_header("frontdesk-partial");
    insta::assert_snapshot!(shape(&reply.json()), @"{data: {user: {id: text, name: text, avatar: text}, team: text, unread: number, stats: {views: number, visitors: number, series: [number]}, following: [{id: text, name: text, avatar: text}]}}");
    let data = &reply.json()["data"];
    assert_eq!(data["user"]["name"], "Ada Lovelace");
    assert_eq!(data["stats"]["series"].as_array().map(Vec::len), Some(30));
    assert_eq!(demo.mocks.count("users", "GET /users/u1"), 1);
    let days = demo.get("/dashboard?days=7").await;
    assert_eq!(days.json()["data"]["stats"]["series"].as_array().map(Vec::len), Some(7));
    demo.get("/dashboard?days=0").await.assert_error(400, "VALIDATION_ERROR");
    demo.gateway.get("/api/v1/dashboard").await.assert_error(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn a_purchase_that_was_paid_elsewhere_becomes_one_order() {
    let demo =
        Demo::start_with(&[("PAYMENTS_WEBHOOK_SECRET", "whsec_of-more-than-sixteen-bytes")]).await;
    let send = |id: &str, kind: &str, secret: &str| {
        let data = json!({"sku": "mug", "charge": "ch_77"});
        let body = json!({"id": id, "type": kind, "data": data}).to_string();
        let signature = crate::webhooks::stripe(secret, now(), &body);
        let request = demo.gateway.request("POST", "/api/v1/webhooks/payments");
        request.body("application/json", body).header("stripe-signature", &signature)
    };
    let ours = "whsec_of-more-than-sixteen-bytes";

    send("evt_1", "checkout.completed", "whsec_of-somebody-else")
        .await
        .assert_error(401, "UNAUTHORIZED");
    send("evt_1", "checkout.completed", ours).await.assert_data(200, json!({"order": "o1"}));
    send("evt_1", "checkout.completed", ours).await.assert_data(200, Value::Null);
    send("evt_2", "checkout.expired", ours).await.assert_data(200, json!({"order": null}));
    assert_eq!(demo.mocks.count("orders", "POST /orders"), 1);
    let order = demo.mocks.requests("orders")[0].json();
    assert_eq!(order, json!({"sku": "mug", "quantity": 1, "charge": "ch_77"}));
}

#[tokio::test]
async fn the_dashboard_does_without_what_is_not_needed() {
    let demo = Demo::start().await;
    demo.mocks.fault("analytics", "/stats/*", Fault::Status(503));
    demo.mocks.fault("notifications", "/**", Fault::Hang);

    let reply = demo.get("/dashboard").await;

    reply.assert_status(200);
    let body = reply.json();
    assert_eq!(body["data"]["unread"], 0);
    assert_eq!(body["data"]["stats"], json!({"views": 0, "visitors": 0, "series": []}));
    assert_eq!(
        body["meta"]["partial"],
        json!([
            {"call": "stats", "code": "UPSTREAM_UNAVAILABLE"},
            {"call": "unread", "code": "UPSTREAM_TIMEOUT"},
        ])
    );
    reply.assert_header("frontdesk-partial", "stats, unread");
}

#[tokio::test]
async fn the_dashboard_fails_without_its_user() {
    let demo = Demo::start().await;

    demo.mocks.fault("users", "/users/u1", Fault::Hang);
    demo.get("/dashboard").await.assert_error(504, "UPSTREAM_TIMEOUT");
    demo.mocks.heal();
    demo.mocks.fault("users", "/users/u1", Fault::Garbage);
    demo.get("/dashboard").await.assert_error(502, "UPSTREAM_ERROR");
    demo.mocks.heal();
    demo.mocks.fault("users", "/users/*", Fault::Delay(Duration::from_millis(50)));
    demo.get("/dashboard").await.assert_status(200);
}

#[tokio::test]
async fn users_come_in_pages() {
    let demo = Demo::start().await;

    let reply = demo.get("/users?page=2&limit=7").await;

    reply.assert_status(200);
    let body = reply.json();
    insta::assert_snapshot!(shape(&body), @"{data: [{id: text, name: text, avatar: text, active: boolean}], pagination: {page: number, limit: number, total: number, totalPages: number}}");
    assert_eq!(body["pagination"], json!({"page": 2, "limit": 7, "total": 300, "totalPages": 43}));
    assert_eq!(body["data"].as_array().map(Vec::len), Some(7));
    assert_eq!(body["data"][0]["id"], "u8");

    let defaults = demo.get("/users").await.json();
    assert_eq!(
        defaults["pagination"],
        json!({"page": 1, "limit": 20, "total": 300, "totalPages": 15})
    );
    let none = demo.get("/users?q=zzzz").await.json();
    assert_eq!(none["data"], json!([]));
    assert_eq!(none["pagination"]["totalPages"], 0);
    let beyond = demo.get("/users?page=99").await.json();
    assert_eq!(beyond["data"], json!([]));
    for query in ["page=0", "limit=0", "limit=101", "page=x"] {
        demo.get(&format!("/users?{query}")).await.assert_error(400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_user_is_created_read_replaced_and_deleted() {
    let demo = Demo::start().await;
    let admin = |method: &str, path: &str| demo.request("u2", &["admin"], method, path);
    let grace = json!({"name": "Grace", "email": "grace@example.com", "role": "admin", "id": "u1"});

    demo.send("POST", "/users", grace.clone()).await.assert_error(403, "FORBIDDEN");
    let made = admin("POST", "/users").json(grace.clone()).await;
    let expected =
        json!({"id": "u301", "name": "Grace", "email": "grace@example.com", "team_id": null});
    made.assert_data(201, expected).assert_header("location", "/api/v1/users/u301");
    admin("POST", "/users").json(grace).await.assert_error(409, "CONFLICT");
    admin("POST", "/users")
        .json(json!({"name": "x", "email": "no"}))
        .await
        .assert_error(422, "UNPROCESSABLE");
    let sent = demo.mocks.requests("users")[0].json();
    assert_eq!(sent, json!({"name": "Grace", "email": "grace@example.com"}));

    let read = demo.get("/users/u301").await;
    assert_eq!(read.json()["data"]["name"], "Grace");
    assert_eq!(read.json()["data"].get("email"), None);
    let own = demo.get("/users/u1").await;
    insta::assert_snapshot!(shape(&own.json()), @"{data: {id: text, name: text, avatar: text, bio: text, joined_at: text, email: text, team: text, posts: [{id: text, title: text, excerpt: text, tags: [text], likes: number, created_at: text}]}}");

    let other = json!({"name": "Grace Hopper", "email": "grace@example.com"});
    demo.send("PUT", "/users/u301", other.clone()).await.assert_error(403, "FORBIDDEN");
    let replaced = admin("PUT", "/users/u301").json(other).await;
    assert_eq!(replaced.json()["data"]["name"], "Grace Hopper");
    demo.request("u301", &[], "PUT", "/users/u301")
        .json(json!({"name": "G", "email": "g@example.com"}))
        .await
        .assert_status(200);

    demo.request("u301", &[], "DELETE", "/users/u301").await.assert_error(403, "FORBIDDEN");
    let gone = admin("DELETE", "/users/u301").await;
    gone.assert_status(204);
    assert_eq!(gone.body, "");
    demo.get("/users/u301").await.assert_error(404, "NOT_FOUND");
    demo.get("/users/x1").await.assert_error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn posts_belong_to_their_authors() {
    let demo = Demo::start().await;

    let list = demo.get("/posts?author=u1&limit=1").await.json();
    insta::assert_snapshot!(shape(&list), @"{data: [{id: text, title: text, excerpt: text, tags: [text], likes: number, created_at: text, author: {id: text, name: text, avatar: text}}], pagination: {page: number, limit: number, total: number, totalPages: number}}");
    let one = demo.get("/posts/p1").await.json();
    insta::assert_snapshot!(shape(&one), @"{data: {id: text, author: {id: text, name: text, avatar: text}, title: text, body: text, tags: [text], likes: number, created_at: text, comments: {total: number, first: [{id: text, author: text, text: text}]}}}");

    let made = demo
        .send("POST", "/posts", json!({"title": "T", "body": "B", "author": "u9", "likes": 5}))
        .await;
    made.assert_status(201);
    assert_eq!(made.json()["data"]["author"], "u1");
    assert_eq!(made.json()["data"]["likes"], 0);
    let id = made.json()["data"]["id"].as_str().expect("an id").to_owned();
    made.assert_header("location", &format!("/api/v1/posts/{id}"));

    let path = format!("/posts/{id}");
    let changed = demo.send("PATCH", &path, json!({"title": "U"})).await;
    assert_eq!(changed.json()["data"]["title"], "U");
    assert_eq!(changed.json()["data"]["body"], "B");
    let body = json!({"title": "V", "body": "W"});
    demo.send("PUT", &path, body.clone()).await.assert_status(200);

    // Another user may not, and nothing is sent that would change something.
    for method in ["PUT", "PATCH"] {
        let other = demo.request("u2", &[], method, &path).json(body.clone());
        other.await.assert_error(403, "FORBIDDEN");
        assert_eq!(demo.mocks.count("posts", &format!("{method} {path}")), 1);
    }
    demo.request("u2", &[], "DELETE", &path).await.assert_error(403, "FORBIDDEN");
    assert_eq!(demo.mocks.count("posts", &format!("DELETE {path}")), 0);
    demo.request("u2", &["support"], "DELETE", &path).await.assert_status(204);
    demo.send("PUT", &path, body).await.assert_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn comments_hang_below_their_post() {
    let demo = Demo::start().await;

    let page = demo.get("/posts/p12/comments?limit=5").await.json();
    insta::assert_snapshot!(shape(&page), @"{data: [{id: text, text: text, created_at: text, author: {id: text, name: text, avatar: text}}], pagination: {page: number, limit: number, total: number, totalPages: number}}");
    assert_eq!(page["pagination"], json!({"page": 1, "limit": 5, "total": 12, "totalPages": 3}));

    let made =
        demo.send("POST", "/posts/p12/comments", json!({"text": "Nice", "author": "u9"})).await;
    made.assert_status(201);
    let asked = demo.mocks.requests("posts");
    assert_eq!(
        asked.last().and_then(|one| one.header("x-user-id").map(str::to_owned)).as_deref(),
        Some("u1")
    );
    let last = demo.get("/posts/p12/comments?limit=5&page=3").await.json();
    let author = &last["data"][2]["author"];
    assert_eq!((&last["data"][2]["text"], &author["id"]), (&json!("Nice"), &json!("u1")));
    demo.get("/posts/p999/comments").await.assert_error(404, "NOT_FOUND");
    demo.send("POST", "/posts/p12/comments", json!({})).await.assert_error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn checkout_charges_and_then_orders() {
    let demo = Demo::start().await;
    let buy = |body: Value| demo.send("POST", "/checkout", body);

    let reply = buy(json!({"sku": "mug", "card": "card_ok", "quantity": 2, "amount": 1})).await;
    reply.assert_status(201);
    insta::assert_snapshot!(shape(&reply.json()), @"{data: {order: {id: text, status: text}, paid: {amount: number, currency: text}}}");
    let order = reply.json()["data"]["order"]["id"].as_str().expect("an id").to_owned();
    reply.assert_header("location", &format!("/api/v1/orders/{order}"));
    assert_eq!(demo.mocks.requests("orders")[0].json()["charge"], "ch1");

    assert_eq!(demo.get(&format!("/orders/{order}")).await.json()["data"]["quantity"], 2);
    assert_eq!(demo.get("/orders").await.json()["pagination"]["total"], 1);
    let other = demo.request("u2", &[], "GET", &format!("/orders/{order}")).await;
    other.assert_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn checkout_with_one_key_is_paid_once() {
    let demo = Demo::start().await;
    let body = json!({"sku": "mug", "card": "card_ok"});
    let buy =
        |key: &str| demo.send("POST", "/checkout", body.clone()).header("idempotency-key", key);

    let first = buy("k1").await;
    first.assert_status(201);
    let again = buy("k1").await;
    again.assert_json(201, first.json()).assert_header("idempotency-replayed", "true");
    assert_eq!((demo.mocks.total("payments"), demo.mocks.total("orders")), (1, 1));
    buy("k2").await.assert_status(201);
    let keys: Vec<_> = demo.mocks.requests("payments");
    let keys: Vec<_> = keys.iter().map(|one| one.header("idempotency-key").unwrap()).collect();
    assert!(keys[0] != keys[1] && !keys[0].contains("k1"), "{keys:?}");
}

#[tokio::test]
async fn nothing_is_ordered_that_is_not_paid() {
    let demo = Demo::start().await;
    let buy = |body: Value| demo.send("POST", "/checkout", body);

    let declined = buy(json!({"sku": "mug", "card": "card_declined"})).await;
    declined.assert_error(402, "CARD_DECLINED");
    assert_eq!(
        declined.json()["error"]["details"],
        json!([{"field": "body.card", "message": "insufficient_funds"}])
    );
    demo.mocks.fault_times("payments", "/charges", Fault::Reset, 1);
    buy(json!({"sku": "mug", "card": "card_ok"})).await.assert_error(502, "UPSTREAM_ERROR");
    assert_eq!(demo.mocks.total("orders"), 0);
    assert_eq!(demo.mocks.total("payments"), 2);

    buy(json!({"sku": "poster", "card": "card_ok"})).await.assert_error(409, "OUT_OF_STOCK");
    buy(json!({"sku": "nothing", "card": "card_ok"})).await.assert_error(404, "NOT_FOUND");
    buy(json!({"card": 5})).await.assert_error(400, "VALIDATION_ERROR");
    assert_eq!(demo.mocks.total("payments"), 2);
    assert_eq!(demo.mocks.total("orders"), 0);
}

#[tokio::test]
async fn some_things_are_for_staff() {
    let demo = Demo::start().await;

    for path in ["/reports/teams", "/analytics/stats/u1"] {
        demo.get(path).await.assert_error(403, "FORBIDDEN");
        demo.gateway.get(&format!("/api/v1{path}")).await.assert_error(401, "UNAUTHORIZED");
    }
    assert_eq!(demo.mocks.total("analytics"), 0);

    let teams = demo.request("u1", &["support"], "GET", "/reports/teams").await.json();
    assert_eq!(teams["data"].as_array().map(Vec::len), Some(12));
    insta::assert_snapshot!(shape(&teams), @"{data: [{id: text, name: text, members: number, lead: {id: text, name: text, avatar: text}}]}");
    let raw = demo.request("u1", &["admin"], "GET", "/analytics/stats/u%2F..%2F1?days=3").await;
    raw.assert_status(400);
    let raw = demo.request("u1", &["admin"], "GET", "/analytics/stats/u1?days=3").await;
    raw.assert_status(200);
    assert_eq!(demo.mocks.requests("analytics")[0].target, "/stats/u1?days=3");
}

#[tokio::test]
async fn what_all_share_is_asked_for_once_until_somebody_changes_it() {
    let demo = Demo::start().await;
    let products = async |how| {
        let reply = demo.gateway.get("/api/v1/products").await;
        reply.assert_status(200).assert_header("frontdesk-cache", how);
    };
    let body = json!({"title": "T", "body": "B"});
    let made = demo.send("POST", "/posts", body).await.json();
    let path = format!("/posts/{}", made["data"]["id"].as_str().expect("an id"));
    let post = |user| demo.request(user, &[], "GET", &path);

    products("miss").await;
    products("hit").await;
    demo.send("POST", "/checkout", json!({"sku": "mug", "card": "card_ok"}))
        .await
        .assert_status(201);
    products("miss").await;
    assert_eq!(demo.mocks.count("stock", "GET /items"), 2);

    post("u1").await.assert_header("frontdesk-cache", "miss");
    post("u2").await.assert_header("frontdesk-cache", "hit");
    let title = json!({"title": "Another one"});
    demo.send("PATCH", &path, title).await.assert_status(200);
    let reply = post("u2").await;
    reply.assert_status(200).assert_header("frontdesk-cache", "miss");
    assert_eq!(reply.json()["data"]["title"], "Another one");
}

#[tokio::test]
async fn some_things_are_for_everybody() {
    let demo = Demo::start().await;
    let open = |path: &str| demo.gateway.get(&format!("/api/v1{path}"));

    open("/status").await.assert_data(200, json!({"users": "up", "posts": "up", "orders": "up"}));
    let window = open("/products").await.json();
    insta::assert_snapshot!(shape(&window), @"{data: [{sku: text, name: text, price: number, currency: text, sold_out: boolean}]}");
    assert_eq!(open("/products/poster").await.json()["data"]["sold_out"], true);
    assert_eq!(open("/products/mug").await.json()["data"].get("available"), None);
    assert!(demo.get("/products/mug").await.json()["data"]["available"].is_number());
}

#[tokio::test]
async fn the_status_page_says_what_is_down() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", nobody.local_addr().expect("an address"));
    drop(nobody);
    let demo = Demo::start_with(&[("POSTS_URL", &url)]).await;

    let reply = demo.gateway.get("/api/v1/status").await;

    reply.assert_status(200).assert_header("frontdesk-partial", "posts");
    let expected = json!({"users": "up", "posts": "down", "orders": "up"});
    assert_eq!(reply.json()["data"], expected);
}

#[tokio::test]
async fn who_is_logged_in_and_what_is_unread() {
    let demo = Demo::start().await;

    let me = demo.request("u7", &["support"], "GET", "/me").await;
    me.assert_data(200, json!({"id": "u7", "roles": ["support"], "scopes": []}));
    insta::assert_snapshot!(shape(&demo.get("/notifications").await.json()), @"{data: {unread: number, mentions: number, latest: text}}");
    demo.request("u1", &[], "DELETE", "/notifications").await.assert_status(204);
    assert_eq!(demo.get("/notifications").await.json()["data"]["unread"], 0);
}

#[tokio::test]
async fn every_service_gets_its_key_and_the_client_s_never() {
    let demo = Demo::start().await;

    let reply = demo.get("/dashboard").header("x-api-key", "evil").header("x-user-id", "u2").await;

    reply.assert_status(200);
    for service in ["users", "analytics", "notifications"] {
        for request in demo.mocks.requests(service) {
            assert_eq!(request.header_values("x-api-key"), [demo.mocks.key(service)]);
            assert_eq!(request.header("authorization"), None);
        }
    }
    for service in ["users", "analytics", "notifications"] {
        assert!(!reply.body.contains(demo.mocks.key(service)));
    }
}
