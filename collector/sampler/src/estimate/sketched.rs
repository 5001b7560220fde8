//! Answers of which RED sketches know the most: what they count is certain, only the rest is estimated.
//!
//! Owns how kept spans and sketches come together in one total, ratio or quantile. A question qualifies where it asks of
//! each span no more than a sketch knows of a whole series: who calls is to see to that. Then whole sketches are added as
//! they are; of those that the question's range of time cuts, the kept spans in the range tell how much lies in it, and
//! the sketch how much it can be at most. Never regresses: see [`crate::estimate::calibrate`], whose cells these are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::estimate::calibrate::{CalibratedState, CellId, CellTotals, Ends};
use crate::estimate::quantile::QuantileState;
use crate::estimate::{Estimate, Kept};
use crate::red::histogram::ExponentialHistogram;

/// What a row is to the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A span that no sketch counts yet.
    Uncounted,
    /// A sketch that lies in the range as a whole.
    Whole,
    /// A sketch that the range cuts.
    Cut,
    /// A kept span that a whole sketch counts: it shows only how values are spread.
    Counted,
    /// A kept span in the range that a cut sketch counts.
    AtCut,
}

impl Part {
    /// All of them, in the order of [`Part::code`].
    const ALL: [Self; 5] = [Self::Uncounted, Self::Whole, Self::Cut, Self::Counted, Self::AtCut];

    /// The number by which a statement names it.
    #[must_use]
    pub fn code(self) -> usize {
        Self::ALL.iter().position(|part| *part == self).unwrap_or_default()
    }

    /// The part of that number.
    #[must_use]
    pub fn of_code(code: usize) -> Option<Self> {
        Self::ALL.get(code).copied()
    }
}

/// Cell of what is certain.
const CERTAIN: CellId = CellId(0);
/// Cell of spans that no sketch counts and that stand for more than themselves.
const UNCERTAIN: CellId = CellId(1);

/// A total, or the ratio of two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SketchedTotals {
    certain: [f64; 2],
    /// What cut sketches can add at most.
    most: [f64; 2],
    has_negative: bool,
    has_uncertain: bool,
    rest: CalibratedState,
}

impl SketchedTotals {
    /// Adds a row: of a span, its values; of a sketch, their sums over its spans. A value that is no number leaves the
    /// row out.
    pub fn add(&mut self, part: Part, kept: Kept, values: [f64; 2]) {
        if !values.iter().all(|value| value.is_finite()) {
            return;
        }
        self.has_negative |= values.iter().any(|value| *value < 0.0);
        let add = |sums: &mut [f64; 2]| sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        let [a, b] = values;
        match part {
            Part::Whole => add(&mut self.certain),
            Part::Uncounted if kept.probability() >= 1.0 => add(&mut self.certain),
            Part::Cut => add(&mut self.most),
            Part::AtCut => self.rest.add(kept, None, true, a, b, 0.0),
            Part::Counted => {}
            Part::Uncounted => {
                self.has_uncertain = true;
                self.rest.add(kept, Some(UNCERTAIN), true, a, b, 0.0);
            }
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        for which in 0..2 {
            self.certain[which] += other.certain[which];
            self.most[which] += other.most[which];
        }
        self.has_negative |= other.has_negative;
        self.has_uncertain |= other.has_uncertain;
        self.rest.merge(&other.rest);
    }

    /// The total of the first value.
    #[must_use]
    pub fn finish_total(&self) -> Estimate {
        let estimate = self.rest.finish_total(&self.known(), self.ends());
        if !self.is_bounded() {
            return estimate;
        }
        within(estimate, self.certain[0], self.certain[0] + self.most[0])
    }

    /// The ratio of both totals; `None` where nothing divides.
    #[must_use]
    pub fn finish_ratio(&self) -> Option<Estimate> {
        let estimate = self.rest.finish_ratio(&self.known(), self.ends())?;
        if !self.is_bounded() {
            return Some(estimate);
        }
        let [[a, b], [more_a, more_b]] = [self.certain, self.most];
        let low = if b + more_b > 0.0 { a / (b + more_b) } else { 0.0 };
        let high = if b > 0.0 { (a + more_a) / b } else { f64::INFINITY };
        Some(within(estimate, low, high))
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.rest.byte_len()
    }

    fn known(&self) -> BTreeMap<CellId, CellTotals> {
        let totals = CellTotals { count: 0.0, duration_sum: 0.0, answers: Some(self.certain) };
        BTreeMap::from([(CERTAIN, totals)])
    }

    fn has_cut(&self) -> bool {
        self.most.iter().any(|most| *most != 0.0)
    }

    fn ends(&self) -> Ends {
        match self.has_cut() {
            false => Ends::None,
            true if self.has_negative => Ends::Cut,
            true => Ends::AtMost(self.most[0]),
        }
    }

    /// Whether all that is not certain lies in cut sketches, so that they bound it.
    fn is_bounded(&self) -> bool {
        self.has_cut() && !self.has_uncertain && !self.has_negative
    }
}

/// A quantile of durations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SketchedQuantile {
    spans: QuantileState,
    certain: ExponentialHistogram,
    /// Spans of cut sketches.
    most: f64,
    has_uncertain: bool,
}

