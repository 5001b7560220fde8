//! Span metrics: the sums of `span_red` under the names that Tempo's metrics generator and the OpenTelemetry Collector's
//! span metrics connector give them.
//!
//! Owns names, labels and buckets of these views. A sample counts what came in one rollup (delta temporality), also what
//! was sampled out later. Bounds are powers of two of nanoseconds, which the sketches know exactly. Rows of spans that
//! are not sealed yet are missing, half a minute at most. Never stores a series.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use futures::StreamExt;
use spanlake_engine::StoredRows;
use spanlake_promql::labels::{Labels, METRIC_NAME};
use spanlake_promql::matcher::{MatchOperator, Matcher};
use spanlake_promql::number::format_plain;
use spanlake_promql::source::{Samples, Series, SourceError, Temporality};
use spanlake_schemas::ids::to_hex;
use spanlake_store::{NANOS_PER_MILLI, milli};

use crate::exemplars::{ExemplarSeries, SeriesExemplar};
use crate::labels::{as_labels, entries};
use crate::reading::Window;

const NANOS_PER_SECOND: f64 = 1e9;
/// Bounds of buckets are 2^k nanoseconds: from a microsecond to two minutes.
const BOUNDS: std::ops::RangeInclusive<i32> = 10..=37;

/// Parts of a range of which each has exemplars of its own.
const EXEMPLAR_SLICES: i64 = 60;
/// Exemplars of one answer.
const EXEMPLARS_MAX: usize = 10_000;

/// One of the metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpanMetric {
    name: &'static str,
    shows: Shows,
    service_label: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Calls,
    Bucket,
    Sum,
    Count,
}

const fn metric(name: &'static str, shows: Shows, service_label: &'static str) -> SpanMetric {
    SpanMetric { name, shows, service_label }
}

/// Tempo's ("Span metrics", `traces_spanmetrics_*`) and the connector's (`spanmetricsconnector`, seconds).
const METRICS: [SpanMetric; 8] = [
    metric("traces_spanmetrics_calls_total", Shows::Calls, "service"),
    metric("traces_spanmetrics_latency_bucket", Shows::Bucket, "service"),
    metric("traces_spanmetrics_latency_sum", Shows::Sum, "service"),
    metric("traces_spanmetrics_latency_count", Shows::Count, "service"),
    metric("traces_span_metrics_calls_total", Shows::Calls, "service_name"),
    metric("traces_span_metrics_duration_seconds_bucket", Shows::Bucket, "service_name"),
    metric("traces_span_metrics_duration_seconds_sum", Shows::Sum, "service_name"),
    metric("traces_span_metrics_duration_seconds_count", Shows::Count, "service_name"),
];

impl SpanMetric {
    fn labels(&self, key: &Key, le: Option<&str>) -> Labels {
        let mut builder = Labels::empty().to_builder();
        for (name, value) in &key.extra {
            builder.set(name, value);
        }
        builder.set(METRIC_NAME, self.name).set(self.service_label, &key.service).set("span_name", &key.name);
        builder.set("span_kind", &key.kind).set("status_code", &key.status);
        if let Some(le) = le {
            builder.set("le", le);
        }
        builder.build()
    }
}

/// The metrics that a selector means: one that says nothing of names means none.
pub(crate) fn meant(matchers: &[Matcher]) -> Vec<SpanMetric> {
    let mut names = matchers.iter().filter(|matcher| matcher.name == METRIC_NAME).peekable();
    if names.peek().is_none() {
        return Vec::new();
    }
    let names: Vec<&Matcher> = names.collect();
    METRICS.into_iter().filter(|metric| names.iter().all(|matcher| matcher.matches(metric.name))).collect()
}

/// What spans of one key add up to in one rollup.
#[derive(Clone, Debug, Default)]
struct Sums {
    start_ms: i64,
    count: f64,
    duration_seconds: f64,
    /// Spans up to each bound of [`BOUNDS`].
    up_to: Vec<f64>,
}

/// Whose spans they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    service: String,
    name: String,
    kind: String,
    status: String,
    /// Labels of extra dimensions.
    extra: BTreeMap<String, String>,
}

/// Series of these metrics that all matchers mean, with their samples.
pub(crate) async fn select(
    rows: &StoredRows,
    metrics: &[SpanMetric],
    matchers: &[Matcher],
    window: Window,
    samples_max: usize,
) -> Result<Vec<Series>, SourceError> {
    if metrics.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error: spanlake_engine::EngineError| SourceError(error.to_string());
    // A sample stands at the end of its rollup.
    let start = window.start_ms.saturating_sub(3_600_000).saturating_mul(NANOS_PER_MILLI);
    let end = window.end_ms.saturating_add(1).saturating_mul(NANOS_PER_MILLI);
    let mut answer = rows.span_red(service_of(metrics, matchers), start, end).await.map_err(failed)?;
    let mut found: BTreeMap<Key, BTreeMap<i64, Sums>> = BTreeMap::new();
    let mut count = 0;
    while let Some(batch) = answer.batches.next().await {
        let batch = batch.map_err(failed)?;
        add(&mut found, &batch);
        count += batch.num_rows();
        if count > samples_max {
            break;
        }
    }
    Ok(metrics.iter().flat_map(|metric| series(*metric, &found, matchers, window)).collect())
}

