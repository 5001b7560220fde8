//! Exact RED sketches: count, errors and durations of 100 % of the spans, per series and 10 s.
//!
//! Owns which series a span counts for, the cap on their number, and what a span weighs that was already sampled
//! before it came. What [`RedSketches::take_rows`] hands out are sums since the last time: rows of one series and time
//! add up, so a late span is one more row and nothing is ever changed. Never stores, never looks at a clock: series go
//! idle by the time of the spans that are added.

pub mod columns;
mod dimension;
pub mod histogram;
pub mod rolled;
pub mod rollup;
pub mod rows;
pub mod seal;
pub mod unannounced;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::red::histogram::ExponentialHistogram;
use crate::red::rows::RedRow;
use crate::span::{AsItIs, SpanKind, StatusCode};
use crate::threshold::Threshold;

/// Length of the finest rollup, in seconds.
pub const FINEST_SECONDS: i64 = 10;
const NANOS: i64 = 1_000_000_000;

/// What spans are counted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedKey {
    pub service: Arc<str>,
    pub operation: Arc<str>,
    pub kind: SpanKind,
    pub status: StatusCode,
    /// Whether they have no parent; `None` where it was not counted apart.
    pub is_root: Option<bool>,
    /// Extra dimensions and their values, in the order of [`RedLimits::extra_dimensions`]; those that are there.
    pub extra: Vec<(Arc<str>, Arc<str>)>,
}

/// How much is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedLimits {
    /// Series at most, the overflow series (one a status) not counted.
    pub series_max: usize,
    /// A series without a span for so long gives its place back, in seconds of span time.
    pub idle_seconds: u32,
    /// Attributes by which spans are also counted apart, at most [`RedLimits::EXTRA_DIMENSIONS_MAX`].
    pub extra_dimensions: Vec<String>,
}

/// What is known of the sampling that a span went through before it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    /// Nothing was sampled before.
    Whole,
    /// Kept by a threshold; stands for its adjusted count.
    Sampled(Threshold),
    /// Of a service that is known to sample and does not say how much; counted once and marked.
    Unknown,
}

/// One span, as the sketches see it.
#[derive(Clone, Copy, Debug)]
pub struct RedSpan<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    pub kind: SpanKind,
    pub status: StatusCode,
    /// Whether it has no parent.
    pub is_root: bool,
    /// As many values as there are extra dimensions; missing ones count as empty.
    pub extra: &'a [&'a str],
    /// Nanoseconds since the epoch.
    pub start_time: i64,
    /// Nanoseconds; a negative one counts as zero.
    pub duration: i64,
    pub arrived: Arrived,
}

/// Sums of one series in one rollup; additive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RedSums {
    /// Spans with their adjusted counts: the sum of 1/p. Exact only where [`RedSums::is_exact`].
    pub count: f64,
    /// The part of `count` with status error.
    pub error_count: f64,
    /// Spans that were really there.
    pub spans: u64,
    /// Of these, how many stand for more than themselves.
    pub spans_scaled: u64,
    /// Of these, how many come from a service that samples by an unknown probability.
    pub spans_unknown: u64,
    /// Durations in nanoseconds, with adjusted counts.
    pub durations: ExponentialHistogram,
}

/// The sketches since rows were last taken, and the series that are known.
#[derive(Clone, Debug)]
pub struct RedSketches {
    limits: RedLimits,
    /// The names of extra dimensions.
    dimensions: Vec<Arc<str>>,
    /// By hash of the key; of two keys with one hash, the second counts in the overflow.
    series_of: HashMap<u64, u32, BuildHasherDefault<AsItIs>>,
    series: Vec<Series>,
    free: Vec<u32>,
    overflow: [u32; 3],
    sums: BTreeMap<(i64, u32), RedSums>,
    newest_time: i64,
    spans_in_overflow: u64,
}

#[derive(Clone, Debug)]
struct Series {
    key: RedKey,
    last_time: i64,
}

// === impl RedKey ===

