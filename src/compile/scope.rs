//! Which variables a program may read, and which members they have.

use indexmap::IndexSet;

use super::members::Members;

use crate::config::did_you_mean;
use crate::diagnostic::{Problem, Span};
use crate::jq::{Read, Slot};
use crate::plan::{Input, slot};
use crate::value::SmolStr;

/// Every variable that is not a call's, by name.
pub(super) const VARIABLES: [(&str, Slot); 11] = [
    ("session", slot::SESSION),
    ("params", slot::PARAMS),
    ("query", slot::QUERY),
    ("headers", slot::HEADERS),
    ("cookies", slot::COOKIES),
    ("body", slot::BODY),
    ("request", slot::REQUEST),
    ("calls", slot::CALLS),
    ("item", slot::ITEM),
    ("error", slot::ERROR),
    ("claims", slot::CLAIMS),
];

const SESSION: &[&str] = &["iss", "sub", "roles", "scopes", "claims"];
const REQUEST: &[&str] = &["id", "method", "path", "ip", "host", "frontend", "idempotency_key"];
const OUTCOME: &[&str] = &["status", "headers", "error", "skipped"];
const ERROR: &[&str] = &["status", "code", "body"];

const NO_BODY: &str = "declare the body first: `input.body = { type = \"object\" }`";
const ONLY_REQUEST: &str = "a policy may read `$params`, `$query`, `$headers`, `$cookies`, \
                            `$body`, `$session` and `$request`";
/// What is there before any call.
const OF_REQUEST: &[Slot] = &[
    slot::SESSION,
    slot::PARAMS,
    slot::QUERY,
    slot::HEADERS,
    slot::COOKIES,
    slot::BODY,
    slot::REQUEST,
];

/// Where a program stands, which decides what is there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Inside an `each` call: `$item`.
    pub(super) item: bool,
    /// In the `details` of an `on_status`: `$error`.
    pub(super) error: bool,
}

/// A call that is read or needed, and where that is written.
#[derive(Clone, Debug)]
pub(super) struct Edge {
    /// The call's index among those that are sent.
    pub(super) to: usize,
    /// Where.
    pub(super) span: Span,
    /// It is read by `$calls`: how it has ended, not only what it says.
    pub(super) outcome: bool,
}

/// A variable that is read, and where that is written.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Which one.
    pub(super) slot: Slot,
    /// The members behind it, as far as they are known.
    pub(super) path: Vec<SmolStr>,
    /// Where.
    pub(super) span: Span,
}

/// What texts read.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Calls.
    pub(super) edges: Vec<Edge>,
    /// Variables that are not calls.
    pub(super) seen: Vec<Seen>,
}

/// The variables of one endpoint.
pub(super) struct Variables<'a> {
    /// What of the request is visible.
    pub(super) input: &'a Input,
    /// Its calls.
    pub(super) names: Names,
}

/// The variables of one program or template.
pub(super) enum Scope<'a> {
    /// `*_from` of `[session]`: only `$claims`.
    Claims,
    /// An upstream's headers and query: only `$session` and `$request`.
    Upstream { found: &'a mut Found },
    /// `id_from` of a signature: only `$body` and `$headers`.
    Delivery(&'a Input),
    /// A policy's `key_from`: what the request says; `input` once it is known which endpoint uses it.
    Limit { input: Option<&'a Input> },
    /// Anything of an endpoint; what is read is added to `found`.
    Endpoint { input: &'a Input, names: &'a mut Names, place: Place, found: &'a mut Found },
}

impl Variables<'_> {
    /// What is there at a place.
    pub(super) fn at<'s>(&'s mut self, place: Place, found: &'s mut Found) -> Scope<'s> {
        Scope::Endpoint { input: self.input, names: &mut self.names, place, found }
    }
}

/// The names of an endpoint's calls, and the slots of those that are read.
///
/// A call gets its slot when it is first read: what is inherited and not read has none, and is never sent.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: IndexSet<String>,
    live: Vec<usize>,
}

impl Names {
    /// All calls that are there.
    pub(super) fn new(known: impl IntoIterator<Item = String>) -> Self {
        Self { known: known.into_iter().collect(), live: Vec::new() }
    }

    /// The index of a call among those that are sent; from now on it is.
    pub(super) fn read(&mut self, name: &str) -> Option<usize> {
        let known = self.known.get_index_of(name)?;
        let position = self.live.iter().position(|live| *live == known);
        Some(position.unwrap_or_else(|| {
            self.live.push(known);
            self.live.len() - 1
        }))
    }

    /// The name of a call that is sent.
    pub(super) fn live(&self, index: usize) -> Option<&str> {
        self.known.get_index(*self.live.get(index)?).map(String::as_str)
    }

    /// Every name.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.known.iter().map(String::as_str)
    }
}

