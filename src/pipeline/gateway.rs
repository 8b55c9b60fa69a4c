//! What a worker serves with.

use std::sync::Arc;

use crate::fault::Fault;
use crate::plan::Plan;
use crate::session::Verifier;
use crate::upstream::Client;

/// What one worker serves with: the plan and the verifier are shared, the connections are its own.
pub struct Gateway {
    /// The compiled config.
    pub plan: Arc<Plan>,
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    clients: Vec<Client>,
}

impl Gateway {
    /// Opens the clients of all upstreams; upstreams with equal settings share one.
    ///
    /// # Errors
    /// The name of the upstream whose settings cannot be used, and why.
    pub fn new(plan: Arc<Plan>, verifier: Arc<Verifier>) -> Result<Self, String> {
        let mut clients: Vec<Client> = Vec::with_capacity(plan.upstreams.len());
        for (index, upstream) in plan.upstreams.iter().enumerate() {
            let same = plan.upstreams[..index]
                .iter()
                .position(|other| other.settings == upstream.settings);
            let client = match same {
                Some(same) => clients[same].clone(),
                None => Client::new(&upstream.settings)
                    .map_err(|why| format!("upstream `{}`: {why}", upstream.name))?,
            };
            clients.push(client);
        }
        Ok(Self { plan, verifier, clients })
    }

    /// The client of an upstream.
    ///
    /// # Errors
    /// 500 for an index that the plan does not have.
    pub fn client(&self, upstream: usize) -> Result<&Client, Fault> {
        self.clients.get(upstream).ok_or_else(|| Fault::internal("no such upstream"))
    }
}
