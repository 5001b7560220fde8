//! `GET /api/metrics/series`: one metric as lines of a chart.
//!
//! Owns the choice of series and step. Which number a point becomes is [`line`]'s: rates for sums that only grow, means
//! for distributions, the last value for all else.

mod chosen;
mod labels;
mod line;
mod step;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{Float64Type, Int64Type, TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_engine::EngineError;

use crate::columns::{Ids, Numbers};
use crate::error::ApiError;
use crate::own_metrics::Outcome;
use crate::parameters::{self, HOUR, sql_text, sql_window};
use crate::query;
use crate::state::{OWN_SERVICE, Shared};
use chosen::{Chosen, Described};
use line::{Grid, Line, Point, Shape};

const SERIES: usize = 20;
const SERIES_MAX: usize = 200;
const POINTS: usize = 600;
const POINTS_MAX: usize = 10_000;

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    name: Option<String>,
    service: Option<String>,
    start: Option<String>,
    end: Option<String>,
    max_series: Option<String>,
    max_points: Option<String>,
    internal: Option<String>,
}

/// What is asked, read.
struct Question {
    name: String,
    /// On a point's series: its name and whose it is.
    conditions: String,
    start: i64,
    end: i64,
    max_series: usize,
    max_points: usize,
}

impl Question {
    fn read(parameters: Parameters) -> Result<Self, ApiError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let name = given(parameters.name).ok_or_else(|| ApiError::invalid("name: which metric?"))?;
        let end = match given(parameters.end) {
            Some(text) => parameters::moment("end", &text)?,
            None => spanlake_store::now_nanos(),
        };
        let start = match given(parameters.start) {
            Some(text) => parameters::moment("start", &text)?,
            None => end.saturating_sub(HOUR),
        };
        if start >= end {
            return Err(ApiError::invalid("start must be before end"));
        }
        let mut conditions = format!("name = {}", sql_text(&name));
        match given(parameters.service) {
            Some(service) => conditions.push_str(&format!(" AND service_name = {}", sql_text(&service))),
            None if parameters::truth("internal", parameters.internal.as_deref())? => {}
            None => conditions.push_str(&format!(" AND service_name <> '{OWN_SERVICE}'")),
        }
        let max_series = parameters::count("max_series", parameters.max_series.as_deref(), SERIES, SERIES_MAX)?;
        let max_points = parameters::count("max_points", parameters.max_points.as_deref(), POINTS, POINTS_MAX)?;
        Ok(Self { name, conditions, start, end, max_series, max_points })
    }
}

/// The route.
pub(crate) async fn series(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let question = Question::read(parameters::read(&uri)?)?;
    let Some(described) = Described::read(&shared, &question.conditions).await? else {
        return Err(ApiError::not_found(format!("there is no metric {}", question.name)));
    };
    let shape = Shape::of(&described.kind, described.temporality.as_deref(), described.is_monotonic);
    let window = sql_window("time", question.start, Some(question.end));
    let chosen = Chosen::read(&shared, shape, described.table(), &question, &window).await?;
    let step = step::step(question.end - question.start, question.max_points, chosen.interval);
    let grid = Grid::new(question.start, question.end, step);
    let lines = read_lines(&shared, shape, described.table(), &question, &chosen, grid).await?;
    let labels = labels::read(&shared, &question.conditions, &chosen.ids).await?;
    let series: Vec<Value> = chosen
        .ids
        .iter()
        .map(|id| {
            let points = lines.get(id).map_or_else(Vec::new, Line::points);
            json!({"labels": labels.get(id).cloned().unwrap_or_default(), "points": points})
        })
        .collect();
    Ok(Json(json!({
        "name": question.name, "type": described.kind, "unit": described.unit, "temporality": described.temporality,
        "is_monotonic": described.is_monotonic, "step": step.to_string(), "total_series": chosen.total,
        "shown_as": shape.name(), "series": series,
    }))
    .into_response())
}

/// Points are read in order and go straight into their line, however many there are.
async fn read_lines(
    shared: &Shared,
    shape: Shape,
    table: &str,
    question: &Question,
    chosen: &Chosen,
    grid: Grid,
) -> Result<HashMap<String, Line>, ApiError> {
    let mut lines: HashMap<String, Line> = chosen.ids.iter().map(|id| (id.clone(), Line::new(shape, grid))).collect();
    if chosen.ids.is_empty() {
        return Ok(lines);
    }
    let ids: Vec<String> = chosen.ids.iter().map(|id| format!("'{id}'")).collect();
    // A little before the start, for the growth up to the first point.
    let window = sql_window(
        "time",
        question.start.saturating_sub(grid.step.max(chosen.interval).saturating_mul(2)),
        Some(question.end),
    );
    let sql = format!(
        "SELECT series_id, time, start_time, flags, {} FROM {table} WHERE {} AND {window} AND series_id IN ({}) \
         ORDER BY series_id, time",
        if matches!(shape, Shape::Mean { .. }) { "sum, CAST(count AS DOUBLE) AS count" } else { "value" },
        question.conditions,
        ids.join(", ")
    );
    let running = shared.metrics.start();
    let result: Result<(), EngineError> = async {
        let mut answer = shared.engine.query(&sql).await?;
        while let Some(batch) = answer.batches.next().await {
            add_points(&batch?, &mut lines);
        }
        Ok(())
    }
    .await;
    running.end(result.as_ref().map_or_else(Outcome::of, |()| Outcome::Done));
    result?;
    Ok(lines)
}

fn add_points(batch: &RecordBatch, lines: &mut HashMap<String, Line>) {
    let ids = Ids::of(batch, "series_id");
    let [times, starts] = ["time", "start_time"].map(|name| Numbers::<TimestampNanosecondType>::of(batch, name));
    let flags = Numbers::<UInt32Type>::of(batch, "flags");
    let [values, sums, counts] = ["value", "sum", "count"].map(|name| Numbers::<Float64Type>::of(batch, name));
    let mut row = 0;
    while row < batch.num_rows() {
        let id = ids.or_empty(row);
        let same = (row..batch.num_rows()).take_while(|other| ids.or_empty(*other) == id).count();
        if let Some(line) = lines.get_mut(&spanlake_schemas::ids::to_hex(id)) {
            for row in row..row + same {
                let recorded = flags.or_zero(row) & 1 == 0;
                line.add(&Point {
                    time: times.or_zero(row),
                    start: starts.at(row).filter(|start| *start > 0),
                    value: values.at(row).or_else(|| sums.at(row)).filter(|_| recorded),
                    count: counts.or_zero(row),
                });
            }
        }
        row += same;
    }
}

/// Rows of a small statement, a batch at a time, with a column of counts.
async fn small(shared: &Shared, sql: &str) -> Result<Vec<RecordBatch>, ApiError> {
    Ok(query::rows(shared, sql).await?.0)
}

fn integers<'a>(batch: &'a RecordBatch, name: &str) -> Numbers<'a, Int64Type> {
    Numbers::of(batch, name)
}

#[cfg(test)]
mod tests;
