//! Where series come from.
//!
//! Owns the trait that a store implements, the form in which series cross it, and the hints that let a store read less.
//! Never knows of a store.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::matcher::Matcher;

/// Samples of one kind, in ascending order of time, no time twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples<V> {
    /// Milliseconds since 1970.
    pub times_ms: Vec<i64>,
    /// As many as times. Staleness markers are among them and MUST NOT be left out.
    pub values: Vec<V>,
    /// When the counting began that the sample reports, in milliseconds since 1970; 0 where it is not known. As many as
    /// times, or none at all.
    pub start_times_ms: Vec<i64>,
    /// How many samples of the store an entry stands for; none at all where each stands for itself. See
    /// [`SelectRequest::period_ms`].
    pub stands_for: Vec<u32>,
}

/// What a counter's samples count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temporality {
    /// Everything since a start; a gauge too, for which it makes no difference.
    #[default]
    Cumulative,
    /// What came since the sample before. `rate`, `increase` and `irate` add these up instead of taking differences.
    Delta,
}

/// A series with its samples. Floats and histograms may alternate in time.
#[derive(Clone, Debug, Default)]
pub struct Series {
    pub labels: Labels,
    pub floats: Samples<f64>,
    pub histograms: Samples<Arc<Histogram>>,
    pub temporality: Temporality,
}

/// What is asked of a store.
#[derive(Clone, Copy, Debug)]
pub struct SelectRequest<'a> {
    /// All of them must match. A label that a series does not have counts as empty.
    pub matchers: &'a [Matcher],
    /// The first time that is needed, in milliseconds since 1970.
    pub start_ms: i64,
    /// The last time that is needed.
    pub end_ms: i64,
    /// More samples than this end the query with an error (a histogram counts as one for each 16 bytes), so a store may
    /// stop reading once it has more and give what it has.
    pub samples_max: usize,
    pub hints: &'a SelectHints,
    /// Where it is not 0, every time for which a latest sample is asked is a multiple of it, and so is the end of every range,
    /// which begins [`SelectHints::range_ms`] before. A store may then give, in place of samples that are always looked at
    /// together, as no range begins or ends between them, entries at times of some of them that come to the same by
    /// [`SelectHints::function`]:
    ///
    /// - without a range, and for `last_over_time`: the last sample, a staleness marker too;
    /// - `first_over_time`, `present_over_time`, `absent_over_time`, `min_over_time`, `max_over_time`: any that give the same;
    /// - `count_over_time`: any whose [`Samples::stands_for`] add up to as many;
    /// - `sum_over_time`, `avg_over_time`: any whose values add up to the same sum, and `stands_for` to the count;
    /// - `rate`, `increase`, `delta`: the first and the last sample and, but for `delta`, those before and after each fall and
    ///   each change of the start time, with `stands_for` that add up to the count.
    ///
    /// Entries that are samples have their start times. For other functions over ranges it MUST give all samples.
    pub period_ms: i64,
}

/// What the samples are for. A store may use it to read less or to push a part of the work down; the result MUST NOT
/// change by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelectHints {
    /// The function or aggregation directly around the selector, such as `rate` or `sum`; empty if there is none.
    pub function: String,
    /// The time between two evaluations; 0 where there is but one.
    pub step_ms: i64,
    /// The length of the range behind the selector; 0 for an instant selector, which looks back for one sample.
    pub range_ms: i64,
    /// The labels of an aggregation directly around the selector.
    pub grouping: Vec<String>,
    /// Whether `grouping` keeps those labels instead of dropping them.
    pub by: bool,
    /// Only the latest sample of each label set is used, at or before `end_ms`: an instant query's selector. A store may
    /// leave out all before it.
    pub latest_only: bool,
    /// Only count and sum of histograms are used. A store that leaves out their buckets MUST say by each one's hint
    /// whether it is reset since the one before.
    pub without_buckets: bool,
}

/// Why a store could not give series; the text is for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

/// A store of series.
///
/// Implementations MUST give each matching series once, sorted by labels, with all its samples from `start_ms` to
/// `end_ms`, both included; more samples outside do no harm. A series without samples in that time may be left out.
/// Nothing found is an empty list, not an error. `select` is called several times for a query, from one thread at a
/// time for each evaluation; it may block.
pub trait SeriesSource: Sync {
    fn select(&self, request: &SelectRequest<'_>) -> Result<Vec<Series>, SourceError>;

    /// The same in parts, so that not all samples must be in memory at once. Each series is in one part with all its
    /// samples; which are in which part, and in what order parts come, is the store's to choose. No more of them is read
    /// once `take` breaks.
    fn select_parts(&self, request: &SelectRequest<'_>, take: &mut TakePart<'_>) -> Result<(), SourceError> {
        let _ = take(self.select(request)?);
        Ok(())
    }
}

/// Takes a part of the series, and says whether to go on.
pub type TakePart<'a> = dyn FnMut(Vec<Series>) -> ControlFlow<()> + 'a;

// === impl Samples ===

impl<V> Default for Samples<V> {
    fn default() -> Self {
        Self { times_ms: Vec::new(), values: Vec::new(), start_times_ms: Vec::new(), stands_for: Vec::new() }
    }
}

impl<V> Samples<V> {
    #[must_use]
    pub fn len(&self) -> usize {
        self.times_ms.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times_ms.is_empty()
    }

    /// How many samples are at or before a time.
    #[must_use]
    pub fn count_until(&self, time_ms: i64) -> usize {
        self.times_ms.partition_point(|time| *time <= time_ms)
    }

    /// Keeps those samples of which the value passes.
    pub fn retain(&mut self, keep: impl Fn(&V) -> bool) {
        if self.values.iter().all(&keep) {
            return;
        }
        let kept: Vec<bool> = self.values.iter().map(keep).collect();
        let by = |index: &mut usize| {
            *index += 1;
            kept[*index - 1]
        };
        let (mut a, mut b, mut c, mut d) = (0, 0, 0, 0);
        self.times_ms.retain(|_| by(&mut a));
        self.values.retain(|_| by(&mut b));
        self.start_times_ms.retain(|_| by(&mut c));
        self.stands_for.retain(|_| by(&mut d));
    }
}

impl<V: Clone> Samples<V> {
    /// The samples from one time to another, both included.
    #[must_use]
    pub fn between(&self, start_ms: i64, end_ms: i64) -> Self {
        let first = self.times_ms.partition_point(|time| *time < start_ms);
        let last = self.count_until(end_ms).max(first);
        Self {
            times_ms: self.times_ms[first..last].to_vec(),
            values: self.values[first..last].to_vec(),
            start_times_ms: self.start_times_ms.get(first..last).unwrap_or_default().to_vec(),
            stands_for: self.stands_for.get(first..last).unwrap_or_default().to_vec(),
        }
    }
}

impl Series {
    /// Bytes that its samples take in memory, about.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let floats = 16 * self.floats.len() + 8 * self.floats.start_times_ms.len() + 4 * self.floats.stands_for.len();
        let histograms: usize = self.histograms.values.iter().map(|histogram| histogram.size_bytes() + 24).sum();
        floats + histograms + size_of::<Self>()
    }
}
