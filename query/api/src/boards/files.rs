//! Dashboards that are files: a folder of JSON documents under version control.
//!
//! Owns what a file of the folder is called and whether it can be shown. The folder is read anew at each question, so that a
//! pull shows at once. Never writes one.

use std::fs::{DirEntry, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde_json::Value;
use spanlake_state::{DOCUMENT_BYTES_MAX, is_board_name};

/// Files beyond these are left out.
const FILES_MAX: usize = 1_000;

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BoardFile {
    /// The file's name without `.json`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// When the file was changed, nanoseconds since the epoch: its version.
    pub(crate) changed: u64,
}

/// The dashboards of a folder by name; what is no `.json`, or has a name that none may have, is none.
///
/// # Errors
/// When the folder cannot be read: the sentence says which and why.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<BoardFile>, String> {
    let failed =
        |error: std::io::Error| format!("the folder of dashboards {} cannot be read: {error}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        files.extend(board_file(&entry.map_err(failed)?));
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    files.truncate(FILES_MAX);
    Ok(files)
}

fn board_file(entry: &DirEntry) -> Option<BoardFile> {
    let path = entry.path();
    let name = path.file_name()?.to_str()?.strip_suffix(".json").filter(|name| is_board_name(name))?.to_owned();
    let metadata = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Some(BoardFile { name, path, changed: u64::try_from(changed).unwrap_or(u64::MAX) })
}

impl BoardFile {
    /// The document and its text.
    ///
    /// # Errors
    /// When it cannot be read or is none: the sentence names the file, and the line of a mistake.
    pub(crate) fn document(&self) -> Result<(Value, String), String> {
        let failed = |why: &dyn std::fmt::Display| format!("the dashboard {}: {why}", self.path.display());
        let mut text = String::new();
        let file = File::open(&self.path).map_err(|error| failed(&error))?;
        let most = DOCUMENT_BYTES_MAX as u64 + 1;
        file.take(most).read_to_string(&mut text).map_err(|error| failed(&error))?;
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(failed(&format!("it has more than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let value: Value = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        if !value.get("title").is_some_and(Value::is_string) {
            return Err(failed(&"it is no JSON object with a `title`"));
        }
        Ok((value, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_and_what_is_wrong_with_one_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("checkout.json", r#"{"title":"Checkout","panels":[]}"#);
        write("broken.json", "{\n\"title\":");
        write("untitled.json", "[]");
        write("README.md", "none");
        write(".hidden.json", "{}");
        std::fs::create_dir(dir.path().join("folder.json")).unwrap();
        let files = in_folder(dir.path()).unwrap();
        assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["broken", "checkout", "untitled"]);
        assert_eq!(files[1].document().unwrap().0["title"], "Checkout");
        let said = files[0].document().unwrap_err();
        assert!(said.contains("broken.json") && said.contains("line 2"), "{said}");
        assert!(files[2].document().unwrap_err().contains("`title`"));
        assert!(in_folder(&dir.path().join("none")).unwrap_err().contains("none"));
    }
}
