//! What an expression can never do, though it seems to: found in its text alone, or with the types of metrics.
//!
//! Owns the findings: place, reason, and a better expression where there is one. Pure. An expression with findings is
//! valid; it may even be meant so. The kinds are those of [`Kind`]: [`ratio`], [`labels`], [`intervals`], [`types`].

mod intervals;
mod labels;
mod ratio;
#[cfg(test)]
mod tests;
mod types;

use crate::position::{Span, line_and_column};
use crate::syntax::Expr;

pub use types::MetricTypes;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A part divided by a whole, of which each series meets only itself.
    RatioOfItself,
    /// Division by a limit that is 0 where there is none.
    LimitMayBeZero,
    /// A function for counters over something else, or the other way round.
    WrongType,
    /// A comparison that no value can pass.
    NeverTrue,
    /// A comparison that every value passes.
    AlwaysTrue,
    /// A label is asked for that an aggregation inside has dropped.
    DroppedLabel,
}

impl Kind {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::RatioOfItself => "ratio-of-itself",
            Self::LimitMayBeZero => "limit-may-be-zero",
            Self::WrongType => "wrong-type",
            Self::NeverTrue => "never-true",
            Self::AlwaysTrue => "always-true",
            Self::DroppedLabel => "dropped-label",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    pub span: Span,
    pub reason: String,
    /// The whole expression, better.
    pub better: Option<String>,
}

impl Finding {
    /// `1:5: reason (kind)`, and the better expression.
    #[must_use]
    pub fn message(&self, query: &str) -> String {
        let place = line_and_column(query, self.span.start);
        let better = self.better.as_ref().map(|better| format!("; better: {better}")).unwrap_or_default();
        format!("{place}: {} ({}){better}", self.reason, self.kind.word())
    }
}

/// Everything that is found, in the order of the text.
#[must_use]
pub fn lint(query: &str, expr: &Expr, types: &dyn MetricTypes) -> Vec<Finding> {
    let mut findings = Vec::new();
    expr.visit(&mut |expr| {
        ratio::look(query, expr, &mut findings);
        intervals::look(expr, &mut findings);
        labels::look(query, expr, &mut findings);
        types::look(query, expr, types, &mut findings);
    });
    findings.sort_by_key(|finding| (finding.span, finding.kind));
    findings
}

/// Labels that the results of an expression have at the most; `None` where that is not known.
#[must_use]
pub fn labels_of(expr: &Expr) -> Option<Vec<String>> {
    labels::of(expr).map(|labels| labels.into_iter().collect())
}

/// The query with something else in one place.
fn replaced(query: &str, span: Span, by: &str) -> Option<String> {
    Some(format!("{}{by}{}", query.get(..span.start)?, query.get(span.end..)?))
}

fn text(query: &str, span: Span) -> &str {
    query.get(span.start..span.end).unwrap_or_default()
}

/// Without the brackets around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}
