//! Functions that change labels and leave values alone.
//!
//! Owns `label_replace` and `label_join`.

use crate::annotations::Annotations;
use crate::labels::METRIC_NAME;
use crate::matcher::anchored_regex;

use super::column::{StepVector, Value};
use super::plan::{Node, NodeKind};
use super::{EvalError, Evaluator, Grid, merge_same_labels};

impl Evaluator<'_> {
    pub(crate) fn label_replace(
        &self,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let texts = self.texts(&args[1..], grid, notes)?;
        let [target, replacement, source, pattern] = texts.as_slice() else {
            return Err(EvalError::Execution("label_replace() takes four strings".to_owned()));
        };
        let Ok(regex) = anchored_regex(pattern) else {
            let message = format!("invalid regular expression in label_replace(): {pattern}");
            return Err(EvalError::Execution(message));
        };
        if target.is_empty() || has_invalid_bytes(&args[1]) {
            let message = format!("invalid destination label name in label_replace(): {target}");
            return Err(EvalError::Execution(message));
        }
        let mut vector = self.eval_vector(&args[0], grid, notes)?;
        for series in &mut vector.series {
            let Some(captures) = regex.captures(series.labels.get(source)) else { continue };
            let mut value = String::new();
            captures.expand(replacement, &mut value);
            series.labels = series.labels.to_builder().set(target, &value).build();
            if target == METRIC_NAME {
                series.drop_name = false;
            }
        }
        vector.series = merge_same_labels(vector.series)?;
        Ok(vector)
    }

    pub(crate) fn label_join(
        &self,
        args: &[Node],
        grid: &Grid,
        notes: &mut Annotations,
    ) -> Result<StepVector, EvalError> {
        let texts = self.texts(&args[1..], grid, notes)?;
        let [target, separator, sources @ ..] = texts.as_slice() else {
            return Err(EvalError::Execution("label_join() takes two strings or more".to_owned()));
        };
        let names = sources.iter().zip(&args[3..]).map(|(name, arg)| (name, arg, "source"));
        for (name, arg, what) in names.chain([(target, &args[1], "destination")]) {
            if name.is_empty() || has_invalid_bytes(arg) {
                return Err(EvalError::Execution(format!("invalid {what} label name in label_join(): {name}")));
            }
        }
        let mut vector = self.eval_vector(&args[0], grid, notes)?;
        for series in &mut vector.series {
            let values: Vec<&str> = sources.iter().map(|source| series.labels.get(source)).collect();
            let value = values.join(separator);
            series.labels = series.labels.to_builder().set(target, &value).build();
            if target == METRIC_NAME {
                series.drop_name = false;
            }
        }
        vector.series = merge_same_labels(vector.series)?;
        Ok(vector)
    }

    fn texts(&self, args: &[Node], grid: &Grid, notes: &mut Annotations) -> Result<Vec<String>, EvalError> {
        let mut texts = Vec::with_capacity(args.len());
        for arg in args {
            match self.eval(arg, grid, notes)? {
                Value::Text(text) => texts.push(text),
                _ => return Err(EvalError::Execution("expected a string".to_owned())),
            }
        }
        Ok(texts)
    }
}

/// Whether a string is not UTF-8, which no label's name may be.
fn has_invalid_bytes(arg: &Node) -> bool {
    matches!(&arg.kind, NodeKind::Text(text) if text.raw_bytes.is_some())
}
