//! One stretch of one series: which of its samples are kept, and what all of them come to.
//!
//! Owns that choice. Never knows of series, levels or files.

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

/// What all samples of a stretch come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    pub min: f64,
    pub max: f64,
    pub sum: f64,
    /// What the sum lost by rounding.
    pub lost: f64,
    pub has_falls: bool,
}

/// A stretch under way.
#[derive(Debug, Default)]
pub struct Stretch {
    kept: Vec<Kept>,
    last: Option<Sample>,
    /// Behind the last kept one.
    waiting: u32,
    falls: u32,
    /// A marker, as long as nothing comes after it.
    end: Option<Sample>,
    totals: Totals,
}

impl Stretch {
    /// Adds the next sample: a finite one, or a marker.
    pub fn add(&mut self, sample: Sample) {
        if sample.is_end {
            self.end = Some(sample);
            return;
        }
        self.end = None;
        let Some(before) = self.last.replace(sample) else {
            self.totals = Totals { min: sample.value, max: sample.value, sum: sample.value, ..Totals::default() };
            self.kept.push(Kept { sample, count: 1 });
            return;
        };
        self.add_to_totals(sample.value);
        self.waiting += 1;
        if sample.value < before.value || sample.start_ms != before.start_ms {
            self.fall(before, sample);
        }
    }

    fn add_to_totals(&mut self, value: f64) {
        let totals = &mut self.totals;
        totals.min = totals.min.min(value);
        totals.max = totals.max.max(value);
        // Neumaier, as in the evaluation that adds all samples.
        let sum = totals.sum + value;
        totals.lost +=
            if totals.sum.abs() >= value.abs() { (totals.sum - sum) + value } else { (value - sum) + totals.sum };
        totals.sum = sum;
    }

    fn fall(&mut self, before: Sample, sample: Sample) {
        self.falls += 1;
        if self.falls > FALLS_MAX {
            self.totals.has_falls = true;
            return;
        }
        if self.waiting > 1 {
            self.kept.push(Kept { sample: before, count: self.waiting - 1 });
        }
        self.kept.push(Kept { sample, count: 1 });
        self.waiting = 0;
    }

    /// What is kept, and the totals of what is no marker; empties it for the next.
    pub fn finish(&mut self) -> (Vec<Kept>, Option<Totals>) {
        let Self { mut kept, last, waiting, end, totals, .. } = std::mem::take(self);
        if let (Some(sample), true) = (last, waiting > 0) {
            kept.push(Kept { sample, count: waiting });
        }
        kept.extend(end.map(|sample| Kept { sample, count: 0 }));
        (kept, last.map(|_| totals))
    }
}
