use url::Url;

use super::params::Params;
use super::refusal::Refusal;
use super::state::{Code, Grant, Session};
use super::tokens::random;
use super::{Provider, pages, people, session};
use crate::wire::{Recorded, Reply};

const CODE_TTL: i64 = 60;

/// `/authorize` (RFC 6749 §4.1.1): GET as a client asks, POST as the own page does, which adds
/// `user`.
pub(super) fn answer(provider: &Provider, request: &Recorded) -> Reply {
    let params = match Params::of(request) {
        Ok(params) => params,
        Err(refusal) => return pages::mistake(&refusal.description),
    };
    // RFC 6749 §4.1.2.1: with a wrong client or target nobody is sent anywhere.
    let back = match Back::of(provider, &params) {
        Ok(back) => back,
        Err(why) => return pages::mistake(why),
    };
    let outcome = decide(provider, request, &params, &back);
    outcome.unwrap_or_else(|refusal| {
        let (error, text) = (refusal.error, refusal.description);
        back.reply(provider, &[("error", error), ("error_description", &text)])
    })
}

/// Where the browser goes with the outcome.
struct Back {
    client: String,
    uri: Url,
    written: String,
    state: Option<String>,
}

impl Back {
    fn of(provider: &Provider, params: &Params) -> Result<Self, &'static str> {
        let client = params.get("client_id").unwrap_or_default();
        if !provider.settings.clients.contains_key(client) {
            return Err("This client is not known.");
        }
        let written = params.get("redirect_uri").unwrap_or_default();
        let uri = provider.may_lead_to(written).ok_or("A login may not lead back there.")?;
        let state = params.get("state").map(str::to_owned);
        Ok(Self { client: client.to_owned(), uri, written: written.to_owned(), state })
    }

    fn reply(&self, provider: &Provider, outcome: &[(&str, &str)]) -> Reply {
        let mut uri = self.uri.clone();
        let mut query = uri.query_pairs_mut();
        query.extend_pairs(outcome);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        // RFC 9207: with errors too.
        query.append_pair("iss", &provider.settings.issuer);
        drop(query);
        Reply::redirect(uri.as_str()).header("cache-control", "no-store")
    }
}

fn decide(
    provider: &Provider,
    request: &Recorded,
    params: &Params,
    back: &Back,
) -> Result<Reply, Refusal> {
    let challenge = checked(params)?;
    let current = session::of(provider, request);
    let (cookie, session) = match who(provider, request, params, current.as_ref())? {
        Who::Current(current) => current,
        Who::New(sub) => session::start(provider, &sub, current.as_ref())?,
        Who::Unclear(page) => return Ok(page),
    };
    let code = random()?;
    let entry = Code {
        grant: granted(params, back, &session),
        redirect_uri: back.written.clone(),
        challenge: challenge.to_owned(),
        expires: provider.clock.now() + CODE_TTL,
        redeemed: None,
    };
    provider.state().keep_code(code.clone(), entry, provider.clock.now());
    Ok(session::remember(back.reply(provider, &[("code", &code)]), &cookie))
}

/// The code challenge, where all is as it has to be.
fn checked(params: &Params) -> Result<&str, Refusal> {
    if params.get("request").is_some() || params.get("request_uri").is_some() {
        return Err(Refusal::new("request_not_supported", "parameters, no request objects"));
    }
    if params.need("response_type")? != "code" {
        return Err(Refusal::new("unsupported_response_type", "only `code`"));
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(Refusal::invalid_request("only the response mode `query`"));
    }
    let challenge = params.need("code_challenge")?;
    let is_hash = challenge.len() == 43
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if params.get("code_challenge_method") != Some("S256") || !is_hash {
        return Err(Refusal::invalid_request("PKCE with S256"));
    }
    Ok(challenge)
}

enum Who {
    Current((String, Session)),
    New(String),
    Unclear(Reply),
}

fn who(
    provider: &Provider,
    request: &Recorded,
    params: &Params,
    current: Option<&(String, Session)>,
) -> Result<Who, Refusal> {
    let is = |sub: &str| current.filter(|(_, session)| session.sub == sub).cloned();
    if request.method == "POST" {
        let picked = params.get("user").and_then(people::find);
        let Some(person) = picked else {
            return Ok(Who::Unclear(pages::pick(params)));
        };
        return Ok(match is(&person.sub).filter(|current| fresh(provider, params, current)) {
            Some(current) => Who::Current(current),
            None => Who::New(person.sub),
        });
    }
    let prompts: Vec<_> = params.get("prompt").unwrap_or_default().split(' ').collect();
    let hint = params.get("login_hint");
    if prompts.contains(&"none") {
        if prompts.len() > 1 {
            return Err(Refusal::invalid_request("`prompt`: none, and what else?"));
        }
        return silent(hint, current.filter(|current| fresh(provider, params, current)));
    }
    let again = prompts.iter().any(|prompt| ["login", "select_account"].contains(prompt));
    Ok(Who::Unclear(match current.filter(|current| !again && fresh(provider, params, current)) {
        Some((_, session)) => pages::go_on(params, &session.sub),
        None => pages::pick(params),
    }))
}

/// `prompt=none`: the user of the hint, without a page, for tests that have no browser; else
/// whoever is there.
fn silent(hint: Option<&str>, current: Option<&(String, Session)>) -> Result<Who, Refusal> {
    let there = current.filter(|(_, session)| hint.is_none_or(|hint| session.sub == hint));
    match (there, hint.and_then(people::find)) {
        (Some(there), _) => Ok(Who::Current(there.clone())),
        (None, Some(person)) => Ok(Who::New(person.sub)),
        (None, None) => Err(Refusal::new("login_required", "nobody is logged in")),
    }
}

/// `prompt=login` and `max_age` ask for a login that is not older (`OpenID` Connect Core 1.0
/// §3.1.2.1).
fn fresh(provider: &Provider, params: &Params, (_, session): &(String, Session)) -> bool {
    let max_age = params.get("max_age").and_then(|text| text.parse::<i64>().ok());
    let again = params.get("prompt").is_some_and(|x| x.split(' ').any(|one| one == "login"));
    !again && max_age.is_none_or(|most| provider.clock.now() - session.auth_time <= most)
}

fn granted(params: &Params, back: &Back, session: &Session) -> Grant {
    let scope = params.get("scope").unwrap_or_default();
    Grant {
        client: back.client.clone(),
        sub: session.sub.clone(),
        sid: session.sid.clone(),
        auth_time: session.auth_time,
        scope: scope.split_whitespace().map(str::to_owned).collect(),
        audiences: params.audiences(),
        nonce: params.get("nonce").map(str::to_owned),
        revoked: false,
    }
}