impl RedKey {
    /// The service name of the series for which no place was left.
    pub const OVERFLOW_SERVICE: &'static str = "_overflow";

    fn overflow(status: StatusCode) -> Self {
        let name: Arc<str> = Self::OVERFLOW_SERVICE.into();
        let (kind, extra) = (SpanKind::Unspecified, Vec::new());
        Self { service: Arc::clone(&name), operation: name, kind, status, is_root: None, extra }
    }

    /// Whether this is an overflow series.
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        &*self.service == Self::OVERFLOW_SERVICE
    }
}

// === impl RedLimits ===

impl RedLimits {
    /// More dimensions multiply series.
    pub const EXTRA_DIMENSIONS_MAX: usize = 4;
}

impl Default for RedLimits {
    fn default() -> Self {
        Self { series_max: 20_000, idle_seconds: 3_600, extra_dimensions: Vec::new() }
    }
}

// === impl Arrived ===

impl Arrived {
    /// The span's adjusted count.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::Whole | Self::Unknown => 1.0,
            Self::Sampled(threshold) => threshold.adjusted_count(),
        }
    }
}

// === impl RedSums ===

impl RedSums {
    /// Whether every span came with probability one, so that the numbers are counts and no estimates.
    ///
    /// A series from which all was sampled out before it came looks exact here. Whoever says "exact" of a range of time
    /// MUST ask it of all rows of the service in that range, and of the thresholds that the door recorded.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        self.spans_scaled == 0 && self.spans_unknown == 0
    }

    /// Counts one span.
    pub fn add(&mut self, status: StatusCode, duration: i64, arrived: Arrived) {
        let weight = arrived.weight();
        self.count += weight;
        if status == StatusCode::Error {
            self.error_count += weight;
        }
        self.spans += 1;
        match arrived {
            Arrived::Sampled(threshold) if threshold != Threshold::KEEP_ALL => self.spans_scaled += 1,
            Arrived::Unknown => self.spans_unknown += 1,
            Arrived::Whole | Arrived::Sampled(_) => {}
        }
        self.durations.add(duration, weight);
    }

    /// Adds other spans' sums.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.error_count += other.error_count;
        self.spans += other.spans;
        self.spans_scaled += other.spans_scaled;
        self.spans_unknown += other.spans_unknown;
        self.durations.merge(&other.durations);
    }
}

// === impl RedSketches ===

impl RedSketches {
    /// Without any series but the overflow.
    #[must_use]
    pub fn new(limits: RedLimits) -> Self {
        let statuses = [StatusCode::Unset, StatusCode::Ok, StatusCode::Error];
        let dimensions = limits.extra_dimensions.iter().take(RedLimits::EXTRA_DIMENSIONS_MAX);
        let dimensions = dimensions.map(|name| Arc::from(name.as_str())).collect();
        let series = statuses.map(|status| Series { key: RedKey::overflow(status), last_time: i64::MIN });
        Self {
            limits,
            dimensions,
            series_of: HashMap::default(),
            series: series.into(),
            free: Vec::new(),
            overflow: [0, 1, 2],
            sums: BTreeMap::new(),
            newest_time: i64::MIN,
            spans_in_overflow: 0,
        }
    }

    /// Counts one span in the rollup of its start time.
    pub fn add(&mut self, span: &RedSpan<'_>) {
        let series = self.series_for(span);
        let rollup = span.start_time.div_euclid(FINEST_SECONDS * NANOS) * FINEST_SECONDS;
        self.newest_time = self.newest_time.max(span.start_time);
        let place = &mut self.series[series as usize].last_time;
        *place = (*place).max(span.start_time);
        self.sums.entry((rollup, series)).or_default().add(span.status, span.duration, span.arrived);
    }

    /// Series that are known, the overflow not counted.
    #[must_use]
    pub fn series_count(&self) -> usize {
        self.series_of.len()
    }

    /// Spans counted in the overflow series since the start.
    #[must_use]
    pub const fn spans_in_overflow(&self) -> u64 {
        self.spans_in_overflow
    }

