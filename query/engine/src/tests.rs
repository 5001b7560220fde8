//! Statements over a real store.

mod approx;
mod corpus;
mod critical_path;
mod explained;
mod limits;
mod pruning;
mod queries;
mod refused;
mod sketched;
mod visibility;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;
use futures::TryStreamExt;

use crate::{Engine, EngineError, QueryStats};

/// The rows, as a table of text, and what they cost.
async fn ask(engine: &Engine, sql: &str) -> Result<(String, QueryStats), EngineError> {
    let mut answer = engine.query(sql).await?;
    let batches: Vec<RecordBatch> = answer.batches.as_mut().try_collect().await?;
    for batch in &batches {
        assert_eq!(batch.schema(), answer.schema, "{sql}");
    }
    let text = if batches.is_empty() {
        pretty_format_batches(&[RecordBatch::new_empty(Arc::clone(&answer.schema))]).unwrap().to_string()
    } else {
        pretty_format_batches(&batches).unwrap().to_string()
    };
    Ok((text, answer.stats()))
}
