//! Requests whose every item can be told apart, for each signal.
//!
//! Owns where the numbers of request and item stand in a span, a log record and a point. Never sends anything.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use prost::Message;
use spanlake_bench::corpus::shop::resource;
use spanlake_bench::corpus::traces::{self, REQUEST_ATTRIBUTE, TraceCorpus};
use spanlake_bench::corpus::{any_text, integer, text};
use spanlake_bench::random::Random;
use spanlake_bench::template::{Motion, Template, request_mark, time_mark, value_mark};

use crate::requests::{LOGS, METRICS, TRACES};

/// Tells the records of one request apart.
pub const ITEM_ATTRIBUTE: &str = "bench.item";
/// The metric of numbered points.
pub const POINTS_METRIC: &str = "bench.points";
/// How old records of [`Signal::OldLogs`] are: beyond the shortest retention, within what is filed by its own hour.
pub const OLD_LOGS_NANOS: u64 = 5 * 3600 * 1_000_000_000;
/// Points of one request belong to so many series.
const SERIES: usize = 16;
const TEMPLATES: usize = 16;
const ROUND_MICROS: u64 = 2_000_000;

/// What a lane sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    Spans,
    Logs,
    Points,
    /// Log records without numbers, for retention to take away; nobody counts them.
    OldLogs,
}

impl Signal {
    /// The path of OTLP over HTTP.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Spans => TRACES,
            Self::Logs | Self::OldLogs => LOGS,
            Self::Points => METRICS,
        }
    }

    /// A round of requests with so many items each.
    #[must_use]
    pub fn templates(self, seed: u64, items: usize) -> Vec<Template> {
        let corpus = TraceCorpus { seed, spans_per_request: items, numbers_requests: true, ..TraceCorpus::default() };
        match self {
            Self::Spans => traces::templates(&corpus),
            Self::Logs => (0..TEMPLATES).map(|index| logs(seed, index, items, true)).collect(),
            Self::OldLogs => (0..TEMPLATES).map(|index| logs(seed, index, items, false)).collect(),
            Self::Points => (0..TEMPLATES).map(|index| points(index, items)).collect(),
        }
    }
}

fn count(items: usize) -> u32 {
    u32::try_from(items).expect("a request has few items")
}

fn micros(item: usize, items: usize) -> u32 {
    let share = ROUND_MICROS * u64::try_from(item).expect("small") / u64::try_from(items.max(1)).expect("small");
    u32::try_from(share).expect("two seconds are few microseconds")
}

fn logs(seed: u64, index: usize, items: usize, is_numbered: bool) -> Template {
    let mut random = Random::new(seed ^ u64::try_from(index).expect("small"));
    let mut log_records = Vec::with_capacity(items);
    for item in 0..items {
        let mut attributes = vec![text("thread.name", format!("worker-{}", random.below(32)))];
        if is_numbered {
            attributes.push(integer(REQUEST_ATTRIBUTE, request_mark()));
            attributes.push(integer(ITEM_ATTRIBUTE, i64::from(count(item))));
        }
        log_records.push(LogRecord {
            time_unix_nano: time_mark(micros(item, items)),
            severity_number: 9,
            body: Some(any_text(format!("order {} was updated in {} ms", random.hex(12), random.below(400)))),
            attributes,
            ..LogRecord::default()
        });
    }
    let scope_logs = vec![ScopeLogs { log_records, ..ScopeLogs::default() }];
    let resource_logs =
        vec![ResourceLogs { resource: Some(resource(index, 0)), scope_logs, ..ResourceLogs::default() }];
    Template::new(ExportLogsServiceRequest { resource_logs }.encode_to_vec(), count(items), &[])
}

fn points(index: usize, items: usize) -> Template {
    let point = |item: usize| NumberDataPoint {
        attributes: vec![integer("bench.series", i64::from(count(item % SERIES)))],
        time_unix_nano: time_mark(micros(item, items)),
        value: Some(number_data_point::Value::AsInt(value_mark(count(item)).cast_signed())),
        ..NumberDataPoint::default()
    };
    let gauge = Gauge { data_points: (0..items).map(point).collect() };
    let data = Some(metric::Data::Gauge(gauge));
    let metrics = vec![Metric { name: POINTS_METRIC.to_owned(), unit: "1".to_owned(), data, ..Metric::default() }];
    let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: Some(resource(index, 1)), scope_metrics, ..ResourceMetrics::default() }];
    let motions: Vec<Motion> = (0..items).map(|item| Motion::Numbered { item: count(item) }).collect();
    Template::new(ExportMetricsServiceRequest { resource_metrics }.encode_to_vec(), count(items), &motions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_numbers_and_its_time() {
        let marks = |signal: Signal| {
            let templates = signal.templates(3, 40);
            (templates[5].items, templates[5].marks())
        };
        assert_eq!(marks(Signal::Logs), (40, [0, 0, 40, 40, 0]));
        assert_eq!(marks(Signal::OldLogs), (40, [0, 0, 40, 0, 0]));
        assert_eq!(marks(Signal::Points), (40, [0, 0, 40, 0, 40]));
        let (items, [_, spans, _, requests, _]) = marks(Signal::Spans);
        assert_eq!((items, requests), (40, 40));
        // Parents and links have ids too.
        assert!(spans >= 40);
    }
}
