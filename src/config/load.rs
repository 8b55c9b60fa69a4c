//! Reads a whole config: every file, every mistake.

use std::io;
use std::path::Path;

use super::decode::{BUILT_IN, DEFAULTS, Decode, Decoder};
use super::files::Files;
use super::gateway::Gateway;
use super::parse::{Parsed, parse};
use super::plain::{Name, Named, Plain, Program, Toml, Value};
use super::route::{Caching, Call, RouteFile, Signature};
use super::tree::{Loaded, Tree};
use super::upstreams::{Upstream, Upstreams};
use crate::diagnostic::{Diagnostic, Sources, Span};

/// Reads the config in a folder. Without `gateway.toml`, `upstreams.toml`, `lib.jq` or `routes`
/// what they would say is the default or nothing; a folder that is not there is a mistake.
#[must_use]
pub fn load(folder: &Path, files: &dyn Files) -> Loaded {
    let (sources, diagnostics) = (Sources::default(), vec![]);
    let mut loader = Loader { files, sources, diagnostics, complete: true };
    let tree = loader.tree(folder).filter(|_| loader.complete);
    let mut diagnostics = loader.diagnostics;
    // The same defaults are read for many tables, and their mistakes found as often.
    let mut seen = std::collections::HashSet::new();
    diagnostics.retain(|mistake| seen.insert((mistake.title.clone(), mistake.span())));
    Loaded { sources: loader.sources, tree, diagnostics }
}

/// A config as it is being read.
pub(super) struct Loader<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
    complete: bool,
}

