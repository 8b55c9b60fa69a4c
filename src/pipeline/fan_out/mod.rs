//! The calls of an endpoint: each starts the moment what it reads is there.

mod answer;
mod bearer;
mod call;
mod each;
mod engine;
mod fetching;
mod kept;
mod key;
mod request;
mod send;
mod settled;
mod shared;
mod tags;

pub(super) use answer::describe;
pub(super) use each::Items;
pub(super) use engine::{allow, run};
pub(super) use settled::{Partial, Settled};
pub(super) use shared::Shared;
