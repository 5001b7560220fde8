//! Series in memory.
//!
//! Owns a small store for tests and for results of other queries that become series again. Never forgets anything by
//! itself, and looks at every series for every selector.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::histogram::Histogram;
use crate::labels::Labels;
use crate::source::{Samples, SelectRequest, Series, SeriesSource, SourceError, Temporality};

/// Series by label set.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    series: BTreeMap<Labels, Series>,
}

impl MemorySource {
    /// Adds a float; `start_time_ms` is 0 where it is not known. A sample of the same time is replaced.
    pub fn push_float(&mut self, labels: &Labels, time_ms: i64, value: f64, start_time_ms: i64) {
        insert(&mut self.series_mut(labels).floats, time_ms, value, start_time_ms);
    }

    /// Adds a histogram; `start_time_ms` is 0 where it is not known. A sample of the same time is replaced.
    pub fn push_histogram(&mut self, labels: &Labels, time_ms: i64, value: Arc<Histogram>, start_time_ms: i64) {
        insert(&mut self.series_mut(labels).histograms, time_ms, value, start_time_ms);
    }

    /// Says what a series' samples count.
    pub fn set_temporality(&mut self, labels: &Labels, temporality: Temporality) {
        self.series_mut(labels).temporality = temporality;
    }

    pub fn clear(&mut self) {
        self.series.clear();
    }

    fn series_mut(&mut self, labels: &Labels) -> &mut Series {
        self.series.entry(labels.clone()).or_insert_with(|| Series { labels: labels.clone(), ..Series::default() })
    }
}

fn insert<V>(samples: &mut Samples<V>, time_ms: i64, value: V, start_time_ms: i64) {
    if start_time_ms != 0 && samples.start_times_ms.is_empty() {
        samples.start_times_ms = vec![0; samples.times_ms.len()];
    }
    let has_starts = start_time_ms != 0 || !samples.start_times_ms.is_empty();
    match samples.times_ms.binary_search(&time_ms) {
        Ok(index) => {
            samples.values[index] = value;
            if has_starts {
                samples.start_times_ms[index] = start_time_ms;
            }
        }
        Err(index) => {
            samples.times_ms.insert(index, time_ms);
            samples.values.insert(index, value);
            if has_starts {
                samples.start_times_ms.insert(index, start_time_ms);
            }
        }
    }
}

impl SeriesSource for MemorySource {
    fn select(&self, request: &SelectRequest<'_>) -> Result<Vec<Series>, SourceError> {
        let matching = self
            .series
            .values()
            .filter(|series| request.matchers.iter().all(|matcher| matcher.matches_labels(&series.labels)));
        Ok(matching
            .map(|series| Series {
                labels: series.labels.clone(),
                floats: series.floats.between(request.start_ms, request.end_ms),
                histograms: series.histograms.between(request.start_ms, request.end_ms),
                temporality: series.temporality,
            })
            .filter(|series| !series.floats.is_empty() || !series.histograms.is_empty())
            .collect())
    }
}
