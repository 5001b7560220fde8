//! An hour of a small shop, made of a seed: counters with restarts, gauges with gaps, histograms, series that end.

use spanlake_bench::random::Random;
use spanlake_tests::remote_write::{Metadata, TimeSeries, WriteRequest, series};

const STEP: i64 = 15;
const STEPS: i64 = 240;
const STALE: u64 = 0x7ff0_0000_0000_0002;

/// Requests of ten minutes each; `begin` is seconds since 1970.
pub(super) fn requests(seed: u64, begin: i64) -> Vec<WriteRequest> {
    let mut random = Random::new(seed);
    let all = all_series(&mut random, begin);
    (0..6).map(|part| request(&all, (begin + part * 600) * 1000)).collect()
}

type Samples = Vec<(i64, f64)>;

fn request(all: &[(Vec<(String, String)>, Samples)], start_ms: i64) -> WriteRequest {
    let within = |(time, _): &&(i64, f64)| (start_ms..start_ms + 600_000).contains(time);
    let part = |(labels, samples): &(Vec<(String, String)>, Samples)| -> TimeSeries {
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        series(&labels, &samples.iter().filter(within).copied().collect::<Vec<_>>())
    };
    let timeseries = all.iter().map(part).filter(|one| !one.samples.is_empty()).collect();
    let family = |kind, name: &str| Metadata { kind, family: name.to_owned(), ..Metadata::default() };
    let metadata = vec![
        family(1, "requests_total"),
        family(2, "queue_size"),
        family(2, "temperature"),
        family(3, "latency_seconds"),
    ];
    WriteRequest { timeseries, metadata }
}

fn labels(name: &str, more: &[(&str, String)]) -> Vec<(String, String)> {
    let mut all = vec![("__name__".to_owned(), name.to_owned())];
    all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    all.sort();
    all
}

/// Times with a little unrest, in milliseconds.
fn times(random: &mut Random, begin: i64) -> Vec<i64> {
    (0..STEPS).map(|step| (begin + step * STEP) * 1000 + (random.below(40) as i64)).collect()
}

fn all_series(random: &mut Random, begin: i64) -> Vec<(Vec<(String, String)>, Samples)> {
    let mut all = Vec::new();
    for instance in 0..4 {
        let times = times(random, begin);
        let target = [("job", format!("shop-{}", instance % 2)), ("instance", format!("host-{instance}:80"))];
        let with = |more: &[(&'static str, &str)]| {
            let more: Vec<(&str, String)> = more.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
            [&target[..], &more].concat()
        };
        for code in ["200", "404", "500"] {
            all.push((labels("requests_total", &with(&[("code", code)])), counter(random, &times, instance)));
        }
        for queue in ["mail", "pay"] {
            all.push((labels("queue_size", &with(&[("queue", queue)])), gauge(random, &times, instance)));
        }
        all.push((labels("temperature", &with(&[("zone", "a")])), gauge(random, &times, 0)));
        all.push((labels("up", &with(&[])), times.iter().map(|time| (*time, 1.0)).collect()));
        all.extend(histogram(random, &times).into_iter().map(|(name, le, samples)| {
            let more: Vec<(&'static str, &str)> = le.map(|le| ("le", le)).into_iter().collect();
            (labels(name, &with(&more)), samples)
        }));
    }
    all
}

fn counter(random: &mut Random, times: &[i64], instance: i64) -> Samples {
    let (mut value, mut samples) = (0.0, Vec::new());
    for (step, time) in times.iter().enumerate() {
        value = if instance == 1 && step == 100 { 0.0 } else { value + random.below(50) as f64 };
        samples.push((*time, value));
    }
    samples
}

/// With a gap of ten minutes, or an end.
fn gauge(random: &mut Random, times: &[i64], instance: i64) -> Samples {
    let (mut value, mut samples) = (50.0, Vec::new());
    for (step, time) in times.iter().enumerate() {
        value += random.below(21) as f64 - 10.0;
        match instance {
            2 if (80..120).contains(&step) => {}
            3 if step == 150 => samples.push((*time, f64::from_bits(STALE))),
            3 if step > 150 => {}
            _ => samples.push((*time, value)),
        }
    }
    samples
}

fn histogram(random: &mut Random, times: &[i64]) -> Vec<(&'static str, Option<&'static str>, Samples)> {
    const BOUNDS: [&str; 5] = ["0.1", "0.5", "1", "2.5", "+Inf"];
    let mut counts = [0.0; 5];
    let mut sum = 0.0;
    let mut buckets = vec![Vec::new(); 5];
    let (mut sums, mut totals) = (Vec::new(), Vec::new());
    for time in times {
        let mut total = 0.0;
        for (count, samples) in counts.iter_mut().zip(&mut buckets) {
            *count += random.below(5) as f64;
            total += *count;
            samples.push((*time, total));
        }
        sum += random.below(100) as f64 / 10.0;
        sums.push((*time, sum));
        totals.push((*time, total));
    }
    let mut all = vec![("latency_seconds_sum", None, sums), ("latency_seconds_count", None, totals)];
    all.extend(BOUNDS.iter().zip(buckets).map(|(bound, samples)| ("latency_seconds_bucket", Some(*bound), samples)));
    all
}
