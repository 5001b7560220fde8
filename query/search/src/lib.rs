//! TraceQL over the store: what SQL may rule out beforehand, and stored rows as traces that a query is evaluated on.
//!
//! Owns the two translations, from conditions to SQL over `spans` and from rows to whole traces. SQL only ever finds
//! more than the query: what it finds is decided by [`spanlake_traceql::eval`]. Pure; never reads a row.

mod sql;
mod traces;

pub use sql::span_condition;
pub use traces::{RowsError, traces_of};
