//! Text to tokens.
//!
//! Owns what a token looks like inside and outside of braces and brackets, and the messages for what is none. After an
//! error the rest is not read: where a string does not end, nothing behind it can be told apart. Never fails; the
//! errors come with the tokens.

use crate::number::{quote, quote_character};
use crate::position::Span;

use super::token::{BinaryOperator, Keyword, Token, TokenKind, kind_of_word};

mod numbers;

use numbers::{duration_length, number_length};

/// Something that is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LexError {
    pub span: Span,
    pub message: String,
}

/// All tokens of a query. The last is the end of input, or an error's place.
#[derive(Clone, Debug)]
pub struct Lexed {
    pub tokens: Vec<Token>,
    pub error: Option<LexError>,
}

/// Splits a query into tokens; comments are left out.
#[must_use]
pub fn lex(query: &str) -> Lexed {
    let mut lexer = Lexer { query, position: 0, tokens: Vec::new(), parens: 0, in_braces: false, bracket: None };
    let error = loop {
        match lexer.next_token() {
            Ok(true) => {}
            Ok(false) => break None,
            Err(error) => break Some(error),
        }
    };
    if let Some(error) = &error {
        lexer.tokens.push(Token { kind: TokenKind::Error, span: error.span });
    }
    Lexed { tokens: lexer.tokens, error }
}

/// What has been read since a `[`.
#[derive(Clone, Copy, Default)]
struct Bracket {
    has_colon: bool,
    has_number: bool,
}

struct Lexer<'a> {
    query: &'a str,
    position: usize,
    tokens: Vec<Token>,
    parens: i32,
    in_braces: bool,
    bracket: Option<Bracket>,
}

