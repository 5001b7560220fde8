//! The guard against metric series without end: labels that never repeat.
//!
//! Owns the limits on active series, of a metric's name and of all, and on values of one label ([`labels`]), and what is said to the decoder of a series that would be one
//! too many: its points go to the overflow series of their metric, resource and scope, with the attribute that the
//! OpenTelemetry SDK's specification gives such a series, instead of being refused. A series is active for a day after it
//! was last asked for by the decoder, so that those of yesterday's pods make room.
//!
//! Whether there is room depends on the moment: on what is active, on requests that are decoded at the same time. A replay of the log
//! could not find it out again. So nothing is found out again: the ids of the series that had no room are logged with the
//! request ([`crate::log::overflow`]) and said of the same series when it is replayed ([`LoggedSeries`]), whatever the
//! limits are by then. Only requests over a limit pay for that, 16 bytes a series.
//!
//! Limits are not exact: requests that are decoded at the same time do not see each other's new series, and an hour that
//! begins counts anew. A series that is known stays known, so that a lower limit takes nothing away. Overflow series are not
//! limited themselves: there is at most one for each metric, resource and scope. Never refuses, never forgets a series.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use spanlake_schemas::ingest::{KnownSeries, NewLabel, NewSeries};

use crate::catalog::Catalog;

mod labels;

use labels::LabelValues;

/// How long a series is active after it was last seen.
const ACTIVE_HOURS: u32 = 24;
const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

/// How many active series there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesLimits {
    pub all_max: u32,
    /// Of one metric's name, in all its resources.
    pub per_metric_max: u32,
    /// Values of one label of a metric's name, among series that began in the last day.
    pub values_per_label_max: u32,
}

impl Default for SeriesLimits {
    fn default() -> Self {
        Self { all_max: 2_000_000, per_metric_max: 200_000, values_per_label_max: 100_000 }
    }
}

/// Hours since 1970.
pub(crate) fn hour_of(nanos: i64) -> u32 {
    u32::try_from(nanos.div_euclid(NANOS_PER_HOUR)).unwrap_or(0)
}

/// What the first four bytes of a series id stand for: its metric's name.
fn metric_of(series_id: &[u8; 16]) -> [u8; 4] {
    let [a, b, c, d, ..] = *series_id;
    [a, b, c, d]
}

/// What the doors' decoders ask.
#[derive(Debug)]
pub(crate) struct SeriesGuard {
    catalog: Arc<Catalog>,
    limits: SeriesLimits,
    /// The hour of the newest request.
    hour: AtomicU32,
    /// Asked only of series that are new.
    labels: Mutex<LabelValues>,
}

impl SeriesGuard {
    pub(crate) fn new(catalog: Arc<Catalog>, limits: SeriesLimits) -> Self {
        Self { catalog, limits, hour: AtomicU32::new(0), labels: Mutex::default() }
    }

    /// The guard for a request that is decoded now.
    pub(crate) fn at(&self, now_nanos: i64) -> &Self {
        self.hour.store(hour_of(now_nanos), Ordering::Relaxed);
        self
    }
}

impl KnownSeries for SeriesGuard {
    fn is_known(&self, series_id: &[u8; 16]) -> bool {
        self.catalog.series.see(series_id, self.hour.load(Ordering::Relaxed))
    }

    fn overflows(&self, series_id: &[u8; 16], new: NewSeries, labels: &mut dyn Iterator<Item = NewLabel>) -> bool {
        let hour = self.hour.load(Ordering::Relaxed);
        let (of_metric, all) = self.catalog.series.active(series_id, hour);
        of_metric.saturating_add(new.of_metric) >= self.limits.per_metric_max
            || all.saturating_add(new.all) >= self.limits.all_max
            || !self.labels.lock().has_room(metric_of(series_id), labels, hour, self.limits.values_per_label_max)
    }
}

/// What is said while the log is replayed: what was said when the request came.
pub(crate) struct LoggedSeries<'a> {
    catalog: &'a Catalog,
    overflowed: HashSet<[u8; 16]>,
}

impl<'a> LoggedSeries<'a> {
    pub(crate) fn new(catalog: &'a Catalog, overflowed: &[[u8; 16]]) -> Self {
        Self { catalog, overflowed: overflowed.iter().copied().collect() }
    }
}

