//! What a store can do for a query before the query itself is evaluated.
//!
//! Owns the conditions that a store can push down to its columns, and the list of what it must read. Conditions only ever
//! rule out what the query would not find: a second pass over what was read decides. Never names a table.

mod condition;
mod source;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Conjunction, SpanCondition, Test, pushdown};
pub use source::{Source, TraceCondition};

use crate::syntax::tree::{Body, Metrics, Query};

/// What is to be read for a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// One for each pipeline, in the order of the text.
    pub sources: Vec<Source>,
}

/// Plans a query that was checked.
#[must_use]
pub fn plan(query: &Query) -> Plan {
    let mut sources = Vec::new();
    match &query.body {
        Body::Spans(pipeline) => sources.push(Source::of_pipeline(pipeline)),
        Body::Metrics(metrics) => add_sources(metrics, &mut sources),
    }
    Plan { sources }
}

fn add_sources(metrics: &Metrics, sources: &mut Vec<Source>) {
    match metrics {
        Metrics::Series(series) => sources.push(Source::of_series(series)),
        Metrics::Staged { input, .. } | Metrics::WithNumber { input, .. } => add_sources(input, sources),
        Metrics::Binary { left, right, .. } => {
            add_sources(left, sources);
            add_sources(right, sources);
        }
    }
}
