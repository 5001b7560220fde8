//! `metrics/query_range` and `metrics/query`: TraceQL that asks for series.
//!
//! Owns Tempo's parameters and its JSON of series. What SQL can say is counted over all spans of the range. Anything else
//! (structure, `compare()`, events) is evaluated on the newest traces that match, and the answer is then `PARTIAL`.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanlake_engine::{PinnedEngine, Position};
use spanlake_search::{SeriesSql, series_sql};
use spanlake_store::now_nanos;
use spanlake_traceql::eval::metrics::{
    Counted, Example, Exemplar, Exemplary, combine_metrics, counted_in, evaluate_series, exemplars_asked, exemplary,
    series_of_counts,
};
use spanlake_traceql::eval::{Grid, Operand, Series};
use spanlake_traceql::model::{SpanId, Trace, TraceId, hex};
use spanlake_traceql::position::LineColumn;
use spanlake_traceql::syntax::parse_query;
use spanlake_traceql::syntax::tree::{Body, MetricsSeries, Query};

use super::moment;
use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::parameters::{self, HOUR, SECOND, sql_moment};
use crate::query;
use crate::state::{OWN_SERVICE, Shared};
use crate::trace_list::{self, Filter, Keeps, Parameters};

/// Groups of one statement: intervals, labels and buckets together.
const ROWS_MAX: usize = 500_000;
/// Traces that are evaluated where SQL cannot count.
const TRACES_MAX: usize = 500;
/// Exemplars of a query, at most.
const EXEMPLARS_MAX: usize = 1_000;
/// Spans that begin at the moments of exemplars.
const EXAMPLES_MAX: usize = 100_000;
/// Intervals that a range has without a step.
const INTERVALS: i64 = 240;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    pub(super) q: Option<String>,
    /// As older clients call it.
    pub(super) query: Option<String>,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) since: Option<String>,
    pub(super) step: Option<String>,
    /// How many, where the query has no hint.
    pub(super) exemplars: Option<String>,
}

/// What was counted.
struct Answered {
    series: Vec<Series>,
    grid: Grid,
    /// Why it is not everything.
    note: Option<String>,
}

/// `/api/metrics/query_range`.
pub(super) async fn query_range(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    Ok(Json(range(&shared, &parameters::read(&uri)?).await?))
}

/// Series over a range.
pub(super) async fn range(shared: &Shared, asked: &Asked) -> Result<Value, ApiError> {
    let (start, end) = asked.range()?;
    let step = match given(asked.step.as_deref()) {
        Some(text) => length("step", text)?,
        None => default_step(end.saturating_sub(start)),
    };
    let query = asked.query()?;
    let exemplars = match (exemplars_asked(&query), given(asked.exemplars.as_deref())) {
        (Some(hinted), _) => hinted,
        (None, None | Some("0")) => 0,
        (None, Some(text)) => parameters::count("exemplars", Some(text), 0, EXEMPLARS_MAX)?,
    };
    let answered = answer(shared, query, grid(Grid::range(start, end, step))?, exemplars.min(EXEMPLARS_MAX)).await?;
    Ok(envelope(written_range(&answered.series, &answered.grid), answered.note))
}

/// Series over a range in Tempo's form.
pub(crate) fn written_range(series: &[Series], grid: &Grid) -> Vec<Value> {
    let written = series.iter().map(|series| {
        let values = series.values.iter().enumerate().filter(|(_, value)| !value.is_nan());
        let samples: Vec<Value> = values
            .map(|(interval, value)| {
                let millis = grid.timestamp(interval) / 1_000_000;
                json!({"timestampMs": millis.to_string(), "value": number(*value)})
            })
            .collect();
        let mut written = labels(series);
        written.insert("samples".to_owned(), samples.into());
        let exemplars: Vec<Value> = series.exemplars.iter().filter_map(|one| written_exemplar(one, series)).collect();
        written.insert("exemplars".to_owned(), exemplars.into());
        Value::Object(written)
    });
    written.collect()
}

