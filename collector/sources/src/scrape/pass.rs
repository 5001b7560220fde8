//! One scrape's body to an OTLP request: labels of the target, metric relabelling, limits, staleness, and what is
//! reported of the scrape itself.
//!
//! Owns what is remembered of a target from one scrape to the next. Pure: times are handed in. A scrape counts whole or
//! not at all, as in Prometheus.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::prometheus::{
    Exemplar, Family, LabelFault, MetricType, NAME_LABEL, NativeHistogram, RequestBuilder, Sample, Tally, stale_nan,
};

use super::config::Job;
use super::exposition::{ExpositionError, Format, Line, read};
use super::relabel::{Labels, apply};

/// Bytes of the request that one scrape becomes.
const REQUEST_BYTES_MAX: u64 = 64 << 20;
/// Samples that claim to be later than this are left out, as Prometheus does.
const FUTURE_MS_MAX: i64 = 10 * 60 * 1000;

/// Why a scrape does not count. Texts are shown to users.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScrapeFault {
    #[error("{0}")]
    Exposition(#[from] ExpositionError),
    #[error("sample limit exceeded: more than {limit} samples")]
    SampleLimit { limit: u64 },
    #[error("label limit exceeded: {metric} has {count} labels, more than {limit}")]
    LabelLimit { metric: String, count: usize, limit: u64 },
    #[error("label name length limit exceeded: {label:?} of {metric} is longer than {limit} bytes")]
    LabelName { metric: String, label: String, limit: u64 },
    #[error("label value length limit exceeded: the value of {label:?} of {metric} is longer than {limit} bytes")]
    LabelValue { metric: String, label: String, limit: u64 },
    #[error("{metric}: {fault}")]
    Labels { metric: String, fault: LabelFault },
}

/// What a series was said to be, kept so that its end has the same description.
#[derive(Clone, Debug, PartialEq)]
struct Described {
    family: Arc<str>,
    kind: MetricType,
    unit: Arc<str>,
    is_histogram: bool,
}

/// Series of the last scrape by their labels, written one after the other.
#[derive(Debug, Default)]
pub(super) struct Memory {
    series: HashMap<Box<str>, Described>,
    /// Whether there was a scrape whose report is there.
    is_reported: bool,
}

/// How a scrape went, for its report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    /// When it began, milliseconds since 1970.
    pub(super) time_ms: i64,
    pub(super) duration: Duration,
}

/// What a scrape comes to.
pub(super) struct Passed {
    /// An OTLP request.
    pub(super) request: Vec<u8>,
    pub(super) samples: u64,
    pub(super) tally: Tally,
}

/// One sample of either kind.
enum Value {
    Number(Sample),
    Histogram(NativeHistogram),
}

impl Value {
    /// What ends a series.
    fn end(time_ms: i64, is_histogram: bool) -> Self {
        match is_histogram {
            true => Self::Histogram(NativeHistogram { time_ms, sum: stale_nan(), ..NativeHistogram::default() }),
            false => Self::Number(Sample { time_ms, value: stale_nan(), start_ms: 0 }),
        }
    }

    const fn time_ms(&self) -> i64 {
        match self {
            Self::Number(sample) => sample.time_ms,
            Self::Histogram(histogram) => histogram.time_ms,
        }
    }
}

#[derive(Debug, Default)]
struct Counts {
    scraped: u64,
    kept: u64,
    added: u64,
}

/// Names and values, each with its length before it: any text may stand in a label.
fn key_of(labels: &Labels) -> Box<str> {
    let mut key = String::new();
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        // Writing to memory does not fail.
        let _ = write!(key, "{}:{text}", text.len());
    }
    key.into()
}

fn labels_of(key: &str) -> Vec<(&str, &str)> {
    let mut rest = key;
    let mut text = || {
        let (length, after) = rest.split_once(':')?;
        let (text, after) = after.split_at_checked(length.parse().ok()?)?;
        rest = after;
        Some(text)
    };
    std::iter::from_fn(|| text().zip(text())).collect()
}

/// The labels of a sample: its own and the target's.
fn joined(job: &Job, target: &Labels, line: &mut Line) -> Labels {
    let own = std::mem::take(&mut line.labels).into_iter();
    let mut labels: Labels = own.filter(|(_, value)| job.honor_labels || !value.is_empty()).collect();
    for (name, value) in target {
        if job.honor_labels {
            // A label that is there, be it empty, stays as it is.
            labels.entry(name.clone()).or_insert_with(|| value.clone());
        } else if let Some(own) = labels.insert(name.clone(), value.clone()) {
            let mut exported = format!("exported_{name}");
            while labels.contains_key(&exported) || target.contains_key(&exported) {
                exported.insert_str(0, "exported_");
            }
            labels.insert(exported, own);
        }
    }
    labels.retain(|_, value| !value.is_empty());
    labels.insert(NAME_LABEL.to_owned(), std::mem::take(&mut line.name));
    labels
}