/// The one service that is asked for, if it is one.
fn service_of<'a>(metrics: &[SpanMetric], matchers: &'a [Matcher]) -> Option<&'a str> {
    let matcher = matchers.iter().find(|matcher| {
        matcher.operator == MatchOperator::Equal && metrics.iter().all(|metric| metric.service_label == matcher.name)
    })?;
    (!matcher.value.is_empty()).then_some(matcher.value.as_str())
}

/// Spans of buckets that a selector means: the slowest of each operation in each of [`EXEMPLAR_SLICES`] parts of the range.
/// They are asked of the spans that are there, so none is of a trace that was sampled out.
pub(crate) async fn exemplars(
    rows: &StoredRows,
    matchers: &[Matcher],
    window: Window,
) -> Result<Vec<ExemplarSeries>, SourceError> {
    let mut metrics = meant(matchers);
    metrics.retain(|metric| metric.shows == Shows::Bucket);
    if metrics.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error: spanlake_engine::EngineError| SourceError(error.to_string());
    let (start, end) = window.nanos();
    let slice = (end.saturating_sub(start) / EXEMPLAR_SLICES).max(1_000 * NANOS_PER_MILLI);
    let service = service_of(&metrics, matchers);
    let mut answer = rows.slowest_spans(service, slice, start, end).await.map_err(failed)?;
    let mut found: BTreeMap<Labels, Vec<SeriesExemplar>> = BTreeMap::new();
    let mut count = 0;
    while let Some(batch) = answer.batches.next().await {
        let batch = batch.map_err(failed)?;
        for (key, duration, exemplar) in slowest(&batch) {
            for metric in &metrics {
                let labels = metric.labels(&key, Some(&le_of(duration)));
                if count < EXEMPLARS_MAX && matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) {
                    count += 1;
                    found.entry(labels).or_default().push(exemplar.clone());
                }
            }
        }
    }
    let series = found.into_iter().map(|(labels, mut exemplars)| {
        exemplars.sort_by_key(|exemplar| exemplar.time_ms);
        ExemplarSeries { labels, exemplars }
    });
    Ok(series.collect())
}

/// The bucket that a duration in nanoseconds is counted in.
fn le_of(duration: i64) -> String {
    BOUNDS
        .map(f64::from)
        .find(|bound| duration as f64 <= bound.exp2())
        .map_or_else(|| "+Inf".to_owned(), |bound| format_plain(bound.exp2() / NANOS_PER_SECOND))
}

/// Spans as exemplars: their keys, durations in nanoseconds, and themselves at their end.
fn slowest(batch: &RecordBatch) -> Vec<(Key, i64, SeriesExemplar)> {
    let duration = batch.column_by_name("duration").and_then(|column| column.as_primitive_opt::<Int64Type>());
    let start = batch.column_by_name("start_time").and_then(|time| time.as_primitive_opt::<TimestampNanosecondType>());
    let id = |name: &str| batch.column_by_name(name).and_then(|column| column.as_fixed_size_binary_opt());
    let (Some(keys), Some(duration), Some(start)) = (keys(batch), duration, start) else { return Vec::new() };
    let (Some(traces), Some(spans)) = (id("trace_id"), id("span_id")) else { return Vec::new() };
    let exemplar = |row: usize| {
        let mut labels = Labels::empty().to_builder();
        labels.set("trace_id", &to_hex(traces.value(row))).set("span_id", &to_hex(spans.value(row)));
        SeriesExemplar {
            labels: labels.build(),
            value: duration.value(row) as f64 / NANOS_PER_SECOND,
            time_ms: milli(start.value(row).saturating_add(duration.value(row))),
        }
    };
    keys.into_iter().enumerate().map(|(row, key)| (key, duration.value(row), exemplar(row))).collect()
}

/// The key of each row.
fn keys(batch: &RecordBatch) -> Option<Vec<Key>> {
    let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let (services, names) = (text("service_name")?, text("name")?);
    let (kinds, statuses) = (text("kind")?, text("status_code")?);
    let key = |row: usize| Key {
        service: services.value(row).to_owned(),
        name: names.value(row).to_owned(),
        kind: format!("SPAN_KIND_{}", kinds.value(row).to_uppercase()),
        status: format!("STATUS_CODE_{}", statuses.value(row).to_uppercase()),
        extra: as_labels(entries(batch, "dimensions", row)),
    };
    Some((0..batch.num_rows()).map(key).collect())
}

