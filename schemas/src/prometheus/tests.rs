//! Remote write to OTLP and rows, with prost as the writer of what is sent and the reader of what comes out.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use proptest::prelude::*;
use prost::Message;

use super::remote_write::{Version, convert, each_family};
use super::*;
use crate::ingest::{DecodeLimits, Encoding, NoKnownSeries, Signal};
use crate::tables::Table;

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct SampleMessage {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
    #[prost(int64, tag = "3")]
    start_timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
struct ExemplarOne {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(double, tag = "2")]
    value: f64,
    #[prost(int64, tag = "3")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(sint32, tag = "1")]
    offset: i32,
    #[prost(uint32, tag = "2")]
    length: u32,
}

#[derive(Clone, PartialEq, Message)]
struct HistogramMessage {
    #[prost(uint64, tag = "1")]
    count_int: u64,
    #[prost(double, optional, tag = "2")]
    count_float: Option<f64>,
    #[prost(double, tag = "3")]
    sum: f64,
    #[prost(sint32, tag = "4")]
    schema: i32,
    #[prost(double, tag = "5")]
    zero_threshold: f64,
    #[prost(uint64, tag = "6")]
    zero_count_int: u64,
    #[prost(message, repeated, tag = "8")]
    negative_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "9")]
    negative_deltas: Vec<i64>,
    #[prost(message, repeated, tag = "11")]
    positive_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "12")]
    positive_deltas: Vec<i64>,
    #[prost(double, repeated, tag = "13")]
    positive_counts: Vec<f64>,
    #[prost(int64, tag = "15")]
    timestamp: i64,
    #[prost(double, repeated, tag = "16")]
    custom_values: Vec<f64>,
}

#[derive(Clone, PartialEq, Message)]
struct SeriesOne {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<SampleMessage>,
    #[prost(message, repeated, tag = "3")]
    exemplars: Vec<ExemplarOne>,
    #[prost(message, repeated, tag = "4")]
    histograms: Vec<HistogramMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct MetadataOne {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    family: String,
    #[prost(string, tag = "4")]
    help: String,
    #[prost(string, tag = "5")]
    unit: String,
}

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<SeriesOne>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<MetadataOne>,
}

#[derive(Clone, PartialEq, Message)]
struct MetadataTwo {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(uint32, tag = "3")]
    help_ref: u32,
    #[prost(uint32, tag = "4")]
    unit_ref: u32,
}

#[derive(Clone, PartialEq, Message)]
struct ExemplarTwo {
    #[prost(uint32, repeated, tag = "1")]
    labels_refs: Vec<u32>,
    #[prost(double, tag = "2")]
    value: f64,
    #[prost(int64, tag = "3")]
    timestamp: i64,
}

#[derive(Clone, PartialEq, Message)]
struct SeriesTwo {
    #[prost(uint32, repeated, tag = "1")]
    labels_refs: Vec<u32>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<SampleMessage>,
    #[prost(message, repeated, tag = "3")]
    histograms: Vec<HistogramMessage>,
    #[prost(message, repeated, tag = "4")]
    exemplars: Vec<ExemplarTwo>,
    #[prost(message, optional, tag = "5")]
    metadata: Option<MetadataTwo>,
}

#[derive(Clone, PartialEq, Message)]
struct RequestTwo {
    #[prost(string, repeated, tag = "4")]
    symbols: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    timeseries: Vec<SeriesTwo>,
}

fn labels(pairs: &[(&str, &str)]) -> Vec<Label> {
    pairs.iter().map(|(name, value)| Label { name: (*name).into(), value: (*value).into() }).collect()
}

fn one(labels_of: &[(&str, &str)], values: &[(i64, f64)]) -> SeriesOne {
    let samples = values.iter().map(|(timestamp, value)| SampleMessage {
        timestamp: *timestamp,
        value: *value,
        start_timestamp: 0,
    });
    SeriesOne { labels: labels(labels_of), samples: samples.collect(), ..SeriesOne::default() }
}

fn converted(version: Version, body: &[u8], families: &FamiliesMemory) -> (ExportMetricsServiceRequest, Tally) {
    let mut builder = RequestBuilder::new(1 << 20);
    convert(version, body, families, &mut builder).unwrap();
    let (bytes, tally) = builder.finish();
    let decoded =
        crate::otlp::decode(Signal::Metrics, Encoding::Protobuf, &bytes, 1, &DecodeLimits::default(), &NoKnownSeries)
            .unwrap();
    assert_eq!((decoded.rejected, decoded.unknown_fields, decoded.message), (0, 0, None));
    (ExportMetricsServiceRequest::decode(&*bytes).unwrap(), tally)
}

