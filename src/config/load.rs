//! Reads a whole config: every file, every mistake.

use std::io;
use std::path::Path;

use super::files::Files;
use super::tree::Loaded;

/// Reads the config in a folder.
#[must_use]
pub fn load(folder: &Path, files: &dyn Files) -> Loaded {
    let _ = (folder, files);
    Loaded { sources: Default::default(), tree: None, diagnostics: vec![] }
}

/// The text of a file, or why there is none, in words.
pub(super) fn read_text(files: &dyn Files, path: &Path) -> Result<String, String> {
    let bytes = files.read(path).map_err(|error| reason(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        format!("it is not UTF-8 from byte {} on", error.utf8_error().valid_up_to())
    })
}

/// The system's reason in words, the same on every system.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "the permission is missing".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        io::ErrorKind::InvalidData => "it is not UTF-8".into(),
        _ => error.to_string(),
    }
}
