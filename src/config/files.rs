//! The files of a config, so that tests need no disk.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Where files are read from.
pub trait Files {
    /// The bytes of a file.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// What a folder holds, in any order.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;
}

/// A member of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its path, the folder's included.
    pub path: PathBuf,
    /// Whether it is a folder itself.
    pub folder: bool,
}

/// The file system.
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entries = std::fs::read_dir(folder)?;
        entries
            .map(|entry| {
                let path = entry?.path();
                Ok(Entry { folder: path.is_dir(), path })
            })
            .collect()
    }
}

/// The path of a file that another file names: relative to its folder, without `.` and `..`, so
/// that it is shown as people would write it.
pub(super) fn beside(file: &Path, name: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for part in file.parent().unwrap_or(Path::new("")).join(name).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if path.file_name().is_some() => {
                path.pop();
            }
            part => path.push(part),
        }
    }
    path
}
