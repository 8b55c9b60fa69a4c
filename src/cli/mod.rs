//! The command: `serve`, `check`, `routes`, `explain`, `schema`, `version`, `health`, `sessions`,
//! `revalidate`.
//!
//! [`run`] does all but `serve`, for which it hands back the plan. It reads no environment and no clock of its own, and
//! writes only to what it is given, so that tests need no process.

mod admin;
mod arguments;
mod browser;
mod caches;
mod explain;
mod find;
mod health;
mod inputs;
mod limits;
mod revalidate;
mod routes;
mod serve;
mod sessions;
mod times;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Parser as _;
use serde_json::Value;

use crate::compile;
use crate::config::{self, Environment, Files};
use crate::plan::Plan;

pub use serve::serve;

use arguments::{Arguments, Command, File, Format};

/// Everything went well.
pub const OK: u8 = 0;
/// The config has a mistake; of `health`: the gateway is not ready.
pub const MISTAKE: u8 = 1;
/// The command was used in a wrong way.
pub const USAGE: u8 = 2;
/// Something that should not happen.
pub const BUG: u8 = 70;

/// What is left to do.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing: the process ends with this code.
    Exit(u8),
    /// Serve this.
    Serve(Box<Plan>),
}

/// What a command reads from and writes to.
pub struct World<'a> {
    /// Variables and secrets; `FRONTDESK_CONFIG` is one of them.
    pub environment: &'a dyn Environment,
    /// The config.
    pub files: &'a dyn Files,
    /// What was asked for.
    pub out: &'a mut dyn Write,
    /// What went wrong.
    pub err: &'a mut dyn Write,
    /// Whether `err` shows colors.
    pub color: bool,
}

/// Runs a command; `arguments` begin with the program's name. A reader that goes away early is no mistake.
pub fn run(arguments: impl IntoIterator<Item = OsString>, mut world: World<'_>) -> Outcome {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let wrong = error.use_stderr();
            let out = if wrong { &mut world.err } else { &mut world.out };
            // Nobody is left to tell.
            let _ = write!(out, "{}", error.render());
            return Outcome::Exit(if wrong { USAGE } else { OK });
        }
    };
    let folder = arguments
        .config
        .or_else(|| {
            world
                .environment
                .var("FRONTDESK_CONFIG")
                .filter(|dir| !dir.is_empty())
                .map(PathBuf::from)
        })
        .unwrap_or_else(|| PathBuf::from("config"));
    if matches!(arguments.command, Command::Serve) {
        return match load(&folder, &mut world, "; the gateway was not started") {
            Ok(plan) => Outcome::Serve(Box::new(plan)),
            Err(code) => Outcome::Exit(code),
        };
    }
    match command(arguments.command, &folder, &mut world) {
        Ok(code) => Outcome::Exit(code),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Outcome::Exit(OK),
        Err(error) => {
            let _ = writeln!(world.err, "error: cannot write: {error}");
            Outcome::Exit(BUG)
        }
    }
}

/// The plan of a config, or the exit code once its mistakes are written; `after` stands behind their count.
fn load(folder: &Path, world: &mut World<'_>, after: &str) -> Result<Plan, u8> {
    let (sources, result) = compile::load(folder, world.files, world.environment);
    result.map_err(|mistakes| {
        // Nobody is left to tell.
        let _ = writeln!(world.err, "{}{after}", sources.render(&mistakes, world.color));
        MISTAKE
    })
}

