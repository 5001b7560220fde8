//! Characters to tokens.
//!
//! Owns what ends a name, a number and a text, which depends on the language: in braces attributes carry a scope, in the
//! filter language they need not. Never fails: behind what is no token there are none, and the error says why.

use crate::position::TextRange;

use super::duration::parse_duration;
use super::field::{Intrinsic, Scope};
use super::literal::Literal;
use super::token::{SIGNS, Token, TokenKind};

/// Which of the two languages the text is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    TraceQl,
    /// That of `filter=`: no braces, attributes without a scope, words for operators.
    Filter,
}

/// Words of the filter language that are no attributes.
pub(super) const FILTER_WORDS: [&str; 9] = ["and", "or", "not", "AND", "OR", "NOT", "exists", "nil", "cidr"];

/// Why the text is not tokens to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexError {
    pub range: TextRange,
    pub message: String,
    pub hint: Option<String>,
    /// A text in quotation marks that has no end yet.
    pub is_open_text: bool,
}

/// All tokens, the last being the end of the text or of what could be read.
#[derive(Clone, Debug)]
pub struct Lexed {
    pub tokens: Vec<Token>,
    pub error: Option<LexError>,
}

/// Splits a text into tokens.
#[must_use]
pub fn lex(text: &str, language: Language) -> Lexed {
    let mut lexer = Lexer { text, position: 0, language, tokens: Vec::new() };
    let mut error = None;
    let end = loop {
        match lexer.step() {
            Ok(true) => {}
            Ok(false) => break TokenKind::EndOfInput,
            Err(found) => {
                error = Some(found);
                break TokenKind::Error;
            }
        }
    };
    let start = error.as_ref().map_or(text.len(), |error| error.range.start);
    lexer.tokens.push(Token { kind: end, range: TextRange::new(start, text.len()) });
    Lexed { tokens: lexer.tokens, error }
}

/// Whether a name goes on with this character outside of quotation marks.
#[must_use]
pub fn is_attribute_character(character: char) -> bool {
    !character.is_whitespace()
        && !matches!(character, '{' | '}' | '(' | ')' | '=' | '~' | '!' | '<' | '>' | '&' | '|' | '^' | ',')
}

fn begins_word(character: char) -> bool {
    character == '_' || character.is_alphabetic()
}

