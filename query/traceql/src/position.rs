//! Where in the query's text something stands.
//!
//! Owns byte ranges and their translation to line and column. Never holds the text itself.

/// A range of bytes of the query's text: `start` is in it, `end` is behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextRange {
    pub start: usize,
    pub end: usize,
}

impl TextRange {
    /// From a byte to behind another one.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this one to the end of the other.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text of this range; empty where the range does not fit the text.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }
}

/// The place of a node of the tree. All places are equal, so that two trees are equal when they say the same, wherever
/// it stands: what is printed and parsed again is the same tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place(pub TextRange);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl From<TextRange> for Place {
    fn from(range: TextRange) -> Self {
        Self(range)
    }
}

/// Both from 1; a column is a character, as editors count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineColumn {
    pub line: usize,
    pub column: usize,
}

impl LineColumn {
    /// Where a byte of the text stands; behind the end counts as the end, inside a character as its start.
    #[must_use]
    pub fn of(text: &str, byte: usize) -> Self {
        let mut byte = byte.min(text.len());
        while !text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &text[..byte];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self { line: 1 + before.matches('\n').count(), column: 1 + before[line_start..].chars().count() }
    }
}

impl std::fmt::Display for LineColumn {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_start_again_in_each_line_and_count_characters() {
        assert_eq!(LineColumn::of("abc", 0).to_string(), "1:1");
        assert_eq!(LineColumn::of("abc", 9).to_string(), "1:4");
        assert_eq!(LineColumn::of("a\n\nbc", 4).to_string(), "3:2");
        assert_eq!(LineColumn::of("{µ}", 3).to_string(), "1:3");
        assert_eq!(LineColumn::of("{µ}", 2).to_string(), "1:2");
        assert_eq!(LineColumn::of("", 0).to_string(), "1:1");
    }

    #[test]
    fn places_do_not_tell_trees_apart() {
        assert_eq!(Place(TextRange::new(0, 1)), Place(TextRange::new(5, 9)));
    }
}
