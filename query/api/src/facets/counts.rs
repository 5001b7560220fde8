//! Values of keys over rows of spans, counted in one pass over them.
//!
//! Owns what is held of each value: spans, errors, and which traces have it. Rows of a trace mostly come one after the
//! other, so that most are known by the row before. Never asks for rows.

use std::collections::{HashMap, HashSet};

use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::TraceId;

use crate::columns::{Ids, Texts};

/// Values of one key that are told apart: those that come first. What has more is no way to group spans.
pub(super) const VALUES_MAX: usize = 50_000;

/// How often a value is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) spans: u64,
    pub(super) traces: u64,
    pub(super) errors: u64,
}

impl Counted {
    /// Where each stands for so many.
    pub(super) const fn times(self, weight: u64) -> Self {
        Self { spans: self.spans * weight, traces: self.traces * weight, errors: self.errors * weight }
    }
}

/// All keys of an answer.
pub(super) struct Counts {
    spans: u64,
    errors: u64,
    traces: HashMap<TraceId, u32>,
    keys: Vec<KeyCounts>,
}

/// One key.
#[derive(Default)]
pub(super) struct KeyCounts {
    numbers: HashMap<String, u32>,
    counted: Vec<Counted>,
    /// Values and traces that were seen together, by their numbers.
    pairs: HashSet<(u32, u32)>,
    last: Option<(u32, u32)>,
    /// Spans with a value beyond those that are told apart.
    pub(super) untold: u64,
}

impl Counts {
    pub(super) fn of(keys: usize) -> Self {
        Self { spans: 0, errors: 0, traces: HashMap::new(), keys: (0..keys).map(|_| KeyCounts::default()).collect() }
    }

    /// The column with the values of a key.
    pub(super) fn column(key: usize) -> String {
        format!("v{key}")
    }

    /// Rows with `trace_id`, `status_code` and the columns of all keys.
    pub(super) fn add(&mut self, batch: &RecordBatch) {
        let traces = self.numbers_of_traces(batch);
        let statuses = Texts::of(batch, "status_code");
        let are_errors: Vec<bool> = (0..batch.num_rows()).map(|row| statuses.at(row) == Some("error")).collect();
        self.spans += batch.num_rows() as u64;
        self.errors += are_errors.iter().filter(|is_error| **is_error).count() as u64;
        for (index, key) in self.keys.iter_mut().enumerate() {
            let values = Texts::of(batch, &Self::column(index));
            for row in 0..batch.num_rows() {
                if let Some(value) = values.at(row) {
                    key.add(value, traces[row], are_errors[row]);
                }
            }
        }
    }

    /// All rows.
    pub(super) fn all(&self) -> Counted {
        Counted { spans: self.spans, traces: self.traces.len() as u64, errors: self.errors }
    }

    pub(super) fn into_keys(self) -> Vec<KeyCounts> {
        self.keys
    }

    fn numbers_of_traces(&mut self, batch: &RecordBatch) -> Vec<u32> {
        let ids = Ids::of(batch, "trace_id");
        let mut last = (TraceId([0; 16]), None);
        let number = |row| {
            let id = TraceId::from_slice(ids.or_empty(row)).unwrap_or(TraceId([0; 16]));
            if last.0 != id || last.1.is_none() {
                let next = u32::try_from(self.traces.len()).unwrap_or(u32::MAX);
                last = (id, Some(*self.traces.entry(id).or_insert(next)));
            }
            last.1.unwrap_or_default()
        };
        (0..batch.num_rows()).map(number).collect()
    }
}

impl KeyCounts {
    fn add(&mut self, value: &str, trace: u32, is_error: bool) {
        let number = match self.numbers.get(value) {
            Some(number) => *number,
            None if self.counted.len() >= VALUES_MAX => {
                self.untold += 1;
                return;
            }
            None => {
                let next = u32::try_from(self.counted.len()).unwrap_or(u32::MAX);
                self.numbers.insert(value.to_owned(), next);
                self.counted.push(Counted::default());
                next
            }
        };
        let counted = &mut self.counted[number as usize];
        counted.spans += 1;
        counted.errors += u64::from(is_error);
        let pair = Some((number, trace));
        if self.last != pair && self.pairs.insert((number, trace)) {
            counted.traces += 1;
        }
        self.last = pair;
    }

    /// Each value with its numbers, each of which stands for so many.
    pub(super) fn into_values(self, weight: u64) -> Vec<(String, Counted)> {
        let counted = self.counted;
        let weighed = |number: u32| counted[number as usize].times(weight);
        self.numbers.into_iter().map(|(value, number)| (value, weighed(number))).collect()
    }
}
