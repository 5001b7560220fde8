//! What changed of a PromQL subscription: values that are new, other, or gone.
//!
//! Pure. Owns what the client has been told of the last steps, so that it is told only what differs. Steps may still change
//! for a while: points come late, and the last step lies ahead of now until its time has come. Bounded: of a subscription
//! so many series, and values of the steps that may change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};

use serde_json::{Map, Value, json};
use spanlake_promql::eval::{MatrixSeries, Point, QueryValue};
use spanlake_promql::labels::Labels;

use crate::prometheus::written;

/// How long steps may change after their time.
pub(super) const REDONE_MS: i64 = 60_000;
/// Series of one subscription.
const SERIES_MAX: usize = 500;
/// Values of one answer.
const VALUES_MAX: usize = 300_000;

/// What the client knows.
#[derive(Debug, Default)]
pub(super) struct Told {
    series: HashMap<Labels, TellSeries>,
    next_number: u32,
    /// The last step that it was told, milliseconds.
    to_ms: Option<i64>,
    error: Option<String>,
}

#[derive(Debug)]
struct TellSeries {
    /// What stands for its labels in frames.
    number: u32,
    /// What it was told of each step that may change, as bits or a digest.
    cells: BTreeMap<i64, u64>,
}

/// The steps of the next evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) step_ms: i64,
}

/// The step that is to come: points of now are in it at once.
pub(super) const fn open_step(now_ms: i64, step_ms: i64) -> i64 {
    let begun = now_ms.div_euclid(step_ms) * step_ms;
    if begun == now_ms { begun } else { begun + step_ms }
}

const fn redone_ms(step_ms: i64) -> i64 {
    if step_ms * 2 > REDONE_MS { step_ms * 2 } else { REDONE_MS }
}

impl Told {
    /// Whether nothing was told yet.
    pub(super) const fn is_new(&self) -> bool {
        self.to_ms.is_none()
    }

    pub(super) const fn to_ms(&self) -> Option<i64> {
        self.to_ms
    }

    /// Which steps must be looked at: all at first, then those that may have changed since.
    pub(super) fn next_steps(&self, from_ms: i64, step_ms: i64, now_ms: i64) -> Steps {
        let end_ms = open_step(now_ms, step_ms);
        let first = from_ms.div_euclid(step_ms) * step_ms;
        let start = self.to_ms.map_or(first, |to| first.max(to - redone_ms(step_ms).div_euclid(step_ms) * step_ms));
        Steps { start_ms: start.min(end_ms), end_ms, step_ms }
    }

    /// What is new of these steps; `None` where nothing is. The first answer is always something.
    pub(super) fn range(&mut self, value: QueryValue, steps: Steps) -> Option<Map<String, Value>> {
        let is_first = self.is_new();
        let had_error = self.error.take().is_some();
        let mut found = matrix(value, steps.end_ms);
        let total = found.len();
        let count = usize::try_from((steps.end_ms - steps.start_ms) / steps.step_ms.max(1) + 1).unwrap_or(1);
        found.truncate(SERIES_MAX.min(VALUES_MAX / count.max(1)).max(1));
        let changed = self.compare(&found, steps.start_ms);
        let kept_from = steps.end_ms - redone_ms(steps.step_ms);
        self.series.retain(|_, known| {
            known.cells = known.cells.split_off(&kept_from);
            !known.cells.is_empty()
        });
        self.to_ms = Some(steps.end_ms);
        if changed.is_empty() && !is_first && !had_error {
            return None;
        }
        let mut change = Map::new();
        change.insert("to".to_owned(), written::seconds(steps.end_ms));
        if is_first {
            change.insert("first".to_owned(), true.into());
        }
        if total > found.len() {
            change.insert("total_series".to_owned(), total.into());
        }
        change.insert("series".to_owned(), changed.into());
        Some(change)
    }

