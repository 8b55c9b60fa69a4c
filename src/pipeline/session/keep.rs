//! What the use of a session does to it.

use super::{By, Session};
use crate::fault::Fault;
use crate::pipeline::gateway::Gateway;

/// Notes that a session was used, so that it lives on. Comes once it is known that our own pages ask: no other site keeps
/// a session alive.
///
/// # Errors
/// None yet.
pub(in crate::pipeline) async fn keep(
    gateway: &Gateway,
    session: Option<Session>,
) -> Result<Option<Session>, Fault> {
    if let Some(Session { by: By::Login(live), .. }) = &session
        && let Err(fault) = gateway.sessions()?.touch(live).await
    {
        // It is known who asks: the reply does not hang on a note.
        tracing::warn!(?fault, "that a session was used could not be noted");
    }
    Ok(session)
}