/// Where spans themselves are counted, the value is the interval's.
fn written_exemplar(exemplar: &Exemplar, series: &Series) -> Option<Value> {
    let of_interval = series.values.get(exemplar.interval).copied().filter(|value| !value.is_nan())?;
    let value = if exemplar.value.is_nan() { of_interval } else { exemplar.value };
    let label = |key: &str, id: &[u8]| json!({ "key": key, "value": { "stringValue": hex(id) } });
    Some(json!({
        "labels": [label("trace:id", &exemplar.trace_id.0), label("span:id", &exemplar.span_id.0)],
        "value": number(value),
        "timestampMs": (exemplar.timestamp / 1_000_000).to_string(),
    }))
}

/// `/api/metrics/query`.
pub(super) async fn query_instant(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    Ok(Json(instant(&shared, &parameters::read(&uri)?).await?))
}

/// One value of each series.
pub(super) async fn instant(shared: &Shared, asked: &Asked) -> Result<Value, ApiError> {
    let (start, end) = asked.range()?;
    let answered = answer(shared, asked.query()?, grid(Grid::instant(start, end))?, 0).await?;
    let series = answered.series.iter().filter_map(|series| {
        let value = series.values.first().filter(|value| !value.is_nan())?;
        let mut written = labels(series);
        written.insert("value".to_owned(), number(*value));
        Some(Value::Object(written))
    });
    Ok(envelope(series.collect(), answered.note))
}

fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

impl Asked {
    /// The last hour unless told.
    fn range(&self) -> Result<(i64, i64), ApiError> {
        let end = given(self.end.as_deref()).map_or_else(|| Ok(now_nanos()), |end| moment("end", end))?;
        let start = match (given(self.start.as_deref()), given(self.since.as_deref())) {
            (Some(start), _) => moment("start", start)?,
            (None, Some(since)) => end.saturating_sub(length("since", since)?),
            (None, None) => end.saturating_sub(HOUR),
        };
        Ok((start, end))
    }

    /// A query for series.
    fn query(&self) -> Result<Query, ApiError> {
        let wrong = |message| ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", message);
        let text = given(self.q.as_deref()).or(given(self.query.as_deref()));
        let text = text.ok_or_else(|| ApiError::invalid("q: a TraceQL query is needed"))?;
        let query = parse_query(text).map_err(|errors| {
            let first = errors.errors.first();
            let place = first.map(|error| LineColumn::of(text, error.range.start));
            let position = place.map(|place| Position { line: place.line as u64, column: place.column as u64 });
            let message = first.map_or_else(|| errors.to_string(), |error| error.message.clone());
            ApiError { position, hint: first.and_then(|error| error.hint.clone()), ..wrong(format!("q: {message}")) }
        })?;
        match query.body {
            Body::Metrics(_) => Ok(query),
            Body::Spans(_) => Err(wrong("q: it finds spans, and here series are asked for".to_owned())
                .with_hint("end the query with a function, such as | rate()")),
        }
    }
}

/// Go's durations, or seconds.
fn length(name: &str, text: &str) -> Result<i64, ApiError> {
    match text.parse::<f64>() {
        Ok(seconds) => Ok((seconds * SECOND as f64) as i64),
        Err(_) => parameters::length(name, text),
    }
}

/// As Tempo chooses it (`pkg/traceql/engine_metrics.go`, `DefaultQueryRangeStep`): 240 intervals, whole five seconds.
fn default_step(range: i64) -> i64 {
    let step = range / INTERVALS;
    let unit = if step >= 5 * SECOND { 5 * SECOND } else { SECOND };
    (step / unit * unit).max(SECOND)
}

fn grid(grid: Result<Grid, spanlake_traceql::eval::GridError>) -> Result<Grid, ApiError> {
    grid.map_err(|error| ApiError::invalid(error.to_string()))
}

async fn answer(shared: &Shared, query: Query, grid: Grid, exemplars: usize) -> Result<Answered, ApiError> {
    let Body::Metrics(metrics) = query.body else { return Err(ApiError::invalid("q: series are asked for")) };
    let engine = shared.engine.pinned();
    let mut counted: Vec<Vec<Series>> = Vec::new();
    let mut note = None;
    for series in counted_in(&metrics) {
        counted.push(match series_sql(series, &grid, &within(&grid), ROWS_MAX, exemplars > 0) {
            Some(statement) => count(shared, &engine, series, &grid, &statement, exemplars).await?,
            None => {
                let (found, is_partial) = evaluate(shared, &engine, series, grid, exemplars).await?;
                if is_partial {
                    note = Some(format!("evaluated on the newest {TRACES_MAX} traces that match"));
                }
                found
            }
        });
    }
    let mut counted = counted.into_iter();
    let series = combine_metrics(&metrics, &mut |_| counted.next().unwrap_or_default());
    Ok(Answered { series, grid, note })
}

