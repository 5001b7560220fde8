//! The order of an instant query's result.
//!
//! Owns `sort`, `sort_desc`, `sort_by_label`, `sort_by_label_desc`. In range queries the order is that of labels whatever
//! these do.

use std::cmp::Ordering;

use crate::annotations::Annotations;
use crate::syntax::functions::FunctionName;

use super::column::{StepSeries, StepVector, Value};
use super::plan::Node;
use super::{EvalError, Evaluator, Grid};

impl Evaluator<'_> {
    pub(crate) fn sort(
        &self,
        function: FunctionName,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let mut vector = self.eval_vector(&args[0], grid, notes)?;
        let descending = matches!(function, FunctionName::SortDesc | FunctionName::SortByLabelDesc);
        if matches!(function, FunctionName::Sort | FunctionName::SortDesc) {
            for series in &mut vector.series {
                series.column.map_floats(|value| value);
            }
            vector.series.retain(|series| !series.column.is_all_absent());
            if grid.is_instant() {
                vector.series.sort_by(|left, right| by_value(value(left), value(right), descending));
            }
            return Ok(vector);
        }
        let mut labels = Vec::new();
        for arg in &args[1..] {
            if let Value::Text(label) = self.eval(arg, grid, notes)? {
                labels.push(label);
            }
        }
        vector.series.sort_by(|left, right| {
            let by_labels = labels.iter().map(|label| natural_order(left.labels.get(label), right.labels.get(label)));
            let order = by_labels.fold(Ordering::Equal, Ordering::then).then_with(|| left.labels.cmp(&right.labels));
            if descending { order.reverse() } else { order }
        });
        Ok(vector)
    }
}

fn value(series: &StepSeries) -> f64 {
    series.column.float(0).unwrap_or(f64::NAN)
}

/// NaN comes last in either direction.
pub(crate) fn by_value(left: f64, right: f64, descending: bool) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (false, false) if descending => right.total_cmp(&left),
        (false, false) => left.total_cmp(&right),
        (left, right) => left.cmp(&right),
    }
}

/// Runs of digits compare as numbers, all else as text: `node2` before `node10`.
fn natural_order(left: &str, right: &str) -> Ordering {
    let (mut left_rest, mut right_rest) = (left, right);
    while !left_rest.is_empty() && !right_rest.is_empty() {
        let (left_run, left_tail) = first_run(left_rest);
        let (right_run, right_tail) = first_run(right_rest);
        let order = match (left_run.parse::<u64>(), right_run.parse::<u64>()) {
            (Ok(left), Ok(right)) => left.cmp(&right),
            _ => left_run.cmp(right_run),
        };
        if order != Ordering::Equal {
            return order;
        }
        (left_rest, right_rest) = (left_tail, right_tail);
    }
    left_rest.len().cmp(&right_rest.len())
}

/// The digits or non-digits at the start, and the rest.
fn first_run(text: &str) -> (&str, &str) {
    let is_digit = text.starts_with(|c: char| c.is_ascii_digit());
    text.split_at(text.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_compare_as_numbers() {
        let mut names = vec!["node10", "node2", "node", "node1a", "node1", "10", "9"];
        names.sort_by(|left, right| natural_order(left, right));
        assert_eq!(names, ["9", "10", "node", "node1", "node1a", "node2", "node10"]);
    }

    #[test]
    fn nan_is_last_in_either_direction() {
        for descending in [false, true] {
            let mut values = [f64::NAN, 2.0, 1.0];
            values.sort_by(|left, right| by_value(*left, *right, descending));
            assert!(values[2].is_nan());
            assert_eq!(values[0], if descending { 2.0 } else { 1.0 });
        }
    }
}
