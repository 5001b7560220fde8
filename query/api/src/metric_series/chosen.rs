//! What a metric is, and which of its series are drawn: those with most to see.

use arrow::datatypes::TimestampNanosecondType;

use super::line::Shape;
use super::{Question, integers, small};
use crate::columns::{Ids, Numbers, Texts, truth_at};
use crate::error::ApiError;
use crate::state::Shared;
use spanlake_schemas::ids::to_hex;

/// A metric, as most of its series say.
pub(super) struct Described {
    pub(super) kind: String,
    pub(super) temporality: Option<String>,
    pub(super) is_monotonic: Option<bool>,
    pub(super) unit: String,
}

impl Described {
    pub(super) async fn read(shared: &Shared, conditions: &str) -> Result<Option<Self>, ApiError> {
        let sql = format!(
            "SELECT type, temporality, is_monotonic, unit FROM series WHERE {conditions} \
             GROUP BY type, temporality, is_monotonic, unit ORDER BY count(*) DESC, type, unit LIMIT 1"
        );
        let batches = small(shared, &sql).await?;
        let Some(batch) = batches.iter().find(|batch| batch.num_rows() > 0) else { return Ok(None) };
        Ok(Some(Self {
            kind: Texts::of(batch, "type").or_empty(0).to_owned(),
            temporality: Texts::of(batch, "temporality").at(0).map(str::to_owned),
            is_monotonic: truth_at(batch, "is_monotonic", 0),
            unit: Texts::of(batch, "unit").or_empty(0).to_owned(),
        }))
    }

    /// The table of its points.
    pub(super) fn table(&self) -> &'static str {
        match self.kind.as_str() {
            "histogram" => "histograms",
            "exponential_histogram" => "exp_histograms",
            "summary" => "summaries",
            _ => "metrics",
        }
    }
}

/// The series that are drawn.
pub(super) struct Chosen {
    /// In hex, the most interesting first.
    pub(super) ids: Vec<String>,
    /// How many have points in the window.
    pub(super) total: usize,
    /// How far apart points mostly are, nanoseconds; zero where that cannot be said.
    pub(super) interval: i64,
}

impl Chosen {
    pub(super) async fn read(
        shared: &Shared,
        shape: Shape,
        table: &str,
        question: &Question,
        window: &str,
    ) -> Result<Self, ApiError> {
        let interest = match shape {
            Shape::Rate { is_delta: true } => "sum(value)",
            Shape::Rate { is_delta: false } => "max(value) - min(value)",
            Shape::Mean { .. } => "CAST(max(count) AS DOUBLE)",
            Shape::Value => "max(abs(value))",
        };
        let sql = format!(
            "SELECT series_id, count(*) AS points, min(time) AS first, max(time) AS last, count(*) OVER () AS total \
             FROM {table} WHERE {} AND {window} GROUP BY series_id ORDER BY {interest} DESC, series_id LIMIT {}",
            question.conditions, question.max_series
        );
        let mut chosen = Self { ids: Vec::new(), total: 0, interval: 0 };
        let mut intervals = Vec::new();
        for batch in small(shared, &sql).await? {
            let ids = Ids::of(&batch, "series_id");
            let (counts, totals) = (integers(&batch, "points"), integers(&batch, "total"));
            let [first, last] = ["first", "last"].map(|name| Numbers::<TimestampNanosecondType>::of(&batch, name));
            for row in 0..batch.num_rows() {
                chosen.ids.push(to_hex(ids.or_empty(row)));
                chosen.total = usize::try_from(totals.or_zero(row)).unwrap_or(0);
                if counts.or_zero(row) > 1 {
                    intervals.push((last.or_zero(row) - first.or_zero(row)) / (counts.or_zero(row) - 1));
                }
            }
        }
        intervals.sort_unstable();
        chosen.interval = intervals.get(intervals.len() / 2).copied().unwrap_or(0);
        Ok(chosen)
    }
}
