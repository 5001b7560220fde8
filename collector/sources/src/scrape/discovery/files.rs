//! Files of targets: those that a pattern means, read when they change. A file that cannot be read keeps what it held.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{BYTES_MAX, Found, spread};
use crate::scrape::config::read_groups;

/// Files that one pattern may mean.
const FILES_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Files(BTreeMap<PathBuf, Watched>);

#[derive(Default)]
struct Watched {
    /// Size and time of the last change, when it was read.
    read: Option<(u64, SystemTime)>,
    found: Found,
    failure: Option<String>,
}

impl Files {
    /// Looks at the files, reads what changed or, where it `is_due`, all; whether anything is new.
    pub(super) fn look(&mut self, patterns: &[PathBuf], is_due: bool) -> bool {
        let present: Vec<PathBuf> = patterns.iter().flat_map(|pattern| matching(pattern)).collect();
        let before = self.0.len();
        self.0.retain(|path, _| present.contains(path));
        let mut is_new = self.0.len() != before || is_due;
        for path in present {
            let watched = self.0.entry(path.clone()).or_default();
            let state = std::fs::metadata(&path).and_then(|data| Ok((data.len(), data.modified()?))).ok();
            if state.is_none() || state != watched.read || is_due {
                watched.read = state;
                watched.renew(&path);
                is_new = true;
            }
        }
        is_new
    }

    pub(super) fn found(&self) -> Found {
        self.0.values().flat_map(|watched| watched.found.iter().cloned()).collect()
    }

    /// The first that cannot be read.
    pub(super) fn failure(&self) -> Option<String> {
        self.0.values().find_map(|watched| watched.failure.clone())
    }
}

impl Watched {
    fn renew(&mut self, path: &Path) {
        let size = std::fs::metadata(path).map_or(0, |data| data.len());
        let read = match size {
            size if size > BYTES_MAX => Err(format!("{size} bytes are no list of targets")),
            _ => std::fs::read_to_string(path).map_err(|error| error.to_string()),
        };
        let groups = read.and_then(|text| read_groups(&text).map_err(|error| error.to_string()));
        match groups {
            Ok(groups) => {
                self.found = spread(groups, &[("__meta_filepath", &path.display().to_string())]);
                self.failure = None;
            }
            Err(error) => self.failure = Some(format!("{}: {error}", path.display())),
        }
    }
}

/// The files that a pattern means now: itself, or those of its folder that fit the `*`.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let name = pattern.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.contains('*') {
        return vec![pattern.to_owned()];
    }
    let Ok(entries) = std::fs::read_dir(pattern.parent().unwrap_or(Path::new("."))) else { return Vec::new() };
    let paths = entries.take(FILES_MAX).flatten().map(|entry| entry.path());
    let mut fitting: Vec<PathBuf> = paths
        .filter(|path| path.file_name().and_then(|file| file.to_str()).is_some_and(|file| fits(name, file)))
        .collect();
    fitting.sort();
    fitting
}

/// Whether a name fits a pattern of literal parts with `*` between.
fn fits(pattern: &str, name: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return false };
    let Some(mut rest) = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for part in &parts[1..parts.len() - 1] {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_files() {
        for (pattern, name, is_meant) in [
            ("*.json", "a.json", true),
            ("a*b*.yml", "a1b2.yml", true),
            ("a*b*.yml", "a12.yml", false),
            ("*.json", "a.yaml", false),
            ("a*a.json", "a.json", false),
        ] {
            assert_eq!(fits(pattern, name), is_meant, "{pattern} {name}");
        }
    }

    #[test]
    fn files_are_read_when_they_change_and_kept_when_they_break() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.json"), folder.path().join("two.json"));
        std::fs::write(&one, r#"[{"targets": ["a:1", "b:1"], "labels": {"zone": "x"}}]"#).unwrap();
        let (mut files, patterns) = (Files::default(), [folder.path().join("*.json")]);
        assert!(files.look(&patterns, true));
        assert_eq!(files.found().iter().map(|(target, _)| target.as_str()).collect::<Vec<_>>(), ["a:1", "b:1"]);
        assert_eq!(files.found()[0].1["zone"], "x");
        assert!(files.found()[0].1["__meta_filepath"].ends_with("one.json"));
        assert!(!files.look(&patterns, false));
        std::fs::write(&two, "- targets: ['c:1']\n").unwrap();
        std::fs::write(&one, "[{\"targets\": [").unwrap();
        assert!(files.look(&patterns, false));
        assert_eq!(files.found().len(), 3);
        assert!(files.failure().unwrap().contains("one.json: line"), "{:?}", files.failure());
        std::fs::remove_file(&one).unwrap();
        assert!(files.look(&patterns, false));
        assert_eq!((files.found().len(), files.failure()), (1, None));
    }
}
