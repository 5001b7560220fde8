//! Stored rows as they are, a range of time at a time: for exports, which need every column and no SQL.
//!
//! Owns one version of the store for as long as it lives, so that all ranges are of one moment. Never writes.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use futures::{Stream, StreamExt};
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::tables::Table;
use spanlake_store::{DataFile, PointBlock, Version};

use crate::driver;
use crate::session::Sessions;
use crate::{Engine, EngineError, QueryAnswer};

/// An export of everything takes as long as its reader does.
const TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// What says whether a row is in a range: exemplars are in that of their point.
fn range_column(table: Table) -> &'static str {
    if table == Table::Exemplars { "point_time" } else { table.time_column() }
}

/// A condition before others; none without a name.
fn of_service(service: Option<&str>) -> String {
    service.map(|service| format!("service_name = '{}' and ", service.replace('\'', "''"))).unwrap_or_default()
}

/// A condition before others: series from one id to another.
fn of_series((first, last): (&[u8; 16], &[u8; 16])) -> String {
    let id = |id: &[u8; 16]| format!("arrow_cast(X'{}', 'FixedSizeBinary(16)')", to_hex(id));
    format!("series_id >= {} and series_id <= {} and ", id(first), id(last))
}

fn failed(file: &DataFile, error: &dyn std::fmt::Display) -> EngineError {
    EngineError::Failed { message: format!("{}: {error}", file.path.display()) }
}

/// The rows of all tables as they were at one moment.
#[derive(Clone)]
pub struct StoredRows {
    engine: Engine,
    sessions: Sessions,
}

impl Engine {
    /// The rows as they are now.
    #[must_use]
    pub fn stored_rows(&self) -> StoredRows {
        StoredRows { engine: self.clone(), sessions: self.inner.sessions.of_stored_rows() }
    }
}

impl StoredRows {
    /// The version whose rows they are.
    #[must_use]
    pub fn version(&self) -> Arc<Version> {
        self.sessions.version()
    }

