//! Parts of files that stay in memory: the last that were used, by path and place, within so many bytes.
//!
//! Owns which of them stay. Files never change, so nothing is ever stale. Never reads a file.

use std::collections::HashMap;

use parking_lot::Mutex;

/// What `T` holds of files or of parts of them, all together at most `BYTES_MAX` bytes, or one.
#[derive(Debug)]
pub struct KeptFiles<T, const BYTES_MAX: usize> {
    kept: Mutex<Kept<T>>,
}

#[derive(Debug)]
struct Kept<T> {
    files: HashMap<String, HashMap<u64, One<T>>>,
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
    /// What holds a file as a whole.
    pub(crate) fn get(&self, path: &str) -> Option<T> {
        self.get_part(path, 0)
    }

    pub(crate) fn get_part(&self, path: &str, part: u64) -> Option<T> {
        let mut kept = self.kept.lock();
        let clock = kept.tick();
        let one = kept.files.get_mut(path)?.get_mut(&part)?;
        one.used = clock;
        Some(one.value.clone())
    }

    /// Keeps what takes so many bytes, and lets go what was not used for the longest time.
    pub(crate) fn keep(&self, path: &str, value: T, bytes: usize) {
        self.keep_part(path, 0, value, bytes);
    }

    pub(crate) fn keep_part(&self, path: &str, part: u64, value: T, bytes: usize) {
        let mut kept = self.kept.lock();
        let used = kept.tick();
        kept.bytes += bytes;
        if let Some(before) = kept.files.entry(path.to_owned()).or_default().insert(part, One { value, bytes, used }) {
            kept.bytes -= before.bytes;
        }
        if kept.bytes > BYTES_MAX {
            kept.make_room(BYTES_MAX - BYTES_MAX / 8);
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
        self.bytes -= self.files.remove(path).iter().flat_map(HashMap::values).map(|one| one.bytes).sum::<usize>();
    }

    /// Lets go what was not used for the longest time until the rest takes so many bytes, but for the last: more than one at a
    /// time, as all have to be looked at.
    fn make_room(&mut self, bytes_max: usize) {
        let parts =
            self.files.iter().flat_map(|(path, parts)| parts.iter().map(move |(part, one)| (one.used, path, *part)));
        let mut parts: Vec<(u64, String, u64)> = parts.map(|(used, path, part)| (used, path.clone(), part)).collect();
        parts.sort_unstable();
        parts.pop();
        for (_, path, part) in parts {
            if self.bytes <= bytes_max {
                break;
            }
            let Some(of_file) = self.files.get_mut(&path) else { continue };
            self.bytes -= of_file.remove(&part).map_or(0, |one| one.bytes);
            if of_file.is_empty() {
                self.files.remove(&path);
            }
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

    /// Guarantee: parts of a file come and go by themselves, and go together with it.
    #[test]
    fn parts_of_a_file_are_kept_apart() {
        let kept = KeptFiles::<u8, 16>::default();
        kept.keep_part("a", 1, 1, 8);
        kept.keep_part("a", 2, 2, 4);
        assert_eq!(kept.get_part("a", 1), Some(1));
        kept.keep_part("a", 3, 3, 5);
        assert_eq!([1, 2, 3].map(|part| kept.get_part("a", part)), [Some(1), None, Some(3)]);
        kept.keep_part("b", 1, 4, 1);
        kept.keep_part("a", 3, 5, 7);
        assert_eq!((kept.get_part("a", 3), kept.get_part("b", 1)), (Some(5), Some(4)));
        kept.forget("a");
        kept.keep_part("b", 2, 6, 15);
        assert_eq!(
            [("a", 1), ("a", 3), ("b", 1), ("b", 2)].map(|(path, part)| kept.get_part(path, part)),
            [None, None, Some(4), Some(6)]
        );
    }
}
