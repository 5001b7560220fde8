//! Samples of rules into the store: by the decoder and the seam of every source.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use spanlake_promql::eval::Point;
use spanlake_promql::histogram::{BucketSide, Histogram, ResetHint};
use spanlake_promql::labels::Labels;
use spanlake_schemas::door::DoorThresholds;
use spanlake_schemas::ingest::{Compression, DecodeLimits, Encoding, Ingest, Refusal, Request, Signal};
use spanlake_schemas::otlp::decode;
use spanlake_schemas::prometheus::{
    Buckets, Family, HistogramForm, NativeHistogram, RequestBuilder, Sample, stale_nan,
};

use crate::evaluate::Written;

const REQUEST_BYTES_MAX: u64 = 64 << 20;
/// How often a store that takes nothing now is asked again.
const ATTEMPTS: u32 = 3;

/// Stores what a rule gave; resolves once it is durable and can be asked for.
///
/// # Errors
/// When the store did not take it.
pub(crate) async fn write(ingest: &Arc<dyn Ingest>, written: &Written, time_ms: i64) -> Result<(), String> {
    let body = request(written, time_ms)?;
    if body.is_empty() {
        return Ok(());
    }
    let mut refusal = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        match store(ingest, body.clone()).await {
            Ok(()) => return Ok(()),
            Err(reason) => refusal = Some(reason),
        }
    }
    Err(refusal.map_or_else(String::new, |refusal| refusal.to_string()))
}

async fn store(ingest: &Arc<dyn Ingest>, body: Bytes) -> Result<(), Refusal> {
    let _permit = ingest.admit(body.len() as u64)?;
    let _room = ingest.room(body.len() as u64).await?;
    let (limits, received_at) = (DecodeLimits::default(), now_nanoseconds());
    let decoded = decode(Signal::Metrics, Encoding::Protobuf, &body, received_at, &limits, ingest.known_series());
    let decoded = decoded.map_err(|error| Refusal::Log { reason: error.to_string() })?;
    let request = Request {
        signal: Signal::Metrics,
        encoding: Encoding::Protobuf,
        compression: Compression::None,
        body,
        received_at,
        limits,
        door: DoorThresholds::default(),
        decoded,
    };
    ingest.store(request).await
}

fn now_nanoseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// One request; empty where there is nothing to write.
fn request(written: &Written, time_ms: i64) -> Result<Bytes, String> {
    let mut builder = RequestBuilder::new(REQUEST_BYTES_MAX);
    let ended = Point::Float(stale_nan());
    let all = written.ended.iter().map(|labels| (labels, &ended));
    for (labels, point) in all.chain(written.samples.iter().map(|(labels, point)| (labels, point))) {
        add(&mut builder, labels, point, time_ms)?;
    }
    if builder.is_empty() {
        return Ok(Bytes::new());
    }
    let (body, tally) = builder.finish();
    match tally.message() {
        Some(message) => Err(message),
        None => Ok(Bytes::from(body)),
    }
}

fn add(builder: &mut RequestBuilder, labels: &Labels, point: &Point, time_ms: i64) -> Result<(), String> {
    let pairs: Vec<(&str, &str)> = labels.iter().collect();
    let mut series = builder.series(&pairs, &Family::default()).map_err(|fault| fault.to_string())?;
    match point {
        Point::Float(value) => series.sample(&Sample { time_ms, value: *value, start_ms: 0 }, &[]),
        Point::Histogram(histogram) => series.histogram(&native(histogram, time_ms), &[]),
    }
    Ok(())
}

/// As floats: what rules compute is seldom whole.
fn native(histogram: &Histogram, time_ms: i64) -> NativeHistogram {
    NativeHistogram {
        time_ms,
        start_ms: 0,
        form: HistogramForm { is_float: true, is_gauge: histogram.reset_hint == ResetHint::Gauge },
        schema: histogram.schema,
        count: histogram.count.to_bits(),
        sum: histogram.sum,
        zero_threshold: histogram.zero_threshold,
        zero_count: histogram.zero_count.to_bits(),
        positive: buckets(&histogram.positive),
        negative: buckets(&histogram.negative),
        custom_bounds: histogram.custom_bounds.to_vec(),
    }
}

fn buckets(side: &BucketSide) -> Buckets {
    let mut buckets = Buckets::default();
    let mut next = 0;
    for (index, count) in side.iter() {
        buckets.spans.push((index - next, 1));
        buckets.counts.push(count.to_bits());
        next = index + 1;
    }
    buckets
}
