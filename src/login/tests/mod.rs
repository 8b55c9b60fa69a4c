//! A provider that is good, and one that is not, over real HTTP. `T`, `J`, `S`, `O` are the rows of `docs/security.md`.

mod any;
mod callback;
mod client;
mod desk;
mod discovery;
mod flow;
mod id_token;
mod logout_token;
mod refresh;
mod signature;
