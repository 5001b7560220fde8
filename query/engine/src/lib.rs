//! The query engine: the only crate that names DataFusion.
//!
//! Owns sessions, table providers over the store's read half, functions and limits. Never speaks HTTP or
//! JSON, never writes.
//!
//! The life of a statement: [`statement`] reads it and refuses what is no query -> [`session`] pins one version
//! of the store and shows its tables with the columns that it names ([`named_columns`]; [`logical`]: what SQL sees,
//! over [`facts`]: stored rows, and [`dimensions`]: resources, scopes, series) -> DataFusion plans it with the
//! [`rules`] of ours -> [`driver`] runs it on the engine's own threads and hands batches over.

mod admission;
mod approx;
mod attributes;
mod critical_path;
mod dimensions;
mod driver;
mod error;
mod explain_error;
mod facts;
mod ids;
mod limits;
mod logical;
mod named_columns;
mod output;
mod output_names;
mod pinned;
mod rules;
mod session;
mod sketched;
mod statement;
mod statement_parts;
mod statement_text;
mod stored;
mod stream;
mod threads;

#[cfg(test)]
mod tests;

pub use error::{EngineError, Position};
pub use limits::EngineLimits;
pub use logical::{ColumnDoc, TableDoc, tables_markdown};
pub use pinned::PinnedEngine;
pub use stored::StoredRows;
pub use stream::{QueryAnswer, QueryStats};

use std::sync::Arc;

use spanlake_store::ReadHalf;
use tokio::sync::Semaphore;

use admission::Admission;
use session::Sessions;
use threads::Threads;

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    limits: EngineLimits,
    sessions: Sessions,
    admission: Admission,
    threads: Threads,
    /// Of [`Engine::beside`]: the more of a kind the scheduler sees, the less it leaves to ingest.
    beside: Semaphore,
}

impl Engine {
    /// Builds the session template and the engine's threads.
    ///
    /// # Errors
    /// When a table or the runtime cannot be set up.
    pub fn new(store: ReadHalf, limits: EngineLimits) -> Result<Self, EngineError> {
        Self::over(Sessions::new(store, &limits)?, limits)
    }

    fn over(sessions: Sessions, limits: EngineLimits) -> Result<Self, EngineError> {
        let threads = Threads::start(limits.thread_count())?;
        let admission = Admission::new(limits.concurrency, limits.queue_wait);
        let beside = Semaphore::new(limits.thread_count());
        Ok(Self { inner: Arc::new(Inner { limits, sessions, admission, threads, beside }) })
    }

    /// The store that statements read.
    #[must_use]
    pub fn store(&self) -> &ReadHalf {
        self.inner.sessions.store()
    }

    /// Every table with its columns, as documentation shows them.
    ///
    /// # Errors
    /// When a table cannot be planned.
    pub async fn table_docs(&self) -> Result<Vec<TableDoc>, EngineError> {
        self.inner.sessions.table_docs().await
    }

    /// Plans one read-only statement and starts it. Dropping the answer cancels it.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn query(&self, sql: &str) -> Result<QueryAnswer, EngineError> {
        let permit = self.inner.admission.enter().await?;
        driver::start(&self.inner.threads, &self.inner.sessions, permit, sql, self.inner.limits.timeout).await
    }

    /// Does other work of a question on the engine's threads, which give way to ingest's where all cores are busy: of so much at
    /// once as there are threads, the rest waits. Dropping it cancels it. Must not wait for more of its kind.
    ///
    /// # Errors
    /// When the work panics.
    pub async fn beside<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, EngineError> {
        let _place = self.inner.beside.acquire().await;
        driver::beside(&self.inner.threads, work).await
    }
}
