//! Where a group's server keeps its data: a small file system in memory where one can be mounted, so that syncs cost
//! little and the disk can be filled; else a folder.
//!
//! Owns the mount. Dropping it takes everything away; [`Place::keep`] saves a copy of what a failure left.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ten seeds' data, log and merges under way fit; its limit is what a full disk is.
const SIZE: &str = "size=512m";

/// A place that is taken away when this is dropped.
pub struct Place {
    folder: tempfile::TempDir,
    is_mounted: bool,
}

/// Room that is taken until this is dropped.
pub struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        // Where the place is gone already there is nothing to give back.
        let _ = std::fs::remove_file(&self.0);
    }
}

// === impl Place ===

impl Place {
    pub fn new() -> Self {
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("spanlake-faults-");
        // In memory even where nothing can be mounted, if the machine has it.
        let in_memory = builder.tempdir_in("/dev/shm");
        let folder = in_memory.or_else(|_| builder.tempdir()).expect("a temporary folder can be made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path()).output();
        Self { folder, is_mounted: mounted.is_ok_and(|output| output.status.success()) }
    }

    /// Whether it can be filled without filling the machine.
    pub fn is_mounted(&self) -> bool {
        self.is_mounted
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Takes all room but so many bytes.
    pub fn fill(&self, left_bytes: usize) -> Ballast {
        assert!(self.is_mounted, "only a file system of its own may be filled");
        let path = self.path().join("ballast");
        let mut file = File::create(&path).expect("a file can be made");
        for chunk in [1 << 20, 4096] {
            while file.write_all(&vec![7; chunk]).is_ok() {}
        }
        let bytes = file.metadata().expect("a file has a length").len();
        let left = u64::try_from(left_bytes).expect("fits");
        file.set_len(bytes.saturating_sub(left)).expect("a file can be cut");
        Ballast(path)
    }

    /// Copies everything to where it stays.
    pub fn keep(&self, name: &str) -> PathBuf {
        let kept = std::env::temp_dir().join(format!("spanlake-faults-kept-{name}-{}", std::process::id()));
        copy(self.path(), &kept);
        kept
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("-l").arg(self.path()).output();
        }
    }
}

/// Copies a folder, holes and all.
pub fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").args(["-r", "--sparse=always"]).arg(from).arg(to).output();
    let copied = copied.expect("cp can be started");
    assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
}