    /// Rollups of a file of points, of series whose ids lie between two, both included, and of some others.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn rollups(
        &self,
        file: &Arc<DataFile>,
        ids: (&[u8; 16], &[u8; 16]),
    ) -> Result<Vec<RecordBatch>, EngineError> {
        let (store, of, (first, last)) = (self.sessions.store().clone(), Arc::clone(file), (*ids.0, *ids.1));
        let read = self.engine.inner.threads.handle().spawn(async move { store.rollups(&of, (&first, &last)).await });
        read.await.map_err(|error| failed(file, &error))?.map_err(|error| failed(file, &error))
    }

    /// Number points in files, of series whose ids lie between two, both included, and of some others, in files that have points
    /// from `start` up to but not including `end`, nanoseconds since 1970, and at other times: file by file, oldest first.
    /// Unsealed points are not among them.
    ///
    /// # Errors
    /// When too many statements run; then each file that cannot be read.
    pub async fn point_blocks(
        &self,
        (first, last): (&[u8; 16], &[u8; 16]),
        start: i64,
        end: i64,
    ) -> Result<impl Stream<Item = Result<Vec<Arc<PointBlock>>, EngineError>>, EngineError> {
        let inner = &self.engine.inner;
        let permit = inner.admission.enter().await?;
        let (first, last, version) = (*first, *last, self.version());
        let has = |file: &&Arc<DataFile>| {
            let entry = &file.entry;
            entry.parts().any(|(from, to)| from < end && to >= start) && entry.may_have_series(&first, &last)
        };
        let files: Vec<Arc<DataFile>> = version.files(Table::Points).iter().filter(has).cloned().collect();
        let (store, threads) = (self.sessions.store().clone(), inner.threads.handle().clone());
        let reads = futures::stream::iter(files).map(move |file| {
            // The version keeps the files, the permit the place of the whole read.
            let (store, threads, _held) = (store.clone(), threads.clone(), (&permit, &version));
            async move {
                if let Some(kept) = store.kept_point_blocks(&file, (&first, &last)) {
                    return Ok(kept);
                }
                let of = Arc::clone(&file);
                let read = threads.spawn_blocking(move || store.point_blocks(&of, (&first, &last)));
                read.await.map_err(|error| failed(&file, &error))?.map_err(|error| failed(&file, &error))
            }
        });
        Ok(reads.buffered(inner.limits.thread_count()))
    }

    /// Rows of a table from `start` up to but not including `end`, nanoseconds since the epoch (exemplars: whose points
    /// are), with the columns and
    /// types of its physical schema, in no promised order.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn rows(&self, table: Table, start: i64, end: i64) -> Result<QueryAnswer, EngineError> {
        self.ask("*", "", table, start, end).await
    }

    /// Rows of series whose ids lie between two, both included; else as [`StoredRows::rows`].
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn series(
        &self,
        table: Table,
        ids: (&[u8; 16], &[u8; 16]),
        start: i64,
        end: i64,
    ) -> Result<QueryAnswer, EngineError> {
        self.ask("*", &of_series(ids), table, start, end).await
    }

    /// When series whose ids lie between two have points: `series_id`, `time` and `flags`; else as [`StoredRows::series`].
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn series_times(
        &self,
        table: Table,
        ids: (&[u8; 16], &[u8; 16]),
        start: i64,
        end: i64,
    ) -> Result<QueryAnswer, EngineError> {
        self.ask("series_id, time, flags", &of_series(ids), table, start, end).await
    }

    /// Sums of spans of rollups that begin from `start` up to but not including `end`, of one service where one is named.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn span_red(&self, service: Option<&str>, start: i64, end: i64) -> Result<QueryAnswer, EngineError> {
        self.ask("*", &of_service(service), Table::SpanRed, start, end).await
    }

    /// The slowest span of each service, operation, kind and status in each slice of so many nanoseconds, of spans that
    /// began from `start` up to but not including `end`, of one service where one is named.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn slowest_spans(
        &self,
        service: Option<&str>,
        slice: i64,
        start: i64,
        end: i64,
    ) -> Result<QueryAnswer, EngineError> {
        let first = |column: &str| format!("first_value({column} order by duration desc) as {column}");
        let what = format!(
            "service_name, name, kind, status_code, max(duration) as duration, {}, {}, {}",
            first("start_time"),
            first("trace_id"),
            first("span_id")
        );
        let group = format!(" group by service_name, name, kind, status_code, start_time::bigint / {}", slice.max(1));
        self.ask_grouped(&what, &of_service(service), Table::Spans, (start, end), &group).await
    }

    /// How many there are.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn count(&self, table: Table, start: i64, end: i64) -> Result<u64, EngineError> {
        let mut answer = self.ask("count(*)", "", table, start, end).await?;
        let mut count = 0;
        while let Some(batch) = answer.batches.next().await {
            count += batch?.column(0).as_primitive::<Int64Type>().values().iter().sum::<i64>();
        }
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The first and the last time of a table's rows in a range, nanoseconds; `None` where there are none.
    ///
    /// # Errors
    /// See [`EngineError`].
    pub async fn bounds(&self, table: Table, start: i64, end: i64) -> Result<Option<(i64, i64)>, EngineError> {
        let time = range_column(table);
        let what = format!("min({time})::bigint, max({time})::bigint");
        let mut answer = self.ask(&what, "", table, start, end).await?;
        while let Some(batch) = answer.batches.next().await {
            let batch = batch?;
            let value = |column: usize| batch.column(column).as_primitive_opt::<Int64Type>()?.iter().next()?;
            if let (Some(first), Some(last)) = (value(0), value(1)) {
                return Ok(Some((first, last)));
            }
        }
        Ok(None)
    }

    async fn ask(
        &self,
        what: &str,
        filter: &str,
        table: Table,
        start: i64,
        end: i64,
    ) -> Result<QueryAnswer, EngineError> {
        self.ask_grouped(what, filter, table, (start, end), "").await
    }

    async fn ask_grouped(
        &self,
        what: &str,
        filter: &str,
        table: Table,
        (start, end): (i64, i64),
        group: &str,
    ) -> Result<QueryAnswer, EngineError> {
        let (name, time) = (table.name(), range_column(table));
        let moment = |nanos: i64| format!("arrow_cast({nanos}, 'Timestamp(Nanosecond, Some(\"UTC\"))')");
        let (start, end) = (moment(start), moment(end));
        let sql = format!("select {what} from {name} where {filter}{time} >= {start} and {time} < {end}{group}");
        let inner = &self.engine.inner;
        let permit = inner.admission.enter().await?;
        driver::start(&inner.threads, &self.sessions, permit, &sql, TIME_MAX).await
    }
}
