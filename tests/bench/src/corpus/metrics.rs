//! Metric points: 320 instances, or so many as are asked for, with 64 series each, sent eight instances a request, as an agent on a
//! node does.
//!
//! Owns the instruments. Counters are cumulative and only grow, gauges wander; each send is the next collection.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum,
};
use prost::Message;

use super::shop::{SERVICES, resource};
use super::{ITEMS_PER_REQUEST, integer, text};
use crate::template::{Motion, Template, time_mark, value_mark};

/// Series of 320 instances: what is measured where nothing else is asked for.
pub const SERIES: usize = 20_480;
/// Series of one instance.
const SERIES_PER_INSTANCE: usize = 64;
const INSTANCES_PER_REQUEST: usize = ITEMS_PER_REQUEST / SERIES_PER_INSTANCE;
/// Time between two collections of one series.
pub const COLLECTION_NANOS: u64 = 10_000_000_000;
/// The default boundaries of OpenTelemetry's duration histograms.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const STARTED: u64 = 1_767_225_600_000_000_000;

/// An instrument with numbers: name, unit, how values move, whether it is a counter, how many series.
struct Instrument {
    name: &'static str,
    unit: &'static str,
    motion: Motion,
    series: usize,
}

const fn instrument(name: &'static str, unit: &'static str, motion: Motion, series: usize) -> Instrument {
    Instrument { name, unit, motion, series }
}

/// 64 series.
const INSTRUMENTS: [Instrument; 14] = [
    instrument("http.server.active_requests", "{request}", Motion::IntegerGauge { around: 12 }, 6),
    instrument("shop.requests", "{request}", Motion::IntegerCounter { step_max: 900 }, 12),
    instrument("shop.request.bytes", "By", Motion::IntegerCounter { step_max: 900_000 }, 6),
    instrument("rpc.server.messages", "{message}", Motion::IntegerCounter { step_max: 300 }, 6),
    instrument("process.cpu.time", "s", Motion::DoubleCounter { step_max: 4.0 }, 2),
    instrument("process.memory.usage", "By", Motion::IntegerGauge { around: 300_000_000 }, 1),
    instrument("system.cpu.utilization", "1", Motion::DoubleGauge { around: 0.4 }, 8),
    instrument("system.network.io", "By", Motion::IntegerCounter { step_max: 5_000_000 }, 4),
    instrument("system.disk.operations", "{operation}", Motion::IntegerCounter { step_max: 400 }, 4),
    instrument("db.client.connection.count", "{connection}", Motion::IntegerGauge { around: 20 }, 4),
    instrument("jvm.memory.used", "By", Motion::IntegerGauge { around: 90_000_000 }, 5),
    instrument("jvm.gc.time", "s", Motion::DoubleCounter { step_max: 0.05 }, 2),
    instrument("messaging.client.consumed.messages", "{message}", Motion::IntegerCounter { step_max: 150 }, 3),
    instrument("shop.queue.fill", "1", Motion::DoubleGauge { around: 0.7 }, 1),
];

/// So many series of counters and gauges, rounded up to whole requests; one round is one collection of all.
#[must_use]
pub fn number_templates(series: usize) -> Vec<Template> {
    templates(series, |instance, motions| INSTRUMENTS.iter().map(|of| numbers(of, instance, motions)).collect())
}

/// 20,480 series of histograms with 15 buckets.
#[must_use]
pub fn histogram_templates() -> Vec<Template> {
    let names = [
        "http.server.request.duration",
        "http.client.request.duration",
        "rpc.server.duration",
        "db.client.operation.duration",
    ];
    templates(SERIES, |instance, motions| names.iter().map(|name| histogram(name, instance, motions)).collect())
}

fn templates(series: usize, metrics_of: impl Fn(usize, &mut Vec<Motion>) -> Vec<Metric>) -> Vec<Template> {
    (0..series.div_ceil(ITEMS_PER_REQUEST))
        .map(|request| {
            let mut motions = Vec::new();
            let of_request = request * INSTANCES_PER_REQUEST..(request + 1) * INSTANCES_PER_REQUEST;
            let resource_metrics = of_request
                .map(|instance| ResourceMetrics {
                    resource: Some(resource(instance % SERVICES.len(), instance / SERVICES.len())),
                    scope_metrics: vec![ScopeMetrics {
                        scope: super::scope("io.opentelemetry.runtime"),
                        metrics: metrics_of(instance, &mut motions),
                        ..ScopeMetrics::default()
                    }],
                    ..ResourceMetrics::default()
                })
                .collect();
            let items = u32::try_from(ITEMS_PER_REQUEST).expect("small");
            Template::new(ExportMetricsServiceRequest { resource_metrics }.encode_to_vec(), items, &motions)
        })
        .collect()
}

/// When in a round an instance collects, all its series at once: instances begin at any time, and keep their pace.
fn phase_micros(instance: usize) -> u32 {
    u32::try_from(instance * 28_000 % 9_000_000).expect("less than ten seconds")
}

/// Two to four attributes that tell a series from its siblings.
fn attributes_of(name: &str, series: usize) -> Vec<KeyValue> {
    let method = ["GET", "POST", "PUT"][series % 3];
    match name {
        "process.memory.usage" | "shop.queue.fill" => vec![text("shop.role", "primary")],
        "system.cpu.utilization" => vec![
            integer("cpu.logical_number", i64::try_from(series / 2).expect("small")),
            text("cpu.mode", ["user", "system"][series % 2]),
        ],
        "jvm.memory.used" | "jvm.gc.time" => {
            vec![text("jvm.memory.type", "heap"), text("jvm.memory.pool.name", format!("G1 {series}"))]
        }
        _ => vec![
            text("http.request.method", method),
            text("http.route", format!("/api/v1/things/{series}/{{id}}")),
            integer("http.response.status_code", [200, 404, 500][series / 3 % 3]),
            text("network.protocol.version", "1.1"),
        ],
    }
}

