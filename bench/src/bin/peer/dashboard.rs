//! `GET /api/v1/dashboard`

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::future::{join, join_all, join3};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::Worker;
use crate::upstream::{Failure, Upstreams};

/// Answers, and says so in the log.
pub(crate) async fn answer(request: HttpRequest) -> HttpResponse {
    let started = Instant::now();
    let id = Uuid::new_v4();
    let shown = id.simple().to_string();
    let outcome = tokio::time::timeout(DEADLINE, dashboard(&request, id, &shown)).await;
    let outcome = outcome.unwrap_or(Err((StatusCode::GATEWAY_TIMEOUT, "UPSTREAM_TIMEOUT")));
    let (status, body) = match outcome {
        Ok(body) => (StatusCode::OK, body),
        Err((status, code)) => {
            let error = json!({"error": {"code": code, "message": code, "request_id": shown}});
            (status, error.to_string().into_bytes())
        }
    };
    tracing::info!(
        target: "access", method = request.method().as_str(), route = "/api/v1/dashboard",
        path = request.path(), status = status.as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1e3, request_id = shown,
        bytes = body.len(),
    );
    let mut response = HttpResponse::build(status);
    response.content_type("application/json").insert_header(("x-request-id", shown)).body(body)
}

type Outcome = Result<Vec<u8>, (StatusCode, &'static str)>;

async fn dashboard(request: &HttpRequest, id: Uuid, shown: &str) -> Outcome {
    let broken = (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR");
    let worker = request.app_data::<Worker>().ok_or(broken)?;
    let session = worker.sessions.check(request.headers());
    let session = session.ok_or((StatusCode::UNAUTHORIZED, "UNAUTHORIZED"))?;
    let query = web::Query::<Query>::from_query(request.query_string()).ok();
    let days = query.map(|query| query.days).filter(|days| (1..=90).contains(days));
    let days = days.ok_or((StatusCode::BAD_REQUEST, "VALIDATION_ERROR"))?;
    let headers = own_headers(id, shown).ok_or(broken)?;

    let screen = fetch(&worker.upstreams, &segment(&session.sub), days, &headers).await;
    let (data, partial) = screen.map_err(|failure| match failure {
        Failure::Status(404) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Failure::Timeout => (StatusCode::GATEWAY_TIMEOUT, "UPSTREAM_TIMEOUT"),
        Failure::Status(_) | Failure::Broken => (StatusCode::BAD_GATEWAY, "UPSTREAM_ERROR"),
    })?;
    let meta = (!partial.is_empty()).then_some(Meta { partial });
    serde_json::to_vec(&Payload { data, meta }).map_err(|_| broken)
}

/// What is on the screen, and which of its parts could not be had.
async fn fetch(
    upstreams: &Upstreams,
    user: &str,
    days: u8,
    headers: &HeaderMap,
) -> Result<(Dashboard, Vec<&'static str>), Failure> {
    let people = async {
        let profile: Profile = upstreams.users.get(&format!("/users/{user}"), headers).await?;
        let team = async {
            let Some(id) = &profile.team_id else { return Ok(None) };
            let team = upstreams.users.get(&format!("/teams/{}", segment(id)), headers).await;
            team.map(|team: Team| Some(team.name))
        };
        let authors = profile.following.iter().take(20).map(|id| async move {
            let path = format!("/users/{}", segment(id));
            match upstreams.users.get(&path, headers).await {
                Err(Failure::Status(404)) => Ok(None),
                person => person.map(Some),
            }
        });
        let (team, authors) = join(team, join_all(authors)).await;
        Ok::<_, Failure>((team?, authors, profile))
    };
    let (stats_path, unread_path) =
        (format!("/stats/{user}?days={days}"), format!("/unread/{user}"));
    let (people, stats, unread) = join3(
        people,
        upstreams.analytics.get::<Stats>(&stats_path, headers),
        upstreams.notifications.get::<Unread>(&unread_path, headers),
    )
    .await;
    let (team, authors, Profile { id, name, avatar, .. }) = people?;

    let failed = [("stats", stats.is_err()), ("unread", unread.is_err())];
    let failed = failed.into_iter().chain([("authors", authors.iter().any(Result::is_err))]);
    let partial = failed.filter(|(_, failed)| *failed).map(|(call, _)| call).collect();
    let Stats { views, visitors, series } = stats.unwrap_or_default();
    let dashboard = Dashboard {
        user: Person { id, name, avatar },
        team,
        unread: unread.map_or(0, |unread| unread.unread),
        stats: Shown { views, visitors, series: series.iter().map(|day| day.views).collect() },
        following: authors.into_iter().filter_map(|person| person.ok().flatten()).collect(),
    };
    Ok((dashboard, partial))
}

/// What upstreams get besides their key.
fn own_headers(id: Uuid, shown: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert("x-request-id", HeaderValue::from_str(shown).ok()?);
    let trace = format!("00-{shown}-{:016x}-00", id.as_u64_pair().0);
    headers.insert("traceparent", HeaderValue::from_str(&trace).ok()?);
    Some(headers)
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

const DEADLINE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Query {
    #[serde(default = "month")]
    days: u8,
}

fn month() -> u8 {
    30
}

#[derive(Deserialize)]
struct Profile {
    id: String,
    name: String,
    avatar: String,
    team_id: Option<String>,
    #[serde(default)]
    following: Vec<String>,
}

#[derive(Deserialize)]
struct Team {
    name: String,
}

#[derive(Default, Deserialize)]
struct Stats {
    views: u64,
    visitors: u64,
    series: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    views: u64,
}

#[derive(Deserialize)]
struct Unread {
    unread: u64,
}

#[derive(Serialize)]
struct Payload {
    data: Dashboard,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

#[derive(Serialize)]
struct Meta {
    partial: Vec<&'static str>,
}

#[derive(Serialize)]
struct Dashboard {
    user: Person,
    team: Option<String>,
    unread: u64,
    stats: Shown,
    following: Vec<Person>,
}

#[derive(Deserialize, Serialize)]
struct Person {
    id: String,
    name: String,
    avatar: String,
}

#[derive(Serialize)]
struct Shown {
    views: u64,
    visitors: u64,
    series: Vec<u64>,
}
