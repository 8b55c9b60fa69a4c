//! What of a client's input is let in: converted, filled in, checked, and stripped of what was not asked for.

mod check;
mod parameter;
mod schema;

pub use check::Mistakes;
pub use parameter::Parameter;
pub use schema::{Additional, Schema, Type};