impl KnownSeries for LoggedSeries<'_> {
    /// One that had no room may be known by now: room was made, or a request before it in the log was decoded later.
    fn is_known(&self, series_id: &[u8; 16]) -> bool {
        !self.overflowed.contains(series_id) && self.catalog.is_known(series_id)
    }

    fn overflows(&self, series_id: &[u8; 16], _: NewSeries, _: &mut dyn Iterator<Item = NewLabel>) -> bool {
        self.overflowed.contains(series_id)
    }
}

/// When each series of the catalog was last seen, and how many are active.
#[derive(Debug, Default)]
pub(crate) struct ActiveSeries {
    /// By position in the catalog, hours since 1970; 0 of one that was forgotten.
    seen: Vec<AtomicU32>,
    of_metric: HashMap<[u8; 4], u32>,
    all: u32,
    /// When that was counted; what has come since was added.
    counted_at: Option<u32>,
}

impl ActiveSeries {
    /// Takes in the series of the next position.
    pub(crate) fn push(&mut self, series_id: &[u8; 16], hour: u32) {
        self.seen.push(AtomicU32::new(hour));
        if self.counted_at.is_some_and(|now| is_active(hour, now)) {
            self.count(series_id);
        }
    }

    pub(crate) fn see(&self, position: u32, hour: u32) {
        // Read first: most are seen many times an hour, by threads that would take the line from each other.
        if let Some(seen) = usize::try_from(position).ok().and_then(|at| self.seen.get(at))
            && seen.load(Ordering::Relaxed) < hour
        {
            seen.store(hour, Ordering::Relaxed);
        }
    }

    pub(crate) fn forget(&mut self, position: u32) {
        if let Some(seen) = usize::try_from(position).ok().and_then(|at| self.seen.get(at)) {
            seen.store(0, Ordering::Relaxed);
        }
        self.counted_at = None;
    }

    /// Of a series' metric, and of all; `None` where they must be counted anew.
    pub(crate) fn counts(&self, series_id: &[u8; 16], hour: u32) -> Option<(u32, u32)> {
        self.counted_at.filter(|counted| *counted == hour)?;
        Some((self.of_metric.get(&metric_of(series_id)).copied().unwrap_or(0), self.all))
    }

    /// Counts anew: `by_id` are all series and their positions.
    pub(crate) fn recount(&mut self, by_id: &foldhash::HashMap<[u8; 16], u32>, hour: u32) {
        self.of_metric.clear();
        self.all = 0;
        self.counted_at = Some(hour);
        for (series_id, position) in by_id {
            let seen = usize::try_from(*position).ok().and_then(|at| self.seen.get(at));
            if seen.is_some_and(|seen| is_active(seen.load(Ordering::Relaxed), hour)) {
                self.count(series_id);
            }
        }
    }

    fn count(&mut self, series_id: &[u8; 16]) {
        *self.of_metric.entry(metric_of(series_id)).or_default() += 1;
        self.all += 1;
    }
}

fn is_active(seen: u32, now: u32) -> bool {
    seen.saturating_add(ACTIVE_HOURS) > now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(metric: u8, series: u8) -> [u8; 16] {
        let mut id = [series; 16];
        id[..4].fill(metric);
        id
    }

    #[test]
    fn series_that_are_not_seen_for_a_day_make_room() {
        let all = [id(1, 0), id(1, 1), id(2, 0)];
        let mut active = ActiveSeries::default();
        all.iter().for_each(|id| active.push(id, 100));
        let by_id: foldhash::HashMap<[u8; 16], u32> = all.iter().copied().zip(0..).collect();
        assert_eq!(active.counts(&all[0], 100), None);
        active.recount(&by_id, 100);
        assert_eq!(active.counts(&all[0], 100), Some((2, 3)));
        active.push(&id(2, 1), 100);
        assert_eq!(active.counts(&all[2], 100), Some((2, 4)), "what is new is added");
        active.see(1, 110);
        assert_eq!(active.counts(&all[0], 124), None, "another hour");
        active.recount(&by_id, 124);
        assert_eq!(active.counts(&all[0], 124), Some((1, 1)));
        active.forget(1);
        active.recount(&by_id, 124);
        assert_eq!(active.counts(&all[0], 124), Some((0, 0)));
    }
}
