//! The tree of a query.
//!
//! Owns the nodes. Each knows the bytes it came from; comparing whole trees compares those too, so
//! [`Expr::without_positions`] is for comparing what they mean. Never knows how it is evaluated.

use crate::matcher::Matcher;
use crate::position::Span;

use super::functions::Function;
pub use super::token::{AggregateOperator, BinaryOperator};

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    Scalar,
    /// An instant vector: a sample of each series at one time.
    Vector,
    /// A range vector: samples of each series over a time range.
    Matrix,
    String,
    /// A hole that the parser left where an expression is missing.
    None,
}

impl ValueType {
    /// As the documentation names it.
    #[must_use]
    pub fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::String => "string",
            Self::None => "none",
        }
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Number(NumberLiteral),
    String(StringLiteral),
    Selector(VectorSelector),
    Matrix(MatrixSelector),
    Subquery(Box<Subquery>),
    Paren(Box<Paren>),
    Unary(Box<Unary>),
    Binary(Box<Binary>),
    Call(Call),
    Aggregate(Box<Aggregate>),
    /// Left where an expression is missing; never in a tree without errors.
    Missing(Span),
}

/// Equal to another of the same bits, so that NaN equals itself.
#[derive(Clone, Debug)]
pub struct NumberLiteral {
    /// Of a duration: seconds.
    pub value: f64,
    /// Whether it is printed as a duration, such as `5m`.
    pub is_duration: bool,
    pub span: Span,
}

impl PartialEq for NumberLiteral {
    fn eq(&self, other: &Self) -> bool {
        self.value.to_bits() == other.value.to_bits()
            && (self.is_duration, self.span) == (other.is_duration, other.span)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct StringLiteral {
    pub value: String,
    /// The bytes, only where they are not UTF-8 and `value` therefore is not exact.
    pub raw_bytes: Option<Vec<u8>>,
    pub span: Span,
}

/// `@` with a time or with an end of the query's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Milliseconds since 1970.
    Timestamp(i64),
    Start,
    End,
}

/// How a selector treats the ends of its range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RangeEnds {
    #[default]
    Plain,
    /// With the last sample before the range as its first.
    Anchored,
    /// With values at both ends interpolated from the samples around them.
    Smoothed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct VectorSelector {
    /// The name before the braces, if any; its matcher is the last one then.
    pub name: Option<String>,
    pub matchers: Vec<Matcher>,
    pub offset: Option<Duration>,
    pub at: Option<At>,
    pub range_ends: RangeEnds,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MatrixSelector {
    pub selector: VectorSelector,
    pub range: Duration,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Subquery {
    pub expr: Expr,
    pub range: Duration,
    pub step: Option<Duration>,
    pub offset: Option<Duration>,
    pub at: Option<At>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Paren {
    pub expr: Expr,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Unary {
    pub is_minus: bool,
    pub expr: Expr,
    pub span: Span,
}

/// How many series of one side meet how many of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cardinality {
    #[default]
    OneToOne,
    ManyToOne,
    OneToMany,
    ManyToMany,
}

/// Which series of two vectors belong together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matching {
    pub cardinality: Cardinality,
    /// Compare only `labels`, instead of all but those.
    pub on: bool,
    pub labels: Vec<String>,
    /// Labels that `group_left` or `group_right` takes over from the "one" side.
    pub include: Vec<String>,
    pub fill_left: Option<f64>,
    pub fill_right: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Binary {
    pub operator: BinaryOperator,
    pub left: Expr,
    pub right: Expr,
    pub return_bool: bool,
    pub matching: Matching,
    /// The operator with its modifiers.
    pub operator_span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub function: &'static Function,
    pub args: Vec<Expr>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    pub operator: AggregateOperator,
    pub expr: Expr,
    pub parameter: Option<Expr>,
    pub grouping: Vec<String>,
    pub without: bool,
    pub span: Span,
}

/// A duration as written, perhaps with arithmetic.
#[derive(Clone, Debug, PartialEq)]
pub enum Duration {
    Literal(NumberLiteral),
    /// `step()`: the query's step.
    Step(Span),
    /// `range()`: from the query's start to its end.
    Range(Span),
    Paren(Box<Duration>, Span),
    Negative(Box<Duration>, Span),
    Arithmetic(Box<DurationArithmetic>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct DurationArithmetic {
    pub operator: DurationOperator,
    pub left: Duration,
    pub right: Duration,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationOperator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    MinOf,
    MaxOf,
}

// === impl Expr ===

impl Expr {
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Number(node) => node.span,
            Self::String(node) => node.span,
            Self::Selector(node) => node.span,
            Self::Matrix(node) => node.span,
            Self::Subquery(node) => node.span,
            Self::Paren(node) => node.span,
            Self::Unary(node) => node.span,
            Self::Binary(node) => node.left.span().to(node.right.span()),
            Self::Call(node) => node.span,
            Self::Aggregate(node) => node.span,
            Self::Missing(span) => *span,
        }
    }

    #[must_use]
    pub fn value_type(&self) -> ValueType {
        match self {
            Self::Number(_) => ValueType::Scalar,
            Self::String(_) => ValueType::String,
            Self::Selector(_) | Self::Aggregate(_) => ValueType::Vector,
            Self::Matrix(_) | Self::Subquery(_) => ValueType::Matrix,
            Self::Paren(node) => node.expr.value_type(),
            Self::Unary(node) => node.expr.value_type(),
            Self::Binary(node) => match (node.left.value_type(), node.right.value_type()) {
                (ValueType::Scalar, ValueType::Scalar) => ValueType::Scalar,
                _ => ValueType::Vector,
            },
            Self::Call(node) => node.function.returns,
            Self::Missing(_) => ValueType::None,
        }
    }

    /// The expressions directly inside, in the order of the text as far as it is fixed.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            Self::Subquery(node) => vec![&mut node.expr],
            Self::Paren(node) => vec![&mut node.expr],
            Self::Unary(node) => vec![&mut node.expr],
            Self::Binary(node) => vec![&mut node.left, &mut node.right],
            Self::Call(node) => node.args.iter_mut().collect(),
            Self::Aggregate(node) => node.parameter.iter_mut().chain([&mut node.expr]).collect(),
            _ => Vec::new(),
        }
    }

    /// The expressions directly inside.
    #[must_use]
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Self::Subquery(node) => vec![&node.expr],
            Self::Paren(node) => vec![&node.expr],
            Self::Unary(node) => vec![&node.expr],
            Self::Binary(node) => vec![&node.left, &node.right],
            Self::Call(node) => node.args.iter().collect(),
            Self::Aggregate(node) => node.parameter.iter().chain([&node.expr]).collect(),
            _ => Vec::new(),
        }
    }

