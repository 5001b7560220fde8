//! `GET /api/export/{signal}`: stored rows as OTLP again, a request a line (JSON) or a length and a request (protobuf).
//!
//! Owns which rows go together and how the answer is cut. Rows are read a batch at a time, so that an export of
//! everything takes no more memory than one of an hour; all are of the moment at which it began. What breaks off in
//! the middle breaks the connection: no reader takes a part for the whole.

mod pieces;

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderValue, StatusCode, Uri, header};
use serde::Deserialize;
use spanlake_engine::StoredRows;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::tables::Table;
use tokio::sync::mpsc;

use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;
use pieces::Pieces;

/// Pieces that may wait for a slow reader.
const PIECES_AHEAD: usize = 4;
/// Exemplars that are held at once; a range with more is halved.
const EXEMPLARS_MAX: u64 = 100_000;
/// Ranges are not halved below this.
const RANGE_MIN: i64 = parameters::SECOND;

/// Tables of points, which exemplars belong to.
const POINT_TABLES: [Table; 4] = [Table::Points, Table::Histograms, Table::ExpHistograms, Table::Summaries];

/// How requests are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// One request a line, as the Collector's file exporter writes it.
    #[default]
    Json,
    /// Each with its length in four bytes before it, big endian, as the Collector's file exporter writes it.
    Protobuf,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-ndjson",
            Self::Protobuf => "application/octet-stream",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Json => "jsonl",
            Self::Protobuf => "binpb",
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    start: Option<String>,
    end: Option<String>,
    trace_id: Option<String>,
    #[serde(default)]
    format: Format,
}

/// The signal of a path's last part.
pub(crate) fn signal(path: Result<Path<String>, PathRejection>) -> Result<Signal, ApiError> {
    let name = parameters::path_part(path)?;
    Signal::ALL
        .into_iter()
        .find(|signal| signal.name() == name)
        .ok_or_else(|| ApiError::not_found(format!("{name:?} is none of traces, metrics and logs")))
}

/// The route.
pub(crate) async fn export(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let signal = signal(path)?;
    let wanted: Wanted = parameters::read(&uri)?;
    let moment = |name, text: Option<&str>| text.map(|text| parameters::moment(name, text)).transpose();
    let start = moment("start", wanted.start.as_deref())?.unwrap_or(0);
    let end = moment("end", wanted.end.as_deref())?.unwrap_or(i64::MAX);
    if start >= end {
        return Err(ApiError::invalid("start is not before end"));
    }
    let trace_id = wanted.trace_id.as_deref().map(TraceId::parse_any).transpose();
    let trace_id = trace_id.map_err(|error| ApiError::invalid(error.to_string()))?;
    if trace_id.is_some() && signal == Signal::Metrics {
        return Err(ApiError::invalid("metrics belong to no trace"));
    }
    let turn = Arc::clone(&shared.export_turns).try_acquire_owned().map_err(|_| {
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "two exports run already; retry when one has ended")
    })?;
    let (sender, receiver) = mpsc::channel(PIECES_AHEAD);
    let job = Export { shared, signal, format: wanted.format, sender };
    tokio::spawn(async move {
        job.run(trace_id, start, end).await;
        drop(turn);
    });
    let body = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece: Result<Bytes, ApiError>| (piece.map_err(broken), receiver))
    });
    let name = format!("attachment; filename=\"spanlake-{}.{}\"", signal.name(), wanted.format.ending());
    let name = HeaderValue::from_str(&name).expect("letters and dashes");
    let content_type = HeaderValue::from_static(wanted.format.content_type());
    let headers = [(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(body)).into_response())
}

fn broken(error: ApiError) -> std::io::Error {
    tracing::warn!(error = error.message, "an export broke off");
    std::io::Error::other(error.message)
}

/// An export on its way; ends where nobody reads any more.
struct Export {
    shared: Arc<Shared>,
    signal: Signal,
    format: Format,
    sender: mpsc::Sender<Result<Bytes, ApiError>>,
}

/// Whoever read is gone.
struct Gone;

/// Why an export ended early.
enum Ended {
    Gone,
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Gone> for Ended {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl Export {
    async fn run(self, trace_id: Option<TraceId>, start: i64, end: i64) {
        let mut pieces = Pieces::new(self.signal, self.format, Arc::clone(self.shared.store.catalog()));
        let done = match trace_id {
            Some(id) => self.trace(&mut pieces, id).await,
            None => self.range(&mut pieces, start, end).await,
        };
        match done {
            Ok(()) => pieces.note_what_did_not_fit(),
            Err(Ended::Gone) => {}
            Err(Ended::Failed(error)) => {
                let _ = self.sender.send(Err(error)).await;
            }
        }
    }

    async fn trace(&self, pieces: &mut Pieces, id: TraceId) -> Result<(), Ended> {
        let table = if self.signal == Signal::Traces { Table::Spans } else { Table::Logs };
        let version = self.shared.store.pin();
        let found = self.shared.store.trace_rows(&version, table, &[id], None).await?;
        let rows = found.batches.into_iter().map(|batch| (table, batch)).collect();
        self.send(pieces.of(rows).await?).await?;
        Ok(())
    }

    async fn range(&self, pieces: &mut Pieces, start: i64, end: i64) -> Result<(), Ended> {
        let stored = self.shared.engine.stored_rows();
        match self.signal {
            Signal::Traces => self.table(pieces, &stored, Table::Spans, start, end).await,
            Signal::Logs => self.table(pieces, &stored, Table::Logs, start, end).await,
            Signal::Metrics => self.points(pieces, &stored, start, end).await,
        }
    }

    async fn table(
        &self,
        pieces: &mut Pieces,
        stored: &StoredRows,
        table: Table,
        start: i64,
        end: i64,
    ) -> Result<(), Ended> {
        let mut answer = stored.rows(table, start, end).await?;
        while let Some(batch) = answer.batches.next().await {
            self.send(pieces.of(vec![(table, batch?)]).await?).await?;
        }
        Ok(())
    }

    /// Points with the exemplars of their range.
    async fn points(&self, pieces: &mut Pieces, stored: &StoredRows, start: i64, end: i64) -> Result<(), Ended> {
        let mut ranges = vec![(start, end)];
        while let Some((start, end)) = ranges.pop() {
            let exemplars = stored.bounds(Table::Exemplars, start, end).await?;
            if let Some((first, last)) = exemplars.filter(|(first, last)| last - first > RANGE_MIN)
                && stored.count(Table::Exemplars, start, end).await? > EXEMPLARS_MAX
            {
                let middle = first + (last - first) / 2;
                ranges.extend([(middle, end), (start, middle)]);
                continue;
            }
            let exemplars = match exemplars {
                Some(_) => collect(stored, Table::Exemplars, start, end).await?,
                None => Vec::new(),
            };
            pieces.exemplars(exemplars);
            for table in POINT_TABLES {
                self.table(pieces, stored, table, start, end).await?;
            }
        }
        Ok(())
    }

    async fn send(&self, pieces: Vec<Bytes>) -> Result<(), Gone> {
        for piece in pieces {
            self.sender.send(Ok(piece)).await.map_err(|_| Gone)?;
        }
        Ok(())
    }
}

async fn collect(stored: &StoredRows, table: Table, start: i64, end: i64) -> Result<Vec<RecordBatch>, ApiError> {
    let mut answer = stored.rows(table, start, end).await?;
    let mut batches = Vec::new();
    while let Some(batch) = answer.batches.next().await {
        batches.push(batch?);
    }
    Ok(batches)
}