fn next_mark(motions: &mut Vec<Motion>, motion: Motion) -> u64 {
    motions.push(motion);
    value_mark(u32::try_from(motions.len() - 1).expect("few values a request"))
}

fn numbers(of: &Instrument, instance: usize, motions: &mut Vec<Motion>) -> Metric {
    let point = |series| {
        let mark = next_mark(motions, of.motion);
        let value = match of.motion {
            Motion::DoubleCounter { .. } | Motion::DoubleGauge { .. } => Value::AsDouble(f64::from_bits(mark)),
            _ => Value::AsInt(i64::from_le_bytes(mark.to_le_bytes())),
        };
        NumberDataPoint {
            attributes: attributes_of(of.name, series),
            start_time_unix_nano: STARTED + u64::try_from(instance).expect("small") * 1_000_003,
            time_unix_nano: time_mark(phase_micros(instance)),
            value: Some(value),
            ..NumberDataPoint::default()
        }
    };
    let data_points = (0..of.series).map(point).collect();
    let data = match of.motion {
        Motion::IntegerCounter { .. } | Motion::DoubleCounter { .. } => Data::Sum(Sum {
            data_points,
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        }),
        _ => Data::Gauge(Gauge { data_points }),
    };
    Metric {
        name: of.name.to_owned(),
        description: "One of the shop's numbers.".to_owned(),
        unit: of.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn histogram(name: &str, instance: usize, motions: &mut Vec<Motion>) -> Metric {
    let buckets = BOUNDS.len() + 1;
    let point = |series| {
        let count = next_mark(motions, Motion::Histogram { buckets });
        let sum = f64::from_bits(next_mark(motions, Motion::OfHistogram));
        HistogramDataPoint {
            attributes: attributes_of(name, series),
            start_time_unix_nano: STARTED + u64::try_from(instance).expect("small") * 1_000_003,
            time_unix_nano: time_mark(phase_micros(instance)),
            count,
            sum: Some(sum),
            bucket_counts: (0..buckets).map(|_| next_mark(motions, Motion::OfHistogram)).collect(),
            explicit_bounds: BOUNDS.to_vec(),
            ..HistogramDataPoint::default()
        }
    };
    let data_points = (0..SERIES_PER_INSTANCE / 4).map(point).collect();
    Metric {
        name: name.to_owned(),
        description: "Duration of one of the shop's operations.".to_owned(),
        unit: "s".to_owned(),
        data: Some(Data::Histogram(Histogram {
            data_points,
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
        })),
        ..Metric::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::random::Random;
    use crate::template::Round;

    #[test]
    fn numbers_are_20480_series_and_counters_only_grow() {
        let mut templates = number_templates(SERIES);
        assert_eq!(templates.len(), 40);
        let mut random = Random::new(1);
        let mut last: Vec<i64> = Vec::new();
        let mut series = HashSet::new();
        for round in 1..4 {
            let mut counters = Vec::new();
            for template in &mut templates {
                template.freshen(&Round { seed: round, base_time: STARTED + round * COLLECTION_NANOS }, 0, &mut random);
                let request = ExportMetricsServiceRequest::decode(template.bytes()).unwrap();
                for of in &request.resource_metrics {
                    for metric in &of.scope_metrics[0].metrics {
                        let points = match metric.data.as_ref().unwrap() {
                            Data::Sum(sum) => &sum.data_points,
                            Data::Gauge(gauge) => &gauge.data_points,
                            _ => panic!("only sums and gauges"),
                        };
                        for point in points {
                            let began = STARTED + round * COLLECTION_NANOS;
                            assert!((began..began + COLLECTION_NANOS).contains(&point.time_unix_nano));
                            series.insert(format!("{:?} {} {:?}", of.resource, metric.name, point.attributes));
                            if let (Some(Value::AsInt(value)), Data::Sum(_)) =
                                (point.value, metric.data.as_ref().unwrap())
                            {
                                counters.push(value);
                            }
                        }
                    }
                }
            }
            assert!(last.iter().zip(&counters).all(|(before, now)| before <= now));
            last = counters;
        }
        assert_eq!(series.len(), 20_480);
    }

    #[test]
    fn a_histogram_counts_what_its_buckets_hold() {
        let mut templates = histogram_templates();
        let mut random = Random::new(1);
        for round in 1..5 {
            templates[0].freshen(&Round { seed: round, base_time: STARTED }, 0, &mut random);
        }
        let request = ExportMetricsServiceRequest::decode(templates[0].bytes()).unwrap();
        let mut points = 0;
        for metric in request.resource_metrics.iter().flat_map(|of| &of.scope_metrics[0].metrics) {
            let Data::Histogram(histogram) = metric.data.as_ref().unwrap() else { panic!("only histograms") };
            for point in &histogram.data_points {
                assert_eq!(point.bucket_counts.iter().sum::<u64>(), point.count);
                assert!(point.count < 40);
                points += 1;
            }
        }
        assert_eq!(points, ITEMS_PER_REQUEST);
    }
}
