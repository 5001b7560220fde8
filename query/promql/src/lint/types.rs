//! Functions for counters over gauges and the other way round, where the type of a metric is known.

use super::{Finding, Kind, replaced, text};
use crate::syntax::Expr;
use crate::syntax::functions::FunctionName as F;

/// Types of metrics by the names of their series, in Prometheus's words: `counter`, `gauge`, `histogram`, `summary`, ….
pub trait MetricTypes {
    /// `None` where it is not known.
    fn kind_of(&self, name: &str) -> Option<&str>;
}

impl MetricTypes for () {
    fn kind_of(&self, _: &str) -> Option<&str> {
        None
    }
}

impl<S: std::hash::BuildHasher> MetricTypes for std::collections::HashMap<String, String, S> {
    fn kind_of(&self, name: &str) -> Option<&str> {
        // Of histograms and summaries the family is listed, and its parts are counters.
        let part = || ["_bucket", "_count", "_sum"].into_iter().find_map(|end| self.get(name.strip_suffix(end)?));
        match self.get(name) {
            Some(kind) => Some(kind.as_str()),
            None => part().filter(|kind| matches!(kind.as_str(), "histogram" | "summary")).map(|_| "counter"),
        }
    }
}

pub(super) fn look(query: &str, expr: &Expr, types: &dyn MetricTypes, findings: &mut Vec<Finding>) {
    let Expr::Call(call) = expr else { return };
    let Some(Expr::Matrix(matrix)) = call.args.first() else { return };
    let Some(name) = matrix.selector.name.as_deref() else { return };
    let Some(kind) = types.kind_of(name) else { return };
    let function = call.function.name;
    let (reason, better) = match (call.function.id, kind) {
        (F::Rate | F::Irate, "gauge") => {
            (format!("{function} takes every fall of {name} for a restart, but it is a gauge"), "deriv")
        }
        (F::Increase, "gauge") => {
            (format!("increase takes every fall of {name} for a restart, but it is a gauge"), "delta")
        }
        (F::Deriv, "counter") => (format!("{name} is a counter: a restart is a fall for deriv"), "rate"),
        (F::Delta | F::Idelta, "counter") => {
            (format!("{name} is a counter: a restart is a fall for {function}"), "increase")
        }
        _ => return,
    };
    let changed = format!("{better}({})", text(query, matrix.span));
    let better = replaced(query, call.span, &changed);
    findings.push(Finding { kind: Kind::WrongType, span: call.span, reason, better });
}
