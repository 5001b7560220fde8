//! What a query means, over whole traces.
//!
//! Owns the oracle: plain code that follows the language and nothing else, against which faster engines are compared.
//! Never fails on a query that was checked and never on a trace, however odd. Filters and structural operators take time
//! linear in the spans.

pub mod filter;
pub mod metrics;
pub mod operand;
pub mod pipeline;
pub mod scalar;
pub mod view;

#[cfg(test)]
mod tests;

pub use metrics::{Exemplar, Grid, GridError, Series, evaluate_metrics};
pub use operand::Operand;
pub use pipeline::{Spanset, evaluate_pipeline, evaluate_pipeline_over};
pub use view::TraceView;

use crate::model::Trace;
use crate::syntax::tree::Pipeline;

/// What a pipeline finds in one trace; nothing where the trace does not match.
#[must_use]
pub fn find(pipeline: &Pipeline, trace: &Trace) -> Vec<Spanset> {
    evaluate_pipeline(pipeline, &TraceView::new(trace))
}
