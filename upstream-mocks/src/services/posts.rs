use std::sync::Mutex;

use serde_json::{Value, json};

use super::seed::{Dice, WORDS};
use super::{Asked, Service, created, method_not_allowed, not_found, page, refuse, text};
use crate::scripted::lock;
use crate::wire::{Recorded, Reply};

const POSTS: u64 = 400;

/// `/posts?author=` and `/posts/{id}` (`p1` to `p400`), `/posts/{id}/comments`.
///
/// Who writes is who the gateway says it is: the header `x-user-id`.
pub(super) struct Posts(Mutex<State>);

struct State {
    posts: Vec<Value>,
    comments: Vec<Value>,
    next: u64,
}

impl Posts {
    pub(super) fn new() -> Self {
        let posts = (1..=POSTS).map(post).collect();
        let comments = (1..=POSTS).flat_map(comments).collect();
        Self(Mutex::new(State { posts, comments, next: POSTS + 1 }))
    }
}

impl Service for Posts {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        let mut state = lock(&self.0);
        match asked {
            ("GET", ["posts"]) => state.list(request),
            ("POST", ["posts"]) => state.create(request),
            (_, ["posts"]) => method_not_allowed(),
            (method, ["posts", id, rest @ ..]) => match state.find(id) {
                Some(at) => state.of_post(request, method, at, rest),
                None => not_found(),
            },
            _ => not_found(),
        }
    }
}

impl State {
    fn of_post(&mut self, request: &Recorded, method: &str, at: usize, rest: &[&str]) -> Reply {
        match (method, rest) {
            ("GET", []) => Reply::json(self.posts[at].clone()),
            ("PUT" | "PATCH", []) => self.change(at, &request.json()),
            ("DELETE", []) => {
                self.posts.remove(at);
                Reply::status(204)
            }
            ("GET", ["comments"]) => self.comments(request, at),
            ("POST", ["comments"]) => self.comment(request, at),
            (_, [] | ["comments"]) => method_not_allowed(),
            _ => not_found(),
        }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.posts.iter().position(|post| post["id"] == id)
    }

    fn list(&self, request: &Recorded) -> Reply {
        let author = request.query_value("author");
        let tag = request.query_value("tag");
        let has_tag = |post: &Value, tag: &str| {
            post["tags"].as_array().is_some_and(|tags| tags.iter().any(|known| known == tag))
        };
        let found = self
            .posts
            .iter()
            .filter(|post| author.as_deref().is_none_or(|author| post["author"] == author))
            .filter(|post| tag.as_deref().is_none_or(|tag| has_tag(post, tag)));
        page(request, &found.cloned().collect::<Vec<_>>())
    }

    fn create(&mut self, request: &Recorded) -> Reply {
        let (author, body) = (request.header("x-user-id").unwrap_or_default(), request.json());
        if author.is_empty() {
            return refuse(400, "who writes? x-user-id is missing");
        }
        if text(&body, "title").is_empty() {
            return refuse(422, "a post has a title");
        }
        let post = json!({
            "id": format!("p{}", self.next), "author": author, "title": body["title"],
            "body": text(&body, "body"), "tags": body["tags"].as_array().cloned().unwrap_or_default(),
            "likes": 0, "created_at": "2026-11-20T12:00:00Z",
        });
        self.next += 1;
        self.posts.push(post.clone());
        created(post)
    }

    fn change(&mut self, at: usize, body: &Value) -> Reply {
        let post = &mut self.posts[at];
        for name in ["title", "body", "tags"] {
            if !body[name].is_null() {
                post[name] = body[name].clone();
            }
        }
        Reply::json(post.clone())
    }

    fn comments(&self, request: &Recorded, at: usize) -> Reply {
        let id = &self.posts[at]["id"];
        let found = self.comments.iter().filter(|comment| &comment["post"] == id);
        page(request, &found.cloned().collect::<Vec<_>>())
    }

    fn comment(&mut self, request: &Recorded, at: usize) -> Reply {
        let (author, body) = (request.header("x-user-id"), request.json());
        if text(&body, "text").is_empty() {
            return refuse(422, "a comment has a text");
        }
        let comment = json!({
            "id": format!("c{}", self.next), "post": self.posts[at]["id"], "author": author,
            "text": body["text"], "created_at": "2026-11-20T12:00:00Z",
        });
        self.next += 1;
        self.comments.push(comment.clone());
        created(comment)
    }
}

/// Every user has at least one; `p1` is by `u1`.
fn post(number: u64) -> Value {
    let mut dice = Dice::new(10_000 + number);
    json!({
        "id": format!("p{number}"), "author": format!("u{}", 1 + (number - 1) % 300),
        "title": dice.title(), "body": dice.sentences(6),
        "tags": [dice.pick(WORDS), dice.pick(WORDS)],
        "likes": dice.roll(1000), "created_at": dice.moment(),
    })
}

/// Up to twelve for a post.
fn comments(post: u64) -> Vec<Value> {
    let mut dice = Dice::new(20_000 + post);
    let comment = |number| {
        json!({
            "id": format!("c{post}-{number}"), "post": format!("p{post}"),
            "author": format!("u{}", 1 + dice.roll(300)), "text": dice.sentences(1),
            "created_at": dice.moment(),
        })
    };
    (1..=post % 13).map(comment).collect()
}
