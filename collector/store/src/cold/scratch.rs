//! Bytes that the sampler puts aside while it looks at an hour with more traces than fit in memory.
//!
//! Owns one file, which has no name: whatever ends the process takes it along. Made when the first bytes come.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use spanlake_schemas::sampling::Scratch;

use super::write::SCRATCH;

/// No two have one name: a simulation may look at hours while one moves.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A scratch on the disk of the hot tier.
pub struct ScratchFile {
    folder: PathBuf,
    file: Option<File>,
    end: u64,
}

impl ScratchFile {
    /// One that is empty.
    pub fn below(data_dir: &Path) -> Box<Self> {
        Box::new(Self { folder: data_dir.join(SCRATCH), file: None, end: 0 })
    }

    fn create(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("summaries-{}", NEXT.fetch_add(1, Relaxed)));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }
}

impl Scratch for ScratchFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<u64> {
        let at = self.end;
        if self.file.is_none() {
            self.file = Some(self.create()?);
        }
        if let Some(file) = &self.file {
            file.write_all_at(bytes, at)?;
        }
        self.end += bytes.len() as u64;
        Ok(at)
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut bytes, at)?;
        } else if length > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}
