//! From the tree to what is evaluated.
//!
//! Owns what follows from the query's start, end and step: durations in milliseconds, `start()` and `end()` as numbers,
//! which parts give the same at every step, hints for the store. Parentheses are gone. Never touches data.

use crate::matcher::Matcher;
use crate::position::Span;
use crate::source::SelectHints;
use crate::syntax::functions::{Function, FunctionName};
use crate::syntax::tree::{
    Aggregate, AggregateOperator, At, Binary, BinaryOperator, Call, Duration, Expr, Matching, RangeEnds, StringLiteral,
    ValueType, VectorSelector,
};

use super::EvalError;

mod durations;
mod invariance;

use invariance::{mark_invariant, wrap};

/// The times at which a query is evaluated, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryTimes {
    pub start_ms: i64,
    pub end_ms: i64,
    /// 0 for an instant query.
    pub step_ms: i64,
    /// The step of subqueries that do not say one.
    pub subquery_step_ms: i64,
}

/// A part of the query.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: NodeKind,
    pub span: Span,
    pub value_type: ValueType,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Number(f64),
    Text(StringLiteral),
    Selector(Selector),
    Matrix {
        selector: Selector,
        range_ms: i64,
    },
    Subquery(Box<SubqueryNode>),
    Negate(Box<Node>),
    Binary(Box<BinaryNode>),
    Call {
        function: &'static Function,
        args: Vec<Node>,
    },
    Aggregate(Box<AggregateNode>),
    /// Gives the same at every step: evaluated once.
    Invariant(Box<Node>),
}

/// When something is looked at, for a step: at the step's time or a fixed one, and so much earlier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeShift {
    pub at_ms: Option<i64>,
    pub offset_ms: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct Selector {
    pub matchers: Vec<Matcher>,
    pub shift: TimeShift,
    pub range_ends: RangeEnds,
    pub hints: SelectHints,
}

#[derive(Clone, Debug)]
pub(crate) struct SubqueryNode {
    pub inner: Node,
    pub range_ms: i64,
    pub step_ms: i64,
    pub shift: TimeShift,
}

#[derive(Clone, Debug)]
pub(crate) struct BinaryNode {
    pub operator: BinaryOperator,
    pub left: Node,
    pub right: Node,
    pub matching: Matching,
    pub return_bool: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct AggregateNode {
    pub operator: AggregateOperator,
    pub inner: Node,
    pub parameter: Option<Node>,
    /// Sorted.
    pub grouping: Vec<String>,
    pub without: bool,
}

impl TimeShift {
    /// The time that is looked at for a step.
    pub(crate) fn apply(self, step_time_ms: i64) -> i64 {
        self.at_ms.unwrap_or(step_time_ms).saturating_sub(self.offset_ms)
    }
}

/// The plan of a query for these times.
pub(crate) fn plan(expr: &Expr, times: &QueryTimes) -> Result<Node, EvalError> {
    let hints = SelectHints { step_ms: times.step_ms, ..SelectHints::default() };
    let mut node = Planner { times }.node(expr, &Surroundings { hints, needs_buckets: false })?;
    if mark_invariant(&mut node).wrap {
        wrap(&mut node);
    }
    Ok(node)
}

struct Planner<'a> {
    times: &'a QueryTimes,
}

/// What is around a part of the query.
#[derive(Clone)]
struct Surroundings {
    hints: SelectHints,
    /// Something further out looks at histograms' buckets, so that they must be there.
    needs_buckets: bool,
}

impl Surroundings {
    fn with(&self, hints: SelectHints) -> Self {
        let without_buckets = self.hints.without_buckets;
        Self { hints: SelectHints { without_buckets, ..hints }, needs_buckets: self.needs_buckets }
    }

    fn hints(&self) -> SelectHints {
        let without_buckets = self.hints.without_buckets && !self.needs_buckets;
        SelectHints { without_buckets, ..self.hints.clone() }
    }
}