fn check_labels(job: &Job, labels: &Labels) -> Result<(), ScrapeFault> {
    let limits = &job.limits;
    let metric = || labels.get(NAME_LABEL).cloned().unwrap_or_default();
    if limits.label_limit > 0 && labels.len() as u64 > limits.label_limit {
        return Err(ScrapeFault::LabelLimit { metric: metric(), count: labels.len(), limit: limits.label_limit });
    }
    for (name, value) in labels {
        let is_over = |length: usize, limit: u64| limit > 0 && length as u64 > limit;
        let label = || name[..name.floor_char_boundary(80)].to_owned();
        if is_over(name.len(), limits.label_name_length_limit) {
            return Err(ScrapeFault::LabelName {
                metric: metric(),
                label: label(),
                limit: limits.label_name_length_limit,
            });
        }
        if is_over(value.len(), limits.label_value_length_limit) {
            return Err(ScrapeFault::LabelValue {
                metric: metric(),
                label: label(),
                limit: limits.label_value_length_limit,
            });
        }
    }
    Ok(())
}

/// One scrape on its way.
struct Pass<'a> {
    job: &'a Job,
    target: &'a Labels,
    report: Report,
    memory: &'a Memory,
    builder: RequestBuilder,
    /// Series of this scrape that end when they are not there the next time.
    seen: HashMap<Box<str>, Described>,
    /// Of the series before.
    last: Option<Described>,
    counts: Counts,
}

impl Pass<'_> {
    fn line(&mut self, mut line: Line, family: &Family<'_>) -> Result<(), ScrapeFault> {
        self.counts.scraped += 1;
        let mut labels = joined(self.job, self.target, &mut line);
        if !apply(&self.job.metric_relabel, &mut labels) {
            return Ok(());
        }
        labels.retain(|_, value| !value.is_empty());
        let metric = labels.get(NAME_LABEL).cloned().unwrap_or_default();
        if metric.is_empty() {
            return Ok(());
        }
        self.counts.kept += 1;
        let limit = self.job.limits.sample_limit;
        if limit > 0 && self.counts.kept > limit {
            return Err(ScrapeFault::SampleLimit { limit });
        }
        check_labels(self.job, &labels)?;
        let own_time = line.time_ms.filter(|_| self.job.honor_timestamps);
        if own_time.is_some_and(|time| time > self.report.time_ms.saturating_add(FUTURE_MS_MAX)) {
            self.builder.tally.reject("a time more than ten minutes ahead", &metric, 1);
            return Ok(());
        }
        let is_tracked = own_time.is_none() || self.job.track_timestamps_staleness;
        let key = key_of(&labels);
        if is_tracked && self.seen.contains_key(&key) {
            self.builder.tally.reject("a series that stands there twice", &metric, 1);
            return Ok(());
        }
        let time_ms = own_time.unwrap_or(self.report.time_ms);
        // A metric that relabelling renamed is no part of the family that it was read with.
        let family = if family.name.is_empty() || metric.starts_with(family.name) {
            *family
        } else {
            Family { name: "", ..*family }
        };
        let is_histogram = line.histogram.is_some();
        let value = match line.histogram {
            Some(histogram) => Value::Histogram(NativeHistogram { time_ms, ..*histogram }),
            None => Value::Number(Sample { time_ms, value: line.value, start_ms: 0 }),
        };
        self.write(&key, &family, &value, line.exemplar.as_ref())
            .map_err(|fault| ScrapeFault::Labels { metric, fault })?;
        if !self.memory.series.contains_key(&key) {
            self.counts.added += 1;
        }
        if is_tracked {
            let described = self.described(&family, is_histogram);
            self.seen.insert(key, described);
        }
        Ok(())
    }

    /// Neighbours share their texts.
    fn described(&mut self, family: &Family<'_>, is_histogram: bool) -> Described {
        let is_same = |last: &&Described| *last.family == *family.name && *last.unit == *family.unit;
        let (name, unit) = match self.last.as_ref().filter(is_same) {
            Some(last) => (Arc::clone(&last.family), Arc::clone(&last.unit)),
            None => (family.name.into(), family.unit.into()),
        };
        let described = Described { family: name, kind: family.kind, unit, is_histogram };
        self.last = Some(described.clone());
        described
    }

    fn write(
        &mut self,
        key: &str,
        family: &Family<'_>,
        value: &Value,
        exemplar: Option<&super::exposition::LineExemplar>,
    ) -> Result<(), LabelFault> {
        let exemplars: Vec<Exemplar<'_>> = exemplar
            .into_iter()
            .map(|exemplar| Exemplar {
                labels: exemplar.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
                value: exemplar.value,
                time_ms: exemplar.time_ms.unwrap_or(value.time_ms()),
            })
            .collect();
        let mut series = self.builder.series(&labels_of(key), family)?;
        match value {
            Value::Number(sample) => series.sample(sample, &exemplars),
            Value::Histogram(histogram) => series.histogram(histogram, &exemplars),
        }
        Ok(())
    }

    /// Ends the series that were there the last time and are not now.
    fn end_missing(&mut self) {
        let time_ms = self.report.time_ms;
        let memory = self.memory;
        let mut missing: Vec<(&Box<str>, &Described)> =
            memory.series.iter().filter(|(key, _)| !self.seen.contains_key(*key)).collect();
        missing.sort_unstable_by_key(|(key, _)| *key);
        for (key, described) in missing {
            let family = Family { name: &described.family, kind: described.kind, help: "", unit: &described.unit };
            // It was taken before with the same labels.
            let _ = self.write(key, &family, &Value::end(time_ms, described.is_histogram), None);
        }
    }

    fn reported(&mut self, name: &str, help: &str, value: f64) {
        let own = self.target.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let labels: Vec<(&str, &str)> = std::iter::once((NAME_LABEL, name)).chain(own).collect();
        let family = Family { name, kind: MetricType::Gauge, help, unit: "" };
        let sample = Sample { time_ms: self.report.time_ms, value, start_ms: 0 };
        if let Ok(mut series) = self.builder.series(&labels, &family) {
            series.sample(&sample, &[]);
        }
    }

    fn report(&mut self, values: [f64; 5]) {
        let helps = [
            ("up", "Whether the last scrape succeeded."),
            ("scrape_duration_seconds", "What the last scrape took."),
            ("scrape_samples_scraped", "Samples that the target exposed."),
            ("scrape_samples_post_metric_relabeling", "Samples that were left after relabelling."),
            ("scrape_series_added", "Series that the scrape before did not have, about."),
        ];
        for ((name, help), value) in helps.into_iter().zip(values) {
            self.reported(name, help, value);
        }
    }

    fn finish(self) -> (Passed, HashMap<Box<str>, Described>) {
        let samples = self.counts.kept;
        let (request, tally) = self.builder.finish();
        (Passed { request, samples, tally }, self.seen)
    }
}

