//! One HTTP request to a private service, and its answer.

mod body;
mod client;
mod error;

pub use client::{Answer, Client, Request, Settings};
pub use error::Error;
