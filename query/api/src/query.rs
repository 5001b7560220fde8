//! Statements of our own: run through the engine like anybody's, read whole or batch by batch.

use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use spanlake_engine::{EngineError, PinnedEngine, QueryAnswer, QueryStats};

use crate::columns::Texts;
use crate::error::ApiError;
use crate::own_metrics::Outcome;
use crate::state::Shared;

/// Rows of a statement whose columns are all text; null is empty.
pub(crate) async fn texts(shared: &Shared, sql: &str) -> Result<Vec<Vec<String>>, ApiError> {
    let (batches, _) = rows(shared, sql).await?;
    let mut texts = Vec::new();
    for batch in &batches {
        let columns: Vec<Texts<'_>> =
            batch.schema().fields().iter().map(|field| Texts::of(batch, field.name())).collect();
        texts.extend(
            (0..batch.num_rows()).map(|row| columns.iter().map(|column| column.or_empty(row).to_owned()).collect()),
        );
    }
    Ok(texts)
}

/// All rows of a statement that is known to have few.
pub(crate) async fn rows(shared: &Shared, sql: &str) -> Result<(Vec<RecordBatch>, QueryStats), ApiError> {
    whole(shared, shared.engine.query(sql)).await
}

/// The same over one version.
pub(crate) async fn rows_at(
    shared: &Shared,
    engine: &PinnedEngine,
    sql: &str,
) -> Result<(Vec<RecordBatch>, QueryStats), ApiError> {
    whole(shared, engine.query(sql)).await
}

async fn whole(
    shared: &Shared,
    starting: impl Future<Output = Result<QueryAnswer, EngineError>>,
) -> Result<(Vec<RecordBatch>, QueryStats), ApiError> {
    let running = shared.metrics.start();
    let result = async {
        let mut answer = starting.await?;
        let batches: Vec<RecordBatch> = answer.batches.as_mut().try_collect().await?;
        Ok((batches, answer.stats()))
    };
    match result.await {
        Ok(found) => {
            running.end(Outcome::Done);
            Ok(found)
        }
        Err(error) => {
            running.end(Outcome::of(&error));
            Err(error.into())
        }
    }
}

/// Hands over batches as they come, until one is enough: rows are never held as they were read.
pub(crate) async fn each_batch(
    shared: &Shared,
    engine: &PinnedEngine,
    sql: &str,
    mut take: impl FnMut(&RecordBatch) -> bool,
) -> Result<QueryStats, ApiError> {
    let running = shared.metrics.start();
    let result = async {
        let mut answer = engine.query(sql).await?;
        while let Some(batch) = answer.batches.try_next().await? {
            if !take(&batch) {
                break;
            }
        }
        Ok(answer.stats())
    };
    match result.await {
        Ok(stats) => {
            running.end(Outcome::Done);
            Ok(stats)
        }
        Err(error) => {
            running.end(Outcome::of(&error));
            Err(error.into())
        }
    }
}
