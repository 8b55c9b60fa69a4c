//! `[login.NAME]`

use super::context::Context;
use super::limits;
use super::provider::settings;
use crate::config::{self, Gateway, Name, Plain, did_you_mean};
use crate::login::Settings;
use crate::plan::{Credential, Door, Login, TokenSource};

/// Compiles the logins, and what their providers need to know, in the same order. A login's index is its place in the
/// file.
pub(super) fn logins(
    cx: &mut Context<'_>,
    gateway: &Gateway,
    keys: &limits::Keys<'_>,
) -> (Vec<Login>, Vec<Settings>) {
    let (mut logins, mut providers) = (Vec::new(), Vec::new());
    for (name, written) in &gateway.login {
        logins.extend(login(cx, name, written, keys));
        providers.extend(settings(cx, name, written));
    }
    (logins, providers)
}

/// The index of the login that is named.
pub(super) fn named(
    cx: &mut Context<'_>,
    gateway: &Gateway,
    written: &Plain<String>,
) -> Option<usize> {
    let name = cx.resolved(written)?;
    let found = gateway.login.get_index_of(name.value.as_str());
    if found.is_none() {
        let known = gateway.login.keys().map(|name| name.text.as_str());
        let near = did_you_mean(&name.value, known).filter(|_| !name.secret);
        let help = near.unwrap_or_else(|| "a table `[login.NAME]` makes one".to_owned());
        cx.wrong(&written.span, "no login has this name", help);
    }
    found
}

/// Finds logins that nobody uses: their keys would be typed for nothing, and nobody could log in.
pub(super) fn check_used<'d>(
    cx: &mut Context<'_>,
    gateway: &Gateway,
    doors: impl Iterator<Item = &'d Door> + Clone,
    credentials: &[Credential],
) {
    for (index, (name, written)) in gateway.login.iter().enumerate() {
        let is_source = |credential: &Credential| matches!(credential.from, TokenSource::Login(login) if login == index);
        let used =
            doors.clone().any(|door| door.login == index) || credentials.iter().any(is_source);
        if !used && !gateway.frontends.is_empty() {
            let help = "say `login` in the `[frontends.NAME]` whose users log in by it";
            cx.wrong(&written.span, format!("nobody uses `[login.{name}]`"), help);
        }
    }
}

fn login(
    cx: &mut Context<'_>,
    name: &Name,
    written: &config::Login,
    keys: &limits::Keys<'_>,
) -> Option<Login> {
    let path = path(cx, &written.path);
    let show: Vec<_> = written.show.iter().map(|claim| shown(cx, claim)).collect();
    let hint = cx.value(&written.id_token_hint);
    Some(Login {
        name: name.text.as_str().into(),
        path: path?,
        show: show.into_iter().collect::<Option<_>>()?,
        id_token_hint: hint?,
        rate_limits: limits::of_login(cx, keys, &written.rate_limits),
    })
}

fn path(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let path = cx.value(written)?;
    let ok = |c: char| c.is_ascii_alphanumeric() || "-_~.".contains(c);
    let segment = |segment: &str| {
        !segment.is_empty() && ![".", ".."].contains(&segment) && segment.chars().all(ok)
    };
    if !path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(segment)) {
        let help = "such as \"/auth\": letters, digits and -_~. between slashes, none at its end";
        cx.wrong(&written.span, "this cannot be the path of a login", help);
        return None;
    }
    Some(path)
}

fn shown(cx: &mut Context<'_>, written: &Plain<String>) -> Option<String> {
    let claim = cx.value(written)?;
    let ok = |c: char| c.is_ascii_alphanumeric() || "_-:/.#".contains(c);
    let first = claim.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if !first || !claim.chars().all(ok) {
        let help = "as the ID token has it, such as \"name\" or \"https://example.com/roles\"";
        cx.wrong(&written.span, "this is not the name of a claim", help);
    }
    Some(claim)
}
