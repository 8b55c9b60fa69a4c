//! Requests to a token endpoint and its answers (RFC 6749 §5, RFC 7009 §2).

use std::sync::Arc;
use std::time::Duration;

use reqwest::{StatusCode, header};
use serde_json::{Map, Value};
use url::Url;
use url::form_urlencoded::Serializer;

use super::client::{Client, Shown};
use super::metadata::Offered;
use super::problem::Problem;
use crate::clock::Clock;
use crate::identity::Token;
use crate::token::{Http, strict_object};

/// Asks as the client that the gateway is.
pub(super) struct Desk {
    pub(super) client: Client,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) http: Arc<Http>,
}

/// Where it is asked.
pub(super) struct Endpoint<'a> {
    pub(super) url: &'a Url,
    /// Whom the client proves itself to: the issuer, or the endpoint where there is none.
    pub(super) audience: &'a str,
    pub(super) client_auth: &'a Offered,
}

pub(super) type Form<'a> = Vec<(&'a str, &'a str)>;

/// The answer of a token endpoint. Its ID token is not verified yet.
pub(super) struct Answer {
    pub(super) access_token: Token,
    pub(super) access_expires_at: Option<u64>,
    pub(super) refresh_token: Option<Token>,
    pub(super) id_token: Option<String>,
}

impl Desk {
    /// Asks for a token.
    pub(super) async fn token(&self, at: Endpoint<'_>, form: &Form<'_>) -> Result<Answer, Problem> {
        let asked_at = self.clock.now();
        let body = self.ask(at, form).await?;
        // What is no JSON is no answer of a provider: a page of something that stands in its place.
        let said = strict_object(&body).map_err(|why| Problem::Away(why.to_owned()))?;
        answer(said, asked_at).map_err(|why| Problem::Bad(why.to_owned()))
    }

    /// Asks, and gives the body of a 200.
    pub(super) async fn ask(
        &self,
        at: Endpoint<'_>,
        form: &Form<'_>,
    ) -> Result<bytes::Bytes, Problem> {
        let Shown { header, form: proof } =
            self.client.show(at.client_auth, at.audience, self.clock.now())?;
        let body = Serializer::new(String::new()).extend_pairs(form).extend_pairs(proof).finish();
        let request = |http: &reqwest::Client| {
            let request = http
                .post(at.url.clone())
                .header(header::ACCEPT, "application/json")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(body);
            match header {
                Some(text) => request.header(header::AUTHORIZATION, text),
                None => request,
            }
        };
        let reply = self.http.send(request).await.map_err(Problem::Away)?;
        match reply.status {
            StatusCode::OK => Ok(reply.body),
            status => Err(refusal(status, &reply.body)),
        }
    }
}

/// §5.2. Only a provider that answers by the book has refused; any other may be asked again.
fn refusal(status: StatusCode, body: &[u8]) -> Problem {
    let away = || Problem::Away(format!("status {}", status.as_u16()));
    let later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT];
    if !status.is_client_error() || later.contains(&status) {
        return away();
    }
    let Ok(said) = strict_object(body) else {
        return away();
    };
    match said.get("error").and_then(Value::as_str) {
        None => away(),
        Some("temporarily_unavailable" | "server_error" | "slow_down") => away(),
        Some(code) => Problem::refused(code),
    }
}

/// §5.1.
fn answer(said: Map<String, Value>, asked_at: Duration) -> Result<Answer, &'static str> {
    let bearer = |kind: &str| kind.eq_ignore_ascii_case("Bearer");
    if !said.get("token_type").and_then(Value::as_str).is_some_and(bearer) {
        return Err("a token that is no bearer token");
    }
    let life = life(said.get("expires_in"))?;
    Ok(Answer {
        access_token: token(&said, "access_token")?.ok_or("no access token")?,
        access_expires_at: life.map(|life| asked_at.as_secs().saturating_add(life)),
        refresh_token: token(&said, "refresh_token")?,
        id_token: token(&said, "id_token")?.map(|token| token.reveal().to_owned()),
    })
}

/// Something that can stand in a header as it is (RFC 6749 §A.12, RFC 6750 §2.1).
fn token(said: &Map<String, Value>, name: &str) -> Result<Option<Token>, &'static str> {
    match said.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text))
            if (1..=MAX_TOKEN).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_graphic()) =>
        {
            Ok(Some(Token::new(text.as_str())))
        }
        Some(_) => Err("a token that is none"),
    }
}

/// In seconds; some providers write the number as a text.
fn life(said: Option<&Value>) -> Result<Option<u64>, &'static str> {
    let number = match said {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    // One that is over at once could never be used: its end is not known.
    number
        .map(|life| (life > 0).then_some(life))
        .ok_or("an `expires_in` that is no number of seconds")
}

const MAX_TOKEN: usize = 16 * 1024;
