//! Where in the query's text something stands.
//!
//! Owns byte ranges and their translation to line and column as Prometheus counts them. Never holds the text itself.

/// A range of bytes of the query's text: `start` is in it, `end` is behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this one to the end of the other.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Self { start: self.start, end: other.end }
    }
}

/// `line:column`, both from 1; columns are bytes, as Prometheus counts them.
#[must_use]
pub fn line_and_column(query: &str, position: usize) -> String {
    if query.is_empty() {
        return "unknown position".to_owned();
    }
    if position > query.len() {
        return "invalid position".to_owned();
    }
    let before = &query.as_bytes()[..position];
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = position - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) + 1;
    format!("{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_start_again_in_each_line() {
        assert_eq!(line_and_column("abc", 0), "1:1");
        assert_eq!(line_and_column("abc", 3), "1:4");
        assert_eq!(line_and_column("a\nbc", 2), "2:1");
        assert_eq!(line_and_column("a\n\nbc", 4), "3:2");
        assert_eq!(line_and_column("", 0), "unknown position");
        assert_eq!(line_and_column("a", 5), "invalid position");
    }
}