/// Spans of the grid; Spanlake's own are not counted.
fn within(grid: &Grid) -> String {
    let (start, end) = grid.bounds();
    let from = if grid.is_instant() { ">=" } else { ">" };
    format!(
        "start_time {from} {} AND start_time <= {} AND service_name <> '{OWN_SERVICE}'",
        sql_moment(start),
        sql_moment(end)
    )
}

/// Counts in SQL.
async fn count(
    shared: &Shared,
    engine: &PinnedEngine,
    series: &MetricsSeries,
    grid: &Grid,
    statement: &SeriesSql,
    exemplars: usize,
) -> Result<Vec<Series>, ApiError> {
    let (batches, _) = query::rows_at(shared, engine, &statement.sql).await?;
    if batches.iter().map(RecordBatch::num_rows).sum::<usize>() >= ROWS_MAX {
        return Err(ApiError::invalid(format!("the query makes more than {ROWS_MAX} values"))
            .with_hint("take a longer step, a shorter range or fewer labels in by (…)"));
    }
    let labels = series.by.len();
    let counted: Vec<Counted> = batches.iter().flat_map(|batch| counted_rows(batch, statement, labels)).collect();
    let Exemplary { moments, of_series } = exemplary(series, grid, &counted, exemplars);
    let mut examples = Vec::new();
    if !moments.is_empty() {
        let (batches, _) = query::rows_at(shared, engine, &statement.spans_at(&moments, EXAMPLES_MAX)).await?;
        examples = batches.iter().flat_map(|batch| example_rows(batch, statement, labels, grid)).collect();
    }
    Ok(series_of_counts(series, grid, counted, of_series, examples))
}

/// The values of labels, row by row.
fn label_rows(batch: &RecordBatch, statement: &SeriesSql, labels: usize) -> Vec<Vec<Operand<'static>>> {
    let columns: Vec<(Texts<'_>, Texts<'_>)> = (0..labels)
        .map(|index| (Texts::of(batch, &format!("l{index}")), Texts::of(batch, &format!("t{index}"))))
        .collect();
    let of_row = |row: usize| {
        let columns = columns.iter().enumerate();
        columns.map(|(index, (texts, letters))| statement.label(index, texts.at(row), letters.at(row))).collect()
    };
    (0..batch.num_rows()).map(of_row).collect()
}

fn doubles<'a>(batch: &'a RecordBatch, name: &str) -> impl Fn(usize) -> f64 + use<'a> {
    let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Float64Type>());
    move |row| column.filter(|column| column.is_valid(row)).map_or(f64::NAN, |column| column.value(row))
}

fn example_rows(batch: &RecordBatch, statement: &SeriesSql, labels: usize, grid: &Grid) -> Vec<Example> {
    let moments = Numbers::<Int64Type>::of(batch, "at");
    let [samples, buckets] = ["sample", "bucket"].map(|name| doubles(batch, name));
    let [traces, spans] = ["trace_id", "span_id"].map(|name| Ids::of(batch, name));
    let rows = label_rows(batch, statement, labels).into_iter().enumerate();
    rows.filter_map(|(row, labels)| {
        let timestamp = moments.at(row)?;
        let exemplar = Exemplar {
            trace_id: TraceId(traces.at(row)?.try_into().ok()?),
            span_id: SpanId(spans.at(row)?.try_into().ok()?),
            timestamp,
            interval: grid.interval(timestamp)?,
            value: samples(row),
        };
        Some(Example { labels, bucket: buckets(row), exemplar })
    })
    .collect()
}