fn add(found: &mut BTreeMap<Key, BTreeMap<i64, Sums>>, batch: &RecordBatch) {
    let double = |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Float64Type>());
    let short = |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int32Type>());
    let time = batch.column_by_name("time").and_then(|time| time.as_primitive_opt::<TimestampNanosecondType>());
    let buckets = batch.column_by_name("bucket_counts").and_then(|buckets| buckets.as_list_opt::<i32>());
    let Some(keys) = keys(batch) else { return };
    let (Some(time), Some(resolution), Some(counts), Some(sums), Some(zeros)) =
        (time, short("resolution"), double("count"), double("duration_sum"), double("zero_count"))
    else {
        return;
    };
    let (Some(scales), Some(offsets), Some(buckets)) = (short("scale"), short("bucket_offset"), buckets) else {
        return;
    };
    for (row, key) in keys.into_iter().enumerate() {
        let start_ms = milli(time.value(row));
        let end_ms = start_ms + i64::from(resolution.value(row)) * 1000;
        let of = found.entry(key).or_default().entry(end_ms).or_default();
        of.start_ms = start_ms;
        of.count += counts.value(row);
        of.duration_seconds += sums.value(row) / NANOS_PER_SECOND;
        let values = buckets.value(row);
        let values = values.as_primitive_opt::<Float64Type>().map(|values| values.values().to_vec());
        of.up_to.resize(BOUNDS.count(), 0.0);
        let up_to = up_to(scales.value(row), offsets.value(row), &values.unwrap_or_default());
        for (sum, more) in of.up_to.iter_mut().zip(up_to) {
            *sum += more + zeros.value(row);
        }
    }
}

/// Spans up to each bound, of buckets of which number `i` ends at `2^((i + 1) / 2^scale)`. With a negative scale a bound
/// may lie within a bucket, whose spans then count from the next one on.
fn up_to(scale: i32, offset: i32, buckets: &[f64]) -> Vec<f64> {
    let within = |bound: i32| {
        let last = if scale >= 0 { i64::from(bound) << scale.min(31) } else { i64::from(bound) >> (-scale).min(31) };
        let count = (last - i64::from(offset)).clamp(0, i64::try_from(buckets.len()).unwrap_or(i64::MAX));
        buckets.iter().take(usize::try_from(count).unwrap_or(0)).sum()
    };
    BOUNDS.map(within).collect()
}

fn series(
    metric: SpanMetric,
    found: &BTreeMap<Key, BTreeMap<i64, Sums>>,
    matchers: &[Matcher],
    window: Window,
) -> Vec<Series> {
    let mut all = Vec::new();
    for (key, sums) in found {
        let labels = |le: Option<&str>| metric.labels(key, le);
        let mut push = |labels: Labels, value: &dyn Fn(&Sums) -> f64| {
            if matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name))) {
                all.push(Series {
                    labels,
                    temporality: Temporality::Delta,
                    floats: samples(sums, window, value),
                    ..Series::default()
                });
            }
        };
        match metric.shows {
            Shows::Calls | Shows::Count => push(labels(None), &|sums| sums.count),
            Shows::Sum => push(labels(None), &|sums| sums.duration_seconds),
            Shows::Bucket => {
                for (place, bound) in BOUNDS.enumerate() {
                    let le = format_plain(f64::from(bound).exp2() / NANOS_PER_SECOND);
                    push(labels(Some(&le)), &|sums| sums.up_to.get(place).copied().unwrap_or(0.0));
                }
                push(labels(Some("+Inf")), &|sums| sums.count);
            }
        }
    }
    all.retain(|series| !series.floats.is_empty());
    all
}

fn samples(sums: &BTreeMap<i64, Sums>, window: Window, value: &dyn Fn(&Sums) -> f64) -> Samples<f64> {
    let mut samples = Samples::default();
    for (end_ms, sums) in sums.range(window.start_ms..=window.end_ms) {
        samples.times_ms.push(*end_ms);
        samples.start_times_ms.push(sums.start_ms);
        samples.values.push(value(sums));
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_up_to_powers_of_two() {
        // Scale 0: bucket i ends at 2^(i + 1).
        let counted = up_to(0, 9, &[1.0, 2.0, 4.0]);
        assert_eq!(counted[..4], [1.0, 3.0, 7.0, 7.0]);
        // Scale 1: two buckets a power.
        assert_eq!(up_to(1, 19, &[1.0, 2.0, 4.0])[..3], [1.0, 7.0, 7.0]);
        // Scale -1: a bound within a bucket takes none of it.
        assert_eq!(up_to(-1, 5, &[3.0])[..3], [0.0, 0.0, 3.0]);
    }

    #[test]
    fn a_duration_is_in_the_least_bucket_that_holds_it() {
        assert_eq!(le_of(1), "0.000001024");
        assert_eq!(le_of(1_024), "0.000001024");
        assert_eq!(le_of(1_025), "0.000002048");
        assert_eq!(le_of(i64::MAX), "+Inf");
    }

    #[test]
    fn a_selector_without_a_name_means_none() {
        assert!(meant(&[]).is_empty());
        let name = Matcher::equal(METRIC_NAME, "traces_spanmetrics_calls_total");
        assert_eq!(meant(&[name]).len(), 1);
    }
}