impl Memory {
    fn begin<'a>(&'a self, job: &'a Job, target: &'a Labels, report: Report) -> Pass<'a> {
        Pass {
            job,
            target,
            report,
            memory: self,
            builder: RequestBuilder::new(REQUEST_BYTES_MAX),
            seen: HashMap::with_capacity(self.series.len()),
            last: None,
            counts: Counts::default(),
        }
    }

    /// A body that was scraped.
    ///
    /// # Errors
    /// When it is malformed or over a limit; then nothing of it counts, and [`Memory::failed`] is what comes next.
    pub(super) fn scraped(
        &mut self,
        job: &Job,
        target: &Labels,
        report: Report,
        format: Format,
        body: &[u8],
    ) -> Result<Passed, ScrapeFault> {
        let mut pass = self.begin(job, target, report);
        read(format, job.classic_histograms, body, |line, family| pass.line(line, family))?;
        pass.end_missing();
        let Counts { scraped, kept, added } = pass.counts;
        pass.report([1.0, report.duration.as_secs_f64(), scraped as f64, kept as f64, added as f64]);
        let (passed, seen) = pass.finish();
        *self = Self { series: seen, is_reported: true };
        Ok(passed)
    }

    /// A scrape that failed: every series ends, and it is told that the target is down.
    pub(super) fn failed(&mut self, job: &Job, target: &Labels, report: Report) -> Passed {
        let mut pass = self.begin(job, target, report);
        pass.end_missing();
        pass.report([0.0, report.duration.as_secs_f64(), 0.0, 0.0, 0.0]);
        let (passed, _) = pass.finish();
        *self = Self { series: HashMap::new(), is_reported: true };
        passed
    }

    /// A target that is scraped no more: everything ends, `up` as well. `None` where nothing began.
    pub(super) fn gone(&mut self, job: &Job, target: &Labels, time_ms: i64) -> Option<Passed> {
        if !self.is_reported {
            return None;
        }
        let mut pass = self.begin(job, target, Report { time_ms, duration: Duration::ZERO });
        pass.end_missing();
        pass.report([stale_nan(); 5]);
        let (passed, _) = pass.finish();
        *self = Self::default();
        Some(passed)
    }
}
