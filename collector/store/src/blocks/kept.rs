//! Checksums of the blocks of files that were read lately, in memory.
//!
//! Owns how many of them stay. Files never change, so nothing is ever stale.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Blocks;

/// Bytes that they may take: of files of 64 GB.
const BYTES_MAX: usize = 16 << 20;

/// Of each file by its path.
#[derive(Debug, Default)]
pub struct KeptBlocks {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<String, (Arc<Blocks>, u64)>,
    bytes: usize,
    clock: u64,
}

impl KeptBlocks {
    pub(super) fn get(&self, path: &str) -> Option<Arc<Blocks>> {
        let mut kept = self.kept.lock();
        kept.clock += 1;
        let clock = kept.clock;
        let (blocks, used) = kept.files.get_mut(path)?;
        *used = clock;
        Some(Arc::clone(blocks))
    }

    pub(super) fn keep(&self, path: &str, blocks: &Arc<Blocks>) {
        let mut kept = self.kept.lock();
        kept.clock += 1;
        let clock = kept.clock;
        kept.bytes += blocks.memory_bytes();
        if let Some((old, _)) = kept.files.insert(path.to_owned(), (Arc::clone(blocks), clock)) {
            kept.bytes -= old.memory_bytes();
        }
        while kept.bytes > BYTES_MAX && kept.files.len() > 1 {
            let oldest = kept.files.iter().min_by_key(|(_, (_, used))| *used).map(|(path, _)| path.clone());
            let Some(oldest) = oldest else { return };
            kept.remove(&oldest);
        }
    }

    /// Lets a file go that is data no more.
    pub(crate) fn forget(&self, path: &str) {
        self.kept.lock().remove(path);
    }
}

impl Kept {
    fn remove(&mut self, path: &str) {
        if let Some((blocks, _)) = self.files.remove(path) {
            self.bytes -= blocks.memory_bytes();
        }
    }
}
