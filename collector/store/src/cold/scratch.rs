//! Bytes that the sampler puts aside while it looks at an hour with more traces than fit in memory.
//!
//! Owns one file, which has no name: whatever ends the process takes it along. Made when the first bytes come.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use spanlake_schemas::sampling::{Readable, Scratch};

use super::write::SCRATCH;

/// No two have one name: a simulation may look at hours while one moves.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A scratch on the disk of the hot tier.
pub struct ScratchFile {
    folder: PathBuf,
    file: Mutex<Option<Growing>>,
}

struct Growing {
    file: Arc<File>,
    end: u64,
}

impl ScratchFile {
    /// One that is empty.
    pub fn below(data_dir: &Path) -> Arc<Self> {
        Arc::new(Self { folder: data_dir.join(SCRATCH), file: Mutex::default() })
    }

    fn create(&self) -> io::Result<Growing> {
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(format!("summaries-{}", NEXT.fetch_add(1, Relaxed)));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(Growing { file: Arc::new(file), end: 0 })
    }
}

impl Readable for ScratchFile {
    fn byte_len(&self) -> u64 {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, |growing| growing.end)
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        let file = {
            let growing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            growing.as_ref().map(|growing| Arc::clone(&growing.file))
        };
        let mut bytes = vec![0; length];
        match file {
            Some(file) => file.read_exact_at(&mut bytes, at)?,
            None if length > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            None => {}
        }
        Ok(bytes)
    }
}

impl Scratch for ScratchFile {
    fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut growing = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let growing = match &mut *growing {
            Some(growing) => growing,
            empty => empty.insert(self.create()?),
        };
        let at = growing.end;
        growing.file.write_all_at(bytes, at)?;
        growing.end += bytes.len() as u64;
        Ok(at)
    }
}