impl Loader<'_> {
    fn tree(&mut self, folder: &Path) -> Option<Tree> {
        let path = Path::new(BUILT_IN);
        let span = self.sources.add(path, include_str!("defaults.toml").to_owned());
        let built_in = self.parse(&span)?;
        if let Err(error) = self.files.list(folder) {
            let (name, why) = (folder.display(), reason(&error));
            let title = format!("cannot read the config in `{name}`: {why}");
            let help = "name its folder with `--config DIR`";
            self.diagnostics.push(Diagnostic::without_place(title).help(help));
            return None;
        }
        let gateway = self.gateway(folder, &built_in.root)?;
        let upstreams = self.upstreams(folder, &built_in.root);
        let lib = self.lib(folder);
        let route = [built_in.root.member("route")?];
        let route: RouteFile = self.decode(path, &built_in.headers, &route)?;
        let call = [built_in.root.member("call")?];
        let call_defaults: Call = self.decode(path, &built_in.headers, &call)?;
        let signature = [built_in.root.member("signature")?];
        let signature_defaults: Signature = self.decode(path, &built_in.headers, &signature)?;
        let cache = [built_in.root.member("cache")?];
        let cache_defaults: Caching = self.decode(path, &built_in.headers, &cache)?;
        Some(Tree {
            routes: self.all_routes(folder, &gateway.frontends, route),
            gateway,
            upstreams: upstreams?,
            lib,
            folder: folder.to_owned(),
            call_defaults,
            signature_defaults,
            cache_defaults,
        })
    }

    fn gateway(&mut self, folder: &Path, built_in: &Toml) -> Option<Gateway> {
        let path = folder.join("gateway.toml");
        let own = self.open_optional(&path);
        let (root, headers) = split(own.as_ref());
        let built_in = built_in.member("gateway")?;
        let layers: Vec<_> = root.into_iter().chain([built_in]).collect();
        let mut gateway: Gateway = self.decode(&path, headers, &layers)?;
        let standing = [built_in.member("response_headers")?];
        let standing: Named<Plain<String>> = self.decode(&path, headers, &standing)?;
        for (name, value) in standing {
            gateway.response_headers.entry(name).or_insert(value);
        }
        Some(gateway)
    }

    fn upstreams(&mut self, folder: &Path, built_in: &Toml) -> Option<Upstreams> {
        let path = folder.join("upstreams.toml");
        let Some(Parsed { root, headers }) = self.open_optional(&path) else {
            return Some(Upstreams { upstreams: Named::new() });
        };
        let built_in = built_in.member("upstreams")?;
        let defaults = [root.member(DEFAULTS), built_in.member(DEFAULTS)];
        let defaults: Vec<_> = defaults.into_iter().flatten().collect();
        let shared: Upstream = self.decode(&path, &headers, &defaults)?;
        let mut own = root.clone();
        if let Value::Table(table) = &mut own.value {
            table.shift_remove(DEFAULTS);
        }
        let mut upstreams: Named<Upstream> =
            self.decode(&path, &headers, &[&own, &root, built_in])?;
        for upstream in upstreams.values_mut() {
            for (name, value) in &shared.headers {
                let own = |other: &Name| {
                    other.eq_ignore_ascii_case(name) && !shared.headers.contains_key(other)
                };
                if !upstream.headers.keys().any(own) {
                    upstream.headers.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        Some(Upstreams { upstreams })
    }

    fn lib(&mut self, folder: &Path) -> Option<Program> {
        let path = folder.join("lib.jq");
        let span = self.read_optional(&path)?;
        let program = Program { text: self.sources.text(&span).to_owned(), span };
        self.with_decoder(&path, &[], |decoder| program.refuse_secrets(decoder));
        Some(program)
    }

    /// Reads and parses a file; a mistake is recorded.
    pub(super) fn open(&mut self, path: &Path) -> Option<(Span, Parsed)> {
        let span = self.read(path)?;
        Some((span.clone(), self.parse(&span)?))
    }

    /// The same for a file that no other depends on: without it the rest is still worth compiling, so that all
    /// mistakes are found at once.
    pub(super) fn open_alone(&mut self, path: &Path) -> Option<(Span, Parsed)> {
        let complete = self.complete;
        let opened = self.open(path);
        self.complete = complete;
        opened
    }

    fn open_optional(&mut self, path: &Path) -> Option<Parsed> {
        let span = self.read_optional(path)?;
        self.parse(&span)
    }

    fn read_optional(&mut self, path: &Path) -> Option<Span> {
        match self.files.read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            _ => self.read(path),
        }
    }

    fn read(&mut self, path: &Path) -> Option<Span> {
        let mistake = match self.files.read(path).map(String::from_utf8) {
            Ok(Ok(text)) => return Some(self.sources.add(path, text)),
            Ok(Err(error)) => {
                let at = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let start = self.sources.add(path, text).start;
                Diagnostic::at(start + at..start + at, "this is not UTF-8")
            }
            Err(error) => {
                let title = format!("cannot read the file: {}", reason(&error));
                Diagnostic::at(self.sources.add(path, String::new()), title)
            }
        };
        self.fail(mistake);
        None
    }

    fn parse(&mut self, span: &Span) -> Option<Parsed> {
        let parsed = parse(self.sources.text(span), span.start, &mut self.diagnostics);
        self.complete &= parsed.is_some();
        parsed
    }

    /// Reads a type from a file's tree; mistakes are recorded.
    pub(super) fn decode<T: Decode>(
        &mut self,
        path: &Path,
        headers: &[Span],
        layers: &[&Toml],
    ) -> Option<T> {
        self.with_decoder(path, headers, |decoder| T::decode(layers, decoder))
    }

    fn with_decoder<T>(
        &mut self,
        path: &Path,
        headers: &[Span],
        read: impl FnOnce(&mut Decoder<'_>) -> T,
    ) -> T {
        read(&mut Decoder {
            sources: &mut self.sources,
            files: self.files,
            diagnostics: &mut self.diagnostics,
            path,
            headers,
            scopes: vec![],
        })
    }

    /// Records a mistake that leaves a hole in the config.
    pub(super) fn fail(&mut self, mistake: Diagnostic) {
        self.complete = false;
        self.diagnostics.push(mistake);
    }
}

fn split(parsed: Option<&Parsed>) -> (Option<&Toml>, &[Span]) {
    parsed.map_or((None, &[]), |parsed| (Some(&parsed.root), parsed.headers.as_slice()))
}

/// The text of a file, or why there is none, in words.
pub(super) fn read_text(files: &dyn Files, path: &Path) -> Result<String, String> {
    let bytes = files.read(path).map_err(|error| reason(&error))?;
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8".into())
}

/// The system's reason in words, the same on every system.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".into(),
        io::ErrorKind::PermissionDenied => "the permission is missing".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        io::ErrorKind::NotADirectory => "it is not a folder".into(),
        io::ErrorKind::InvalidData => "it is not UTF-8".into(),
        _ => error.to_string(),
    }
}
