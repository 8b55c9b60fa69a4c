//! What the command can be asked.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::sessions;

/// A Backend-for-Frontend gateway: endpoints are TOML files, shapes are jq.
#[derive(Debug, Parser)]
#[command(name = "frontdesk", version, about)]
pub(super) struct Arguments {
    /// The folder of the config; `$FRONTDESK_CONFIG`, or else `config`
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve until SIGINT or SIGTERM
    Serve,
    /// Say what is wrong with the config
    Check {
        /// How mistakes are shown
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// List all endpoints
    Routes,
    /// Show what an endpoint does: its calls, what waits for what, what is sent
    Explain {
        /// `GET`, `post`, …
        method: String,
        /// `/api/v1/users/{id}`, or a path such as `/api/v1/users/7`
        path: String,
        /// Of this frontend only
        #[arg(long, value_name = "NAME")]
        frontend: Option<String>,
    },
    /// Show or end logins of a running gateway, by its admin listener
    Sessions {
        #[command(subcommand)]
        action: sessions::Action,
        /// How it is shown
        #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Have a running gateway fetch anew what has one of these tags, by its admin listener
    Revalidate {
        /// `posts`, `user:u1`, …
        #[arg(required = true, value_name = "TAG", value_parser = tag)]
        tags: Vec<String>,
        /// How it is shown
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Print the JSON Schema of the config's files, for editors
    Schema {
        /// One of the files; all of them without it
        #[arg(value_enum)]
        file: Option<File>,
    },
    /// Print the version
    Version,
    /// Ask a running gateway whether it takes requests
    Health {
        /// Where
        #[arg(default_value = "http://127.0.0.1:9090/readyz")]
        url: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// For editors
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum File {
    /// `gateway.toml`
    Gateway,
    /// `upstreams.toml`
    Upstreams,
    /// `routes/**/NAME.toml` and `_defaults.toml`
    Route,
}

fn tag(text: &str) -> Result<String, &'static str> {
    let is_one = !text.trim().is_empty() && text.len() <= 1024;
    is_one.then(|| text.to_owned()).ok_or("a tag is a text of 1 to 1024 bytes")
}
