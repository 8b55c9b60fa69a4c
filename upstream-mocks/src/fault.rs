use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::{Recorded, Reply, Then};

/// What goes wrong with a reply. The request is logged and counted as any other.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Another answer altogether; the service does not see the request.
    Answer {
        /// Its status.
        status: u16,
        /// Its headers, beside the content type.
        headers: Vec<(String, String)>,
        /// Text as it is, anything else as JSON.
        body: Value,
    },
    /// The connection closes without an answer.
    Close,
    /// The right reply, this much later.
    Delay(Duration),
    /// The right reply, its body byte by byte with this much time between them.
    Drip(Duration),
    /// 200 and a JSON content type, but a body that is no JSON.
    Garbage,
    /// No answer, ever.
    Hang,
    /// The connection closes without an answer, unless it is new: what a client sees when it
    /// reuses a connection that was idle for too long.
    IdleClose,
    /// The connection is reset without an answer.
    Reset,
    /// This status, with an error as a service would word it.
    Status(u16),
    /// Half of the right body, then the connection closes.
    Truncate,
    /// A content length that is ten bytes too long, then the connection closes.
    WrongLength,
}

impl Fault {
    /// The reply with this fault. `right` is asked only where it is needed, so that a request
    /// that is answered by the fault changes nothing.
    pub(crate) fn reply(&self, request: &Recorded, right: impl FnOnce() -> Reply) -> Reply {
        match self {
            Self::Answer { status, headers, body } => answer(*status, headers, body),
            Self::Close => Reply::close(),
            Self::Delay(delay) => right().delay(*delay),
            Self::Drip(interval) => right().drip(*interval),
            Self::Garbage => Reply::text("<html>oops {").header("content-type", "application/json"),
            Self::Hang => Reply::hang(),
            Self::IdleClose if request.nth > 1 => Reply::close(),
            Self::IdleClose => right(),
            Self::Reset => Reply::reset(),
            Self::Status(status) => {
                Reply::json(json!({"error": "a fault on demand"})).with_status(*status)
            }
            Self::Truncate => right().truncated(),
            Self::WrongLength => right().longer_length(10).then(Then::Close),
        }
    }

    /// Reads the form that the control API takes: `{"fault": "delay", "ms": 2000}`.
    ///
    /// The error says what is expected.
    pub(crate) fn from_json(value: &Value) -> Result<Self, String> {
        let millis = || {
            let millis = value["ms"].as_u64().ok_or("`ms`: a number of milliseconds");
            millis.map(Duration::from_millis)
        };
        Ok(match value["fault"].as_str().unwrap_or_default() {
            "close" => Self::Close,
            "delay" => Self::Delay(millis()?),
            "drip" => Self::Drip(millis()?),
            "garbage" => Self::Garbage,
            "hang" => Self::Hang,
            "idle_close" => Self::IdleClose,
            "reset" => Self::Reset,
            "status" => status_from_json(value)?,
            "truncate" => Self::Truncate,
            "wrong_length" => Self::WrongLength,
            _ => return Err(format!("`fault`: one of {NAMES}")),
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Answer { status, headers, body } => {
                let headers = headers.iter().map(|(name, value)| (name.clone(), json!(value)));
                let headers = Value::Object(headers.collect());
                json!({"fault": "status", "status": status, "headers": headers, "body": body})
            }
            Self::Close => json!({"fault": "close"}),
            Self::Delay(delay) => json!({"fault": "delay", "ms": millis(*delay)}),
            Self::Drip(interval) => json!({"fault": "drip", "ms": millis(*interval)}),
            Self::Garbage => json!({"fault": "garbage"}),
            Self::Hang => json!({"fault": "hang"}),
            Self::IdleClose => json!({"fault": "idle_close"}),
            Self::Reset => json!({"fault": "reset"}),
            Self::Status(status) => json!({"fault": "status", "status": status}),
            Self::Truncate => json!({"fault": "truncate"}),
            Self::WrongLength => json!({"fault": "wrong_length"}),
        }
    }
}

const NAMES: &str = "close delay drip garbage hang idle_close reset status truncate wrong_length";

fn status_from_json(value: &Value) -> Result<Fault, String> {
    let status = value["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (200..600).contains(status));
    let status = status.ok_or("`status`: a number from 200 to 599")?;
    if value["body"].is_null() && value["headers"].is_null() {
        return Ok(Fault::Status(status));
    }
    let headers = value["headers"].as_object().cloned().unwrap_or_default();
    let headers = headers.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    let headers = headers.collect();
    Ok(Fault::Answer { status, headers, body: value["body"].clone() })
}

fn answer(status: u16, headers: &[(String, String)], body: &Value) -> Reply {
    let reply = match body {
        Value::Null => Reply::status(status),
        Value::String(text) => Reply::text(text.clone()).with_status(status),
        json => Reply::json(json.clone()).with_status(status),
    };
    headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}
