//! What of a client's input is let in: converted, filled in, checked, and stripped of what was not asked for.

mod parameter;
mod schema;

pub use parameter::Parameter;
pub use schema::{Additional, Schema, Type};
