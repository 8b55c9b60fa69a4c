//! The `routes/` tree: the path of a file is the path of the endpoint.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use super::files::Entry;
use super::load::{Loader, reason};
use super::route::RouteFile;
use super::tree::{Pattern, Route, Segment};
use crate::diagnostic::Diagnostic;

/// What a folder gives to what is in it.
#[derive(Clone)]
pub(super) struct Chain {
    /// The `_defaults.toml` that hold, nearest first.
    pub(super) defaults: Vec<Arc<RouteFile>>,
    /// The path so far.
    pub(super) segments: Vec<Segment>,
}

/// Reads a folder and all below it.
pub(super) fn walk(loader: &mut Loader<'_>, folder: &Path, chain: &Chain, out: &mut Vec<Route>) {
    let mut entries = match loader.files.list(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let title = format!("cannot read `{}`: {}", folder.display(), reason(&error));
            return loader.fail(Diagnostic::without_place(title));
        }
    };
    entries.sort();
    let mut chain = chain.clone();
    let own = entries.iter().find(|entry| entry.named("_defaults.toml"));
    if let Some((own, (_, parsed))) = own.and_then(|own| Some((own, loader.open(&own.path)?))) {
        let file = loader.decode(&own.path, &parsed.headers, &[&parsed.root]);
        file.into_iter().for_each(|file| chain.defaults.insert(0, Arc::new(file)));
    }
    // A name that starts with a dot is hidden, such as the `..data` of a Kubernetes volume.
    let shown = entries.iter().filter(|entry| !entry.name().starts_with('.'));
    for entry in shown.filter(|entry| !entry.named("_defaults.toml")) {
        if entry.folder {
            subfolder(loader, entry, &chain, out);
        } else if let Some(name) = entry.name().strip_suffix(".toml") {
            out.extend(route(loader, entry, name, &chain));
        }
    }
}

fn subfolder(loader: &mut Loader<'_>, entry: &Entry, chain: &Chain, out: &mut Vec<Route>) {
    let name = entry.name();
    let group = name.strip_prefix('(').and_then(|name| name.strip_suffix(')'));
    let mut chain = chain.clone();
    if group.is_none_or(str::is_empty) {
        match segment(&name) {
            Ok(segment) => chain.segments.push(segment),
            Err(help) => {
                let path = entry.path.display();
                let title = format!("`{name}` in `{path}` cannot be a segment of a path");
                return loader.fail(Diagnostic::without_place(title).help(help));
            }
        }
    }
    walk(loader, &entry.path, &chain, out);
}

fn route(loader: &mut Loader<'_>, entry: &Entry, name: &str, chain: &Chain) -> Option<Route> {
    let (span, parsed) = loader.open_alone(&entry.path)?;
    let start = span.start..span.start;
    let file = loader.decode(&entry.path, &parsed.headers, &[&parsed.root])?;
    let mut pattern = Pattern { segments: chain.segments.clone() };
    if name != "index" {
        match segment(name) {
            Ok(segment) => pattern.segments.push(segment),
            Err(help) => {
                let title = format!("`{name}` cannot be a segment of a path");
                loader.fail(Diagnostic::at(start, title).help(help));
                return None;
            }
        }
    }
    if let Some((title, help)) = pattern.problem() {
        loader.fail(Diagnostic::at(start.clone(), title).help(help));
    }
    let file_name = entry.path.display().to_string();
    Some(Route { pattern, file_name, span: start, file, defaults: chain.defaults.clone() })
}

/// Reads a name as a segment, or says what one looks like.
fn segment(name: &str) -> Result<Segment, &'static str> {
    let inside = |open: &str, close: &str| name.strip_prefix(open)?.strip_suffix(close);
    let named = |inside: &str, segment: fn(String) -> Segment| match is_name(inside) {
        true => Ok(segment(inside.to_owned())),
        false => Err("a name in brackets is small letters, digits and `_`, as in `[user_id]`"),
    };
    if let Some(rest) = inside("[[...", "]]") {
        return named(rest, Segment::OptionalCatchAll);
    }
    if let Some(rest) = inside("[...", "]") {
        return named(rest, Segment::CatchAll);
    }
    if name.contains(['[', ']', '(', ')']) || name.is_empty() {
        let param = inside("[", "]").filter(|name| !name.contains(['[', ']', '(', ')', '.']));
        let help =
            "brackets are `[id]`, `[...rest]` or `[[...rest]]`, a group is `(name)`, a folder";
        return named(param.ok_or(help)?, Segment::Param);
    }
    Ok(Segment::Literal(name.to_owned()))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Pattern {
    fn problem(&self) -> Option<(String, &'static str)> {
        let mut names = vec![];
        for (index, segment) in self.segments.iter().enumerate() {
            let last = index + 1 == self.segments.len();
            if !last && matches!(segment, Segment::CatchAll(_) | Segment::OptionalCatchAll(_)) {
                let title = format!("`{segment}` must be the last segment of `{self}`");
                return Some((title, "a catch-all takes all that follows"));
            }
            if let Some(name) = segment.name() {
                if names.contains(&name) {
                    let title = format!("`{self}` has two segments called `{name}`");
                    return Some((title, "`$params` has one value of each name"));
                }
                names.push(name);
            }
        }
        None
    }
}

impl Segment {
    /// The name of what is not literal.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Param(name) | Self::CatchAll(name) | Self::OptionalCatchAll(name) => Some(name),
        }
    }

    /// What it takes, without its name: equal for segments that stand for the same.
    fn place(&self) -> (u8, &str) {
        match self {
            Self::Literal(text) => (0, text),
            Self::Param(_) => (1, ""),
            Self::CatchAll(_) | Self::OptionalCatchAll(_) => (2, ""),
        }
    }
}

/// Finds two files for one path, and two names for one segment.
pub(super) fn check(routes: &[Route], out: &mut Vec<Diagnostic>) {
    let mut names: HashMap<Vec<(u8, &str)>, (&Segment, &Route)> = HashMap::new();
    let mut paths: HashMap<Vec<(u8, &str)>, &Route> = HashMap::new();
    for route in routes {
        let (mut place, mut renamed) = (vec![], false);
        for segment in &route.pattern.segments {
            place.push(segment.place());
            let (first, other) = *names.entry(place.clone()).or_insert((segment, route));
            if first.name() != segment.name() {
                renamed = true;
                let title = format!("two names for one segment: `{first}` and `{segment}`");
                out.push(
                    Diagnostic::at(route.span.clone(), title)
                        .named(format!("`{segment}` here"))
                        .label(other.span.clone(), format!("and `{first}` here"))
                        .help("call it the same in both files"),
                );
                break;
            }
        }
        if renamed {
            continue;
        }
        match paths.get(&place) {
            Some(other) => out.push(
                Diagnostic::at(route.span.clone(), format!("two files for `{}`", route.pattern))
                    .named("this one")
                    .label(other.span.clone(), "and this one")
                    .help("a folder in parentheses and `index` do not show in the path"),
            ),
            None => {
                paths.insert(place, route);
            }
        }
    }
}

impl Entry {
    fn name(&self) -> String {
        self.path.file_name().unwrap_or(OsStr::new("")).to_string_lossy().into_owned()
    }

    fn named(&self, name: &str) -> bool {
        !self.folder && self.name() == name
    }
}
