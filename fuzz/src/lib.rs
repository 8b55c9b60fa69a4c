//! What the targets share: a config without a disk, and one way to wait.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::{Component, Path, PathBuf};

use actix_http::ServiceConfig;
use actix_http::h1::Codec;
use frontdesk::config::{Entry, Environment, Files};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

/// What every variable of the environment and every file of a secret holds.
pub const SECRET: &str = "kept-from-all-32-bytes-and-more!";

/// The folder of a config in memory.
pub const FOLDER: &str = "config";

/// The files of a config.
#[derive(Default)]
pub struct Memory(BTreeMap<PathBuf, Vec<u8>>);

impl Memory {
    /// Reads `=== NAME` lines, each with the text of that file behind it. What could be no file of a folder is left out.
    pub fn split(input: &str) -> Self {
        let files = format!("\n{input}");
        let files = files.split("\n=== ").skip(1).filter_map(|file| {
            let (name, text) = file.split_once('\n').unwrap_or((file, ""));
            let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
            let path = Path::new(name);
            // No file system has longer paths.
            let is_file = (1..4096).contains(&name.len())
                && !name.contains('\0')
                && path.components().all(plain);
            is_file.then(|| (Path::new(FOLDER).join(path), text.as_bytes().to_vec()))
        });
        Self(files.collect())
    }
}

impl Files for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
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
        entries.dedup();
        match entries.is_empty() {
            true => Err(io::ErrorKind::NotFound.into()),
            false => Ok(entries),
        }
    }
}

impl Environment for Memory {
    fn var(&self, _: &str) -> Option<String> {
        Some(SECRET.to_owned())
    }

    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(SECRET.to_owned())
    }
}

/// Waits for something that needs no network.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// What actix-http reads a connection with.
pub fn codec() -> Codec {
    thread_local! {
        // It starts a clock, which only replies need.
        static CONFIG: ServiceConfig = wait(LocalSet::new().run_until(async { ServiceConfig::default() }));
    }
    Codec::new(CONFIG.with(ServiceConfig::clone))
}

/// What of the text before the first line feed, and what after it.
pub fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}
