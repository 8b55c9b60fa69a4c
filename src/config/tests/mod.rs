//! What people read when a config is wrong, and what comes of one that is right.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::*;
use crate::diagnostic::{Diagnostic, Sources};

mod any_input;
mod mistakes;
mod right;
mod secrets;

/// Files that are in no folder of the disk; a file of `None` cannot be read.
#[derive(Default)]
pub(super) struct Memory(HashMap<PathBuf, Option<Vec<u8>>>);

impl Memory {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(name, text)| (Path::new("config").join(name), Some(text.as_bytes().to_vec())));
        Self(files.collect())
    }

    pub(super) fn bytes(mut self, name: &str, bytes: Option<&[u8]>) -> Self {
        self.0.insert(Path::new("config").join(name), bytes.map(<[u8]>::to_vec));
        self
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.0.get(path) {
            Some(Some(bytes)) => Ok(bytes.clone()),
            Some(None) => Err(io::ErrorKind::PermissionDenied.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let below = self.0.keys().filter_map(|path| path.strip_prefix(folder).ok());
        let mut entries: Vec<Entry> = below
            .filter_map(|rest| {
                let mut parts = rest.iter();
                let path = folder.join(parts.next()?);
                Some(Entry { path, folder: parts.next().is_some() })
            })
            .collect();
        entries.sort();
        entries.dedup();
        match entries.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(entries),
        }
    }
}

/// All that is said about a config.
pub(super) fn said(files: &Memory) -> String {
    let loaded = load(Path::new("config"), files);
    loaded.sources.render(&loaded.diagnostics, false)
}

/// The config, which has no mistake.
#[track_caller]
pub(super) fn tree(files: &[(&str, &str)]) -> (Sources, Tree) {
    let loaded = load(Path::new("config"), &Memory::of(files));
    assert_eq!(loaded.sources.render(&loaded.diagnostics, false), "0 errors");
    (loaded.sources, loaded.tree.unwrap())
}

/// An environment of a test.
#[derive(Default)]
pub(super) struct Given {
    pub(super) variables: HashMap<String, String>,
    pub(super) files: HashMap<PathBuf, String>,
}

impl Environment for Given {
    fn var(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// A plain value as it would stand in a file, resolved.
pub(super) fn resolved<T: Literal + Clone>(
    text: &str,
    environment: &Given,
) -> (Option<Resolved<T>>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let literal = format!("key = '''{text}'''\n");
    let start = sources.add(Path::new("config/gateway.toml"), literal.clone()).start;
    let plain = Plain { span: start + 6..literal.len() - 1, raw: Raw::Text(text.to_owned()) };
    let mut out = vec![];
    let value = plain.resolve(Secrets { sources: &sources, environment }, &mut out);
    (value, out, sources)
}
