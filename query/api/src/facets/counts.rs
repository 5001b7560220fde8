//! Values of keys over rows of spans, counted in one pass over them.
//!
//! Owns what is held of each value: errors, and how many spans of which traces have it. Rows of a trace mostly come one
//! after the other, so that most are known by the row before. Never asks for rows.

use arrow::record_batch::RecordBatch;
use foldhash::{HashMap, HashMapExt, HashSet};
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;

use crate::columns::{Ids, Texts};
use crate::estimated::{Estimate, Probabilities, whole};

/// Values of one key that are told apart: those that come first. What has more is no way to group spans.
pub(super) const VALUES_MAX: usize = 50_000;

/// How often a value is there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) spans: Estimate,
    traces: f64,
    errors: f64,
}

impl Counted {
    fn add_trace(&mut self, spans: f64, probability: f64) {
        self.spans.add(spans, probability);
        self.traces += 1.0 / probability;
    }

    /// As it stands in answers: with an interval where spans stand for others.
    pub(super) fn written(&self) -> Value {
        let mut written =
            json!({"spans": self.spans.value(), "traces": whole(self.traces), "errors": whole(self.errors)});
        if let Some(interval) = self.spans.interval() {
            written["interval"] = interval;
        }
        written
    }
}

/// A trace of which rows came.
#[derive(Clone, Copy)]
struct Trace {
    spans: u32,
    /// That with which it is looked at.
    probability: f64,
    /// Its rows did not come all together.
    is_split: bool,
}

/// Values of a trace that are held until its next row; where it has more, its rows count as split.
const OPEN_MAX: usize = 32;

/// All keys of an answer.
pub(super) struct Counts {
    /// One trace in so many is looked at.
    parts: u64,
    rows: u64,
    errors: f64,
    numbers: HashMap<TraceId, u32>,
    traces: Vec<Trace>,
    keys: Vec<KeyCounts>,
}

/// Spans of a trace that have a value, by their numbers.
#[derive(Clone, Copy)]
struct Pair {
    value: u32,
    trace: u32,
    spans: u32,
}

/// One key.
#[derive(Default)]
pub(super) struct KeyCounts {
    numbers: HashMap<String, u32>,
    /// Errors with each value.
    errors: Vec<f64>,
    /// Values and traces that were seen together; of split traces more than once.
    pairs: Vec<Pair>,
    /// The trace that came last, and its values with their spans.
    open_trace: u32,
    open: Vec<(u32, u32)>,
    split: HashSet<u32>,
    /// Spans with a value beyond those that are told apart.
    untold: f64,
}

impl Counts {
    /// Of one trace in so many.
    pub(super) fn of(keys: usize, parts: u64) -> Self {
        let keys = (0..keys).map(|_| KeyCounts::default()).collect();
        Self { parts, rows: 0, errors: 0.0, numbers: HashMap::new(), traces: Vec::new(), keys }
    }

    /// The column with the values of a key.
    pub(super) fn column(key: usize) -> String {
        format!("v{key}")
    }

    /// Rows with `trace_id`, `status_code`, `sampling_probability` and the columns of all keys.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let probabilities = Probabilities::of(batch, self.parts);
        let traces = self.numbers_of_traces(batch, &probabilities);
        let statuses = Texts::of(batch, "status_code");
        let errors: Vec<f64> = (0..batch.num_rows())
            .map(|row| if statuses.at(row) == Some("error") { 1.0 / probabilities.at(row) } else { 0.0 })
            .collect();
        self.rows += batch.num_rows() as u64;
        self.errors += errors.iter().sum::<f64>();
        for (index, key) in self.keys.iter_mut().enumerate() {
            let values = Texts::of(batch, &Self::column(index));
            for row in 0..batch.num_rows() {
                if let Some(value) = values.at(row) {
                    key.add(value, traces[row], errors[row], || probabilities.at(row));
                }
            }
        }
    }

    /// Rows that were looked at.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// All spans.
    pub(super) fn all(&self) -> Counted {
        let mut all = Counted { errors: self.errors, ..Counted::default() };
        self.traces.iter().for_each(|trace| all.add_trace(trace.spans.into(), trace.probability));
        all
    }

    /// Each key's values with their numbers, and the spans of values that are not told apart.
    pub(super) fn into_keys(self) -> Vec<(Vec<(String, Counted)>, u64)> {
        let traces = self.traces;
        self.keys.into_iter().map(|key| key.into_values(&traces)).collect()
    }

    fn numbers_of_traces(&mut self, batch: &RecordBatch, probabilities: &Probabilities<'_>) -> Vec<u32> {
        let ids = Ids::of(batch, "trace_id");
        let mut last = (TraceId([0; 16]), None);
        let number = |row| {
            let id = TraceId::from_slice(ids.or_empty(row)).unwrap_or(TraceId([0; 16]));
            if last.0 != id || last.1.is_none() {
                let next = u32::try_from(self.traces.len()).unwrap_or(u32::MAX);
                let number = *self.numbers.entry(id).or_insert(next);
                if number == next {
                    self.traces.push(Trace { spans: 0, probability: probabilities.at(row), is_split: false });
                } else {
                    self.traces[number as usize].is_split = true;
                }
                last = (id, Some(number));
            }
            let number = last.1.unwrap_or_default();
            self.traces[number as usize].spans += 1;
            number
        };
        (0..batch.num_rows()).map(number).collect()
    }
}

impl KeyCounts {
    fn add(&mut self, value: &str, trace: u32, error: f64, probability: impl Fn() -> f64) {
        let number = match self.numbers.get(value) {
            Some(number) => *number,
            None if self.errors.len() >= VALUES_MAX => {
                self.untold += 1.0 / probability();
                return;
            }
            None => {
                let next = u32::try_from(self.errors.len()).unwrap_or(u32::MAX);
                self.numbers.insert(value.to_owned(), next);
                self.errors.push(0.0);
                next
            }
        };
        self.errors[number as usize] += error;
        if self.open_trace != trace {
            self.close();
            self.open_trace = trace;
        }
        if let Some((_, spans)) = self.open.iter_mut().find(|(value, _)| *value == number) {
            *spans += 1;
            return;
        }
        if self.open.len() >= OPEN_MAX {
            self.close();
            self.split.insert(trace);
        }
        self.open.push((number, 1));
    }

    fn close(&mut self) {
        let trace = self.open_trace;
        self.pairs.extend(self.open.drain(..).map(|(value, spans)| Pair { value, trace, spans }));
    }

    fn into_values(mut self, traces: &[Trace]) -> (Vec<(String, Counted)>, u64) {
        self.close();
        let mut counted: Vec<Counted> =
            self.errors.iter().map(|errors| Counted { errors: *errors, ..Counted::default() }).collect();
        let mut of_split: HashMap<(u32, u32), u32> = HashMap::new();
        for Pair { value, trace, spans } in self.pairs {
            let of = &traces[trace as usize];
            if of.is_split || self.split.contains(&trace) {
                *of_split.entry((value, trace)).or_default() += spans;
            } else {
                counted[value as usize].add_trace(spans.into(), of.probability);
            }
        }
        for ((value, trace), spans) in of_split {
            counted[value as usize].add_trace(spans.into(), traces[trace as usize].probability);
        }
        let values = self.numbers.into_iter().map(|(value, number)| (value, counted[number as usize])).collect();
        (values, whole(self.untold))
    }
}
