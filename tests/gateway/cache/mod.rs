//! What is kept of calls' answers: asked once, fresh by tag, never another user's.

mod browser_side;
mod compression;
mod replies;