fn command(command: Command, folder: &Path, world: &mut World<'_>) -> io::Result<u8> {
    match command {
        Command::Check { format: Format::Json } => return check_json(folder, world),
        Command::Check { format: Format::Text } => {
            let Ok(plan) = load(folder, world, "") else { return Ok(MISTAKE) };
            writeln!(world.out, "{}", summary(&plan))?;
        }
        Command::Routes => {
            let Ok(plan) = load(folder, world, "") else { return Ok(MISTAKE) };
            world.out.write_all(routes::table(&plan).as_bytes())?;
        }
        Command::Explain { method, path, frontend } => {
            let Ok(plan) = load(folder, world, "") else { return Ok(MISTAKE) };
            match explain::explain(&plan, &method, &path, frontend.as_deref()) {
                Ok(text) => world.out.write_all(text.as_bytes())?,
                Err(why) => {
                    writeln!(world.err, "error: {why}")?;
                    return Ok(USAGE);
                }
            }
        }
        Command::Sessions { action, format } => {
            let Ok(plan) = load(folder, world, "") else { return Ok(MISTAKE) };
            let asked = sessions::ask(&plan.server, &action);
            return tell(&plan, asked, sessions::describe, format, world);
        }
        Command::Revalidate { tags, format } => {
            let Ok(plan) = load(folder, world, "") else { return Ok(MISTAKE) };
            let asked = revalidate::ask(&plan.server, &tags);
            return tell(&plan, asked, revalidate::describe, format, world);
        }
        Command::Schema { file } => print_schema(file, world.out)?,
        Command::Version => writeln!(world.out, "frontdesk {}", env!("CARGO_PKG_VERSION"))?,
        Command::Health { url } => return health(&url, world),
        Command::Serve => {}
    }
    world.out.flush()?;
    Ok(OK)
}

/// Writes what a running gateway has answered.
fn tell(
    plan: &Plan,
    asked: io::Result<admin::Answer>,
    describe: impl Fn(&Value) -> String,
    format: Format,
    world: &mut World<'_>,
) -> io::Result<u8> {
    let why = match asked {
        Ok(Ok(answer)) => {
            match format {
                Format::Json => writeln!(world.out, "{answer:#}")?,
                Format::Text => world.out.write_all(describe(&answer).as_bytes())?,
            }
            world.out.flush()?;
            return Ok(OK);
        }
        Ok(Err(why)) => why,
        Err(error) => format!("the gateway does not answer on {}: {error}", plan.server.admin),
    };
    writeln!(world.err, "error: {why}")?;
    Ok(MISTAKE)
}

fn check_json(folder: &Path, world: &mut World<'_>) -> io::Result<u8> {
    let (sources, result) = compile::load(folder, world.files, world.environment);
    let mistakes = result.err().unwrap_or_default();
    writeln!(world.out, "{:#}", sources.to_json(&mistakes))?;
    world.out.flush()?;
    Ok(if mistakes.is_empty() { OK } else { MISTAKE })
}

/// `config ok: 12 routes, 17 endpoints, 7 upstreams`
fn summary(plan: &Plan) -> String {
    let routes: Vec<_> = plan.routes().collect();
    let endpoints: usize = routes.iter().map(|route| route.methods.0.len()).sum();
    let count = |number: usize, what: &str| {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    let mut parts = vec![
        count(routes.len(), "route"),
        count(endpoints, "endpoint"),
        count(plan.upstreams.len(), "upstream"),
    ];
    if plan.frontends.iter().any(|frontend| !frontend.name.is_empty()) {
        parts.push(count(plan.frontends.len(), "frontend"));
    }
    if !plan.logins.is_empty() {
        parts.push(count(plan.logins.len(), "login"));
    }
    format!("config ok: {}", parts.join(", "))
}

fn print_schema(file: Option<File>, out: &mut dyn Write) -> io::Result<()> {
    let schemas = config::schema();
    let name = file.map(|file| match file {
        File::Gateway => "gateway",
        File::Upstreams => "upstreams",
        File::Route => "route",
    });
    let schema = name.map_or(&schemas, |name| &schemas[name]);
    writeln!(out, "{schema:#}")
}

fn health(url: &str, world: &mut World<'_>) -> io::Result<u8> {
    match health::ask(url) {
        Ok(()) => Ok(OK),
        Err(health::Unwell::Url(why)) => {
            writeln!(world.err, "error: {why}")?;
            Ok(USAGE)
        }
        Err(health::Unwell::Answer(why)) => {
            writeln!(world.err, "error: {why}")?;
            Ok(MISTAKE)
        }
    }
}
