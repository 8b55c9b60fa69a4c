//! `POST /revalidate` with `{"tags": ["posts"]}`: what has one of these tags is fetched anew, on all instances.

use std::rc::Rc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Value, json};

use super::operator::{self, wrong};
use crate::cache::{Announced, Tag};
use crate::fault::{Code, Fault};
use crate::pipeline::{BodyError, Gateway, Payload as _};
use crate::server::body::ActixBody;
use crate::server::connection::Turns;
use crate::value::{self, DuplicateKeys, Limits};

/// Answers an operator.
pub(super) async fn answer(
    request: &HttpRequest,
    payload: web::Payload,
    turns: &Rc<Turns>,
) -> HttpResponse {
    operator::answer(serve(request, payload, turns).await)
}

async fn serve(
    request: &HttpRequest,
    payload: web::Payload,
    turns: &Rc<Turns>,
) -> Result<Value, Fault> {
    let gateway = operator::authorized(request)?;
    if request.method() != Method::POST {
        return Err(Fault::new(Code::MethodNotAllowed).allow("POST".to_owned()));
    }
    let length = request.headers().get("content-length").and_then(|value| value.to_str().ok());
    let mut body = ActixBody {
        payload,
        announced: length.and_then(|length| length.parse().ok()),
        turns: Rc::clone(turns),
        longest: gateway.plan.limits.body_timeout,
    };
    let bytes = body.read(MAX_BODY).await.map_err(|error| unread(&error))?;
    let tags = tags(&bytes)?;
    let Announced { instances, is_pending } = revalidated(gateway, &tags).await;
    let mut said = json!({ "revalidated": tags.len(), "instances": instances });
    if is_pending {
        said["pending"] = true.into();
    }
    Ok(said)
}

async fn revalidated(gateway: &Gateway, tags: &[Tag]) -> Announced {
    let announced = gateway.revalidate(tags).await;
    tracing::info!(tags = tags.len(), "an operator has revalidated tags");
    announced
}

/// What is not known is refused: a misspelt name would leave what is meant as it is.
fn tags(bytes: &Bytes) -> Result<Vec<Tag>, Fault> {
    let limits = Limits { max_depth: 3, duplicate_keys: DuplicateKeys::Refuse };
    let said = value::parse(bytes, &limits).ok();
    let members = said.as_ref().and_then(value::Value::as_object);
    let members: Vec<_> = members.into_iter().flat_map(|members| members.iter()).collect();
    let [(name, tags)] = members[..] else { return Err(wrong(SHAPE)) };
    let Some(tags) = tags.as_array().filter(|_| name == "tags") else { return Err(wrong(SHAPE)) };
    if tags.is_empty() || tags.len() > MAX_TAGS {
        return Err(wrong("`tags` has from 1 to 1000 tags."));
    }
    tags.iter().map(tag).collect()
}

fn tag(said: &value::Value) -> Result<Tag, Fault> {
    let text = said.as_str().ok_or_else(|| wrong(SHAPE))?;
    if text.trim().is_empty() || text.len() > MAX_TAG {
        return Err(wrong("A tag is a text of 1 to 1024 bytes."));
    }
    Ok(Tag::of(text))
}

fn unread(error: &BodyError) -> Fault {
    match error {
        BodyError::TooLarge => Fault::new(Code::PayloadTooLarge),
        BodyError::TooSlow => Fault::new(Code::RequestTimeout),
        BodyError::Broken(cause) => Fault::new(Code::BadRequest).cause(cause),
    }
}

const SHAPE: &str = r#"Send `{"tags": ["…"]}`, and nothing else."#;

/// More are not taken at once.
const MAX_TAGS: usize = 1000;

/// Bytes of one.
const MAX_TAG: usize = 1024;

/// Bytes of the body.
const MAX_BODY: usize = 1 << 20;
