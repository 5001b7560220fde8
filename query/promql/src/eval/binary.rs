//! Binary operators.
//!
//! Owns the operators between scalars, between a vector and a scalar, and between two samples. Which series of two vectors
//! meet is in [`matching`].

use std::sync::Arc;

use crate::annotations::{Annotation, Annotations, HistogramOperation};
use crate::histogram::Histogram;
use crate::histogram::trim::Keep;
use crate::position::Span;
use crate::syntax::tree::BinaryOperator;

use super::column::{Column, Point, StepVector, Value};
use super::instant_functions::changed;
use super::plan::{BinaryNode, Node, NodeKind};
use super::{EvalError, Evaluator, Grid};

mod matching;
mod sets;

/// What an operator makes of two samples.
pub(super) enum Outcome {
    /// A comparison that does not hold, or nothing at all.
    Nothing,
    Value(Point),
    /// Nothing, and this is why.
    Refused(Annotation),
    /// A value with something to say about it.
    Noted(Point, Annotation),
}

impl Evaluator<'_> {
    /// `a + b + c + …` is a tree as deep as it is long, leaning to the left: it is walked down first and evaluated on the
    /// way up, so that its length costs no stack.
    pub(crate) fn binary_chain(&self, node: &Node, grid: &Grid, notes: &mut Annotations) -> Result<Value, EvalError> {
        let mut chain = Vec::new();
        let mut leftmost = node;
        while let NodeKind::Binary(binary) = &leftmost.kind {
            chain.push((binary, leftmost.span));
            leftmost = &binary.left;
        }
        let mut value = self.eval(leftmost, grid, notes)?;
        for (binary, span) in chain.into_iter().rev() {
            self.budget.check_cancelled()?;
            let right = self.eval(&binary.right, grid, notes)?;
            value = self.binary(binary, value, right, span, grid, notes)?;
        }
        Ok(value)
    }

    fn binary(
        &self,
        node: &BinaryNode,
        left: Value,
        right: Value,
        span: Span,
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<Value, EvalError> {
        let operator = node.operator;
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => {
                let values = left.into_iter().zip(right).map(|(left, right)| scalar_operation(operator, left, right));
                Ok(Value::Scalar(values.collect()))
            }
            (Value::Vector(left), Value::Vector(right)) => {
                let series = if operator.is_set_operator() {
                    sets::combine(operator, left.series, right.series, &node.matching, grid)
                } else {
                    matching::combine(node, left.series, right.series, span, grid, notes)?
                };
                self.vector(series).map(Value::Vector)
            }
            (Value::Vector(vector), Value::Scalar(scalars)) => {
                Ok(with_scalar(node, vector, &scalars, false, span, notes))
            }
            (Value::Scalar(scalars), Value::Vector(vector)) => {
                Ok(with_scalar(node, vector, &scalars, true, span, notes))
            }
            _ => Err(EvalError::Execution("operators do not take strings".to_owned())),
        }
    }
}

/// The operator between each sample of a vector and the scalar of its step.
fn with_scalar(
    node: &BinaryNode,
    mut vector: StepVector,
    scalars: &[f64],
    scalar_is_left: bool,
    span: Span,
    notes: &mut Annotations,
) -> Value {
    let mut refusals = LastOfStep::new(scalars.len());
    for series in &mut vector.series {
        let mut column = Column::empty(scalars.len());
        for (step, scalar) in scalars.iter().enumerate() {
            let Some(point) = series.column.point(step) else { continue };
            let scalar = Point::Float(*scalar);
            let (left, right) = if scalar_is_left { (&scalar, &point) } else { (&point, &scalar) };
            let outcome = operation(node.operator, left, right, span);
            let is_comparison = node.operator.is_comparison();
            let value = match outcome {
                Outcome::Refused(annotation) => {
                    refusals.set(step, annotation);
                    continue;
                }
                Outcome::Nothing if node.return_bool => Point::Float(0.0),
                Outcome::Nothing => continue,
                Outcome::Value(_) | Outcome::Noted(..) if node.return_bool => Point::Float(1.0),
                // A comparison gives the vector's value, on whichever side it is.
                Outcome::Value(_) | Outcome::Noted(..) if is_comparison => point,
                Outcome::Value(value) | Outcome::Noted(value, _) => value,
            };
            column.set(step, value);
        }
        series.column = column;
        series.drop_name |= node.operator.changes_meaning() || node.return_bool;
    }
    refusals.into_notes(notes);
    vector.series.retain(|series| !series.column.is_all_absent());
    Value::Vector(vector)
}

/// Of each step the last thing that there was to say; Prometheus tells no more of a step.
pub(super) struct LastOfStep {
    annotations: Vec<Option<Annotation>>,
    steps: usize,
}

