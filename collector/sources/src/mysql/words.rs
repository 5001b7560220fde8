//! Words that many servers say alike, once in memory: names of variables and most of their values.
//!
//! Owns what is still in use somewhere, and lets the rest go when there is much of it. Never keeps a long one.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// So many words before those that nobody uses are let go. A server has some thousand.
const SWEPT_AT: usize = 8192;
/// Longer ones are rarely said twice.
const BYTES_MAX: usize = 256;

/// The words of all servers that are polled.
#[derive(Debug, Default)]
pub(super) struct Words(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    words: HashSet<Arc<str>>,
    /// Words in use after the last sweep.
    used: usize,
}

impl Words {
    /// A word, shared with whoever has it already.
    pub(super) fn word(&self, text: &str) -> Arc<str> {
        if text.len() > BYTES_MAX {
            return Arc::from(text);
        }
        let mut known = self.0.lock();
        if let Some(word) = known.words.get(text) {
            return Arc::clone(word);
        }
        if known.words.len() >= known.used * 2 + SWEPT_AT {
            known.words.retain(|word| Arc::strong_count(word) > 1);
            known.used = known.words.len();
        }
        let word: Arc<str> = Arc::from(text);
        known.words.insert(Arc::clone(&word));
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_there_once_while_somebody_uses_it() {
        let words = Words::default();
        let kept = words.word("max_connections");
        assert!(Arc::ptr_eq(&kept, &words.word("max_connections")));
        let long = "x".repeat(BYTES_MAX + 1);
        assert!(!Arc::ptr_eq(&words.word(&long), &words.word(&long)));
        for number in 0..SWEPT_AT * 3 {
            words.word(&number.to_string());
        }
        assert!(words.0.lock().words.len() <= SWEPT_AT + 2);
        assert!(Arc::ptr_eq(&kept, &words.word("max_connections")), "what is in use stays");
    }
}
