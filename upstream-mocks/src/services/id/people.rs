use serde_json::{Value, json};

use crate::services::{text, users};

/// Who is offered at the login; the last one has no team.
const OFFERED: [u64; 6] = [1, 2, 3, 4, 6, 10];

/// A user of the service `users`, as the provider knows them.
pub(super) struct Person {
    pub(super) sub: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) picture: String,
    pub(super) roles: &'static [&'static str],
}

impl Person {
    /// The claims of an ID token, and what `/userinfo` tells.
    pub(super) fn claims(&self) -> Value {
        json!({
            "sub": self.sub, "name": self.name, "email": self.email, "email_verified": true,
            "picture": self.picture, "roles": self.roles,
        })
    }

    /// `AL` of Ada Lovelace.
    pub(super) fn initials(&self) -> String {
        self.name.split(' ').filter_map(|word| word.chars().next()).collect()
    }
}

/// `u1` to `u300`.
pub(super) fn find(sub: &str) -> Option<Person> {
    let number = sub.strip_prefix('u')?.parse().ok()?;
    (1..=users::USERS).contains(&number).then(|| person(number)).filter(|found| found.sub == sub)
}

pub(super) fn offered() -> Vec<Person> {
    OFFERED.into_iter().map(person).collect()
}

fn person(number: u64) -> Person {
    let profile = users::profile(number);
    let field = |name| text(&profile, name).to_owned();
    let roles: &[_] = match number {
        1 => &["admin", "support"],
        2 => &["support"],
        _ => &[],
    };
    let (sub, name, email) = (field("id"), field("name"), field("email"));
    Person { sub, name, email, picture: field("avatar"), roles }
}
