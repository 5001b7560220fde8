//! Runs a statement on the engine's threads and hands its batches over through a small channel.
//!
//! Owns the time limit and cancellation: a dropped answer aborts the task, a late statement is aborted by
//! whoever waits for it, even where it never yields. Never plans.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::explain_error::explain;
use crate::output::{plain_batch, plain_schema};
use crate::session::Sessions;
use crate::statement_text::without_values;
use crate::stream::{Cost, QueryAnswer};
use crate::threads::Threads;
use crate::{EngineError, statement};

/// Batches that may wait for a slow reader.
const BATCHES_AHEAD: usize = 2;

/// A statement ready to run.
pub(crate) struct Planned {
    pub(crate) plan: Arc<dyn ExecutionPlan>,
    pub(crate) context: Arc<TaskContext>,
    pub(crate) cost: Arc<Cost>,
    /// RED sketches answer a part of it.
    pub(crate) is_sketched: bool,
}

enum Message {
    Batch(RecordBatch),
    Failed(EngineError),
    End,
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Head {
    schema: SchemaRef,
    cost: Arc<Cost>,
}

/// Plans and starts a statement; returns when its schema is known.
pub(crate) async fn start(
    threads: &Threads,
    sessions: &Sessions,
    permit: OwnedSemaphorePermit,
    sql: &str,
    limit: Duration,
) -> Result<QueryAnswer, EngineError> {
    let deadline = Instant::now() + limit;
    let late = move || EngineError::Timeout { seconds: limit.as_secs_f64() };
    let (head_sender, head) = oneshot::channel();
    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let task = run(sessions.clone(), sql.to_owned(), head_sender, sender, permit);
    let span = tracing::info_span!(
        "query",
        otel.kind = "internal",
        otel.status_code = Empty,
        otel.status_description = Empty,
        db.query.text = without_values(sql),
        db.response.returned_rows = Empty,
    );
    let running = AbortOnDrop(threads.handle().spawn(task.instrument(span)).abort_handle());
    let head = match timeout_at(deadline, head).await {
        Ok(Ok(head)) => head?,
        Ok(Err(_)) => return Err(stopped()),
        Err(_) => return Err(late()),
    };
    let state = (batches, Some(running));
    let stream = futures::stream::unfold(state, move |(mut batches, running)| async move {
        let running = running?;
        match timeout_at(deadline, batches.recv()).await {
            Ok(Some(Message::Batch(batch))) => Some((Ok(batch), (batches, Some(running)))),
            Ok(Some(Message::Failed(error))) => Some((Err(error), (batches, None))),
            Ok(Some(Message::End)) => None,
            Ok(None) => Some((Err(stopped()), (batches, None))),
            Err(_) => Some((Err(late()), (batches, None))),
        }
    });
    Ok(QueryAnswer { schema: head.schema, batches: Box::pin(stream), cost: head.cost })
}

/// Runs a future that is no statement; it ends when its answer is no longer awaited.
pub(crate) async fn beside<T: Send + 'static>(
    threads: &Threads,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, EngineError> {
    let task = threads.handle().spawn(work);
    let _running = AbortOnDrop(task.abort_handle());
    task.await.map_err(|_| stopped())
}

fn stopped() -> EngineError {
    EngineError::Failed { message: "the question was stopped by a fault of the engine".into() }
}

async fn run(
    sessions: Sessions,
    sql: String,
    head: oneshot::Sender<Result<Head, EngineError>>,
    sender: mpsc::Sender<Message>,
    permit: OwnedSemaphorePermit,
) {
    let planned = match statement::plan(&sessions, &sql).instrument(tracing::info_span!("plan")).await {
        Ok(planned) => planned,
        Err(error) => {
            note_failure(&error);
            let _ = head.send(Err(error));
            return;
        }
    };
    let schema = plain_schema(&planned.plan.schema());
    if head.send(Ok(Head { schema: Arc::clone(&schema), cost: Arc::clone(&planned.cost) })).is_err() {
        return;
    }
    let last = match forward(planned, &schema, &sender).await {
        Ok(rows) => {
            Span::current().record("db.response.returned_rows", rows);
            Message::End
        }
        Err(error) => {
            note_failure(&error);
            Message::Failed(error)
        }
    };
    drop(permit);
    let _ = sender.send(last).await;
}

fn note_failure(error: &EngineError) {
    Span::current().record("otel.status_code", "ERROR").record("otel.status_description", error.to_string());
}

/// Hands the batches over; returns the number of rows.
async fn forward(planned: Planned, schema: &SchemaRef, sender: &mpsc::Sender<Message>) -> Result<u64, EngineError> {
    let mut rows = 0;
    let mut stream = execute_stream(planned.plan, planned.context).map_err(|error| explain(&error))?;
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| explain(&error))?;
        if batch.num_rows() == 0 {
            continue;
        }
        rows += batch.num_rows() as u64;
        let plain = plain_batch(&batch, schema).map_err(|error| explain(&error.into()))?;
        if sender.send(Message::Batch(plain)).await.is_err() {
            break;
        }
    }
    Ok(rows)
}