impl SketchedQuantile {
    /// Adds a span's duration in nanoseconds.
    pub fn add_span(&mut self, part: Part, kept: Kept, duration: f64) {
        self.spans.add(kept, duration);
        if part != Part::Uncounted {
            return;
        }
        if kept.probability() >= 1.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a duration in nanoseconds, which was whole before")]
            self.certain.add(duration as i64, 1.0);
        } else {
            self.has_uncertain = true;
        }
    }

    /// Adds a sketch.
    pub fn add_sketch(&mut self, part: Part, durations: &ExponentialHistogram) {
        match part {
            Part::Whole => self.certain.merge(durations),
            _ => self.most += durations.count,
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, other: &Self) {
        self.spans.merge(&other.spans);
        self.certain.merge(&other.certain);
        self.most += other.most;
        self.has_uncertain |= other.has_uncertain;
    }

    /// The duration below which a share `q` of the spans lies, nanoseconds; `None` without any. The kept spans tell where,
    /// within the bucket in which the sketches know it to be.
    #[must_use]
    pub fn finish(&self, q: f64) -> Option<Estimate> {
        let kept = self.spans.finish(q);
        if self.has_uncertain || self.certain.count <= 0.0 {
            return kept;
        }
        let wanted = q.clamp(0.0, 1.0) * (self.certain.count + self.most);
        // Spans of cut sketches may all be shorter, or all longer.
        let bounds = |spans: f64| self.certain.quantile_bounds(spans / self.certain.count);
        let low = if wanted > self.most { bounds(wanted - self.most)?.0 } else { 0.0 };
        let high = if wanted <= self.certain.count { bounds(wanted)?.1 } else { f64::INFINITY };
        let Some(kept) = kept else {
            let value = self.certain.quantile(q)?;
            return Some(Estimate::sampled(value, (low, high), 0));
        };
        Some(within(kept, low, high))
    }

    /// Bytes held, about.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.spans.byte_len() + self.certain.buckets.capacity() * size_of::<f64>()
    }
}

/// The estimate, as far as it lies between two bounds that are certain. What was taken for exact, as no kept row stood for
/// more than itself, is only known to lie between them.
fn within(estimate: Estimate, least: f64, most: f64) -> Estimate {
    let (low, high) = (estimate.low.max(least), estimate.high.min(most));
    let (low, high) = if estimate.is_exact || low > high { (least, most) } else { (low, high) };
    let value = estimate.value.clamp(least, most);
    Estimate::sampled(value, (low.min(value), high.max(value)), estimate.kept_traces)
}

#[cfg(test)]
mod tests {
    use spanlake_schemas::ids::TraceId;

    use super::*;

