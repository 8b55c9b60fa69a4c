//! The payload, made from what the calls have answered.

use http::{HeaderName, HeaderValue};

use super::fan_out::{self, Partial};
use super::frame::Frame;
use crate::fault::Fault;
use crate::plan::{Endpoint, Envelope, FailRule, Shape, Status};
use crate::template::Rendered;
use crate::value::{Members, SmolStr, Value};

/// A reply that is no fault, before it is written as HTTP.
pub(super) struct Shaped {
    pub(super) status: u16,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) payload: Value,
    pub(super) envelope: Envelope,
    /// Members beside `data`.
    pub(super) extra: Vec<(SmolStr, Value)>,
    /// Optional calls that failed.
    pub(super) partial: Vec<Partial>,
    pub(super) max_bytes: usize,
}

impl Shaped {
    /// 200 with null: there is nothing to do, and nothing to say.
    pub(super) fn nothing(endpoint: &Endpoint) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            payload: Value::Null,
            envelope: endpoint.reply.envelope,
            extra: Vec::new(),
            partial: Vec::new(),
            max_bytes: endpoint.reply.max_bytes,
        }
    }
}

/// Asks the endpoint's `[[fail]]` rules, then makes its reply.
///
/// # Errors
/// The fault of the first rule that is true; 500 when a program or template fails.
pub(super) async fn make(frame: &Frame, partial: Vec<Partial>) -> Result<Shaped, Fault> {
    let limits = frame.limits();
    for rule in &frame.endpoint.fail {
        if rule.when.run(frame, &limits).await?.is_true() {
            return Err(own_fault(frame, rule).await);
        }
    }
    let reply = &frame.endpoint.reply;
    let payload = match &reply.shape {
        Shape::Program(program) => program.run(frame, &limits).await?,
        Shape::Call(index) => answer(frame, *index),
        Shape::Members(calls) => members(frame, calls),
        Shape::Empty => Value::Null,
    };
    if reply.envelope == Envelope::Text && payload.as_str().is_none() {
        return Err(Fault::internal("`envelope = \"text\"` needs a text, and `shape` gave none"));
    }
    let mut extra = Vec::with_capacity(reply.extra.len());
    for (name, program) in &reply.extra {
        extra.push((name.clone(), program.run(frame, &limits).await?));
    }
    Ok(Shaped {
        status: status(frame).await?,
        headers: headers(frame).await?,
        payload,
        envelope: reply.envelope,
        extra,
        partial,
        max_bytes: reply.max_bytes,
    })
}

async fn own_fault(frame: &Frame, rule: &FailRule) -> Fault {
    let fault = Fault::new(rule.fault.code.clone()).cause("a `fail` rule is true");
    match fan_out::describe(frame, &frame.limits(), &rule.fault, fault).await {
        Ok(fault) | Err(fault) => fault,
    }
}

fn answer(frame: &Frame, index: usize) -> Value {
    frame.settled(index).map_or(Value::Null, |settled| settled.value.clone())
}

fn members(frame: &Frame, calls: &[usize]) -> Value {
    let named = calls.iter().map(|index| (frame.call(*index).name.clone(), answer(frame, *index)));
    Value::object(named.collect::<Members>())
}

async fn status(frame: &Frame) -> Result<u16, Fault> {
    let program = match &frame.endpoint.reply.status {
        Status::Fixed(status) => return Ok(*status),
        Status::From(program) => program,
    };
    let value = program.run(frame, &frame.limits()).await?;
    let status = value.to_json().parse().ok().filter(|status| (200..600).contains(status));
    status.ok_or_else(|| {
        Fault::internal("`status_from` gave something else than a status from 200 to 599")
    })
}

async fn headers(frame: &Frame) -> Result<Vec<(HeaderName, HeaderValue)>, Fault> {
    let mut headers = Vec::new();
    for (name, text) in &frame.endpoint.reply.headers {
        let text = match text.render(frame, &frame.limits()).await? {
            Rendered::Absent => continue,
            Rendered::One(text) => text,
            Rendered::Many(_) => {
                return Err(Fault::internal(format_args!("reply header `{name}` is an array")));
            }
        };
        let value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
            Fault::internal(format_args!("reply header `{name}` holds a control character"))
        })?;
        headers.push((name.clone(), value));
    }
    Ok(headers)
}
