//! Which pages of other origins may read replies: CORS, as the Fetch standard has it (§3.2).
//!
//! A [`Policy`] is what an endpoint shares, and with whom. Its headers are made when the config is compiled; a request
//! only chooses among them. An origin is never reflected unless it was found in the policy.

mod origin;
mod policy;

pub use origin::Origin;
pub use policy::Policy;
