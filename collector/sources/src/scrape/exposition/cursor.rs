//! A place in one line, and the tokens that both formats have.

use super::ExpositionError;

pub(super) struct Cursor<'a> {
    line: &'a str,
    at: usize,
    number: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str, number: usize) -> Self {
        Self { line, at: 0, number }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.line.len()
    }

    pub(super) fn fault(&self, message: impl Into<String>) -> ExpositionError {
        let column = self.line[..self.at].chars().count() + 1;
        ExpositionError { line: self.number, column, message: message.into() }
    }

    pub(super) fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// Passes over a text, where it stands here.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    /// Everything up to the next space or the end; may be empty.
    pub(super) fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find([' ', '\t']).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// A name of letters, digits and `_`, with `:` where it is a metric's; may be empty.
    pub(super) fn name(&mut self, with_colon: bool) -> &'a str {
        let rest = self.rest();
        let is_part = |at: usize, letter: char| {
            letter.is_ascii_alphabetic()
                || letter == '_'
                || (letter == ':' && with_colon)
                || (letter.is_ascii_digit() && at > 0)
        };
        let end = rest.char_indices().find(|(at, letter)| !is_part(*at, *letter)).map_or(rest.len(), |(at, _)| at);
        self.at += end;
        &rest[..end]
    }

    /// A text in quotes, with `\\`, `\"` and `\n`. The cursor is behind the first quote.
    pub(super) fn quoted(&mut self) -> Result<String, ExpositionError> {
        let mut value = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(['"', '\\']) else {
                return Err(self.fault("quotes that are not closed"));
            };
            value.push_str(&rest[..end]);
            self.at += end + 1;
            if rest.as_bytes()[end] == b'"' {
                return Ok(value);
            }
            match self.rest().chars().next() {
                Some('n') => value.push('\n'),
                Some(letter @ ('"' | '\\')) => value.push(letter),
                // Both of Prometheus's parsers keep what they do not know.
                Some(letter) => value.extend(['\\', letter]),
                None => return Err(self.fault("quotes that are not closed")),
            }
            self.at += self.rest().chars().next().map_or(0, char::len_utf8);
        }
    }

    pub(super) fn number(&mut self, what: &str) -> Result<f64, ExpositionError> {
        let before = self.at;
        let word = self.word();
        word.parse().map_err(|_| {
            self.at = before;
            self.fault(format!("expected {what}, found {}", shown(word)))
        })
    }
}

/// A piece of what a target says, for a message.
pub(super) fn shown(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(60)];
    if cut.is_empty() { "the end of the line".to_owned() } else { format!("{cut:?}") }
}
