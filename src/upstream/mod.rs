//! One HTTP request to a private service, and its answer.

mod base;
mod body;
mod client;
mod error;

pub use base::Base;
pub use client::{Answer, Client, Request, Settings};
pub use error::Error;
