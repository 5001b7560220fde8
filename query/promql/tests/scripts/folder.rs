//! Where the scripts are, and which of their evals are known to fail.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Found at run time: test binaries are shared between checkouts.
pub fn repository_root() -> PathBuf {
    let manifest = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR when it runs tests");
    Path::new(&manifest).join("../..")
}

pub fn scripts_folder(root: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("PROMQLTEST_DIR").map(PathBuf::from);
    named.into_iter().chain([root.join("../shared/data/promqltest")]).find(|folder| folder.is_dir())
}

pub fn script_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of scripts can be read");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}

/// Places such as `functions.test:12` that the document lists in its table of failures.
pub fn listed_failures(document: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(document).unwrap_or_default();
    let place = |line: &str| {
        let cell = line.strip_prefix("| `")?.split('`').next()?.to_owned();
        cell.contains(".test:").then_some(cell)
    };
    text.lines().filter_map(place).collect()
}