/// `job/instance name kind{attributes} value@time`, a line a point.
fn lines(request: &ExportMetricsServiceRequest) -> Vec<String> {
    use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
    let text = |pairs: &[KeyValue]| {
        let one = |pair: &KeyValue| match pair.value.as_ref().unwrap().value.as_ref().unwrap() {
            Any::StringValue(value) => format!("{}={value}", pair.key),
            other => panic!("{other:?}"),
        };
        pairs.iter().map(one).collect::<Vec<_>>().join(",")
    };
    let mut lines = Vec::new();
    for resource in &request.resource_metrics {
        let target = text(&resource.resource.as_ref().unwrap().attributes);
        for metric in &resource.scope_metrics[0].metrics {
            let (kind, points) = match metric.data.as_ref().unwrap() {
                Data::Gauge(gauge) => ("gauge", &gauge.data_points),
                Data::Sum(sum) => {
                    assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
                    ("counter", &sum.data_points)
                }
                other => {
                    lines.push(format!("{other:?}"));
                    continue;
                }
            };
            for point in points {
                let value = match point.value {
                    Some(Value::AsDouble(value)) => value.to_string(),
                    None if point.flags == 1 => "stale".to_owned(),
                    None => "none".to_owned(),
                    Some(other) => panic!("{other:?}"),
                };
                let time = point.time_unix_nano / 1_000_000;
                let name = &metric.name;
                lines.push(format!("[{target}] {kind} {name}{{{}}} {value}@{time}", text(&point.attributes)));
            }
        }
    }
    lines
}

fn request_one() -> WriteRequest {
    let exemplar = ExemplarOne {
        labels: labels(&[("trace_id", "0102030405060708090a0b0c0d0e0f10"), ("who", "me")]),
        value: 0.5,
        timestamp: 2000,
    };
    let mut with_exemplar =
        one(&[("__name__", "d_bucket"), ("le", "1"), ("job", "a"), ("instance", "h:1")], &[(2000, 3.0)]);
    with_exemplar.exemplars.push(exemplar);
    WriteRequest {
        timeseries: vec![
            one(
                &[("__name__", "up"), ("job", "a"), ("instance", "h:1"), ("zone", ""), ("é", "ü")],
                &[(1000, 1.0), (2000, stale_nan())],
            ),
            with_exemplar,
            one(&[("__name__", "r_total"), ("job", "a/b")], &[(1000, 7.0)]),
            one(&[("job", "x")], &[(1000, 7.0), (2000, 8.0)]),
            one(&[("__name__", "twice"), ("a", "1"), ("a", "2")], &[(1000, 7.0)]),
            one(&[("__name__", "late")], &[(-5, 7.0), (i64::MAX, 7.0)]),
        ],
        metadata: vec![
            MetadataOne { kind: 1, family: "r_total".into(), help: "Requests.".into(), unit: String::new() },
            MetadataOne { kind: 3, family: "d".into(), help: "Durations.".into(), unit: "seconds".into() },
        ],
    }
}

#[test]
fn series_of_version_one_keep_their_labels() {
    let body = request_one().encode_to_vec();
    let mut families = FamiliesMemory::default();
    each_family(&body, |family| families.learn(family)).unwrap();
    assert_eq!(families.family_of("d_bucket").unit, "seconds");
    let (request, tally) = converted(Version::One, &body, &families);
    assert_eq!(
        lines(&request),
        [
            "[service.name=a,service.instance.id=h:1] gauge up{é=ü} 1@1000",
            "[service.name=a,service.instance.id=h:1] gauge up{é=ü} stale@2000",
            "[service.name=a,service.instance.id=h:1] counter d_bucket{le=1} 3@2000",
            "[service.name=a/b] counter r_total{} 7@1000",
        ]
    );
    let metric = &request.resource_metrics[0].scope_metrics[0].metrics[1];
    let metadata: Vec<String> = metric.metadata.iter().map(|pair| format!("{}={:?}", pair.key, pair.value)).collect();
    assert!(metadata[0].contains("prometheus.family") && metadata[0].contains("\"d\""), "{metadata:?}");
    assert!(metadata[1].contains("histogram"), "{metadata:?}");
    let Some(Data::Sum(sum)) = &metric.data else { panic!("{metric:?}") };
    let exemplar = &sum.data_points[0].exemplars[0];
    assert_eq!((exemplar.trace_id.len(), exemplar.filtered_attributes.len()), (16, 1));
    assert_eq!((tally.samples, tally.exemplars, tally.rejected), (4, 1, 5));
    let message = tally.message().unwrap();
    for said in [
        "2 rejected: a series without a name",
        "1 rejected: a series with a label twice (for example \"twice\")",
        "2 rejected: a time out of range",
    ] {
        assert!(message.contains(said), "{message}");
    }
    // The same bytes each time: a retry is recognised by them.
    assert_eq!(converted(Version::One, &body, &families), (request, tally));
}

