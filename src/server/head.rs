//! The head of an actix request, as the pipeline sees it.

use actix_web::HttpRequest;

use crate::pipeline::Head;

/// The head of an actix request.
pub(super) struct ActixHead(pub(super) HttpRequest);

impl Head for ActixHead {
    fn path(&self) -> &str {
        self.0.uri().path()
    }

    fn query(&self) -> &str {
        self.0.uri().query().unwrap_or_default()
    }

    fn host(&self) -> &str {
        let host = self.0.headers().get("host").and_then(|host| host.to_str().ok());
        // A request of HTTP/1.0 may name it in its target only.
        let target = || self.0.uri().authority().map(|authority| authority.as_str());
        host.or_else(target).unwrap_or_default()
    }

    fn header(&self, name: &str) -> Vec<&[u8]> {
        self.0.headers().get_all(name).map(|value| value.as_bytes()).collect()
    }
}