    /// What was added since the last time, ordered by time and series, to be committed with the spans it counts; and
    /// series that were idle for too long give their places back.
    pub fn take_rows(&mut self) -> Vec<RedRow> {
        let sums = std::mem::take(&mut self.sums);
        let rows = sums
            .into_iter()
            .map(|((time, series), sums)| RedRow {
                time_seconds: time,
                resolution_seconds: u32::try_from(FINEST_SECONDS).unwrap_or(10),
                key: self.series[series as usize].key.clone(),
                sums,
            })
            .collect();
        self.expire_idle();
        rows
    }

    fn expire_idle(&mut self) {
        let oldest = self.newest_time.saturating_sub(i64::from(self.limits.idle_seconds) * NANOS);
        let series = &self.series;
        let free = &mut self.free;
        self.series_of.retain(|_, index| {
            let stays = series[*index as usize].last_time >= oldest;
            if !stays {
                free.push(*index);
            }
            stays
        });
        // The order of a hash map must not decide which index is given next.
        self.free.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn series_for(&mut self, span: &RedSpan<'_>) -> u32 {
        let dimensions = &self.dimensions;
        let hash = span.key_hash(dimensions.len());
        if let Some(series) = self.series_of.get(&hash).copied() {
            let is_same = span.has_key(dimensions, &self.series[series as usize].key);
            return if is_same { series } else { self.overflow_for(span) };
        }
        if self.series_of.len() >= self.limits.series_max || span.service == RedKey::OVERFLOW_SERVICE {
            return self.overflow_for(span);
        }
        let series = Series { key: span.key(dimensions), last_time: span.start_time };
        let index = if let Some(index) = self.free.pop() {
            self.series[index as usize] = series;
            index
        } else {
            self.series.push(series);
            u32::try_from(self.series.len() - 1).unwrap_or(self.overflow[0])
        };
        self.series_of.insert(hash, index);
        index
    }

    fn overflow_for(&mut self, span: &RedSpan<'_>) -> u32 {
        self.spans_in_overflow += 1;
        self.overflow[span.status as usize]
    }
}

// === impl RedSpan ===

impl RedSpan<'_> {
    fn extra_value(&self, dimension: usize) -> &str {
        self.extra.get(dimension).copied().unwrap_or_default()
    }

    fn dimensions<'a>(&'a self, names: &'a [Arc<str>]) -> impl Iterator<Item = (&'a Arc<str>, &'a str)> {
        let values = names.iter().enumerate().map(|(dimension, name)| (name, self.extra_value(dimension)));
        values.filter(|(_, value)| !value.is_empty())
    }

    fn key(&self, dimensions: &[Arc<str>]) -> RedKey {
        RedKey {
            service: self.service.into(),
            operation: self.operation.into(),
            kind: self.kind,
            status: self.status,
            is_root: Some(self.is_root),
            extra: self.dimensions(dimensions).map(|(name, value)| (Arc::clone(name), value.into())).collect(),
        }
    }

    fn has_key(&self, dimensions: &[Arc<str>], key: &RedKey) -> bool {
        let extra = key.extra.iter().map(|(name, value)| (name, &**value));
        *key.operation == *self.operation
            && *key.service == *self.service
            && key.kind == self.kind
            && key.status == self.status
            && key.is_root == Some(self.is_root)
            && self.dimensions(dimensions).eq(extra)
    }

    /// Chained, so that texts that only together are the same differ.
    fn key_hash(&self, dimensions: usize) -> u64 {
        let words = u64::from(self.is_root) << 16 | (self.kind as u64) << 8 | self.status as u64;
        let hash = xxh3_64_with_seed(self.service.as_bytes(), words);
        let hash = xxh3_64_with_seed(self.operation.as_bytes(), hash);
        (0..dimensions).fold(hash, |hash, dimension| xxh3_64_with_seed(self.extra_value(dimension).as_bytes(), hash))
    }
}
