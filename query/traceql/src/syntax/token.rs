//! Tokens: what the lexer makes of characters.
//!
//! Owns their kinds and how messages name them. Never says where one may stand.

use crate::position::TextRange;

use super::field::Scope;

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub range: TextRange,
}

/// What a piece of the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A word: a keyword, an intrinsic, a value or a mistake; the parser knows by the place.
    Word,
    /// `span.x`, `.x`, `parent.resource.x`; the key begins at this byte of the text.
    Attribute {
        scope: Scope,
        of_parent: bool,
        key_start: usize,
    },
    /// `span:name` and the like, known or not.
    ScopedName,
    Int,
    Float,
    Duration,
    String,
    /// Punctuation and operators, as they are written.
    Sign(Sign),
    EndOfInput,
    /// What is no token; the lexer's error says why.
    Error,
}

/// Punctuation and operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    OpenBrace,
    CloseBrace,
    OpenParen,
    CloseParen,
    Comma,
    Pipe,
    Equal,
    NotEqual,
    Matches,
    /// `!~`: in braces "does not match", between spansets "not a sibling".
    NotMatches,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    And,
    Or,
    Not,
    Descendant,
    Ancestor,
    Sibling,
    NotDescendant,
    NotAncestor,
    NotChild,
    NotParent,
    UnionDescendant,
    UnionAncestor,
    UnionChild,
    UnionParent,
    UnionSibling,
}

/// Signs as they are written, longer ones before those that they begin with.
pub(super) const SIGNS: [(&str, Sign); 35] = [
    ("!>>", Sign::NotDescendant),
    ("!<<", Sign::NotAncestor),
    ("&>>", Sign::UnionDescendant),
    ("&<<", Sign::UnionAncestor),
    ("!=", Sign::NotEqual),
    ("!~", Sign::NotMatches),
    ("!>", Sign::NotChild),
    ("!<", Sign::NotParent),
    ("=~", Sign::Matches),
    (">=", Sign::GreaterEqual),
    (">>", Sign::Descendant),
    ("<=", Sign::LessEqual),
    ("<<", Sign::Ancestor),
    ("&&", Sign::And),
    ("&~", Sign::UnionSibling),
    ("&>", Sign::UnionChild),
    ("&<", Sign::UnionParent),
    ("||", Sign::Or),
    ("{", Sign::OpenBrace),
    ("}", Sign::CloseBrace),
    ("(", Sign::OpenParen),
    (")", Sign::CloseParen),
    (",", Sign::Comma),
    ("|", Sign::Pipe),
    ("=", Sign::Equal),
    ("<", Sign::Less),
    (">", Sign::Greater),
    ("+", Sign::Add),
    ("-", Sign::Subtract),
    ("*", Sign::Multiply),
    ("/", Sign::Divide),
    ("%", Sign::Modulo),
    ("^", Sign::Power),
    ("!", Sign::Not),
    ("~", Sign::Sibling),
];

/// Characters of a token that a message repeats.
const SHOWN_MAX: usize = 40;

impl Token {
    /// How messages name it.
    #[must_use]
    pub fn describe(self, text: &str) -> String {
        let written = self.range.of(text);
        let mut shown: String = written.chars().take(SHOWN_MAX).collect();
        if shown.len() < written.len() {
            shown.push('…');
        }
        match self.kind {
            TokenKind::EndOfInput => "the end of the query".to_owned(),
            TokenKind::String => format!("the text {shown}"),
            _ => format!("`{shown}`"),
        }
    }
}