type Step = Result<bool, LexError>;

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.query[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_spaces_and_comments(&mut self) {
        loop {
            let trimmed = self.rest().trim_start_matches([' ', '\t', '\n', '\r']);
            self.position = self.query.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return;
            }
            self.position += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
        }
    }

    fn push(&mut self, kind: TokenKind, start: usize) -> Step {
        self.tokens.push(Token { kind, span: Span::new(start, self.position) });
        Ok(true)
    }

    /// A token of so many bytes from here.
    fn take(&mut self, kind: TokenKind, bytes: usize) -> Step {
        let start = self.position;
        self.position += bytes;
        self.push(kind, start)
    }

    fn fail(&self, start: usize, message: impl Into<String>) -> Step {
        Err(LexError { span: Span::new(start, self.query.len()), message: message.into() })
    }

    fn next_token(&mut self) -> Step {
        self.skip_spaces_and_comments();
        let start = self.position;
        let Some(character) = self.peek() else { return self.end_of_input() };
        match character {
            '"' | '\'' => return self.string(character),
            '`' => return self.raw_string(),
            _ if self.in_braces => return self.inside_braces(character),
            _ => {}
        }
        let second = self.rest()[character.len_utf8()..].chars().next();
        let is_number = character.is_ascii_digit() || (character == '.' && second.is_some_and(|c| c.is_ascii_digit()));
        if is_number {
            if let Some(bracket) = &mut self.bracket {
                bracket.has_number = true;
            }
            return self.number_or_duration();
        }
        if self.bracket.is_some() {
            if let Some(step) = self.inside_brackets(character) {
                return step;
            }
        } else if character.is_ascii_alphabetic() || matches!(character, '_' | ':') {
            return self.word();
        }
        self.symbol(character, second, start)
    }

    fn end_of_input(&mut self) -> Step {
        let start = self.position;
        if self.in_braces {
            return self.fail(start, "unexpected end of input inside braces");
        }
        match self.bracket {
            Some(_) if matches!(self.tokens.last(), Some(last) if last.kind == TokenKind::LeftBracket) => {
                return self.fail(start, "unexpected end of input in duration expression");
            }
            _ if self.parens != 0 => return self.fail(start, "unclosed left parenthesis"),
            Some(_) => return self.fail(start, "unclosed left bracket"),
            None => {}
        }
        self.push(TokenKind::EndOfInput, start)?;
        Ok(false)
    }

    fn symbol(&mut self, character: char, second: Option<char>, start: usize) -> Step {
        use BinaryOperator as Op;
        let operator = |operator, bytes| Some((TokenKind::Operator(operator), bytes));
        let token = match (character, second) {
            (',', _) => Some((TokenKind::Comma, 1)),
            ('*', _) => operator(Op::Multiply, 1),
            ('/', _) => operator(Op::Divide, 1),
            ('%', _) => operator(Op::Modulo, 1),
            ('+', _) => operator(Op::Add, 1),
            ('-', _) => operator(Op::Subtract, 1),
            ('^', _) => operator(Op::Power, 1),
            ('=', Some('=')) => operator(Op::Equal, 2),
            ('=', Some('~')) => return self.fail(start, "unexpected character after '=': '~'"),
            ('=', _) => Some((TokenKind::Assign, 1)),
            ('!', Some('=')) => operator(Op::NotEqual, 2),
            ('!', other) => {
                return self.fail(start, format!("unexpected character after '!': {}", quote_end(other)));
            }
            ('<', Some('=')) => operator(Op::LessOrEqual, 2),
            ('<', Some('/')) => operator(Op::TrimUpper, 2),
            ('<', _) => operator(Op::Less, 1),
            ('>', Some('=')) => operator(Op::GreaterOrEqual, 2),
            ('>', Some('/')) => operator(Op::TrimLower, 2),
            ('>', _) => operator(Op::Greater, 1),
            ('@', _) => Some((TokenKind::At, 1)),
            _ => None,
        };
        match token {
            Some((kind, bytes)) => self.take(kind, bytes),
            None => self.enclosing_symbol(character, start),
        }
    }

    fn enclosing_symbol(&mut self, character: char, start: usize) -> Step {
        match character {
            '(' => {
                self.parens += 1;
                self.take(TokenKind::LeftParen, 1)
            }
            ')' if self.parens == 0 => self.fail(start + 1, "unexpected right parenthesis ')'"),
            ')' => {
                self.parens -= 1;
                self.take(TokenKind::RightParen, 1)
            }
            '{' => {
                self.in_braces = true;
                self.take(TokenKind::LeftBrace, 1)
            }
            '[' if self.bracket.is_some() => self.fail(start, "unexpected left bracket '['"),
            '[' => {
                self.bracket = Some(Bracket::default());
                self.take(TokenKind::LeftBracket, 1)
            }
            ']' if self.bracket.is_none() => self.fail(start, "unexpected right bracket ']'"),
            ']' => {
                self.bracket = None;
                self.take(TokenKind::RightBracket, 1)
            }
            other => self.fail(start, format!("unexpected character: {}", quote_character(other))),
        }
    }

    fn inside_braces(&mut self, character: char) -> Step {
        let start = self.position;
        let second = self.rest()[character.len_utf8()..].chars().next();
        match (character, second) {
            ('_' | 'a'..='z' | 'A'..='Z', _) => {
                let word = self.rest().len() - self.rest().trim_start_matches(is_word_character).len();
                self.take(TokenKind::Identifier, word)
            }
            (',', _) => self.take(TokenKind::Comma, 1),
            ('=', Some('~')) => self.take(TokenKind::RegexMatch, 2),
            ('=', _) => self.take(TokenKind::Assign, 1),
            ('!', Some('~')) => self.take(TokenKind::RegexMismatch, 2),
            ('!', Some('=')) => self.take(TokenKind::Operator(BinaryOperator::NotEqual), 2),
            ('!', other) => {
                self.fail(start, format!("unexpected character after '!' inside braces: {}", quote_end(other)))
            }
            ('{', _) => self.fail(start, "unexpected left brace '{'"),
            ('}', _) => {
                self.in_braces = false;
                self.take(TokenKind::RightBrace, 1)
            }
            (other, _) => self.fail(start, format!("unexpected character inside braces: {}", quote_character(other))),
        }
    }

    /// Inside brackets stand durations only: of words just the four that durations know, and colons.
    fn inside_brackets(&mut self, character: char) -> Option<Step> {
        let start = self.position;
        let bracket = self.bracket.as_mut()?;
        let is_word = character.is_ascii_alphabetic() || character == '_';
        if character == ':' {
            if bracket.has_colon {
                return Some(self.fail(start, "unexpected colon ':'"));
            }
            if !bracket.has_number && matches!(self.tokens.last(), Some(last) if last.kind == TokenKind::LeftBracket) {
                return Some(self.fail(start, "unexpected colon before duration in duration expression"));
            }
            bracket.has_colon = true;
            return Some(self.take(TokenKind::Colon, 1));
        }
        let is_first = matches!(self.tokens.last(), Some(last) if last.kind == TokenKind::LeftBracket);
        if is_word {
            let letters =
                self.rest().len() - self.rest().trim_start_matches(|c: char| c == '_' || c.is_ascii_alphabetic()).len();
            let kind = kind_of_word(&self.rest()[..letters]);
            if matches!(kind, TokenKind::Keyword(Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf)) {
                return Some(self.take(kind, letters));
            }
            let quoted = quote_character(character);
            let message = if is_first {
                format!("unexpected character in duration expression: {quoted}")
            } else {
                format!("unexpected character: {quoted}, expected ':'")
            };
            return Some(self.fail(start, message));
        }
        let is_known = matches!(character, '(' | ')' | '+' | '-' | '*' | '/' | '%' | '^' | ',' | ']' | '.');
        (is_first && !is_known).then(|| {
            self.fail(start, format!("unexpected character in duration expression: {}", quote_character(character)))
        })
    }

    fn word(&mut self) -> Step {
        let length = self.rest().len() - self.rest().trim_start_matches(|c| is_word_character(c) || c == ':').len();
        let kind = match kind_of_word(&self.rest()[..length]) {
            // `fill` is a modifier only where a value in parentheses follows.
            TokenKind::Keyword(Keyword::Fill | Keyword::FillLeft | Keyword::FillRight)
                if !self.rest()[length..].trim_start_matches([' ', '\t', '\n', '\r']).starts_with('(') =>
            {
                TokenKind::Identifier
            }
            kind => kind,
        };
        self.take(kind, length)
    }

    fn number_or_duration(&mut self) -> Step {
        let start = self.position;
        let rest = self.rest();
        let number = number_length(rest);
        let follows_word = |length: usize| rest[length..].chars().next().is_some_and(is_word_character);
        if let Ok(length) = number
            && !follows_word(length)
        {
            return self.take(TokenKind::Number, length);
        }
        let consumed = match number {
            Ok(length) | Err(length) => length,
        };
        match duration_length(rest) {
            Ok(length) if !follows_word(length) => self.take(TokenKind::Duration, length),
            Ok(length) | Err(length) => {
                let next = rest[length..].chars().next().filter(|c| is_word_character(*c)).map_or(0, char::len_utf8);
                let seen = &rest[..(length + next).max(consumed).min(rest.len())];
                self.fail(start, format!("bad number or duration syntax: {}", quote(seen)))
            }
        }
    }

    fn string(&mut self, quotation_mark: char) -> Step {
        let start = self.position;
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => {
                    let escape = super::unquote::escape_length(&self.rest()[index + 1..], quotation_mark);
                    let length = match escape {
                        Ok(length) => length,
                        Err(message) => return self.fail(start, message),
                    };
                    let until = index + 1 + length;
                    while characters.clone().next().is_some_and(|(next, _)| next < until) {
                        characters.next();
                    }
                }
                '\n' => break,
                '\u{fffd}' => return self.fail(start, "invalid UTF-8 rune"),
                _ if character == quotation_mark => return self.take(TokenKind::String, index + 1),
                _ => {}
            }
        }
        self.fail(start, "unterminated quoted string")
    }

    fn raw_string(&mut self) -> Step {
        match self.rest()[1..].find('`') {
            Some(length) => self.take(TokenKind::String, length + 2),
            None => self.fail(self.position, "unterminated raw string"),
        }
    }
}

fn is_word_character(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

fn quote_end(character: Option<char>) -> String {
    // Go writes the missing character as one that is not valid.
    character.map_or_else(|| "'�'".to_owned(), quote_character)
}
