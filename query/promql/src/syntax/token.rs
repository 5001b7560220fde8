//! Tokens of the language and how messages name them.
//!
//! Owns the keywords. Keywords are known in any case, but not reserved: most can also name a metric or a label.

use crate::number::quote;
use crate::position::Span;

/// An operator between two expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `</`: what of a histogram lies below a value.
    TrimUpper,
    /// `>/`: what of a histogram lies above a value.
    TrimLower,
    And,
    Or,
    Unless,
}

/// An aggregation over series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AggregateOperator {
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    CountValues,
    Quantile,
    Limitk,
    LimitRatio,
}

/// A word with a meaning of its own in some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyword {
    Offset,
    Smoothed,
    Anchored,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Bool,
    Start,
    End,
    Step,
    Range,
    MaxOf,
    MinOf,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    EndOfInput,
    /// What is no token; the message is with the lexer's errors.
    Error,
    Identifier,
    /// A name with a colon in it, which only metrics can have.
    MetricIdentifier,
    Number,
    Duration,
    String,
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    /// `=` alone.
    Assign,
    /// `=~`
    RegexMatch,
    /// `!~`
    RegexMismatch,
    At,
    Operator(BinaryOperator),
    Aggregate(AggregateOperator),
    Keyword(Keyword),
}

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

// === impl BinaryOperator ===

impl BinaryOperator {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Modulo => "%",
            Self::Power => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// How strongly it binds; powers alone bind to the right.
    #[must_use]
    pub fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And | Self::Unless => 2,
            Self::Add | Self::Subtract => 4,
            Self::Multiply | Self::Divide | Self::Modulo | Self::Atan2 => 5,
            Self::Power => 6,
            _ => 3,
        }
    }

    #[must_use]
    pub fn is_comparison(self) -> bool {
        use BinaryOperator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        matches!(self, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
    }

    #[must_use]
    pub fn is_set_operator(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }

    /// Whether the result is another quantity, so that the metric's name no longer fits.
    #[must_use]
    pub fn changes_meaning(self) -> bool {
        use BinaryOperator::{Add, Atan2, Divide, Modulo, Multiply, Power, Subtract};
        matches!(self, Add | Subtract | Multiply | Divide | Modulo | Power | Atan2)
    }
}

// === impl AggregateOperator ===

impl AggregateOperator {
    pub const ALL: [Self; 14] = [
        Self::Sum,
        Self::Avg,
        Self::Count,
        Self::Min,
        Self::Max,
        Self::Group,
        Self::Stddev,
        Self::Stdvar,
        Self::Topk,
        Self::Bottomk,
        Self::CountValues,
        Self::Quantile,
        Self::Limitk,
        Self::LimitRatio,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Min => "min",
            Self::Max => "max",
            Self::Group => "group",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Topk => "topk",
            Self::Bottomk => "bottomk",
            Self::CountValues => "count_values",
            Self::Quantile => "quantile",
            Self::Limitk => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// Whether it takes a parameter before the vector.
    #[must_use]
    pub fn has_parameter(self) -> bool {
        use AggregateOperator::{Bottomk, CountValues, LimitRatio, Limitk, Quantile, Topk};
        matches!(self, Topk | Bottomk | CountValues | Quantile | Limitk | LimitRatio)
    }

    /// Whether the result is some of the input's series instead of one for each group.
    #[must_use]
    pub fn selects_series(self) -> bool {
        matches!(self, Self::Topk | Self::Bottomk | Self::Limitk | Self::LimitRatio)
    }
}

// === impl Keyword ===

impl Keyword {
    pub const ALL: [Self; 19] = [
        Self::Offset,
        Self::Smoothed,
        Self::Anchored,
        Self::By,
        Self::Without,
        Self::On,
        Self::Ignoring,
        Self::GroupLeft,
        Self::GroupRight,
        Self::Fill,
        Self::FillLeft,
        Self::FillRight,
        Self::Bool,
        Self::Start,
        Self::End,
        Self::Step,
        Self::Range,
        Self::MaxOf,
        Self::MinOf,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Smoothed => "smoothed",
            Self::Anchored => "anchored",
            Self::By => "by",
            Self::Without => "without",
            Self::On => "on",
            Self::Ignoring => "ignoring",
            Self::GroupLeft => "group_left",
            Self::GroupRight => "group_right",
            Self::Fill => "fill",
            Self::FillLeft => "fill_left",
            Self::FillRight => "fill_right",
            Self::Bool => "bool",
            Self::Start => "start",
            Self::End => "end",
            Self::Step => "step",
            Self::Range => "range",
            Self::MaxOf => "max_of",
            Self::MinOf => "min_of",
        }
    }
}

/// The keyword, operator or aggregation that a word is, in any case; else an identifier.
#[must_use]
pub fn kind_of_word(word: &str) -> TokenKind {
    let lower = word.to_ascii_lowercase();
    let operator = match lower.as_str() {
        "inf" | "nan" => return TokenKind::Number,
        "and" => Some(BinaryOperator::And),
        "or" => Some(BinaryOperator::Or),
        "unless" => Some(BinaryOperator::Unless),
        "atan2" => Some(BinaryOperator::Atan2),
        _ => None,
    };
    if let Some(operator) = operator {
        return TokenKind::Operator(operator);
    }
    if let Some(operator) = AggregateOperator::ALL.into_iter().find(|operator| operator.as_str() == lower) {
        return TokenKind::Aggregate(operator);
    }
    if let Some(keyword) = Keyword::ALL.into_iter().find(|keyword| keyword.as_str() == lower) {
        return TokenKind::Keyword(keyword);
    }
    if word.contains(':') { TokenKind::MetricIdentifier } else { TokenKind::Identifier }
}

impl Token {
    #[must_use]
    pub fn text(self, query: &str) -> &str {
        &query[self.span.start..self.span.end]
    }

    /// As messages name it: `identifier "foo"`, `<op:*>`, `end of input`.
    #[must_use]
    pub fn description(self, query: &str) -> String {
        let text = self.text(query);
        match self.kind {
            TokenKind::EndOfInput => "end of input".to_owned(),
            TokenKind::Error => format!("error {text}"),
            TokenKind::Identifier => format!("identifier {}", quote(text)),
            TokenKind::MetricIdentifier => format!("metric identifier {}", quote(text)),
            TokenKind::Number => format!("number {}", shortened(text)),
            TokenKind::Duration => format!("duration {}", shortened(text)),
            TokenKind::String => format!("string {}", shortened(text)),
            TokenKind::Operator(_) | TokenKind::RegexMatch | TokenKind::RegexMismatch | TokenKind::At => {
                format!("<op:{text}>")
            }
            TokenKind::Aggregate(_) => format!("<aggr:{text}>"),
            TokenKind::Keyword(
                Keyword::Start | Keyword::End | Keyword::Step | Keyword::Range | Keyword::MaxOf | Keyword::MinOf,
            ) => shortened(text),
            TokenKind::Keyword(_) => format!("<{text}>"),
            _ => shortened(text),
        }
    }
}

fn shortened(text: &str) -> String {
    if text.len() > 10 { format!("{}...", quote(&text.chars().take(10).collect::<String>())) } else { quote(text) }
}