    /// What is new of the last values.
    pub(super) fn instant(&mut self, value: QueryValue, now_ms: i64) -> Option<Map<String, Value>> {
        // All are told under one time: a value that is the same now is no change.
        let flat = match value {
            QueryValue::Vector(samples) => QueryValue::Vector(
                samples
                    .into_iter()
                    .map(|sample| spanlake_promql::eval::VectorSample { time_ms: 0, ..sample })
                    .collect(),
            ),
            QueryValue::Scalar { value, .. } => QueryValue::Scalar { time_ms: 0, value },
            other => other,
        };
        let mut change = self.range(flat, Steps { start_ms: 0, end_ms: 0, step_ms: 1 })?;
        change.insert("to".to_owned(), written::seconds(now_ms));
        Some(change)
    }

    /// What went wrong; `None` where that was told already.
    pub(super) fn error(&mut self, kind: &str, message: &str) -> Option<Map<String, Value>> {
        if self.error.as_deref() == Some(message) {
            return None;
        }
        self.error = Some(message.to_owned());
        let mut change = Map::new();
        change.insert("error".to_owned(), message.into());
        change.insert("errorType".to_owned(), kind.into());
        Some(change)
    }

    fn compare(&mut self, found: &[MatrixSeries], start_ms: i64) -> Vec<Value> {
        let mut changed = Vec::new();
        for series in found {
            if let Some(change) = self.compare_one(series, start_ms) {
                changed.push(change);
            }
        }
        let seen: HashSet<&Labels> = found.iter().map(|series| &series.labels).collect();
        for (labels, known) in &mut self.series {
            if !seen.contains(labels) {
                let gone: Vec<Value> = known.cells.split_off(&start_ms).into_keys().map(written::seconds).collect();
                if !gone.is_empty() {
                    changed.push(json!({ "n": known.number, "gone": gone }));
                }
            }
        }
        changed
    }

    fn compare_one(&mut self, series: &MatrixSeries, start_ms: i64) -> Option<Value> {
        let is_new = !self.series.contains_key(&series.labels);
        let number = self.next_number;
        let known =
            self.series.entry(series.labels.clone()).or_insert_with(|| TellSeries { number, cells: BTreeMap::new() });
        let before = known.cells.split_off(&start_ms);
        let (mut values, mut histograms) = (Vec::new(), Vec::new());
        for (time, value) in &series.floats {
            known.cells.insert(*time, value.to_bits());
            if before.get(time) != Some(&value.to_bits()) {
                values.push(written::sample(*time, *value));
            }
        }
        for (time, histogram) in &series.histograms {
            let text = written::histogram(*time, histogram);
            let digest = digest(&text);
            known.cells.insert(*time, digest);
            if before.get(time) != Some(&digest) {
                histograms.push(text);
            }
        }
        let gone: Vec<Value> =
            before.keys().filter(|time| !known.cells.contains_key(time)).map(|time| written::seconds(*time)).collect();
        if is_new {
            self.next_number += 1;
        }
        if values.is_empty() && histograms.is_empty() && gone.is_empty() {
            return None;
        }
        let mut change = Map::new();
        change.insert("n".to_owned(), known.number.into());
        if is_new {
            change.insert("metric".to_owned(), written::labels(&series.labels));
        }
        for (name, list) in [("values", values), ("histograms", histograms), ("gone", gone)] {
            if !list.is_empty() {
                change.insert(name.to_owned(), list.into());
            }
        }
        Some(Value::Object(change))
    }
}

fn digest(value: &Value) -> u64 {
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}

/// Everything as series over time.
fn matrix(value: QueryValue, at_ms: i64) -> Vec<MatrixSeries> {
    match value {
        QueryValue::Matrix(series) => series,
        QueryValue::Scalar { time_ms, value } => {
            vec![MatrixSeries { floats: vec![(time_ms, value)], ..MatrixSeries::default() }]
        }
        QueryValue::Text { .. } => Vec::new(),
        QueryValue::Vector(samples) => samples
            .into_iter()
            .map(|sample| {
                let (mut floats, mut histograms) = (Vec::new(), Vec::new());
                match sample.value {
                    Point::Float(value) => floats.push((at_ms, value)),
                    Point::Histogram(value) => histograms.push((at_ms, value)),
                }
                MatrixSeries { labels: sample.labels, floats, histograms }
            })
            .collect(),
    }
}
