//! `GET /api/traces/heatmap`: spans by start and by duration.
//!
//! Owns the grid: columns of equal time, rows of equal ratio. Without a condition on spans, roots are counted, each of
//! which stands for its trace. Where spans were sampled out, a cell's number is an estimate with its 95 % interval.

use std::sync::Arc;

use arrow::datatypes::Int64Type;
use axum::Json;
use axum::extract::State;
use http::Uri;
use serde_json::{Value, json};

use crate::columns::Numbers;
use crate::error::ApiError;
use crate::estimated::weighed_count;
use crate::matching_spans::{MatchingSpans, parameter};
use crate::parameters;
use crate::state::Shared;
use crate::weighed;

const COLUMNS: usize = 60;
const COLUMNS_MAX: usize = 500;
const ROWS: usize = 24;
const ROWS_MAX: usize = 100;

/// The route.
pub(crate) async fn heatmap(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let size = |name, default, max| parameters::count(name, parameter(&uri, name).as_deref(), default, max);
    let (columns, rows) = (size("columns", COLUMNS, COLUMNS_MAX)?, size("rows", ROWS, ROWS_MAX)?);
    let mut spans = MatchingSpans::of(&shared, &uri).await?;
    let over = if spans.has_span_condition { "spans" } else { "roots" };
    let mut condition = spans.condition().to_owned();
    if !spans.has_span_condition {
        condition.push_str(" AND parent_span_id IS NULL");
    }
    let step = (spans.end - spans.start).div_ceil_by(columns);
    let sql = format!("SELECT min(duration) AS least, max(duration) AS greatest FROM spans WHERE {condition}");
    let (mut least, mut greatest) = (None, None);
    for batch in spans.rows(&shared, &sql).await? {
        least = Numbers::<Int64Type>::of(&batch, "least").at(0);
        greatest = Numbers::<Int64Type>::of(&batch, "greatest").at(0);
    }
    let scale = Scale::of(least.unwrap_or(1_000), greatest.unwrap_or(1_000_000_000), rows);
    let is_error = "status_code = 'error'";
    let (all, errors) = if spans.is_sampled {
        (weighed::SPANS.estimated, weighed_count(is_error))
    } else {
        (weighed::SPANS.counted, format!("count(*) FILTER (WHERE {is_error})"))
    };
    let sql = format!(
        "SELECT (CAST(start_time AS BIGINT) - {start}) / {step} AS cell_column, {row} AS cell_row, {all} AS spans, \
         {errors} AS errors FROM spans WHERE {condition} GROUP BY 1, 2 ORDER BY 1, 2",
        start = spans.start,
        row = scale.sql("duration"),
    );
    let (mut cells, mut intervals) = (Vec::new(), Vec::new());
    for batch in spans.rows(&shared, &sql).await? {
        let numbers = ["cell_column", "cell_row", "errors"].map(|name| Numbers::<Int64Type>::of(&batch, name));
        for row in 0..batch.num_rows() {
            let [column, place, errors] = numbers.each_ref().map(|column| column.or_zero(row));
            let mut weighed = weighed::numbers(&batch, row, &[weighed::SPANS]);
            cells.push(json!([column, place, weighed.remove("spans"), errors]));
            intervals.push(weighed.remove("interval").map_or(Value::Null, |mut interval| interval["spans"].take()));
        }
    }
    let edges: Vec<String> = scale.edges().iter().map(i64::to_string).collect();
    let mut answer = json!({
        "start": spans.start.to_string(), "step": step.to_string(), "columns": columns,
        "duration_edges": edges, "cells": cells, "over": over, "stats": spans.stats(),
    });
    if spans.is_sampled {
        answer["intervals"] = json!(intervals);
    }
    Ok(Json(answer))
}

trait DivCeil {
    fn div_ceil_by(self, by: usize) -> i64;
}

impl DivCeil for i64 {
    fn div_ceil_by(self, by: usize) -> i64 {
        let by = Self::try_from(by).unwrap_or(Self::MAX).max(1);
        (self / by + Self::from(self % by != 0)).max(1)
    }
}

/// Rows of equal ratio between two durations, nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Scale {
    least: f64,
    /// Of the logarithm.
    height: f64,
    rows: usize,
}

impl Scale {
    fn of(least: i64, greatest: i64, rows: usize) -> Self {
        let least = least.max(1) as f64;
        // At least a tenth more, so that edges ascend also where all durations are alike.
        let greatest = (greatest.max(1) as f64).max(least * 1.1).max(least + rows as f64);
        Self { least, height: (greatest / least).ln() / rows as f64, rows }
    }

    /// The row of a column's duration.
    fn sql(&self, column: &str) -> String {
        let row = format!("floor(ln(greatest(CAST({column} AS DOUBLE), 1.0) / {:e}) / {:e})", self.least, self.height);
        format!("CAST(greatest(least({row}, {}.0), 0.0) AS BIGINT)", self.rows - 1)
    }

    /// One more than rows, ascending.
    fn edges(&self) -> Vec<i64> {
        let mut edges: Vec<i64> =
            (0..=self.rows).map(|row| (self.least * (self.height * row as f64).exp()).round() as i64).collect();
        for row in 1..edges.len() {
            edges[row] = edges[row].max(edges[row - 1] + 1);
        }
        edges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_ascend_from_the_least_to_the_greatest() {
        let edges = Scale::of(1_000, 1_000_000_000, 24).edges();
        assert_eq!((edges.len(), edges[0], edges[24]), (25, 1_000, 1_000_000_000));
        assert_eq!(edges[4], 10_000);
        for (least, greatest) in [(0, 0), (-5, 3), (7, 7), (1, i64::MAX)] {
            let edges = Scale::of(least, greatest, 24).edges();
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{least} {greatest}: {edges:?}");
        }
    }
}
