//! Exemplars of series that a selector means.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use spanlake_engine::EngineError;
use spanlake_promql::labels::Labels;
use spanlake_promql::matcher::Matcher;
use spanlake_promql::source::SourceError;
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::tables::Table;
use spanlake_store::milli;

use crate::labels::{as_labels, entries};
use crate::reading::Window;
use crate::source::StoreSeries;
use crate::span_metrics;

/// One exemplar.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesExemplar {
    /// `trace_id`, `span_id`, and what else it carries.
    pub labels: Labels,
    pub value: f64,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}

/// The exemplars of a series, ascending in time.
#[derive(Clone, Debug, PartialEq)]
pub struct ExemplarSeries {
    pub labels: Labels,
    pub exemplars: Vec<SeriesExemplar>,
}

impl StoreSeries {
    /// Exemplars of the series that a selector means, of points from `start_ms` to `end_ms`, both included.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn exemplars(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<ExemplarSeries>, SourceError> {
        let start = start_ms.saturating_mul(1_000_000);
        let end = end_ms.saturating_add(1).saturating_mul(1_000_000);
        let window = Window { start_ms, end_ms };
        let of_spans = self.block_on(span_metrics::exemplars(self.rows(), matchers, window))?;
        let of_points = self.with_selected(matchers, |all| {
            let mut found: BTreeMap<Labels, Vec<SeriesExemplar>> = BTreeMap::new();
            for selected in all.into_iter().filter(|selected| selected.metric.table != Table::Resources) {
                let ids = selected.series.iter().map(|(at, labels)| (selected.metric.series[*at].id, labels.clone()));
                let ids: BTreeMap<[u8; 16], Labels> = ids.collect();
                let (Some(first), Some(last)) = (ids.keys().next(), ids.keys().next_back()) else { continue };
                let read = self.block_on(async {
                    let mut answer = self.rows().series(Table::Exemplars, (first, last), start, end).await?;
                    let mut batches = Vec::new();
                    while let Some(batch) = answer.batches.next().await {
                        batches.push(batch?);
                    }
                    Ok::<_, EngineError>(batches)
                });
                for batch in read.map_err(|error| SourceError(error.to_string()))? {
                    add(&mut found, &batch, &ids);
                }
            }
            let series = found.into_iter().map(|(labels, mut exemplars)| {
                exemplars.sort_by_key(|exemplar| exemplar.time_ms);
                ExemplarSeries { labels, exemplars }
            });
            Ok::<Vec<ExemplarSeries>, SourceError>(series.collect())
        })?;
        Ok(of_points.into_iter().chain(of_spans).collect())
    }
}

fn add(found: &mut BTreeMap<Labels, Vec<SeriesExemplar>>, batch: &RecordBatch, ids: &BTreeMap<[u8; 16], Labels>) {
    let binary = |name: &str| batch.column_by_name(name).and_then(|column| column.as_fixed_size_binary_opt());
    let time = batch.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampNanosecondType>());
    let (Some(series), Some(time)) = (binary("series_id"), time) else { return };
    let doubles = batch.column_by_name("value_double").and_then(|column| column.as_primitive_opt::<Float64Type>());
    let integers = batch.column_by_name("value_int").and_then(|column| column.as_primitive_opt::<Int64Type>());
    for row in 0..batch.num_rows() {
        let id: [u8; 16] = series.value(row).try_into().expect("a series id has 16 bytes");
        let Some(labels) = ids.get(&id) else { continue };
        let mut own = as_labels(entries(batch, "attributes", row));
        for name in ["trace_id", "span_id"] {
            if let Some(value) = binary(name).filter(|column| column.is_valid(row)) {
                own.insert(name.to_owned(), to_hex(value.value(row)));
            }
        }
        let double = doubles.filter(|column| column.is_valid(row)).map(|column| column.value(row));
        let integer = integers.filter(|column| column.is_valid(row)).map(|column| column.value(row) as f64);
        found.entry(labels.clone()).or_default().push(SeriesExemplar {
            labels: Labels::new(own),
            value: double.or(integer).unwrap_or(f64::NAN),
            time_ms: milli(time.value(row)),
        });
    }
}