    fn kept(number: u64, probability: f64) -> Kept {
        let mut id = [0; 16];
        id[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        Kept { trace_id: TraceId(id), probability }
    }

    const NOBODY: Kept = Kept { trace_id: TraceId([0; 16]), probability: 1.0 };

    #[test]
    fn whole_sketches_and_rows_that_none_counts_are_exact() {
        let mut state = SketchedTotals::default();
        state.add(Part::Whole, NOBODY, [1000.0, 1.0]);
        state.add(Part::Counted, kept(1, 0.1), [1.0, 1.0]);
        state.add(Part::Uncounted, kept(2, 1.0), [1.0, 1.0]);
        let total = state.finish_total();
        assert!(total.is_exact && total.value == 1001.0, "{total:?}");
        assert_eq!(SketchedTotals::default().finish_total(), Estimate::exact(0.0, 0), "sketches know of nothing, too");
    }

    #[test]
    fn what_a_cut_sketch_may_add_bounds_the_answer() {
        let mut state = SketchedTotals::default();
        state.add(Part::Whole, NOBODY, [1000.0, 100.0]);
        state.add(Part::Cut, NOBODY, [50.0, 5.0]);
        let none = state.finish_total();
        assert_eq!((none.value, none.low, none.high, none.is_exact), (1000.0, 1000.0, 1050.0, false));
        state.add(Part::AtCut, kept(1, 0.05), [1.0, 1.0]);
        let one = state.finish_total();
        assert!(one.value == 1020.0 && one.low >= 1000.0 && one.high <= 1050.0, "{one:?}");
        let ratio = state.finish_ratio().unwrap();
        assert!(ratio.low >= 1000.0 / 105.0 && ratio.high <= 1050.0 / 100.0 && !ratio.is_exact, "{ratio:?}");
    }

    #[test]
    fn a_span_that_stands_for_more_and_that_no_sketch_counts_is_estimated() {
        let mut state = SketchedTotals::default();
        state.add(Part::Whole, NOBODY, [1000.0, 0.0]);
        state.add(Part::Uncounted, kept(1, 0.5), [1.0, 0.0]);
        let total = state.finish_total();
        assert!(total.value == 1002.0 && !total.is_exact && total.high > 1002.0, "{total:?}");
    }

    #[test]
    fn a_quantile_lies_in_the_bucket_in_which_the_sketches_know_it() {
        let mut durations = ExponentialHistogram::default();
        (1..=10_000).for_each(|number| durations.add(number * 1_000_000, 1.0));
        let mut state = SketchedQuantile::default();
        state.add_sketch(Part::Whole, &durations);
        let (low, high) = durations.quantile_bounds(0.95).unwrap();
        let unseen = state.finish(0.95).unwrap();
        assert!(unseen.low == low && unseen.high == high && (low..=high).contains(&unseen.value), "{unseen:?}");
        // Kept spans that happen to be short do not move it out of its bucket.
        (1..=100).for_each(|number| state.add_span(Part::Counted, kept(number, 0.01), 5e6));
        let moved = state.finish(0.95).unwrap();
        assert!((low..=high).contains(&moved.value) && moved.width() <= high - low, "{moved:?}");
    }

    #[test]
    fn spans_of_cut_sketches_widen_a_quantile() {
        let mut durations = ExponentialHistogram::default();
        (1..=1000).for_each(|number| durations.add(number * 1_000_000, 1.0));
        let mut state = SketchedQuantile::default();
        state.add_sketch(Part::Whole, &durations);
        let alone = state.finish(0.5).unwrap();
        state.add_sketch(Part::Cut, &durations);
        let cut = state.finish(0.5).unwrap();
        assert!(cut.low == 0.0 && cut.high > 990e6 && cut.width() > alone.width(), "{cut:?}");
    }

    #[test]
    fn states_merge() {
        let mut halves = [SketchedTotals::default(), SketchedTotals::default()];
        let mut whole = SketchedTotals::default();
        for number in 0..10_u32 {
            let values = [f64::from(number), 1.0];
            let part = if number % 2 == 0 { Part::Whole } else { Part::AtCut };
            whole.add(part, kept(number.into(), 0.5), values);
            halves[number as usize % 2].add(part, kept(number.into(), 0.5), values);
        }
        let [mut first, second] = halves;
        first.merge(&second);
        let (merged, whole) = (first.finish_total(), whole.finish_total());
        // Sums over traces are in no order of their own.
        for (one, other) in [(merged.value, whole.value), (merged.low, whole.low), (merged.high, whole.high)] {
            assert!((one - other).abs() < 1e-9 * other, "{merged:?} {whole:?}");
        }
        assert_eq!(merged.kept_traces, whole.kept_traces);
        assert_eq!(Part::of_code(Part::AtCut.code()), Some(Part::AtCut));
    }
}
