//! What of a client's input is let in: converted, filled in, checked, and stripped of what was not asked for.
//!
//! [`Schema::compile`] makes three things of a schema. *Nodes* are the schema as a tree, for explaining. *Places* are
//! what is done to a value before it is checked: all schemas that speak of one value, put together. And a validator of
//! the crate `jsonschema`, over our own values, says whether the prepared value is good.

mod build;
mod changes;
mod cost;
mod decimal;
mod engine;
mod explain;
mod forms;
mod grammar;
mod instance;
mod keywords;
mod kinds;
mod limits;
mod members;
mod merge;
mod mistakes;
mod node;
mod parameter;
mod place;
mod prepare;
mod references;
mod same;
mod schema;
mod text;
mod words;
mod wrong;

pub use kinds::Type;
pub use members::View;
pub use mistakes::Mistakes;
pub use parameter::Parameter;
pub use schema::{Additional, Schema};
pub use wrong::Wrong;

#[cfg(test)]
mod tests;
