//! Small C libraries that are loaded in front of libc.
//!
//! Owns the compiling. Needs a C compiler, as the build does.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library of a source; `None` where nothing can be compiled.
#[must_use]
pub fn compile(folder: &Path, name: &str, source: &str) -> Option<PathBuf> {
    let text = folder.join(format!("{name}.c"));
    let library = folder.join(format!("{name}.so"));
    std::fs::write(&text, source).ok()?;
    let compiled = Command::new("cc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(&text).output();
    compiled.ok()?.status.success().then_some(library)
}