impl Scope<'_> {
    /// The slot of what is read, if it is there, and the call that it belongs to.
    pub(super) fn resolve(&mut self, read: &Read) -> Result<(Slot, Option<usize>), Problem> {
        let name = read.var.trim_start_matches('$');
        let variable = VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot);
        match variable {
            Some(slot) => self.variable(slot, name, read),
            None => self.call(name, read),
        }
    }

    fn variable(
        &mut self,
        slot: Slot,
        name: &str,
        read: &Read,
    ) -> Result<(Slot, Option<usize>), Problem> {
        if let Some(help) = self.refusal(slot) {
            return Err(at(read, format!("`${name}` cannot be read here"), Some(help.to_owned())));
        }
        if slot == slot::CALLS {
            return self.outcome(read).map(|index| (slot, Some(index)));
        }
        let members = Members { read, variable: name };
        match (slot, self.input()) {
            (slot::SESSION, _) => members.known(0, SESSION.iter().copied())?,
            (slot::REQUEST, _) => members.known(0, REQUEST.iter().copied())?,
            (slot::ERROR, _) => members.known(0, ERROR.iter().copied())?,
            (slot::PARAMS, Some(input)) => members.declared(&input.params)?,
            (slot::QUERY, Some(input)) => members.declared(&input.query)?,
            (slot::HEADERS, Some(input)) => members.declared(&input.headers)?,
            (slot::COOKIES, Some(input)) => members.declared(&input.cookies)?,
            (slot::BODY, Some(Input { body: Some(schema), .. })) => members.schema(schema)?,
            _ => {}
        }
        Ok((slot, None))
    }

    /// Why a variable is not there, as a help; none if it is.
    fn refusal(&self, slot: Slot) -> Option<&'static str> {
        match self {
            Self::Claims if slot != slot::CLAIMS => Some("only `$claims` is there: the token's"),
            Self::Upstream { .. } if ![slot::SESSION, slot::REQUEST].contains(&slot) => {
                Some("an upstream's headers and query may read `$session` and `$request` only")
            }
            Self::Delivery(_) if ![slot::BODY, slot::HEADERS].contains(&slot) => {
                Some("a delivery is known by its `$body` or its `$headers`")
            }
            Self::Delivery(Input { body: None, .. }) if slot == slot::BODY => Some(NO_BODY),
            Self::Limit { .. } if !OF_REQUEST.contains(&slot) => Some(ONLY_REQUEST),
            Self::Limit { input: Some(Input { body: None, .. }) } if slot == slot::BODY => {
                Some(NO_BODY)
            }
            Self::Endpoint { input, place, .. } => match slot {
                slot::CLAIMS => Some("write `$session.claims`"),
                slot::ITEM if !place.item => {
                    Some("it is there in a call that has `each`, but not in its `when` and `each`")
                }
                slot::ERROR if !place.error => {
                    Some("it is there in the `details` of an `on_status` only")
                }
                slot::BODY if input.body.is_none() => Some(NO_BODY),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where what is read is noted, if anybody asks for it.
    pub(super) fn found(&mut self) -> Option<&mut Found> {
        match self {
            Self::Endpoint { found, .. } | Self::Upstream { found } => Some(found),
            _ => None,
        }
    }

    fn input(&self) -> Option<&Input> {
        match self {
            Self::Endpoint { input, .. } | Self::Delivery(input) => Some(input),
            Self::Limit { input } => *input,
            _ => None,
        }
    }

    /// `$calls.NAME`, and what of it.
    fn outcome(&mut self, read: &Read) -> Result<usize, Problem> {
        let Self::Endpoint { names, .. } = self else {
            return Err(unknown(read, None));
        };
        let Some(name) = read.path.first() else {
            let message = if read.computed {
                "`$calls[…]` by a computed name cannot be read"
            } else {
                "`$calls` cannot be read as a whole"
            };
            let help = "write the call's name: `$calls.NAME.status`";
            return Err(at(read, message.to_owned(), Some(help.to_owned())));
        };
        let members = Members { read, variable: "calls" };
        let Some(index) = names.read(name) else {
            let help = did_you_mean(name, names.all());
            return Err(members.problem(0, format!("no call is named `{name}`"), help));
        };
        members.known(1, OUTCOME.iter().copied())?;
        if read.path.get(1).is_some_and(|step| step == "error") {
            members.known(2, ERROR.iter().copied())?;
        }
        Ok(index)
    }

    fn call(&mut self, name: &str, read: &Read) -> Result<(Slot, Option<usize>), Problem> {
        if let Self::Endpoint { names, .. } = self
            && let Some(index) = names.read(name)
        {
            let slot = Slot::try_from(index).ok().and_then(|i| slot::FIRST_CALL.checked_add(i));
            let slot = slot.ok_or_else(|| at(read, "too many calls".to_owned(), None))?;
            return Ok((slot, Some(index)));
        }
        let variables = VARIABLES.iter().filter(|(_, slot)| self.refusal(*slot).is_none());
        let mut known: Vec<&str> = variables.map(|(name, _)| *name).collect();
        if let Self::Endpoint { names, .. } = self {
            known.extend(names.all());
        }
        let help = did_you_mean(name, known).map(|help| help.replacen('`', "`$", 1));
        let only = matches!(self, Self::Limit { .. }).then(|| ONLY_REQUEST.to_owned());
        let help = help.or(only);
        Err(unknown(read, help))
    }
}

fn unknown(read: &Read, help: Option<String>) -> Problem {
    at(read, format!("unknown variable `${}`", read.var.trim_start_matches('$')), help)
}

fn at(read: &Read, message: String, help: Option<String>) -> Problem {
    Problem { range: read.span.clone(), message, help }
}