    /// Visits this expression and all inside, outer ones first.
    pub fn visit(&self, visitor: &mut impl FnMut(&Expr)) {
        visitor(self);
        for child in self.children() {
            child.visit(visitor);
        }
    }

    /// The same tree with every position zero and matchers in the order of their text: what the query means.
    #[must_use]
    pub fn without_positions(mut self) -> Self {
        self.clear_positions();
        self
    }

    fn clear_positions(&mut self) {
        let none = Span::default();
        for child in self.children_mut() {
            child.clear_positions();
        }
        match self {
            Self::Number(node) => node.span = none,
            Self::String(node) => node.span = none,
            Self::Selector(node) => node.clear_positions(),
            Self::Matrix(node) => {
                node.span = none;
                node.range.clear_positions();
                node.selector.clear_positions();
            }
            Self::Subquery(node) => {
                node.span = none;
                for duration in [Some(&mut node.range), node.step.as_mut(), node.offset.as_mut()].into_iter().flatten()
                {
                    duration.clear_positions();
                }
            }
            Self::Paren(node) => node.span = none,
            Self::Unary(node) => node.span = none,
            Self::Binary(node) => node.operator_span = none,
            Self::Call(node) => node.span = none,
            Self::Aggregate(node) => node.span = none,
            Self::Missing(span) => *span = none,
        }
    }
}

impl VectorSelector {
    fn clear_positions(&mut self) {
        self.span = Span::default();
        let unnamed = self.matchers.len() - usize::from(self.name.is_some());
        self.matchers[..unnamed].sort_by_key(ToString::to_string);
        if let Some(offset) = &mut self.offset {
            offset.clear_positions();
        }
    }
}

// === impl Duration ===

impl Duration {
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Literal(node) => node.span,
            Self::Step(span) | Self::Range(span) | Self::Paren(_, span) | Self::Negative(_, span) => *span,
            Self::Arithmetic(node) => node.span,
        }
    }

    /// Milliseconds, where it is a plain literal.
    #[must_use]
    pub fn literal_ms(&self) -> Option<i64> {
        match self {
            Self::Literal(node) => Some((node.value * 1000.0).round() as i64),
            _ => None,
        }
    }

    fn clear_positions(&mut self) {
        let none = Span::default();
        match self {
            Self::Literal(node) => node.span = none,
            Self::Step(span) | Self::Range(span) => *span = none,
            Self::Paren(inner, span) | Self::Negative(inner, span) => {
                *span = none;
                inner.clear_positions();
            }
            Self::Arithmetic(node) => {
                node.span = none;
                node.left.clear_positions();
                node.right.clear_positions();
            }
        }
    }
}