fn is_word_character(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

struct Lexer<'a> {
    text: &'a str,
    position: usize,
    language: Language,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.position..]
    }

    /// Takes one token; false at the end.
    fn step(&mut self) -> Result<bool, LexError> {
        self.skip_space_and_comments()?;
        let Some(first) = self.rest().chars().next() else { return Ok(false) };
        let second = self.rest().chars().nth(1);
        match first {
            '"' | '`' | '\'' => self.quoted(first)?,
            '0'..='9' => self.number()?,
            '.' if second.is_some_and(|c| c.is_ascii_digit()) => self.number()?,
            '.' => self.attribute(Scope::Any, false, self.position, 1)?,
            first if begins_word(first) => self.word()?,
            _ => self.sign()?,
        }
        Ok(true)
    }

    fn take(&mut self, kind: TokenKind, length: usize) {
        let start = self.position;
        self.position += length;
        self.tokens.push(Token { kind, range: TextRange::new(start, self.position) });
    }

    fn fail(&self, length: usize, message: impl Into<String>) -> LexError {
        let range = TextRange::new(self.position, self.position + length);
        LexError { range, message: message.into(), hint: None, is_open_text: false }
    }

    fn skip_space_and_comments(&mut self) -> Result<(), LexError> {
        loop {
            self.position += self.rest().len() - self.rest().trim_start().len();
            if self.rest().starts_with("//") {
                self.position += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if let Some(comment) = self.rest().strip_prefix("/*") {
                match comment.find("*/") {
                    Some(length) => self.position += length + 4,
                    None => return Err(self.fail(2, "the comment has no end (`*/`)")),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn sign(&mut self) -> Result<(), LexError> {
        let rest = self.rest();
        if rest.starts_with("==") {
            let mut error = self.fail(2, "`==` is no operator");
            error.hint = Some("compare with `=`".to_owned());
            return Err(error);
        }
        if let Some((written, sign)) = SIGNS.iter().find(|(written, _)| rest.starts_with(written)) {
            self.take(TokenKind::Sign(*sign), written.len());
            return Ok(());
        }
        let character = rest.chars().next().unwrap_or(' ');
        Err(self.fail(character.len_utf8(), format!("`{}` is no part of the language", character.escape_debug())))
    }

    // === names ===

    fn word(&mut self) -> Result<(), LexError> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(is_word_character).len();
        let (word, behind) = rest.split_at(length);
        if word == "parent" && behind.starts_with('.') {
            let inner = &behind[1..];
            let scope = [Scope::Span, Scope::Resource]
                .into_iter()
                .find(|scope| inner.strip_prefix(scope.as_str()).is_some_and(|rest| rest.starts_with('.')));
            let prefix = length + 1 + scope.map_or(0, |scope| scope.as_str().len() + 1);
            return self.attribute(scope.unwrap_or(Scope::Any), true, self.position, prefix);
        }
        if let (Some(scope), true) = (Scope::from_word(word), behind.starts_with('.')) {
            return self.attribute(scope, false, self.position, length + 1);
        }
        if behind.starts_with(':') && (word == "trace" || Scope::from_word(word).is_some()) {
            let name = &behind[1..];
            let name_length = name.len() - name.trim_start_matches(is_word_character).len();
            self.take(TokenKind::ScopedName, length + 1 + name_length);
            return Ok(());
        }
        match self.language {
            Language::Filter => self.filter_word(),
            Language::TraceQl if behind.starts_with('.') => {
                let name_length = rest.len() - rest.trim_start_matches(is_attribute_character).len();
                let name = &rest[..name_length];
                let mut error = self.fail(name_length, format!("the attribute {name} has no scope"));
                error.hint = Some(format!("write .{name}, span.{name} or resource.{name}"));
                Err(error)
            }
            Language::TraceQl => {
                self.take(TokenKind::Word, length);
                Ok(())
            }
        }
    }

    /// A bare name is an attribute of any scope, unless the language has that word.
    fn filter_word(&mut self) -> Result<(), LexError> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(is_attribute_character).len();
        let word = &rest[..length];
        let is_known =
            FILTER_WORDS.contains(&word) || Intrinsic::from_name(word).is_some() || Literal::from_word(word).is_some();
        if is_known {
            self.take(TokenKind::Word, length);
            return Ok(());
        }
        self.attribute(Scope::Any, false, self.position, 0)
    }

    /// An attribute whose key stands behind a prefix of this length.
    fn attribute(&mut self, scope: Scope, of_parent: bool, start: usize, prefix: usize) -> Result<(), LexError> {
        let key_start = start + prefix;
        let mut is_quoted = false;
        let mut is_escaped = false;
        let mut length = 0;
        for character in self.text[key_start..].chars() {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' if is_quoted => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                other if !is_quoted && !is_attribute_character(other) => break,
                _ => {}
            }
            length += character.len_utf8();
        }
        if is_quoted {
            let mut error = self.fail(prefix + length, "the attribute's name has no closing quotation mark");
            error.is_open_text = true;
            return Err(error);
        }
        self.take(TokenKind::Attribute { scope, of_parent, key_start }, prefix + length);
        Ok(())
    }

    // === values ===

    fn quoted(&mut self, mark: char) -> Result<(), LexError> {
        let mut is_escaped = false;
        for (at, character) in self.rest().char_indices().skip(1) {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' if mark != '`' => is_escaped = true,
                '\n' if mark != '`' => break,
                other if other == mark && (mark != '\'' || self.language == Language::Filter) => {
                    self.take(TokenKind::String, at + 1);
                    return Ok(());
                }
                _ => {}
            }
        }
        if mark == '\'' && self.language == Language::TraceQl {
            return Err(self.fail(1, "texts stand in double quotation marks or backticks"));
        }
        let mut error = self.fail(self.rest().len(), format!("the text has no closing quotation mark ({mark})"));
        error.is_open_text = true;
        Err(error)
    }

    /// An integer, a float or a duration.
    fn number(&mut self) -> Result<(), LexError> {
        let rest = self.rest();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
        let unit_follows = rest[digits..].starts_with(begins_word);
        let exponent = exponent_length(&rest[digits..]);
        if unit_follows && exponent == 0 {
            let length = rest.len() - rest.trim_start_matches(|c: char| is_word_character(c) || c == '.').len();
            parse_duration(&rest[..length])
                .map_err(|error| self.fail(length, format!("`{}`: {error}", &rest[..length])))?;
            self.take(TokenKind::Duration, length);
            return Ok(());
        }
        let length = digits + exponent;
        let written = &rest[..length];
        if exponent > 0 || written.contains('.') {
            return match written.parse::<f64>() {
                Ok(value) if value.is_finite() => {
                    self.take(TokenKind::Float, length);
                    Ok(())
                }
                _ => Err(self.fail(length, format!("`{written}` is no number"))),
            };
        }
        if written.parse::<i64>().is_err() {
            return Err(self.fail(length, format!("`{written}` does not fit an integer of 64 bits")));
        }
        self.take(TokenKind::Int, length);
        Ok(())
    }
}

/// The length of `e9`, `E-9` and the like; zero where there is none.
fn exponent_length(text: &str) -> usize {
    let Some(behind) = text.strip_prefix(['e', 'E']) else { return 0 };
    let unsigned = behind.strip_prefix(['+', '-']).unwrap_or(behind);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 { 0 } else { text.len() - unsigned.len() + digits }
}