impl Planner<'_> {
    fn node(&self, expr: &Expr, around: &Surroundings) -> Result<Node, EvalError> {
        let ungrouped = around.with(SelectHints { grouping: Vec::new(), by: false, ..around.hints.clone() });
        let kind = match expr {
            Expr::Paren(paren) => return self.node(&paren.expr, &ungrouped),
            Expr::Number(number) => NodeKind::Number(number.value),
            Expr::String(text) => NodeKind::Text(text.clone()),
            Expr::Selector(selector) => {
                // Values between two samples need both.
                let latest_only = around.hints.step_ms == 0 && selector.range_ends != RangeEnds::Smoothed;
                let hints = SelectHints { latest_only, ..around.hints() };
                NodeKind::Selector(self.selector(selector, hints)?)
            }
            Expr::Matrix(matrix) => {
                let range_ms = self.duration_ms(&matrix.range, false)?;
                let hints = SelectHints { range_ms, ..ungrouped.hints() };
                NodeKind::Matrix { selector: self.selector(&matrix.selector, hints)?, range_ms }
            }
            Expr::Subquery(subquery) => {
                let step_ms = match &subquery.step {
                    Some(step) => self.duration_ms(step, false)?,
                    None => self.times.subquery_step_ms,
                };
                let mut inside = ungrouped.with(SelectHints { step_ms: step_ms.max(1), ..ungrouped.hints.clone() });
                inside.needs_buckets = true;
                let inner = self.node(&subquery.expr, &inside)?;
                let range_ms = self.duration_ms(&subquery.range, false)?;
                let shift = self.shift(subquery.at, subquery.offset.as_ref())?;
                NodeKind::Subquery(Box::new(SubqueryNode { inner, range_ms, step_ms: step_ms.max(1), shift }))
            }
            Expr::Unary(unary) => {
                let inner = self.node(&unary.expr, &ungrouped)?;
                if unary.is_minus { NodeKind::Negate(Box::new(inner)) } else { inner.kind }
            }
            Expr::Binary(_) => return self.binary_chain(expr, around),
            Expr::Call(call) => self.call(call, around)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, around)?,
            Expr::Missing(_) => return Err(EvalError::Execution("the query has a hole in it".to_owned())),
        };
        Ok(Node { kind, span: expr.span(), value_type: expr.value_type() })
    }

    /// Chains of operators lean to the left and may be long: they are walked down first and planned on the way up.
    fn binary_chain(&self, expr: &Expr, around: &Surroundings) -> Result<Node, EvalError> {
        let mut inside = around.with(SelectHints { step_ms: around.hints.step_ms, ..SelectHints::default() });
        let mut chain: Vec<(&Binary, bool)> = Vec::new();
        let mut leftmost = expr;
        while let Expr::Binary(binary) = leftmost {
            inside.needs_buckets |= matches!(binary.operator, BinaryOperator::TrimUpper | BinaryOperator::TrimLower);
            chain.push((binary, inside.needs_buckets));
            leftmost = &binary.left;
        }
        let start = expr.span().start;
        let mut node = self.node(leftmost, &inside)?;
        for (binary, needs_buckets) in chain.into_iter().rev() {
            let right = self.node(&binary.right, &Surroundings { needs_buckets, ..inside.clone() })?;
            let both_scalar = node.value_type == ValueType::Scalar && right.value_type == ValueType::Scalar;
            let value_type = if both_scalar { ValueType::Scalar } else { ValueType::Vector };
            let span = Span::new(start, binary.right.span().end);
            let (operator, matching, return_bool) = (binary.operator, binary.matching.clone(), binary.return_bool);
            let kind = NodeKind::Binary(Box::new(BinaryNode { operator, left: node, right, matching, return_bool }));
            node = Node { kind, span, value_type };
        }
        Ok(node)
    }

    fn aggregate(&self, aggregate: &Aggregate, around: &Surroundings) -> Result<NodeKind, EvalError> {
        let mut grouping = aggregate.grouping.clone();
        grouping.sort();
        let inside = around.with(SelectHints {
            function: aggregate.operator.as_str().to_owned(),
            step_ms: around.hints.step_ms,
            grouping: grouping.clone(),
            by: !aggregate.without,
            ..SelectHints::default()
        });
        let parameter = aggregate.parameter.as_ref().map(|parameter| self.node(parameter, &inside)).transpose()?;
        Ok(NodeKind::Aggregate(Box::new(AggregateNode {
            operator: aggregate.operator,
            inner: self.node(&aggregate.expr, &inside)?,
            parameter,
            grouping,
            without: aggregate.without,
        })))
    }

    fn call(&self, call: &Call, around: &Surroundings) -> Result<NodeKind, EvalError> {
        let times = self.times;
        let seconds = |milliseconds: i64| milliseconds as f64 / 1000.0;
        let number = match call.function.id {
            FunctionName::Start => Some(seconds(times.start_ms)),
            FunctionName::End => Some(seconds(times.end_ms)),
            FunctionName::Range => Some(seconds(times.end_ms - times.start_ms)),
            FunctionName::Step if times.start_ms == times.end_ms => Some(0.0),
            FunctionName::Step => Some(seconds(times.step_ms)),
            _ => None,
        };
        if let Some(number) = number {
            return Ok(NodeKind::Number(number));
        }
        let function = call.function.name.to_owned();
        let mut inside = around.with(SelectHints { function, step_ms: around.hints.step_ms, ..SelectHints::default() });
        match call.function.id {
            FunctionName::HistogramCount | FunctionName::HistogramSum | FunctionName::HistogramAvg => {
                inside.hints.without_buckets = true;
            }
            FunctionName::HistogramQuantile | FunctionName::HistogramQuantiles | FunctionName::HistogramFraction => {
                inside.needs_buckets = true;
            }
            _ => {}
        }
        let args = call.args.iter().map(|arg| self.node(arg, &inside)).collect::<Result<_, _>>()?;
        Ok(NodeKind::Call { function: call.function, args })
    }

    fn selector(&self, selector: &VectorSelector, hints: SelectHints) -> Result<Selector, EvalError> {
        let shift = self.shift(selector.at, selector.offset.as_ref())?;
        Ok(Selector { matchers: selector.matchers.clone(), shift, range_ends: selector.range_ends, hints })
    }

    fn shift(&self, at: Option<At>, offset: Option<&Duration>) -> Result<TimeShift, EvalError> {
        let at_ms = at.map(|at| match at {
            At::Timestamp(milliseconds) => milliseconds,
            At::Start => self.times.start_ms,
            At::End => self.times.end_ms,
        });
        let offset_ms = offset.map_or(Ok(0), |offset| self.duration_ms(offset, true))?;
        Ok(TimeShift { at_ms, offset_ms })
    }
}
