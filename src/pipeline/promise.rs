//! Whether a reply is what its endpoint has promised: the response schema.

use super::body::LARGE;
use super::frame::Frame;
use super::shape::Shaped;
use crate::fault::Fault;
use crate::plan::ValidateResponses;
use crate::validate::{Mistakes, Schema};
use crate::value::Value;

/// Checks the payload, before it is written. The log gets places and rules, no values.
///
/// # Errors
/// 500 where the config says so.
pub(super) async fn check(frame: &Frame, shaped: &Shaped) -> Result<(), Fault> {
    let wanted = frame.gateway.plan.validate_responses;
    let Some(schema) = &frame.endpoint.reply.schema else { return Ok(()) };
    // Where no payload is sent, nothing is said about it.
    if wanted == ValidateResponses::Off || matches!(shaped.status, 204 | 205 | 304) {
        return Ok(());
    }
    let mistakes = test(schema, &shaped.payload).await?;
    if mistakes.is_empty() {
        return Ok(());
    }
    if wanted == ValidateResponses::Fail {
        return Err(Fault::internal(format_args!(
            "the reply is not as its schema says: {mistakes}"
        )));
    }
    tracing::warn!(%mistakes, "the reply is not as its schema says");
    Ok(())
}

async fn test(schema: &Schema, payload: &Value) -> Result<Mistakes, Fault> {
    if !payload.is_longer_than(LARGE) {
        return Ok(mistakes(schema, payload));
    }
    let (schema, payload) = (schema.clone(), payload.clone());
    let testing = tokio::task::spawn_blocking(move || mistakes(&schema, &payload));
    testing.await.map_err(Fault::internal)
}

fn mistakes(schema: &Schema, payload: &Value) -> Mistakes {
    let mut mistakes = Mistakes::default();
    schema.test(payload, || "data".to_owned(), &mut mistakes);
    mistakes
}