fn counted_rows(batch: &RecordBatch, statement: &SeriesSql, labels: usize) -> Vec<Counted> {
    let [intervals, counts, moments] = ["nth", "n", "at"].map(|name| Numbers::<Int64Type>::of(batch, name));
    let [totals, least, greatest, buckets] = ["total", "least", "greatest", "bucket"].map(|name| doubles(batch, name));
    let rows = label_rows(batch, statement, labels).into_iter().enumerate();
    rows.map(|(row, labels)| Counted {
        labels,
        interval: usize::try_from(intervals.or_zero(row)).unwrap_or(usize::MAX),
        count: u64::try_from(counts.or_zero(row)).unwrap_or(0),
        sum: totals(row),
        min: least(row),
        max: greatest(row),
        bucket: buckets(row),
        first: moments.at(row),
    })
    .collect()
}

/// Evaluates on whole traces, and says whether there may be more of them.
async fn evaluate(
    shared: &Shared,
    engine: &PinnedEngine,
    series: &MetricsSeries,
    grid: Grid,
    exemplars: usize,
) -> Result<(Vec<Series>, bool), ApiError> {
    let (start, end) = grid.bounds();
    let parameters = Parameters {
        query: Some(Query { body: Body::Spans(series.pipeline.clone()), hints: Vec::new() }),
        start: Some(start.to_string()),
        // Both ends belong to the range.
        end: Some(end.saturating_add(1).to_string()),
        limit: Some(TRACES_MAX.to_string()),
        ..Parameters::default()
    };
    let (filter, windows) = Filter::read(parameters, now_nanos())?;
    // What makes a trace match may lie beside the range in which its spans are counted.
    let windows = windows.into_iter().map(|window| window.wider(HOUR)).collect();
    let found = trace_list::search_at(shared, engine.clone(), &filter, windows, Keeps::Matches).await?;
    let is_partial = found.traces.len() >= TRACES_MAX || found.matches.len() < found.traces.len();
    let traces: Vec<Trace> = found.matches.into_iter().map(|found| found.trace).collect();
    let series = series.clone();
    let evaluating = tokio::task::spawn_blocking(move || evaluate_series(&series, &traces, &grid, exemplars));
    let series = evaluating.await.map_err(|_| ApiError::internal("the query was stopped by a fault"))?;
    Ok((series, is_partial))
}

fn envelope(series: Vec<Value>, note: Option<String>) -> Value {
    let mut answer = json!({ "series": series, "metrics": { "completedJobs": 1, "totalJobs": 1 } });
    if let Some(note) = note {
        answer["status"] = json!("PARTIAL");
        answer["message"] = json!(note);
    }
    answer
}

/// Infinities have no number in JSON.
fn number(value: f64) -> Value {
    if value.is_finite() {
        return json!(value);
    }
    json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
}

fn labels(series: &Series) -> Map<String, Value> {
    let labels: Vec<Value> =
        series.labels.iter().map(|(key, value)| json!({ "key": key, "value": any_value(value) })).collect();
    let text: Vec<String> = series.labels.iter().map(|(key, value)| format!("{key}={:?}", as_text(value))).collect();
    let mut written = Map::new();
    written.insert("labels".to_owned(), labels.into());
    written.insert("promLabels".to_owned(), json!(format!("{{{}}}", text.join(", "))));
    written
}

fn any_value(value: &Operand<'_>) -> Value {
    match value {
        Operand::Int(value) => json!({ "intValue": value.to_string() }),
        Operand::Float(value) => json!({ "doubleValue": number(*value) }),
        Operand::Bool(value) => json!({ "boolValue": value }),
        other => json!({ "stringValue": as_text(other) }),
    }
}

fn as_text(value: &Operand<'_>) -> String {
    match value {
        Operand::Nil => "nil".to_owned(),
        Operand::Int(value) => value.to_string(),
        Operand::Duration(value) => format!("{value}ns"),
        Operand::Float(value) => value.to_string(),
        Operand::Text(text) => text.to_string(),
        Operand::Bool(value) => value.to_string(),
        Operand::Status(status) => status.as_str().to_owned(),
        Operand::Kind(kind) => kind.as_str().to_owned(),
        Operand::Array(values) => values.iter().map(as_text).collect::<Vec<_>>().join(","),
        Operand::Opaque => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_step_is_tempos() {
        for (range, step) in [(3600, 15), (60, 1), (86_400, 360), (1200, 5), (7 * 86_400, 2520), (1, 1)] {
            assert_eq!(default_step(range * SECOND), step * SECOND, "{range}");
        }
    }
}
