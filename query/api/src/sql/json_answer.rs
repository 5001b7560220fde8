//! The JSON answer: columns, rows, stats, whole before its first byte is sent.

use arrow::record_batch::RecordBatch;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header;
use serde_json::json;
use spanlake_engine::{EngineError, QueryAnswer, QueryStats};

use super::Format;
use crate::error::ApiError;
use crate::own_metrics::{Outcome, Running};
use crate::render;

/// Bytes of rows after which no more are taken: what a page can still read.
const ROWS_BYTES_MAX: usize = 256 << 20;

/// Rows as text, and whether there were more.
struct Rows {
    json: Vec<u8>,
    count: usize,
    truncated: bool,
}

pub(super) async fn write(mut answer: QueryAnswer, rows_max: usize, running: Running) -> Result<Response, ApiError> {
    let columns: Vec<_> = answer
        .schema
        .fields()
        .iter()
        .map(|field| json!({"name": field.name(), "type": field.data_type().to_string()}))
        .collect();
    let head = json!(columns);
    match read(&mut answer, rows_max).await {
        Ok(rows) => {
            let body = assemble(&head, &rows, answer.stats(), running.elapsed().as_secs_f64() * 1e3);
            running.end(Outcome::Done);
            Ok(([(header::CONTENT_TYPE, Format::Json.content_type())], body).into_response())
        }
        Err(error) => {
            running.end(Outcome::of(&error));
            Err(error.into())
        }
    }
}

async fn read(answer: &mut QueryAnswer, rows_max: usize) -> Result<Rows, EngineError> {
    let mut rows = Rows { json: Vec::new(), count: 0, truncated: false };
    while let Some(batch) = answer.batches.next().await {
        rows.add(&batch?, rows_max);
        if rows.truncated {
            break;
        }
    }
    Ok(rows)
}

impl Rows {
    fn add(&mut self, batch: &RecordBatch, rows_max: usize) {
        let room = rows_max - self.count;
        let fitting = batch.num_rows().min(room);
        self.truncated = batch.num_rows() > room || self.json.len() > ROWS_BYTES_MAX;
        if fitting > 0 {
            render::push_rows(&batch.slice(0, fitting), self.count == 0, &mut self.json);
            self.count += fitting;
        }
    }
}

fn assemble(columns: &serde_json::Value, rows: &Rows, stats: QueryStats, elapsed_ms: f64) -> Vec<u8> {
    let told = json!({
        "rows": rows.count,
        "truncated": rows.truncated,
        "elapsed_ms": (elapsed_ms * 1e3).round() / 1e3,
        "files_read": stats.files_read,
        "files_total": stats.files_total,
        "bytes_scanned": stats.bytes_scanned,
        "row_groups_pruned": stats.row_groups_pruned,
        "cache_hits": stats.cache_hits,
        "cache_misses": stats.cache_misses,
        "sampled_files": stats.sampled_files,
    });
    let mut body = Vec::with_capacity(rows.json.len() + 1024);
    body.extend_from_slice(b"{\"columns\":");
    body.extend_from_slice(columns.to_string().as_bytes());
    body.extend_from_slice(b",\"rows\":[");
    body.extend_from_slice(&rows.json);
    body.extend_from_slice(b"],\"stats\":");
    body.extend_from_slice(told.to_string().as_bytes());
    if let Some(warning) = warning(stats) {
        body.extend_from_slice(b",\"warning\":");
        body.extend_from_slice(json!(warning).to_string().as_bytes());
    }
    body.push(b'}');
    body
}

/// What to know of an answer over rows of which some were sampled out.
fn warning(stats: QueryStats) -> Option<String> {
    (stats.sampled_files > 0).then(|| {
        format!(
            "{} files hold a sample of their rows: plain counts and sums over them are too small; approx_count(), \
             approx_sum(x), approx_avg(x), approx_ratio(a, b) and approx_quantile(x, q) use the weights",
            stats.sampled_files
        )
    })
}
