use bytes::Bytes;
use serde_json::{Value, json};

use super::{Service, all};
use crate::wire::{Recorded, Reply};

struct Asking(Box<dyn Service>);

impl Asking {
    fn service(name: &str) -> Self {
        Self(all().into_iter().find(|(known, _)| *known == name).unwrap().1)
    }

    fn reply(&self, method: &str, target: &str, body: Value) -> Reply {
        let request = Recorded {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![("x-user-id".to_owned(), "u1".to_owned())],
            body: if body.is_null() { Bytes::new() } else { body.to_string().into() },
            head: Bytes::new(),
            connection: 1,
            nth: 1,
        };
        let segments = request.segments();
        let path: Vec<_> = segments.iter().map(String::as_str).collect();
        self.0.answer((method, &path), &request)
    }

    fn get(&self, target: &str) -> Value {
        let (status, body) = self.reply("GET", target, Value::Null).parts();
        assert_eq!(status, 200, "{target}");
        serde_json::from_slice(&body).unwrap()
    }

    fn status(&self, method: &str, target: &str, body: Value) -> u16 {
        self.reply(method, target, body).parts().0
    }
}

#[test]
fn bodies_have_the_size_of_real_ones() {
    let size = |service: &str, target: &str| Asking::service(service).get(target).to_string().len();
    assert!((600..800).contains(&size("users", "/users/u1")), "{}", size("users", "/users/u1"));
    assert!((900..1200).contains(&size("analytics", "/stats/u1")));
    assert!((60..120).contains(&size("notifications", "/unread/u1")));
}

#[test]
fn all_services_are_named() {
    assert_eq!(all().iter().map(|(name, _)| *name).collect::<Vec<_>>(), crate::GUARDED);
}

#[test]
fn data_is_the_same_at_every_start() {
    for target in ["/users/u7", "/users?page=3"] {
        assert_eq!(Asking::service("users").get(target), Asking::service("users").get(target));
    }
    assert_eq!(Asking::service("users").get("/users/u1")["name"], "Ada Lovelace");
    assert_eq!(Asking::service("posts").get("/posts/p1")["author"], "u1");
}

#[test]
fn lists_come_in_pages() {
    let users = Asking::service("users");
    let page = users.get("/users?page=3&limit=120");
    assert_eq!((&page["total"], &page["limit"]), (&json!(300), &json!(100)));
    assert_eq!(page["items"].as_array().unwrap().len(), 100);
    assert_eq!(page["items"][0]["id"], "u201");
    assert_eq!(users.get("/users?page=99")["items"], json!([]));
    assert_eq!(users.get("/users?q=lovelace%20")["total"], json!(0));
    assert!(users.get("/users?q=lovelace")["total"].as_u64().unwrap() > 0);
}

#[test]
fn users_are_created_replaced_and_deleted() {
    let users = Asking::service("users");
    let ada = json!({"name": "A", "email": "a@example.com"});
    assert_eq!(users.status("POST", "/users", ada.clone()), 201);
    assert_eq!(users.status("POST", "/users", ada.clone()), 409);
    assert_eq!(users.status("POST", "/users", json!({"name": "A"})), 422);
    assert_eq!(users.status("PUT", "/users/u301", json!({"name": "B", "email": "b@x"})), 200);
    assert_eq!(users.get("/users/u301")["name"], "B");
    assert_eq!(users.status("DELETE", "/users/u301", Value::Null), 204);
    assert_eq!(users.status("GET", "/users/u301", Value::Null), 404);
    assert_eq!(users.status("PUT", "/users/u301", ada), 404);
    assert_eq!(users.status("PATCH", "/users/u1", json!({})), 405);
}

#[test]
fn posts_have_comments() {
    let posts = Asking::service("posts");
    assert_eq!(posts.status("POST", "/posts", json!({"title": "Hello"})), 201);
    let post = posts.get("/posts/p401");
    assert_eq!((&post["author"], &post["title"]), (&json!("u1"), &json!("Hello")));
    assert_eq!(posts.get("/posts?author=u1")["total"], 3);
    assert_eq!(posts.status("PATCH", "/posts/p401", json!({"title": "Bye"})), 200);
    assert_eq!(posts.get("/posts/p401")["title"], "Bye");
    assert_eq!(posts.status("POST", "/posts/p401/comments", json!({"text": "Hi"})), 201);
    assert_eq!(posts.get("/posts/p401/comments")["items"][0]["text"], "Hi");
    assert_eq!(posts.get("/posts/p12/comments")["total"], 12);
    assert_eq!(posts.status("DELETE", "/posts/p401", Value::Null), 204);
    assert_eq!(posts.status("GET", "/posts/p401/comments", Value::Null), 404);
}

#[test]
fn a_checkout_may_be_declined() {
    let payments = Asking::service("payments");
    let charge = |card: &str| json!({"amount": 1290, "currency": "EUR", "card": card});
    assert_eq!(payments.status("POST", "/charges", charge("card_declined")), 402);
    assert_eq!(payments.status("POST", "/charges", charge("card_ok")), 201);
    assert_eq!(payments.get("/charges/ch1")["status"], "paid");

    let orders = Asking::service("orders");
    let order = json!({"sku": "mug", "quantity": 1, "charge": "ch1"});
    assert_eq!(orders.status("POST", "/orders", order), 201);
    assert_eq!(orders.get("/orders?user=u1")["total"], 1);
    assert_eq!(orders.get("/orders/o1")["charge"], "ch1");
}

#[test]
fn reading_notifications_empties_them() {
    let notifications = Asking::service("notifications");
    assert!(notifications.get("/unread/u1")["unread"].as_u64().unwrap() > 0);
    assert_eq!(notifications.status("DELETE", "/unread/u1", Value::Null), 204);
    assert_eq!(notifications.get("/unread/u1")["unread"], 0);
}
