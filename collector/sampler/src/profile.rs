//! What is usual for each operation: how often it runs, fails, and how long it takes.
//!
//! Owns the view of RED rows that the decision reads: sums per operation over the rows of an hour, with the rank of a
//! duration found in constant time. Bounded by the series cap of the sketches; all that has no series of its own is one
//! operation, the overflow. Never changes once made.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::red::RedKey;
use crate::red::histogram::ExponentialHistogram;
use crate::red::rows::RedRow;
use crate::span::{AsItIs, OperationHash};

/// One operation of one service over the rows it was made from.
#[derive(Clone, Debug)]
pub struct OperationProfile {
    pub service: Arc<str>,
    pub operation: Arc<str>,
    /// Spans, adjusted for sampling before.
    pub count: f64,
    pub errors: f64,
    /// Nanoseconds.
    pub duration_sum: f64,
    pub durations: ExponentialHistogram,
    /// Share of durations up to the end of each bucket of `durations`.
    ranks: Vec<f32>,
    /// `2^-scale` as a factor, so that a rank costs one logarithm.
    buckets_per_octave: f64,
}

/// Operations with a profile of their own, as many as the sketches have series at most.
const OPERATIONS_MAX: usize = 20_000;

/// Profiles of spans one by one: less than sketches, and in a fifth of their time.
#[derive(Debug, Default)]
pub struct ProfileBuilder {
    operations: HashMap<OperationHash, Building, BuildHasherDefault<AsItIs>>,
}

#[derive(Debug)]
struct Building {
    service: Arc<str>,
    operation: Arc<str>,
    errors: f64,
    durations: ExponentialHistogram,
}

impl ProfileBuilder {
    /// Counts a span that stands for `weight` of them; `hash` is [`OperationHash::of`] its service and operation.
    pub fn add(
        &mut self,
        hash: OperationHash,
        (service, operation): (&str, &str),
        is_error: bool,
        duration: i64,
        weight: f64,
    ) {
        let has_room = self.operations.len() < OPERATIONS_MAX;
        let is_known = has_room || self.operations.contains_key(&hash);
        let (hash, service, operation) =
            if is_known { (hash, service, operation) } else { (OperationHash::OVERFLOW, RedKey::OVERFLOW_SERVICE, "") };
        let building = self.operations.entry(hash).or_insert_with(|| Building {
            service: service.into(),
            operation: operation.into(),
            errors: 0.0,
            durations: ExponentialHistogram::default(),
        });
        building.errors += if is_error { weight } else { 0.0 };
        building.durations.add(duration, weight);
    }

    /// What is known of all that were added.
    #[must_use]
    pub fn finish(self) -> OperationProfiles {
        let named = self.operations.into_values();
        OperationProfiles::of(named.map(|one| ((one.service, one.operation), (one.errors, one.durations))).collect())
    }
}

/// All operations.
#[derive(Clone, Debug)]
pub struct OperationProfiles {
    index_of: HashMap<OperationHash, usize, BuildHasherDefault<AsItIs>>,
    profiles: Vec<OperationProfile>,
    count_max: f64,
}

impl OperationProfile {
    fn new(service: Arc<str>, operation: Arc<str>, errors: f64, durations: ExponentialHistogram) -> Self {
        let mut below = durations.zero_count;
        let ranks = durations
            .buckets
            .iter()
            .map(|count| {
                below += count;
                share(below, durations.count)
            })
            .collect();
        Self {
            service,
            operation,
            count: durations.count,
            errors,
            duration_sum: durations.sum,
            buckets_per_octave: f64::from(durations.scale).exp2(),
            ranks,
            durations,
        }
    }

    /// The share of this operation's spans that took at most as long, to a bucket.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a bucket index")]
    pub fn latency_rank(&self, duration: i64) -> f64 {
        if duration <= 0 || self.ranks.is_empty() {
            return f64::from(share(self.durations.zero_count, self.count));
        }
        let index = ((duration as f64).log2() * self.buckets_per_octave).ceil() as i32 - 1 - self.durations.offset;
        match usize::try_from(index) {
            Ok(place) => self.ranks.get(place).map_or(1.0, |rank| f64::from(*rank)),
            Err(_) => f64::from(share(self.durations.zero_count, self.count)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a rank of seven digits")]
fn share(part: f64, whole: f64) -> f32 {
    if whole > 0.0 { (part / whole) as f32 } else { 0.0 }
}

impl OperationProfiles {
    /// Sums the rows per service and operation.
    #[must_use]
    pub fn from_rows<'a>(rows: impl IntoIterator<Item = &'a RedRow>) -> Self {
        let mut sums: BTreeMap<(Arc<str>, Arc<str>), (f64, ExponentialHistogram)> = BTreeMap::new();
        for row in rows {
            let name = (Arc::clone(&row.key.service), Arc::clone(&row.key.operation));
            let (errors, durations) = sums.entry(name).or_default();
            *errors += row.sums.error_count;
            durations.merge(&row.sums.durations);
        }
        Self::of(sums)
    }

    fn of(sums: BTreeMap<(Arc<str>, Arc<str>), (f64, ExponentialHistogram)>) -> Self {
        let mut profiles = Vec::with_capacity(sums.len() + 1);
        let mut index_of = HashMap::with_capacity_and_hasher(sums.len() + 1, BuildHasherDefault::default());
        for ((service, operation), (errors, durations)) in sums {
            let is_overflow = &*service == RedKey::OVERFLOW_SERVICE;
            let hash = if is_overflow { OperationHash::OVERFLOW } else { OperationHash::of(&service, &operation) };
            index_of.insert(hash, profiles.len());
            profiles.push(OperationProfile::new(service, operation, errors, durations));
        }
        let count_max = profiles.iter().map(|profile| profile.count).fold(1.0, f64::max);
        Self { index_of, profiles, count_max }
    }

    /// The operation's profile, or the overflow's, with its position in [`Self::iter`]; `None` where neither is.
    #[must_use]
    pub fn get(&self, operation: OperationHash) -> Option<(usize, &OperationProfile)> {
        let index = self.index_of.get(&operation).or_else(|| self.index_of.get(&OperationHash::OVERFLOW))?;
        self.profiles.get(*index).map(|profile| (*index, profile))
    }

    /// Whether the operation has a profile of its own.
    #[must_use]
    pub fn knows(&self, operation: OperationHash) -> bool {
        self.index_of.contains_key(&operation)
    }

    /// Spans of the most frequent operation, at least one.
    #[must_use]
    pub const fn count_max(&self) -> f64 {
        self.count_max
    }

    /// All of them, ordered by service and operation.
    pub fn iter(&self) -> impl Iterator<Item = &OperationProfile> {
        self.profiles.iter()
    }

    /// Number of operations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.profiles.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }
}