impl LastOfStep {
    pub(super) fn new(steps: usize) -> Self {
        Self { annotations: Vec::new(), steps }
    }

    pub(super) fn set(&mut self, step: usize, annotation: Annotation) {
        if self.annotations.is_empty() {
            self.annotations.resize(self.steps, None);
        }
        self.annotations[step] = Some(annotation);
    }

    pub(super) fn into_notes(self, notes: &mut Annotations) {
        for annotation in self.annotations.into_iter().flatten() {
            notes.add(annotation);
        }
    }
}

fn scalar_operation(operator: BinaryOperator, left: f64, right: f64) -> f64 {
    match arithmetic(operator, left, right) {
        Some(value) => value,
        None => f64::from(u8::from(compares(operator, left, right))),
    }
}

fn arithmetic(operator: BinaryOperator, left: f64, right: f64) -> Option<f64> {
    Some(match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        BinaryOperator::Divide => left / right,
        BinaryOperator::Modulo => left % right,
        BinaryOperator::Power => left.powf(right),
        BinaryOperator::Atan2 => left.atan2(right),
        _ => return None,
    })
}

fn compares(operator: BinaryOperator, left: f64, right: f64) -> bool {
    match operator {
        BinaryOperator::Equal => left == right,
        BinaryOperator::NotEqual => left != right,
        BinaryOperator::Less => left < right,
        BinaryOperator::LessOrEqual => left <= right,
        BinaryOperator::Greater => left > right,
        BinaryOperator::GreaterOrEqual => left >= right,
        _ => false,
    }
}

/// An operator between two samples.
pub(super) fn operation(operator: BinaryOperator, left: &Point, right: &Point, span: Span) -> Outcome {
    use BinaryOperator as Op;
    let refused = |left: &str, right: &str| {
        Outcome::Refused(Annotation::incompatible_types(left, operator.as_str(), right, span))
    };
    let compacted = |histogram: &Arc<Histogram>, change: &dyn Fn(&mut Histogram)| {
        let histogram = changed(histogram, |histogram| {
            change(histogram);
            histogram.compact();
        });
        Outcome::Value(Point::Histogram(histogram))
    };
    match (left, right) {
        (Point::Float(left), Point::Float(right)) => match arithmetic(operator, *left, *right) {
            Some(value) => Outcome::Value(Point::Float(value)),
            None if !operator.is_comparison() => refused("float", "float"),
            None if compares(operator, *left, *right) => Outcome::Value(Point::Float(*left)),
            None => Outcome::Nothing,
        },
        (Point::Float(left), Point::Histogram(right)) => match operator {
            Op::Multiply => compacted(right, &|histogram| histogram.multiply(*left)),
            _ => refused("float", "histogram"),
        },
        (Point::Histogram(left), Point::Float(right)) => match operator {
            Op::Multiply => compacted(left, &|histogram| histogram.multiply(*right)),
            Op::Divide => compacted(left, &|histogram| histogram.divide(*right)),
            Op::TrimUpper => Outcome::Value(Point::Histogram(changed(left, |one| one.trim(Keep::Below, *right)))),
            Op::TrimLower => Outcome::Value(Point::Histogram(changed(left, |one| one.trim(Keep::Above, *right)))),
            _ => refused("histogram", "float"),
        },
        (Point::Histogram(left), Point::Histogram(right)) => match operator {
            Op::Add | Op::Subtract => histogram_sum(operator, left, right, span),
            Op::Equal | Op::NotEqual if left.is_identical(right) == (operator == Op::Equal) => {
                Outcome::Value(Point::Histogram(Arc::clone(left)))
            }
            Op::Equal | Op::NotEqual => Outcome::Nothing,
            _ => refused("histogram", "histogram"),
        },
    }
}

fn histogram_sum(operator: BinaryOperator, left: &Arc<Histogram>, right: &Histogram, span: Span) -> Outcome {
    let mut sum = Histogram::clone(left);
    let is_sum = operator == BinaryOperator::Add;
    let (combined, operation) = if is_sum {
        (sum.add(right), HistogramOperation::Addition)
    } else {
        (sum.subtract(right), HistogramOperation::Subtraction)
    };
    let Ok(combined) = combined else {
        return Outcome::Refused(Annotation::incompatible_bucket_layout(operator.as_str(), span));
    };
    if combined.reset_collision {
        return Outcome::Refused(Annotation::reset_collision(operation, span));
    }
    if !is_sum {
        sum.reset_hint = crate::histogram::ResetHint::Gauge;
    }
    sum.compact();
    let value = Point::Histogram(Arc::new(sum));
    if combined.bounds_reconciled {
        Outcome::Noted(value, Annotation::bounds_reconciled(operation, span))
    } else {
        Outcome::Value(value)
    }
}
