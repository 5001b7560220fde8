//! Parts of files that stay in memory: the last that were used, by path, within so many bytes.
//!
//! Owns which of them stay. Files never change, so nothing is ever stale. Never reads a file.

use std::collections::HashMap;

use parking_lot::Mutex;

/// What `T` holds of each file, all together at most `BYTES_MAX` bytes, or one.
#[derive(Debug)]
pub struct KeptFiles<T, const BYTES_MAX: usize> {
    kept: Mutex<Kept<T>>,
}

#[derive(Debug)]
struct Kept<T> {
    files: HashMap<String, One<T>>,
    bytes: usize,
    clock: u64,
}

#[derive(Debug)]
struct One<T> {
    value: T,
    bytes: usize,
    used: u64,
}

impl<T, const BYTES_MAX: usize> Default for KeptFiles<T, BYTES_MAX> {
    fn default() -> Self {
        Self { kept: Mutex::new(Kept { files: HashMap::new(), bytes: 0, clock: 0 }) }
    }
}

impl<T: Clone, const BYTES_MAX: usize> KeptFiles<T, BYTES_MAX> {
    pub(crate) fn get(&self, path: &str) -> Option<T> {
        let mut kept = self.kept.lock();
        let clock = kept.tick();
        let one = kept.files.get_mut(path)?;
        one.used = clock;
        Some(one.value.clone())
    }

    /// Keeps what takes so many bytes, and lets go what was not used for the longest time.
    pub(crate) fn keep(&self, path: &str, value: T, bytes: usize) {
        let mut kept = self.kept.lock();
        let used = kept.tick();
        kept.remove(path);
        kept.bytes += bytes;
        kept.files.insert(path.to_owned(), One { value, bytes, used });
        while kept.bytes > BYTES_MAX && kept.files.len() > 1 {
            let oldest = kept.files.iter().min_by_key(|(_, one)| one.used).map(|(path, _)| path.clone());
            let Some(oldest) = oldest else { return };
            kept.remove(&oldest);
        }
    }

    /// Lets a file go that is data no more: what is kept may hold ids of its rows.
    pub(crate) fn forget(&self, path: &str) {
        self.kept.lock().remove(path);
    }
}

impl<T> Kept<T> {
    const fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn remove(&mut self, path: &str) {
        if let Some(one) = self.files.remove(path) {
            self.bytes -= one.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::KeptFiles;

    /// Guarantee: within its bytes the last used stay; one that is larger than all of them stays alone.
    #[test]
    fn the_last_used_stay_within_the_bytes() {
        let kept = KeptFiles::<u8, 10>::default();
        kept.keep("a", 1, 4);
        kept.keep("b", 2, 4);
        assert_eq!(kept.get("a"), Some(1));
        kept.keep("c", 3, 4);
        assert_eq!((kept.get("a"), kept.get("b"), kept.get("c")), (Some(1), None, Some(3)));
        kept.keep("a", 5, 6);
        assert_eq!((kept.get("a"), kept.get("c")), (Some(5), Some(3)));
        kept.keep("d", 4, 99);
        assert_eq!((kept.get("a"), kept.get("c"), kept.get("d")), (None, None, Some(4)));
        kept.forget("d");
        kept.keep("e", 6, 10);
        kept.keep("f", 7, 1);
        assert_eq!((kept.get("d"), kept.get("e"), kept.get("f")), (None, None, Some(7)));
    }
}