#[test]
fn families_are_found_by_parts_of_their_names() {
    let mut families = FamiliesMemory::default();
    let told = |name, kind| Family { name, kind, help: "", unit: "" };
    families.learn(&told("queue", MetricType::Gauge));
    families.learn(&told("jobs", MetricType::Counter));
    families.learn(&told("pause", MetricType::Summary));
    for (name, family, kind) in [
        ("queue", "queue", MetricType::Gauge),
        ("queue_count", "", MetricType::Unknown),
        ("jobs_total", "jobs", MetricType::Counter),
        ("pause_sum", "pause", MetricType::Summary),
        ("pause", "pause", MetricType::Summary),
        ("nothing", "", MetricType::Unknown),
    ] {
        let found = families.family_of(name);
        assert_eq!((found.name, found.kind), (family, kind), "{name}");
    }
    let long = "x".repeat(9 << 20);
    families.learn(&Family { help: &long, ..told("big", MetricType::Gauge) });
    assert!(!families.knows(&Family { help: &long, ..told("big", MetricType::Gauge) }));
}

fn native() -> HistogramMessage {
    HistogramMessage {
        count_int: 12,
        sum: 18.4,
        schema: 1,
        zero_threshold: 0.001,
        zero_count_int: 2,
        positive_spans: vec![Span { offset: 0, length: 2 }, Span { offset: 1, length: 2 }],
        positive_deltas: vec![1, 1, -1, 0],
        negative_spans: vec![Span { offset: -3, length: 1 }],
        negative_deltas: vec![5],
        timestamp: 3000,
        ..HistogramMessage::default()
    }
}

#[test]
fn series_of_version_two_are_described_and_native_histograms_kept() {
    let symbols = ["", "__name__", "rpc", "job", "a", "Sizes.", "bytes", "trace_id", "zz"];
    let series =
        |refs: &[u32], histograms| SeriesTwo { labels_refs: refs.to_vec(), histograms, ..SeriesTwo::default() };
    let custom = HistogramMessage {
        count_int: 6,
        sum: 9.0,
        schema: -53,
        positive_spans: vec![Span { offset: 1, length: 2 }],
        positive_deltas: vec![2, 2],
        custom_values: vec![0.5, 1.0],
        timestamp: 4000,
        ..HistogramMessage::default()
    };
    let float = HistogramMessage {
        count_float: Some(1.5),
        positive_counts: vec![1.5],
        positive_spans: vec![Span { offset: 0, length: 1 }],
        ..native()
    };
    let wide = HistogramMessage {
        positive_spans: vec![Span { offset: 0, length: 1 }, Span { offset: 20_000, length: 1 }],
        positive_deltas: vec![1, 1],
        schema: 8,
        ..native()
    };
    let mut described = series(&[1, 2, 3, 4], vec![native(), custom]);
    described.metadata = Some(MetadataTwo { kind: 3, help_ref: 5, unit_ref: 6 });
    described.exemplars = vec![ExemplarTwo { labels_refs: vec![7, 8], value: 1.0, timestamp: 4000 }];
    let body = RequestTwo {
        symbols: symbols.map(str::to_owned).to_vec(),
        timeseries: vec![
            described,
            series(&[1, 2], vec![float, wide]),
            series(&[1], vec![native()]),
            series(&[1, 77], vec![native()]),
        ],
    }
    .encode_to_vec();
    let (request, tally) = converted(Version::Two, &body, &FamiliesMemory::default());
    assert_eq!((tally.histograms, tally.exemplars, tally.rejected), (4, 1, 2), "{tally:?}");
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    assert_eq!((metrics[0].unit.as_str(), metrics[0].description.as_str()), ("bytes", "Sizes."));
    let Some(Data::ExponentialHistogram(exponential)) = &metrics[0].data else { panic!("{metrics:?}") };
    let point = &exponential.data_points[0];
    let positive = point.positive.as_ref().unwrap();
    assert_eq!((positive.offset, &positive.bucket_counts[..]), (-1, &[1, 2, 0, 1, 1][..]));
    let negative = point.negative.as_ref().unwrap();
    assert_eq!((negative.offset, &negative.bucket_counts[..]), (-4, &[5][..]));
    assert_eq!(
        (point.count, point.sum, point.scale, point.zero_count, point.zero_threshold),
        (12, Some(18.4), 1, 2, 0.001)
    );
    let Some(Data::Histogram(explicit)) = &metrics[1].data else { panic!("{metrics:?}") };
    let point = &explicit.data_points[0];
    assert_eq!((&point.bucket_counts[..], &point.explicit_bounds[..]), (&[0, 2, 4][..], &[0.5, 1.0][..]));
    assert_eq!(point.exemplars.len(), 1);
    let Some(Data::ExponentialHistogram(coarser)) = &request.resource_metrics[1].scope_metrics[0].metrics[0].data
    else {
        panic!("{request:?}")
    };
    // Counts that are no whole numbers: rounded where OTLP has one, as bits of doubles in the list of buckets.
    let floats = &request.resource_metrics[1].scope_metrics[1];
    assert_eq!(floats.scope.as_ref().map(|scope| scope.name.as_str()), Some("spanlake.prometheus.float"));
    let Some(Data::ExponentialHistogram(float)) = &floats.metrics[0].data else { panic!("{request:?}") };
    let point = &float.data_points[0];
    assert_eq!((point.count, point.zero_count), (2, 2));
    let positive = point.positive.as_ref().unwrap();
    let bits: Vec<f64> = positive.bucket_counts.iter().copied().map(f64::from_bits).collect();
    assert_eq!((positive.offset, &bits[..]), (-3, &[1.5, 2.0, 1.5][..]));
    // 20,000 buckets are too many: four of them become one.
    let point = &coarser.data_points[0];
    assert_eq!((point.scale, point.positive.as_ref().unwrap().bucket_counts.iter().sum::<u64>()), (6, 3));
}

