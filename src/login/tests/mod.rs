//! A provider that is good, and one that is not, over real HTTP.

mod desk;
mod flow;
