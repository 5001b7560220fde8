//! `GET /api/traces/{trace_id}/why`: why a trace is there, and what would become of one that is not decided yet.
//!
//! Owns what is told of the stored rows. What the present plan makes of a trace is the sampler's.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;

use super::no_trace;
use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;

/// What stands on a row: threshold, stratum, reason.
type Stamp = (i64, Option<i32>, String);

/// The route.
pub(crate) async fn why(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let text = parameters::path_part(path)?;
    let id = TraceId::parse_any(&text).map_err(|error| ApiError::invalid(error.to_string()))?;
    let version = shared.store.pin();
    let spans = shared.store.trace_rows(&version, Table::Spans, &[id], None).await?;
    let logs = shared.store.trace_rows(&version, Table::Logs, &[id], None).await?;
    let mut stored = Stored::default();
    spans.batches.iter().chain(&logs.batches).for_each(|batch| stored.add(batch));
    if stored.rows == 0 {
        return Err(no_trace(id));
    }
    let outlook = match stored.undecided_rows {
        0 => None,
        _ => shared.sampling.outlook(id, &spans, &logs).map_err(ApiError::internal)?,
    };
    let answer = json!({
        "trace_id": id.to_string(),
        "rows": stored.rows,
        "undecided_rows": stored.undecided_rows,
        "stored": stored.told(|reason| shared.sampling.explain(reason)),
        "outlook": outlook,
        "is_sampled": shared.status.sampling().is_some(),
    });
    Ok(Json(answer).into_response())
}

/// What is written on a trace's rows.
#[derive(Default)]
struct Stored {
    rows: u64,
    /// Rows on which the hot end has not decided: they are hot, or moved while nothing was sampled.
    undecided_rows: u64,
    /// With its probability and how many rows have it.
    stamps: BTreeMap<Stamp, (f64, u64)>,
}

impl Stored {
    fn add(&mut self, batch: &RecordBatch) {
        let column = |name: &str| batch.column_by_name(name);
        let probability = column("sampling_probability").and_then(|values| values.as_primitive_opt::<Float64Type>());
        let threshold = column("sampling_threshold").and_then(|values| values.as_primitive_opt::<Int64Type>());
        let stratum = column("sampling_stratum").and_then(|values| values.as_primitive_opt::<Int32Type>());
        let reason = column("sampling_reason").and_then(|values| values.as_string_opt::<i32>());
        for row in 0..batch.num_rows() {
            self.rows += 1;
            let stratum = stratum.filter(|values| values.is_valid(row)).map(|values| values.value(row));
            self.undecided_rows += u64::from(stratum.is_none());
            let Some(threshold) = threshold.filter(|values| values.is_valid(row)) else { continue };
            let probability = probability.filter(|values| values.is_valid(row)).map_or(1.0, |values| values.value(row));
            let reason = reason.filter(|values| values.is_valid(row)).map_or("", |values| values.value(row));
            let stamp = (threshold.value(row), stratum, reason.to_owned());
            self.stamps.entry(stamp).or_insert((probability, 0)).1 += 1;
        }
    }

    fn told(&self, explain: impl Fn(&str) -> String) -> Vec<Value> {
        let told = |((threshold, stratum, reason), (probability, rows)): (&Stamp, &(f64, u64))| {
            json!({
                "probability": probability,
                "threshold": threshold_digits(*threshold),
                "stratum": stratum,
                "reason": reason,
                "explanation": explain(reason),
                "rows": rows,
            })
        };
        self.stamps.iter().map(told).collect()
    }
}

/// As OpenTelemetry's `th` writes it: hex without trailing zeros, at least one digit.
fn threshold_digits(threshold: i64) -> String {
    let digits = format!("{threshold:014x}");
    let trimmed = digits.trim_end_matches('0');
    if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_written_as_in_tracestate() {
        assert_eq!(threshold_digits(0), "0");
        assert_eq!(threshold_digits(0xc << 52), "c");
        assert_eq!(threshold_digits(0x00ff_0000_0000_0001), "ff000000000001");
    }
}