#[test]
fn exemplars_may_come_alone() {
    let mut series = one(&[("__name__", "d_count")], &[]);
    series.exemplars.push(ExemplarOne { labels: labels(&[("a", "b")]), value: 1.0, timestamp: 77 });
    let body = WriteRequest { timeseries: vec![series], metadata: Vec::new() }.encode_to_vec();
    let (request, tally) = converted(Version::One, &body, &FamiliesMemory::default());
    assert_eq!(lines(&request), ["[] gauge d_count{} none@77"]);
    assert_eq!((tally.samples, tally.exemplars), (0, 1));
}

#[test]
fn a_small_body_does_not_become_a_large_request() {
    let symbols = vec![String::new(), "__name__".into(), "x".into(), "l".into(), "y".repeat(100_000)];
    let samples = vec![SampleMessage { value: 1.0, timestamp: 1, start_timestamp: 0 }; 10_000];
    let series = SeriesTwo { labels_refs: vec![1, 2, 3, 4], samples, ..SeriesTwo::default() };
    let body = RequestTwo { symbols, timeseries: vec![series] }.encode_to_vec();
    let mut builder = RequestBuilder::new(1 << 20);
    convert(Version::Two, &body, &FamiliesMemory::default(), &mut builder).unwrap();
    let (bytes, tally) = builder.finish();
    assert!(bytes.len() < 2 << 20, "{}", bytes.len());
    assert_eq!(tally.samples + tally.rejected, 10_000);
    assert!(tally.message().unwrap().contains("send smaller requests"));
}

#[test]
fn what_is_no_protobuf_is_told_with_its_place() {
    let error =
        convert(Version::One, b"\x0a\x05ab", &FamiliesMemory::default(), &mut RequestBuilder::new(1000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not a valid prometheus.WriteRequest: truncated: a field is longer than what is left of its message at byte 2"
    );
}

proptest! {
    #[test]
    fn no_bytes_do_harm(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        for version in [Version::One, Version::Two] {
            let mut builder = RequestBuilder::new(1 << 16);
            let _ = convert(version, &body, &FamiliesMemory::default(), &mut builder);
            let (bytes, _) = builder.finish();
            crate::otlp::decode(Signal::Metrics, Encoding::Protobuf, &bytes, 1, &DecodeLimits::default(), &NoKnownSeries).unwrap();
        }
        let _ = each_family(&body, |_| {});
    }

    /// A valid request with bytes changed, so that the inner messages are reached.
    #[test]
    fn nearly_valid_bodies_do_no_harm(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut body = request_one().encode_to_vec();
        let at = place.index(body.len());
        body[at] = byte;
        let mut builder = RequestBuilder::new(1 << 16);
        if convert(Version::One, &body, &FamiliesMemory::default(), &mut builder).is_ok() {
            let (bytes, tally) = builder.finish();
            let decoded = crate::otlp::decode(Signal::Metrics, Encoding::Protobuf, &bytes, 1, &DecodeLimits::default(), &NoKnownSeries).unwrap();
            let points = decoded.batches.get(Table::Points).map_or(0, arrow::record_batch::RecordBatch::num_rows) as u64;
            prop_assert!(points >= tally.samples);
        }
    }
}
