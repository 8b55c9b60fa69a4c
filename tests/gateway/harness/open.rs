//! The shortest way to a gateway, for tests of one route.

use upstream_mocks::Upstream;

use super::{Answer, Config, Gateway, Request};

impl Config {
    /// A route that needs no session.
    pub fn open_route(self, file: &str, text: &str) -> Self {
        self.route(file, &format!("session = \"none\"\n{text}"))
    }
}

/// A gateway with one upstream, `up`, and one route, `/x`, that needs no session.
pub async fn serving(up: &Upstream, route: &str) -> Gateway {
    Gateway::config().upstream("up", up).open_route("x.toml", route).start().await
}

impl Gateway {
    pub fn head(&self, path: &str) -> Request {
        self.request("HEAD", path)
    }

    /// A POST without a body.
    pub fn poke(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    /// Stops on a thread of its own, so that the test's upstreams go on meanwhile.
    pub fn stopping(self) -> impl Future<Output = ()> {
        let stopping = tokio::task::spawn_blocking(move || self.stop());
        async move { stopping.await.expect("it stops") }
    }
}

impl Request {
    /// Sends it now, to be awaited later.
    pub fn sent(self) -> impl Future<Output = Answer> {
        let sending = tokio::spawn(self.into_future());
        async move { sending.await.expect("a reply") }
    }
}
