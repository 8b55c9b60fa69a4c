//! A config to load: a folder of `tests/config`, or files that a test writes down.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use frontdesk::compile;
use frontdesk::config::{Disk, Entry, Environment, Files};
use frontdesk::diagnostic::{Diagnostic, Sources};
use frontdesk::plan::{Endpoint, Plan};

/// A config, which sees itself as the folder `config`.
pub(crate) struct Case {
    folder: PathBuf,
    environment: HashMap<String, String>,
    /// Removed when it is dropped.
    _written: Option<tempfile::TempDir>,
}

impl Case {
    /// The config in a folder.
    pub(crate) fn new(folder: PathBuf, environment: HashMap<String, String>) -> Self {
        Self { folder, environment, _written: None }
    }

    /// A folder of `tests/config`, whose file `env` is its environment.
    pub(crate) fn open(folder: PathBuf) -> Self {
        let lines = fs::read_to_string(folder.join("env")).unwrap_or_default();
        let pairs = lines.lines().filter_map(|line| line.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.replace("\\n", "\n")));
        Self::new(folder, pairs.collect())
    }

    /// A case of `tests/config/good`.
    pub(crate) fn good(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good");
        Self::open(folder.join(name))
    }

    /// These files, and an upstream `users`.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let written = tempfile::tempdir().expect("a folder");
        let upstreams = ("upstreams.toml", "[users]\nurl = \"http://users:7001\"\n");
        for (name, text) in [upstreams].iter().chain(files) {
            let path = written.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let folder = written.path().to_owned();
        Self { folder, environment: HashMap::new(), _written: Some(written) }
    }

    /// A variable of the environment.
    pub(crate) fn env(&self, name: &str) -> &str {
        &self.environment[name]
    }

    /// What all variables hold.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &String> {
        self.environment.values()
    }

    /// Loads and compiles it.
    pub(crate) fn load(&self) -> (Sources, Result<Plan, Vec<Diagnostic>>) {
        compile::load(Path::new("config"), self, self)
    }

    /// Its plan; panics with its mistakes.
    #[track_caller]
    pub(crate) fn plan(&self) -> Plan {
        let (sources, result) = self.load();
        result.unwrap_or_else(|mistakes| panic!("{}", sources.render(&mistakes, false)))
    }

    /// The titles of its mistakes.
    pub(crate) fn titles(&self) -> Vec<String> {
        let mistakes = self.load().1.err().unwrap_or_default();
        mistakes.into_iter().map(|mistake| mistake.title).collect()
    }

    fn place(&self, path: &Path) -> PathBuf {
        self.folder.join(path.strip_prefix("config").unwrap_or(path))
    }
}

/// An endpoint by the name that logs show: `GET /users/{id}`.
#[track_caller]
pub(crate) fn endpoint<'p>(plan: &'p Plan, name: &str) -> &'p Endpoint {
    let mut all = plan.routes().flat_map(|route| &route.methods.0);
    let found = all.find(|(_, endpoint)| endpoint.name == name);
    found.map(|(_, endpoint)| endpoint.as_ref()).expect("there is this endpoint")
}

impl Files for Case {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Disk.read(&self.place(path))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Disk.list(&self.place(folder))?;
        for entry in &mut entries {
            entry.path = folder.join(entry.path.file_name().unwrap_or_default());
        }
        Ok(entries)
    }
}

impl Environment for Case {
    fn var(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        fs::read_to_string(self.place(path))
    }
}
