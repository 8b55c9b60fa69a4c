use super::params::Params;
use super::people::{self, Person};
use crate::wire::Reply;

const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Whom to log in: the one of the hint first.
pub(super) fn pick(params: &Params) -> Reply {
    let mut people = people::offered();
    if let Some(hinted) = params.get("login_hint").and_then(people::find) {
        people.retain(|person| person.sub != hinted.sub);
        people.insert(0, hinted);
    }
    let people: String = people.iter().map(|one| format!("<li>{}</li>", button(one))).collect();
    let body = format!(
        "<h1>Who are you?</h1>\n<p>Pick a user to go on to <b>{}</b>. Nobody here has a \
         password.</p>\n<form method=\"post\" action=\"authorize\">{}<ul>{people}</ul></form>",
        escape(params.get("client_id").unwrap_or_default()),
        hidden(params),
    );
    page(200, "Sign in", &body)
}

/// Somebody is logged in already.
pub(super) fn go_on(params: &Params, sub: &str) -> Reply {
    let Some(person) = people::find(sub) else {
        return pick(params);
    };
    let body = format!(
        "<h1>Welcome back</h1>\n<p>Go on to <b>{}</b> as the user who is signed in here?</p>\n\
         <form method=\"post\" action=\"authorize\">{}<ul><li>{}</li></ul>\
         <button class=\"plain\" name=\"user\" value=\"other\">Use another user</button></form>",
        escape(params.get("client_id").unwrap_or_default()),
        hidden(params),
        button(&person),
    );
    page(200, "Sign in", &body)
}

/// Really?
pub(super) fn leave(params: &Params, sub: &str) -> Reply {
    let name = people::find(sub).map(|person| person.name).unwrap_or_default();
    let body = format!(
        "<h1>Sign out?</h1>\n<p>You are signed in as <b>{}</b>.</p>\n\
         <form method=\"post\" action=\"logout\">{}\
         <button class=\"main\" name=\"confirmed\" value=\"yes\">Sign out</button></form>",
        escape(&name),
        hidden(params),
    );
    page(200, "Sign out", &body)
}

pub(super) fn left() -> Reply {
    page(200, "Signed out", "<h1>You are signed out</h1>\n<p>You may close this page.</p>")
}

/// For a person, because there is nowhere to send them.
pub(super) fn mistake(why: &str) -> Reply {
    let body = format!("<h1>This does not work</h1>\n<p>{}</p>", escape(why));
    page(400, "A mistake", &body)
}

pub(super) fn style() -> Reply {
    Reply::text(include_str!("style.css")).header("content-type", "text/css; charset=utf-8")
}

fn page(status: u16, title: &str, body: &str) -> Reply {
    let html = include_str!("page.html").replace("{title}", title).replace("{body}", body);
    Reply::text(html)
        .with_status(status)
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", POLICY)
        .header("cache-control", "no-store")
        .header("referrer-policy", "no-referrer")
        .header("x-content-type-options", "nosniff")
}

fn button(person: &Person) -> String {
    let roles = match person.roles {
        [] => String::new(),
        roles => format!("<span class=\"roles\">{}</span>", roles.join(", ")),
    };
    let (name, email) = (escape(&person.name), escape(&person.email));
    format!(
        "<button class=\"person\" name=\"user\" value=\"{sub}\">\
         <span class=\"picture {sub}\" aria-hidden=\"true\">{initials}</span>\
         <span class=\"who\"><b>{name}</b> <span>{email}</span></span> {roles}</button>",
        sub = person.sub,
        initials = escape(&person.initials()),
    )
}

/// What was asked, so that the answer goes where it should.
fn hidden(params: &Params) -> String {
    let asked = params.pairs().filter(|(name, _)| *name != "user");
    let input = |(name, value)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value))
    };
    asked.map(input).collect()
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}
