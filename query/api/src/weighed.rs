//! Numbers over spans of which some may have been sampled out: counted where all are there, else estimated with their
//! weights, with the 95 % interval.
//!
//! Owns the two forms of such a statement and their JSON. Never says of an estimate that it is exact.

use arrow::array::{AsArray, StructArray};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use serde_json::{Map, Value, json};

use crate::columns::{Numbers, truth_at};
use crate::error::ApiError;
use crate::query;
use crate::state::Shared;

/// A number of each group: its name, how it is counted, and how it is estimated.
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    pub(crate) counted: &'static str,
    pub(crate) estimated: &'static str,
}

/// Spans.
pub(crate) const SPANS: Measure = Measure { name: "spans", counted: "count(*)", estimated: "approx_count()" };
/// Those with an error.
pub(crate) const ERRORS: Measure = Measure {
    name: "errors",
    counted: "count(*) FILTER (WHERE status_code = 'error')",
    estimated: "approx_sum(CASE WHEN status_code = 'error' THEN 1 ELSE 0 END)",
};
/// The median of durations, nanoseconds.
pub(crate) const P50: Measure = Measure {
    name: "p50",
    counted: "CAST(approx_percentile_cont(duration, 0.5) AS BIGINT)",
    estimated: "approx_quantile(duration, 0.5)",
};
/// The duration that one span in twenty exceeds, nanoseconds.
pub(crate) const P95: Measure = Measure {
    name: "p95",
    counted: "CAST(approx_percentile_cont(duration, 0.95) AS BIGINT)",
    estimated: "approx_quantile(duration, 0.95)",
};

/// Groups with their numbers.
pub(crate) struct Weighed {
    pub(crate) batches: Vec<RecordBatch>,
    /// The same of spans that are there, where `batches` are estimates.
    counted: Option<Vec<RecordBatch>>,
    pub(crate) is_sampled: bool,
}

impl Weighed {
    /// Groups of spans that are there, with the facts about them.
    pub(crate) fn there(&self) -> &[RecordBatch] {
        self.counted.as_ref().unwrap_or(&self.batches)
    }
}

/// Asks for `columns`, by which spans are grouped, and measures of spans, and for `facts` of the spans that are there (each with a
/// comma before it); `rest` begins at `WHERE`. Order by a measure is by `ordered` of its name.
pub(crate) async fn ask(
    shared: &Shared,
    columns: &str,
    facts: &str,
    measures: &[Measure],
    rest: impl Fn(&dyn Fn(&str) -> String) -> String,
) -> Result<Weighed, ApiError> {
    let all = |form: fn(&Measure) -> &'static str| {
        let measures = measures.iter().map(|measure| format!("{} AS {}", form(measure), measure.name));
        measures.collect::<Vec<_>>().join(", ")
    };
    let counted = all(|measure| measure.counted);
    let plain = format!("SELECT {columns}{facts}, {counted} FROM spans {}", rest(&str::to_owned));
    let (there, stats) = query::rows(shared, &plain).await?;
    if stats.sampled_files == 0 {
        return Ok(Weighed { batches: there, counted: None, is_sampled: false });
    }
    let estimated = all(|measure| measure.estimated);
    let ordered = rest(&|name| format!("get_field({name}, 'value')"));
    let (batches, _) = query::rows(shared, &format!("SELECT {columns}, {estimated} FROM spans {ordered}")).await?;
    Ok(Weighed { batches, counted: Some(there), is_sampled: true })
}

/// A row's measures, whole numbers; of those that are not known exactly the bounds too, as
/// `"interval": {"spans": [low, high]}`, where an upper bound that the sample does not set is null.
pub(crate) fn numbers(batch: &RecordBatch, row: usize, measures: &[Measure]) -> Map<String, Value> {
    let mut numbers = Map::new();
    let mut intervals = Map::new();
    for measure in measures {
        let column = batch.column_by_name(measure.name);
        match column.and_then(|column| column.as_struct_opt()) {
            None => {
                let counted = Numbers::<Int64Type>::of(batch, measure.name).or_zero(row);
                numbers.insert(measure.name.to_owned(), json!(counted));
            }
            Some(estimate) => {
                numbers.insert(measure.name.to_owned(), whole(estimate, "value", row).unwrap_or_else(|| json!(0)));
                if truth_at(estimate, "is_exact", row) != Some(true) {
                    let bounds = ["low", "high"].map(|bound| whole(estimate, bound, row));
                    intervals.insert(measure.name.to_owned(), json!(bounds));
                }
            }
        }
    }
    if !intervals.is_empty() {
        numbers.insert("interval".to_owned(), Value::Object(intervals));
    }
    numbers
}

#[expect(clippy::cast_possible_truncation, reason = "rounded, and saturated where it is too large")]
fn whole(estimate: &StructArray, field: &str, row: usize) -> Option<Value> {
    let value = Numbers::<Float64Type>::of(estimate, field).at(row)?;
    value.is_finite().then(|| json!(value.round() as i64))
}
