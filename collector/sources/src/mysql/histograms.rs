//! Durations by digest, as exponential histograms that add up over servers.
//!
//! The server has 450 buckets, each 4.7 % wider than the one before; scale 4 has buckets of 4.4 %. Each of the server's
//! goes to the one that its geometric middle is in: a quantile is off by no more than about the width of two.

use std::collections::{BTreeMap, HashMap};

use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Metric,
};
use spanlake_schemas::mysql::keys;

use super::capabilities::{Capabilities, Capability};
use super::digests::{Delta, DigestKey};
use super::message::text;
use super::session::{Cells, Session, SessionError};
use super::slow::Found;

const SCALE: i32 = 4;
const DIGESTS_MAX: usize = 500;

/// Counts of the server's buckets, by where they begin in picoseconds.
type Buckets450 = BTreeMap<u64, u64>;

#[derive(Debug, Default)]
pub(super) struct Histograms {
    known: HashMap<DigestKey, (i64, Buckets450)>,
    before: Option<i64>,
}

impl Histograms {
    /// Those of the digests of most time.
    pub(super) async fn ask(
        &mut self,
        session: &mut Session,
        capabilities: &Capabilities,
        top: &[Delta],
        time: i64,
        found: &mut Found,
    ) -> Result<(), SessionError> {
        if !capabilities.has(Capability::Histograms) {
            return Ok(());
        }
        let before = self.before.replace(time).unwrap_or(time);
        let mut data_points = Vec::new();
        for delta in top {
            let statement = format!(
                "SELECT /* spanlake */ BUCKET_TIMER_LOW, BUCKET_TIMER_HIGH, COUNT_BUCKET FROM performance_schema.events_statements_histogram_by_digest \
                 WHERE {} AND COUNT_BUCKET > 0",
                delta.key.condition()
            );
            let rows = session.rows(&statement).await?;
            let unsigned = |row, column| Cells(row).text(column).parse::<u64>().unwrap_or(0);
            let counts: Buckets450 =
                rows.iter().map(|row| (middle(unsigned(row, 0), unsigned(row, 1)), unsigned(row, 2))).collect();
            if self.known.len() >= DIGESTS_MAX && !self.known.contains_key(&delta.key) {
                self.known.clear();
            }
            let known = self.known.insert(delta.key.clone(), (time, counts.clone()));
            let (since, grown) = match known {
                Some((since, known)) => (since, growth(&known, counts)),
                None if delta.is_new => (before, counts),
                None => continue,
            };
            data_points.extend(point((since, time), &delta.key, &grown));
        }
        if !data_points.is_empty() {
            let aggregation_temporality = i32::from(AggregationTemporality::Delta);
            found.metrics.push(Metric {
                name: keys::DURATION_METRIC.to_owned(),
                unit: "s".to_owned(),
                description: "Durations of statements by digest, for the digests of most time.".to_owned(),
                data: Some(Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality })),
                ..Metric::default()
            });
        }
        Ok(())
    }
}

/// The geometric middle of a bucket; its only known bound at the ends.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "picoseconds of statements"
)]
fn middle(low: u64, high: u64) -> u64 {
    match (low, high) {
        (0, high) => high / 2,
        // The last has no end.
        (low, high) if high / 2 > low => low,
        (low, high) => ((low as f64) * (high as f64)).sqrt() as u64,
    }
}

/// What was added; all of it where the counts began anew.
fn growth(before: &Buckets450, now: Buckets450) -> Buckets450 {
    if before.iter().any(|(bucket, count)| now.get(bucket).is_none_or(|now| now < count)) {
        return now;
    }
    let grown = now.into_iter().map(|(bucket, count)| (bucket, count - before.get(&bucket).copied().unwrap_or(0)));
    grown.filter(|(_, count)| *count > 0).collect()
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "bounds of buckets")]
fn point((since, time): (i64, i64), key: &DigestKey, grown: &Buckets450) -> Option<ExponentialHistogramDataPoint> {
    let mut buckets: BTreeMap<i32, u64> = BTreeMap::new();
    let (mut count, mut sum) = (0, 0.0);
    for (picoseconds, calls) in grown {
        let seconds = (*picoseconds).max(1) as f64 / 1e12;
        let index = (seconds.log2() * f64::from(1 << SCALE)).ceil() as i32 - 1;
        *buckets.entry(index).or_default() += calls;
        count += calls;
        sum += seconds * *calls as f64;
    }
    let (first, last) = (*buckets.keys().next()?, *buckets.keys().next_back()?);
    let bucket_counts = (first..=last).map(|index| buckets.get(&index).copied().unwrap_or(0)).collect();
    let schema = key.schema.as_deref().unwrap_or_default();
    Some(ExponentialHistogramDataPoint {
        attributes: vec![text(keys::DIGEST, &key.digest), text(keys::SCHEMA, schema)],
        start_time_unix_nano: u64::try_from(since.min(time)).unwrap_or(0),
        time_unix_nano: u64::try_from(time).unwrap_or(0),
        count,
        sum: Some(sum),
        scale: SCALE,
        positive: Some(Buckets { offset: first, bucket_counts }),
        ..ExponentialHistogramDataPoint::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_become_exponential_ones() {
        let key = DigestKey { schema: None, digest: "d".to_owned() };
        // 1 ms to 1.047 ms, and 1 s to 1.047 s.
        let grown: Buckets450 =
            [(middle(1_000_000_000, 1_047_000_000), 90), (middle(1_000_000_000_000, 1_047_000_000_000), 10)].into();
        let point = point((1, 2), &key, &grown).unwrap();
        assert_eq!((point.count, point.scale), (100, 4));
        let buckets = point.positive.unwrap();
        let bounds = |at: usize| {
            let index = buckets.offset + i32::try_from(at).unwrap();
            [index, index + 1].map(|index| (f64::from(index) / 16.0).exp2())
        };
        let filled: Vec<usize> = (0..buckets.bucket_counts.len()).filter(|at| buckets.bucket_counts[*at] > 0).collect();
        assert_eq!(filled.len(), 2);
        for (at, seconds) in filled.into_iter().zip([0.001_023, 1.023]) {
            let [low, high] = bounds(at);
            assert!(low < seconds && seconds <= high, "{seconds} in {low} to {high}");
        }
    }

    #[test]
    fn growth_since_the_last_look() {
        let before: Buckets450 = [(10, 5), (20, 1)].into();
        assert_eq!(growth(&before, [(10, 7), (20, 1), (30, 2)].into()), [(10, 2), (30, 2)].into());
        assert_eq!(growth(&before, [(10, 1)].into()), [(10, 1)].into(), "truncated");
    }
}
