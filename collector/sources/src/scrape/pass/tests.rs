//! Labels, limits, staleness and reports, scrape by scrape.

use std::path::Path;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use prost::Message;

use super::*;
use crate::scrape::config::ScrapeConfig;

fn job(settings: &str) -> Job {
    let text = format!("scrape_configs:\n  - job_name: j\n    {settings}\n");
    ScrapeConfig::parse(&text, Path::new("/")).unwrap().jobs.remove(0)
}

fn target() -> Labels {
    [("job", "j"), ("instance", "h:1"), ("zone", "a")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

const REPORTS: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

fn text(pairs: &[KeyValue]) -> String {
    let one = |pair: &KeyValue| match pair.value.as_ref().unwrap().value.as_ref().unwrap() {
        Any::StringValue(value) => format!("{}={value}", pair.key),
        other => panic!("{other:?}"),
    };
    pairs.iter().map(one).collect::<Vec<_>>().join(",")
}

/// `name{labels} value@seconds`, a line a point; what is reported of the scrape stands behind, in the order of above.
fn lines(passed: &Passed) -> (Vec<String>, Vec<String>) {
    let request = ExportMetricsServiceRequest::decode(&*passed.request).unwrap();
    let (mut own, mut reports) = (Vec::new(), Vec::new());
    for resource in &request.resource_metrics {
        let of_target = text(&resource.resource.as_ref().unwrap().attributes);
        for metric in &resource.scope_metrics[0].metrics {
            let points = match metric.data.as_ref().unwrap() {
                Data::Gauge(gauge) => &gauge.data_points,
                Data::Sum(sum) => &sum.data_points,
                other => panic!("{other:?}"),
            };
            for point in points {
                let value = match point.value {
                    Some(Value::AsDouble(value)) => value.to_string(),
                    None if point.flags == 1 => "stale".to_owned(),
                    other => panic!("{other:?}"),
                };
                if REPORTS.contains(&metric.name.as_str()) {
                    reports.push(value);
                    continue;
                }
                let seconds = point.time_unix_nano / 1_000_000_000;
                let place = if of_target == "service.name=j,service.instance.id=h:1" { "" } else { of_target.as_str() };
                own.push(format!("{place}{}{{{}}} {value}@{seconds}", metric.name, text(&point.attributes)));
            }
        }
    }
    own.sort();
    (own, reports)
}

fn at(seconds: i64) -> Report {
    Report { time_ms: seconds * 1000, duration: Duration::from_millis(250) }
}

#[test]
fn what_vanishes_ends_and_what_is_down_ends_whole() {
    let (job, target, mut memory) = (job("honor_labels: false"), target(), Memory::default());
    let first = memory.scraped(&job, &target, at(10), Format::Text, b"# TYPE a counter\na 1\nb{x=\"1\"} 2\n").unwrap();
    let (own, reports) = lines(&first);
    assert_eq!(own, ["a{zone=a} 1@10", "b{x=1,zone=a} 2@10"]);
    assert_eq!(reports, ["1", "0.25", "2", "2", "2"]);
    let (own, reports) =
        lines(&memory.scraped(&job, &target, at(20), Format::Text, b"# TYPE a counter\na 3\nc 4\n").unwrap());
    assert_eq!(own, ["a{zone=a} 3@20", "b{x=1,zone=a} stale@20", "c{zone=a} 4@20"]);
    assert_eq!(reports, ["1", "0.25", "2", "2", "1"]);
    // A body that is wrong at its end counts for nothing.
    let fault = memory.scraped(&job, &target, at(30), Format::Text, b"a 5\nwrong\n").err().unwrap();
    assert_eq!(fault.to_string(), "line 2, column 6: expected a value, found the end of the line");
    let (own, reports) = lines(&memory.failed(&job, &target, at(30)));
    assert_eq!(own, ["a{zone=a} stale@30", "c{zone=a} stale@30"]);
    assert_eq!(reports, ["0", "0.25", "0", "0", "0"]);
    // It does not end twice.
    assert_eq!(lines(&memory.failed(&job, &target, at(40))).0, Vec::<String>::new());
    memory.scraped(&job, &target, at(50), Format::Text, b"a 1\n").unwrap();
    let (own, reports) = lines(&memory.gone(&job, &target, 60_000).unwrap());
    assert_eq!((own, reports), (vec!["a{zone=a} stale@60".to_owned()], vec!["stale".to_owned(); 5]));
    assert!(memory.gone(&job, &target, 70_000).is_none());
}

#[test]
fn the_end_of_a_series_has_its_description() {
    let (job, target, mut memory) = (job("honor_labels: false"), target(), Memory::default());
    memory.scraped(&job, &target, at(10), Format::Text, b"# TYPE a counter\na 1\n").unwrap();
    let passed = memory.scraped(&job, &target, at(20), Format::Text, b"").unwrap();
    let request = ExportMetricsServiceRequest::decode(&*passed.request).unwrap();
    let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
    assert!(matches!(&metric.data, Some(Data::Sum(sum)) if sum.is_monotonic), "{metric:?}");
}

#[test]
fn labels_of_target_and_sample_are_joined() {
    let body = b"a{job=\"own\",exported_job=\"x\",zone=\"\",empty=\"\"} 1\n";
    let scraped = |settings: &str| {
        lines(&Memory::default().scraped(&job(settings), &target(), at(1), Format::Text, body).unwrap()).0
    };
    assert_eq!(scraped("honor_labels: false"), ["a{exported_exported_job=own,exported_job=x,zone=a} 1@1"]);
    assert_eq!(scraped("honor_labels: true"), ["service.name=own,service.instance.id=h:1a{exported_job=x} 1@1"]);
}

#[test]
fn times_of_the_target_are_honoured_or_not() {
    let body = b"a 1 5000\nb 1 9999999999999\n";
    let mut memory = Memory::default();
    let honoured = job("honor_timestamps: true");
    let passed = memory.scraped(&honoured, &target(), at(10), Format::Text, body).unwrap();
    assert_eq!(lines(&passed).0, ["a{zone=a} 1@5"]);
    assert!(passed.tally.message().unwrap().contains("ten minutes ahead"));
    // Series with times of their own do not end.
    assert_eq!(lines(&memory.failed(&honoured, &target(), at(20))).0, Vec::<String>::new());
    let ignored = job("honor_timestamps: false");
    let passed = memory.scraped(&ignored, &target(), at(30), Format::Text, body).unwrap();
    assert_eq!(lines(&passed).0, ["a{zone=a} 1@30", "b{zone=a} 1@30"]);
}

#[test]
fn metrics_are_relabelled_and_counted() {
    let rules = "metric_relabel_configs: [{source_labels: [__name__], regex: 'go_.*', action: drop}, \
                 {source_labels: [__name__], regex: 'old_(.*)', target_label: __name__, replacement: 'new_$1'}, \
                 {regex: tmp, action: labeldrop}]";
    let body = b"go_x 1\nold_a{tmp=\"1\"} 2\nold_a{tmp=\"2\"} 3\nb 4\n";
    let passed = Memory::default().scraped(&job(rules), &target(), at(1), Format::Text, body).unwrap();
    let (own, reports) = lines(&passed);
    // What relabelling makes one series is taken once.
    assert_eq!(own, ["b{zone=a} 4@1", "new_a{zone=a} 2@1"]);
    assert_eq!(reports[2..4], ["4", "3"]);
    assert!(passed.tally.message().unwrap().contains("stands there twice"));
}

#[test]
fn limits_refuse_the_whole_scrape() {
    let body = b"a{long_name=\"1\"} 1\nb{x=\"a long value\"} 1\nc 1\n";
    for (settings, said) in [
        ("sample_limit: 2", "sample limit exceeded: more than 2 samples"),
        ("label_limit: 4", "label limit exceeded: a has 5 labels, more than 4"),
        ("label_name_length_limit: 8", "label name length limit exceeded: \"long_name\" of a is longer than 8 bytes"),
        ("label_value_length_limit: 5", "the value of \"x\" of b is longer than 5 bytes"),
    ] {
        let fault = Memory::default().scraped(&job(settings), &target(), at(1), Format::Text, body).err().unwrap();
        assert!(fault.to_string().contains(said), "{fault}");
    }
    for settings in ["sample_limit: 3", "label_limit: 5", "label_name_length_limit: 9", "label_value_length_limit: 12"]
    {
        assert!(Memory::default().scraped(&job(settings), &target(), at(1), Format::Text, body).is_ok(), "{settings}");
    }
}

#[test]
fn any_text_may_stand_in_a_label() {
    let labels: Labels =
        [("a", "1:2"), ("b:", ""), ("é", "\u{1}3:x")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let pairs: Vec<(String, String)> = labels.clone().into_iter().collect();
    let key = key_of(&labels);
    assert_eq!(labels_of(&key), pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
}

#[test]
fn native_histograms_end_as_such() {
    // `n`, type histogram, one metric: count 1, sum 2, schema 0, a span of one bucket with a count of one.
    let body: &[u8] =
        b"\x1e\x0a\x01n\x18\x04\x22\x17\x3a\x15\x08\x01\x11\0\0\0\0\0\0\0\x40\x28\0\x62\x04\x08\0\x10\x01\x68\x02";
    let (job, target, mut memory) = (job("scrape_native_histograms: true"), target(), Memory::default());
    let passed = memory.scraped(&job, &target, at(10), Format::Protobuf, body).unwrap();
    let ended = memory.scraped(&job, &target, at(20), Format::Protobuf, b"").unwrap();
    for (passed, flags, count) in [(passed, 0, 1), (ended, 1, 0)] {
        let request = ExportMetricsServiceRequest::decode(&*passed.request).unwrap();
        let metric = &request.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(Data::ExponentialHistogram(histogram)) = &metric.data else { panic!("{metric:?}") };
        let point = &histogram.data_points[0];
        assert_eq!((metric.name.as_str(), point.flags, point.count), ("n", flags, count));
    }
}
