//! One HTTP request to a private service, and its answer.

mod answer;
mod base;
mod body;
mod client;
mod error;

pub use answer::Answer;
pub use base::Base;
pub use client::{Client, Request, Settings};
pub use error::Error;
