//! TraceQL over the store: what SQL may rule out beforehand, what it can say exactly, and stored rows as traces that a
//! query is evaluated on.
//!
//! Owns the translations, from conditions and fields to SQL over `spans` and from rows to whole traces. What
//! [`span_condition`] says only ever finds more than the query, which [`spanlake_traceql::eval`] then decides; what
//! [`exact_condition`] says decides itself, so that spans can be counted without being read. Pure; never reads a row.

mod columns;
mod exact;
mod fields;
mod series;
mod sql;
mod traces;

pub use columns::columns_of;
pub use exact::{deciding_pipeline, exact_condition, exact_pipeline, sufficient_pipeline};
pub use fields::{FieldSql, field_sql};
pub use series::{SeriesSql, series_sql};
pub use sql::{span_condition, span_conditions};
pub use traces::{RowsError, traces_of};
