//! The nearest name to one that does not exist, for hints in messages.
//!
//! Owns the measure only: edits of one letter, two swapped neighbours counted as one. Never knows which names there are.

/// Names longer than this are not compared, so that a hostile one costs nothing.
const LENGTH_MAX: usize = 64;

/// The most similar of the candidates, if it is similar at all. Of equal ones the first.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LENGTH_MAX {
        return None;
    }
    let edits_max = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, left_char) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right_char) in right.iter().enumerate() {
            let replaced = last[column] + usize::from(left_char != right_char);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *left_char == right[column - 1] && left[row - 1] == *right_char {
                best = best.min(before_last[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_find_their_word() {
        let words = ["duration", "name", "status", "statusMessage"];
        assert_eq!(nearest("duraton", words), Some("duration"));
        assert_eq!(nearest("nmae", words), Some("name"));
        assert_eq!(nearest("Status", words), Some("status"));
        assert_eq!(nearest("statusmessage", words), Some("statusMessage"));
        assert_eq!(nearest("flavour", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"n".repeat(10_000), words), None);
    }
}
