//! The files of a config, so that tests need no disk.

use std::io::{self, Read as _};
use std::os::unix::fs::FileTypeExt as _;
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
        read(path)
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

/// Bytes of a file that is read: no config is as large, and a device has no end.
const MOST: u64 = 16 << 20;

/// What a secret stands in: a file, or a pipe that somebody writes it to.
pub(super) fn read_secret(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.file_type().is_fifo() { read_up_to_most(path) } else { read(path) }
}

/// The bytes of a regular file of at most so many. Others, such as a pipe, are not opened: who opens them may wait for ever.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let about = std::fs::metadata(path)?;
    if about.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    read_up_to_most(path)
}

fn read_up_to_most(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other(format!("it is larger than {} MiB", MOST >> 20)));
    }
    Ok(bytes)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn why(path: &Path) -> String {
        Disk.read(path).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_regular_file_or_too_large_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let named = |name: &str| folder.path().join(name);
        assert_eq!(why(Path::new("/dev/zero")), "it is no regular file");
        let pipe = std::process::Command::new("mkfifo").arg(named("x.toml")).status();
        assert!(pipe.unwrap().success());
        assert_eq!(why(&named("x.toml")), "it is no regular file");
        assert_eq!(Disk.read(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        std::fs::File::create(named("large")).unwrap().set_len(MOST + 1).unwrap();
        assert_eq!(why(&named("large")), "it is larger than 16 MiB");
        std::fs::write(named("small"), "a").unwrap();
        assert_eq!(Disk.read(&named("small")).unwrap(), b"a");
    }
}
