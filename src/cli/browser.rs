//! What an endpoint asks of browsers, and whose tokens go to upstreams, for `explain`.

use crate::plan::{
    Auth, Csrf, Endpoint, Frontend, Grant, Plan, SessionRule, TokenSource, Unauthenticated,
};

/// A line each, where it matters.
pub(super) fn lines(
    plan: &Plan,
    frontend: &Frontend,
    endpoint: &Endpoint,
) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let login = frontend.login.as_ref().and_then(|door| plan.logins.get(door.login));
    if let (Unauthenticated::Login, Some(login)) = (endpoint.unauthenticated, login) {
        lines.push(("if nobody", format!("a navigation is sent to {}/login", login.path)));
    }
    // Nothing authenticates where nobody looks.
    if endpoint.session != SessionRule::None {
        let header = &plan.lifetimes.csrf_header;
        lines.push((
            "csrf",
            match endpoint.csrf {
                Csrf::Header => format!("the header {header}, and Sec-Fetch-Site or Origin"),
                Csrf::Origin => "Sec-Fetch-Site or Origin".to_owned(),
                Csrf::Off => "off".to_owned(),
            },
        ));
    }
    lines
}

/// Whose token a call is sent with.
pub(super) fn token(plan: &Plan, auth: Auth) -> Option<String> {
    let credential = match auth {
        Auth::None => return None,
        Auth::User => return Some("the user's token".to_owned()),
        Auth::Credential(index) => plan.credentials.get(index)?,
    };
    let name = &credential.name;
    let from = match &credential.from {
        TokenSource::Login(login) => {
            format!(", of the login {}", plan.logins.get(*login)?.name)
        }
        TokenSource::Own(_) => String::new(),
    };
    Some(match credential.grant {
        Grant::ClientCredentials => format!("the gateway's token, by {name}{from}"),
        Grant::Exchange => format!("the user's token, exchanged by {name}{from}"),
    })
}
