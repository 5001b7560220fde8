//! One stretch of one series: which of its samples are kept, and what all of them come to.
//!
//! Owns that choice. Never knows of series, levels or files.

use super::tail_ms;

/// How often a stretch may fall before its falls are not kept any more: a counter falls once when its process starts
/// again, a gauge falls all the time.
const FALLS_MAX: u32 = 2;

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub time_ms: i64,
    /// When the counting began; 0 where that is not known.
    pub start_ms: i64,
    pub value: f64,
    /// A staleness marker.
    pub is_end: bool,
}

/// A sample that is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    pub sample: Sample,
    pub count: u32,
}

/// What all samples of a stretch's body come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    pub min: f64,
    pub max: f64,
    pub sum: f64,
    /// What the sum lost by rounding.
    pub lost: f64,
}

/// What is said of a stretch.
#[derive(Debug, Default, PartialEq)]
pub struct Summary {
    pub kept: Vec<Kept>,
    /// `None` where it has no body.
    pub totals: Option<Totals>,
    /// It fell more often than the kept samples tell.
    pub has_falls: bool,
}

/// A stretch under way.
#[derive(Debug)]
pub struct Stretch {
    end_ms: i64,
    /// Samples behind it are the tail.
    body_until: i64,
    summary: Summary,
    last: Option<Sample>,
    falls: u32,
    /// A marker, as long as nothing comes after it.
    marker: Option<Sample>,
}

impl Stretch {
    /// An empty one with this end.
    pub fn until(end_ms: i64, level: u32) -> Self {
        let body_until = end_ms.saturating_sub(tail_ms(level));
        Self { end_ms, body_until, summary: Summary::default(), last: None, falls: 0, marker: None }
    }

    pub fn end_ms(&self) -> i64 {
        self.end_ms
    }

    /// Adds the next sample: a finite one, or a marker.
    pub fn add(&mut self, sample: Sample) {
        if sample.is_end {
            self.marker = Some(sample);
            return;
        }
        self.marker = None;
        let before = self.last.replace(sample);
        let is_fall = before.is_some_and(|before| sample.value < before.value || sample.start_ms != before.start_ms);
        let is_told = is_fall && before.is_some_and(|before| self.tells_fall(before));
        let is_tail = sample.time_ms > self.body_until;
        if !is_tail {
            self.add_to_totals(sample.value);
        }
        if before.is_none() || is_tail || is_told {
            self.summary.kept.push(Kept { sample, count: 1 });
        } else if let Some(kept) = self.summary.kept.last_mut() {
            kept.count += 1;
        }
    }

    fn add_to_totals(&mut self, value: f64) {
        let Some(totals) = &mut self.summary.totals else {
            self.summary.totals = Some(Totals { min: value, max: value, sum: value, lost: 0.0 });
            return;
        };
        totals.min = totals.min.min(value);
        totals.max = totals.max.max(value);
        // Neumaier, as in the evaluation that adds all samples.
        let sum = totals.sum + value;
        let is_larger = totals.sum.abs() >= value.abs();
        totals.lost += if is_larger { (totals.sum - sum) + value } else { (value - sum) + totals.sum };
        totals.sum = sum;
    }

    /// Keeps the sample before a fall; false, and a word of it, where there were too many falls.
    fn tells_fall(&mut self, before: Sample) -> bool {
        if before.time_ms <= self.body_until {
            self.falls += 1;
            if self.falls > FALLS_MAX {
                self.summary.has_falls = true;
                return false;
            }
            self.keep(before);
        }
        true
    }

    /// Keeps the latest sample, if it is not.
    fn keep(&mut self, sample: Sample) {
        if let Some(kept) = self.summary.kept.last_mut().filter(|kept| kept.count > 1) {
            kept.count -= 1;
            self.summary.kept.push(Kept { sample, count: 1 });
        }
    }

    /// What is said of it.
    pub fn finish(mut self) -> Summary {
        if let Some(last) = self.last {
            self.keep(last);
        }
        self.summary.kept.extend(self.marker.map(|sample| Kept { sample, count: 0 }));
        self.summary
    }
}
