use std::sync::Mutex;

use serde_json::{Value, json};

use super::seed::{Dice, FIRST_NAMES, LAST_NAMES};
use super::{Asked, Service, created, method_not_allowed, not_found, page, refuse, text};
use crate::scripted::lock;
use crate::wire::{Recorded, Reply};

pub(super) const USERS: u64 = 300;
const TEAMS: u64 = 12;

/// `/users` and `/users/{id}` (`u1` to `u300`), `/teams/{id}` (`t1` to `t12`).
pub(super) struct Users(Mutex<State>);

struct State {
    users: Vec<Value>,
    next: u64,
}

impl Users {
    pub(super) fn new() -> Self {
        let users = (1..=USERS).map(profile).collect();
        Self(Mutex::new(State { users, next: USERS + 1 }))
    }
}

impl Service for Users {
    fn answer(&self, asked: Asked<'_>, request: &Recorded) -> Reply {
        let mut state = lock(&self.0);
        match asked {
            ("GET", ["users"]) => state.list(request),
            ("POST", ["users"]) => state.create(&request.json()),
            ("GET", ["users", id]) => state.read(id),
            ("PUT", ["users", id]) => state.replace(id, &request.json()),
            ("DELETE", ["users", id]) => state.delete(id),
            ("GET", ["teams", id]) => team(id),
            (_, ["users"] | ["users" | "teams", _]) => method_not_allowed(),
            _ => not_found(),
        }
    }
}

impl State {
    fn list(&self, request: &Recorded) -> Reply {
        let wanted = request.query_value("q").unwrap_or_default().to_lowercase();
        let team = request.query_value("team");
        let found = self
            .users
            .iter()
            .filter(|user| text(user, "name").to_lowercase().contains(&wanted))
            .filter(|user| team.as_deref().is_none_or(|team| text(user, "team_id") == team));
        let short = found.map(|user| {
            let field = |name: &str| user[name].clone();
            json!({
                "id": field("id"), "name": field("name"), "email": field("email"),
                "avatar": field("avatar"), "active": field("active"), "team_id": field("team_id"),
            })
        });
        page(request, &short.collect::<Vec<_>>())
    }

    fn read(&self, id: &str) -> Reply {
        match self.users.iter().find(|user| user["id"] == id) {
            Some(user) => Reply::json(user.clone()),
            None => not_found(),
        }
    }

    fn create(&mut self, body: &Value) -> Reply {
        if let Some(refusal) = self.refusal(body, "") {
            return refusal;
        }
        let mut user = blank(&format!("u{}", self.next));
        self.next += 1;
        write(&mut user, body);
        self.users.push(user.clone());
        created(user)
    }

    fn replace(&mut self, id: &str, body: &Value) -> Reply {
        let Some(at) = self.users.iter().position(|user| user["id"] == id) else {
            return not_found();
        };
        if let Some(refusal) = self.refusal(body, id) {
            return refusal;
        }
        let mut user = blank(id);
        write(&mut user, body);
        self.users[at] = user.clone();
        Reply::json(user)
    }

    fn delete(&mut self, id: &str) -> Reply {
        let before = self.users.len();
        self.users.retain(|user| user["id"] != id);
        if self.users.len() < before { Reply::status(204) } else { not_found() }
    }

    fn refusal(&self, body: &Value, id: &str) -> Option<Reply> {
        let email = text(body, "email");
        if text(body, "name").is_empty() || !email.contains('@') {
            return Some(refuse(422, "a user has a name and an email"));
        }
        let taken = self.users.iter().any(|user| user["email"] == email && user["id"] != id);
        taken.then(|| refuse(409, "this email is taken"))
    }
}

fn write(user: &mut Value, body: &Value) {
    for name in ["name", "email", "bio", "team_id"] {
        if !body[name].is_null() {
            user[name] = body[name].clone();
        }
    }
}

fn blank(id: &str) -> Value {
    json!({
        "id": id, "name": "", "email": "", "avatar": format!("https://cdn.example.com/{id}.webp"),
        "team_id": null, "active": true, "bio": "", "following": [],
        "joined_at": "2026-11-20T12:00:00Z",
    })
}

/// About 700 bytes, as profiles are.
pub(super) fn profile(number: u64) -> Value {
    let mut dice = Dice::new(number);
    let (first, last) = match number {
        1 => ("Ada", "Lovelace"),
        2 => ("Alan", "Turing"),
        _ => (dice.pick(FIRST_NAMES), dice.pick(LAST_NAMES)),
    };
    let team = (!number.is_multiple_of(10)).then(|| format!("t{}", 1 + number % TEAMS));
    let following: Vec<_> =
        (0..3 + number % 3).map(|step| format!("u{}", 1 + (number + step * 7) % USERS)).collect();
    json!({
        "id": format!("u{number}"),
        "name": format!("{first} {last}"),
        "email": format!("user{number}@example.com"),
        "avatar": format!("https://cdn.example.com/avatars/u{number}.webp"),
        "team_id": team,
        "active": !number.is_multiple_of(17),
        "locale": if number.is_multiple_of(3) { "de-DE" } else { "en-GB" },
        "bio": dice.sentences(5),
        "following": following,
        "joined_at": dice.moment(),
        "settings": {
            "theme": if number.is_multiple_of(2) { "dark" } else { "light" },
            "timezone": "Europe/Berlin",
            "digest": {"email": true, "push": number.is_multiple_of(2), "weekday": "monday"},
        },
        "internal": {"risk_score": dice.roll(100), "crm_id": format!("crm-{}", dice.roll(1 << 30))},
    })
}

fn team(id: &str) -> Reply {
    let number = id.strip_prefix('t').and_then(|number| number.parse().ok()).unwrap_or(0);
    if !(1..=TEAMS).contains(&number) {
        return not_found();
    }
    let mut dice = Dice::new(1000 + number);
    Reply::json(json!({
        "id": id, "name": format!("Team {}", dice.title()),
        "members": 10 + dice.roll(20), "lead": format!("u{}", 1 + dice.roll(USERS)),
    }))
}
