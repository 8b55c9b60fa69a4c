//! What a request has changed is gone from what is kept, before its reply is sent.

use super::cache::of_text;
use super::frame::Frame;
use crate::cache::Tag;
use crate::fault::Fault;

/// Revalidates what the endpoint says, once its reply is known: after a success, and after a fault where a change was made
/// all the same, or may have been.
///
/// # Errors
/// The reply's own fault; 500 where a template fails after a success.
pub(super) async fn after<T>(frame: &Frame, reply: Result<T, Fault>) -> Result<T, Fault> {
    if frame.endpoint.revalidate.is_empty() || (reply.is_err() && frame.changes.get() == 0) {
        return reply;
    }
    let (tags, failed) = tags(frame).await;
    frame.gateway.revalidate(&tags).await;
    // A change that ends later does it again.
    let _ = frame.revalidated.set(tags);
    match (reply, failed) {
        (Ok(_), Some(fault)) => Err(fault),
        (reply, _) => reply,
    }
}

/// The tags, and the first fault: one template that fails does not keep the others from what they are for.
async fn tags(frame: &Frame) -> (Vec<Tag>, Option<Fault>) {
    let (mut tags, mut failed) = (Vec::new(), None);
    for text in &frame.endpoint.revalidate {
        match text.render(frame, &frame.limits()).await {
            Ok(rendered) => tags.extend(of_text(rendered)),
            Err(fault) => {
                tracing::warn!(?fault, "a tag of `revalidate` failed");
                failed = failed.or(Some(fault));
            }
        }
    }
    (tags, failed)
}
