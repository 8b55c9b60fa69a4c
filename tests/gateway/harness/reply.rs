//! What came back, and what is asked of it.

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::secrets;

/// A reply, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Reply {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let reply = Self::of_others(response).await;
        for (name, value) in &reply.headers {
            secrets::received_header(name.as_str(), value.as_bytes());
        }
        secrets::received(reply.body.as_bytes());
        reply
    }

    /// One that no gateway has made, and that is not searched for secrets.
    pub(super) async fn of_others(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a body").to_vec();
        Self { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The status, and the whole body as JSON.
    #[track_caller]
    pub fn assert_json(&self, status: u16, body: Value) -> &Self {
        self.assert_status(status);
        assert_eq!(self.json(), body, "{self:?}");
        self
    }

    /// The status, and `{"data": …}` without anything beside it.
    #[track_caller]
    pub fn assert_data(&self, status: u16, data: Value) -> &Self {
        self.assert_json(status, serde_json::json!({ "data": data }))
    }

    /// The error shape with this code, and the request id that the header has too.
    #[track_caller]
    pub fn assert_error(&self, status: u16, code: &str) -> &Self {
        self.assert_status(status);
        let error = &self.json()["error"];
        assert_eq!(error["code"], code, "{self:?}");
        assert!(error["message"].is_string(), "{self:?}");
        assert_eq!(error["request_id"].as_str(), self.header("x-request-id"), "{self:?}");
        self
    }

    #[track_caller]
    pub fn assert_header(&self, name: &str, value: &str) -> &Self {
        assert_eq!(self.header(name), Some(value), "{name} in {self:?}");
        self
    }

    #[track_caller]
    pub fn assert_no_header(&self, name: &str) -> &Self {
        assert_eq!(self.header(name), None, "{name} in {self:?}");
        self
    }
}
