use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// As written: `GET`.
    pub method: String,
    /// As written, with its query: `/users/a%2Fb?x=1`.
    pub target: String,
    /// In the order and spelling in which they came. Bytes that are not UTF-8 are replaced.
    pub headers: Vec<(String, String)>,
    /// Without its framing.
    pub body: Bytes,
    /// The request line and the headers, exact, with the empty line that ends them.
    pub head: Bytes,
    /// Which connection it came over, from 1.
    pub connection: usize,
    /// Which request of its connection it is, from 1; beyond 1 the connection was reused.
    pub nth: usize,
}

impl Recorded {
    /// The raw path, without the query.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The raw query, without the question mark.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The query's names and values, decoded, in order.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        self.query().map(form_pairs).unwrap_or_default()
    }

    /// The first value that the query has for this name, decoded.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query_pairs().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The body's names and values, read as `application/x-www-form-urlencoded`.
    pub fn form_pairs(&self) -> Vec<(String, String)> {
        form_pairs(&self.text())
    }

    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.header_values(name).into_iter().next()
    }

    /// All headers of this name, whatever its case, so that a doubled one is seen.
    pub fn header_values(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The body as text. Bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The path's segments, decoded: `/users/a%2Fb` gives `["users", "a/b"]`.
    pub fn segments(&self) -> Vec<String> {
        self.path().split('/').filter(|part| !part.is_empty()).map(decode).collect()
    }

    /// Method and raw path, the key that requests are counted by: `GET /users/u1`.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path())
    }

    pub(crate) fn to_json(&self) -> Value {
        let headers = self.headers.iter().map(|(name, value)| json!([name, value]));
        json!({
            "method": self.method,
            "path": self.path(),
            "query": self.query(),
            "headers": headers.collect::<Vec<_>>(),
            "body": self.text(),
            "connection": self.connection,
            "nth": self.nth,
        })
    }
}

/// The names and values of a query or a form, decoded, in order.
pub(crate) fn form_pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        })
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
