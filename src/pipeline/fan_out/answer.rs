//! What an answer means: its status, its body.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::header::RETRY_AFTER;

use super::bearer;
use super::settled::Failure;
use crate::fault::{Code, Details, Fault};
use crate::jq::{self, Scope};
use crate::pipeline::body::LARGE;
use crate::pipeline::frame::{Frame, With};
use crate::plan::{Body, Call, Expect, FaultRule, OnStatus, slot};
use crate::template::Rendered;
use crate::upstream::Answer;
use crate::value::{DuplicateKeys, Limits, Value, parse};

type Meaning = Result<(Value, Arc<Answer>), Failure>;

/// What an answer means for a call: first what `on_status` says, then the common rules.
///
/// # Errors
/// A failure, which decides the reply where the call is required.
pub(super) async fn read(
    frame: &Frame,
    call: &Call,
    scope: &dyn Scope,
    answer: Arc<Answer>,
) -> Meaning {
    let status = answer.status;
    let rule = call.on_status.iter().find(|(own, _)| *own == status).map(|(_, rule)| rule);
    match rule {
        Some(OnStatus::Value(value)) => Ok((value.clone(), answer)),
        Some(OnStatus::Fail) => Err(failed(frame, call, answer, Code::UpstreamError)),
        Some(OnStatus::Pass) => Err(pass(frame, call, answer)),
        Some(OnStatus::Fault(rule)) => Err(own(frame, call, scope, answer, rule).await),
        None if (200..300).contains(&status) => success(frame, call, answer).await,
        None if passes(frame, call, status) => Err(pass(frame, call, answer)),
        None if matches!(status, 429 | 503) => {
            let wait = retry_after(frame, &answer);
            let mut failure = failed(frame, call, answer, Code::UpstreamUnavailable);
            failure.fault = failure.fault.retry_after(wait);
            Err(failure)
        }
        None => Err(failed(frame, call, answer, Code::UpstreamError)),
    }
}

/// The statuses that tell the client about its own request, not about our credentials or the upstream's health.
fn passes(frame: &Frame, call: &Call, status: u16) -> bool {
    match status {
        404 | 409 | 410 | 412 | 422 => true,
        400 => !matches!(call.body, Body::None),
        // A no is for the user then, and not for us.
        401 | 403 => bearer::shows_user(frame, call),
        _ => false,
    }
}

async fn success(frame: &Frame, call: &Call, answer: Arc<Answer>) -> Meaning {
    match said(frame, call, &answer).await {
        Ok(value) => Ok((value, answer)),
        Err(cause) => {
            let mut failure = failed(frame, call, answer, Code::UpstreamError);
            failure.fault = failure.fault.cause(format_args!("call `{}`: {cause}", call.name));
            Err(failure)
        }
    }
}

/// What the body of a success says. JSON is parsed once, however often it is asked.
///
/// # Errors
/// Why it cannot be read.
pub(in crate::pipeline) async fn said(
    frame: &Frame,
    call: &Call,
    answer: &Answer,
) -> Result<Value, String> {
    match call.expect {
        _ if answer.status == 204 => Ok(Value::Null),
        Expect::None => Ok(Value::Null),
        Expect::Json => match answer.json.get() {
            Some(value) => Ok(value.clone()),
            None => {
                let value = json(frame, answer).await?;
                Ok(answer.json.get_or_init(|| value).clone())
            }
        },
        Expect::Text => match std::str::from_utf8(&answer.body) {
            Ok(text) => Ok(Value::from(text)),
            Err(_) => Err("the body is not UTF-8".to_owned()),
        },
    }
}

async fn json(frame: &Frame, answer: &Answer) -> Result<Value, String> {
    let limits = Limits {
        max_depth: frame.gateway.plan.limits.max_json_depth,
        duplicate_keys: DuplicateKeys::LastWins,
    };
    let body = answer.body.clone();
    let parsed = if body.len() > LARGE {
        let parsing = tokio::task::spawn_blocking(move || parse(&body, &limits));
        parsing.await.map_err(|error| error.to_string())?
    } else {
        parse(&body, &limits)
    };
    parsed.map_err(|error| {
        format!(
            "the body is not JSON: {} at line {}, column {}",
            error.reason, error.line, error.column
        )
    })
}

fn failed(frame: &Frame, call: &Call, answer: Arc<Answer>, code: Code) -> Failure {
    let cause = format!("call `{}` was answered with status {}", call.name, answer.status);
    Failure {
        fault: Fault::new(code).cause(cause),
        body: error_body(frame, &answer),
        answer: Some(answer),
    }
}

/// The same status to the client, in our error shape. In an `each` call nothing passes: which item would it be?
fn pass(frame: &Frame, call: &Call, answer: Arc<Answer>) -> Failure {
    if call.each.is_some() {
        return failed(frame, call, answer, Code::UpstreamError);
    }
    let status = answer.status;
    let mut same = Code::ALL.iter().filter(|code| code.status() == status);
    let code = same.next().cloned().unwrap_or(match status {
        400..500 => Code::BadRequest,
        _ => Code::UpstreamError,
    });
    let wait = matches!(status, 429 | 503).then(|| retry_after(frame, &answer));
    let mut failure = failed(frame, call, answer, code);
    failure.fault = failure.fault.status(status);
    if let Some(wait) = wait {
        failure.fault = failure.fault.retry_after(wait);
    }
    if status == 401 {
        failure.fault = failure.fault.challenge("Bearer");
    }
    failure
}

async fn own(
    frame: &Frame,
    call: &Call,
    scope: &dyn Scope,
    answer: Arc<Answer>,
    rule: &FaultRule,
) -> Failure {
    let mut failure = failed(frame, call, answer, rule.code.clone());
    let error = failure.describe();
    let scope = With { scope, slot: slot::ERROR, value: &error };
    match describe(&scope, &frame.limits(), rule, failure.fault.clone()).await {
        Ok(fault) | Err(fault) => failure.fault = fault,
    }
    failure
}

/// The message and details of a fault that the config describes.
///
/// # Errors
/// 500 when its programs fail.
pub(in crate::pipeline) async fn describe(
    scope: &dyn Scope,
    limits: &jq::Limits,
    rule: &FaultRule,
    mut fault: Fault,
) -> Result<Fault, Fault> {
    if let Some(text) = &rule.message
        && let Rendered::One(text) = text.render(scope, limits).await?
    {
        fault = fault.message(text.to_string());
    }
    if let Some(details) = &rule.details {
        let details = details.run(scope, limits).await?;
        fault = fault.details(Details::Json(details.to_json()));
    }
    Ok(fault)
}

/// What an upstream said in its error: JSON, else text, else null.
fn error_body(frame: &Frame, answer: &Answer) -> Value {
    let limits = Limits {
        max_depth: frame.gateway.plan.limits.max_json_depth,
        duplicate_keys: DuplicateKeys::LastWins,
    };
    if answer.body.is_empty() || answer.body.len() > LARGE {
        return Value::Null;
    }
    parse(&answer.body, &limits)
        .or_else(|_| std::str::from_utf8(&answer.body).map(Value::from))
        .unwrap_or_default()
}

/// The upstream's own wish, as seconds or as a date (RFC 9110 §10.2.3), up to an hour; a second where it has none that
/// we can read.
fn retry_after(frame: &Frame, answer: &Answer) -> Duration {
    let text = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = text.and_then(|text| {
        let date = || httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok();
        let until = || Some(date()?.saturating_sub(frame.gateway.clock.now()).as_secs());
        text.parse().ok().or_else(until)
    });
    Duration::from_secs(seconds.unwrap_or(1).clamp(1, 3600))
}
