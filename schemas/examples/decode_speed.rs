//! Prints how long the decoder takes for a span, a log record and a number point of realistic requests.
//!
//! `cargo run --release -p spanlake-schemas --example decode_speed [traces|logs|metrics|json] [seconds]`
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message as _;
use spanlake_schemas::ingest::{DecodeLimits, Encoding, KnownSeries, Signal};
use spanlake_schemas::otlp;

const ITEMS: usize = 512;
const TIME: u64 = 1_732_165_200_000_000_000;

struct AllKnown;

impl KnownSeries for AllKnown {
    fn is_known(&self, _series_id: &[u8; 16]) -> bool {
        true
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let only = arguments.next();
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2.0);
    let time = Duration::from_secs_f64(seconds);
    for (name, signal, encoding, body) in [
        ("traces", Signal::Traces, Encoding::Protobuf, traces().encode_to_vec()),
        ("logs", Signal::Logs, Encoding::Protobuf, logs().encode_to_vec()),
        ("metrics", Signal::Metrics, Encoding::Protobuf, metrics().encode_to_vec()),
        ("json", Signal::Traces, Encoding::Json, json(&traces())),
    ] {
        if only.as_deref().is_none_or(|only| only == name) {
            measure(name, signal, encoding, &body, time);
        }
    }
}

fn measure(name: &str, signal: Signal, encoding: Encoding, body: &[u8], time: Duration) {
    let limits = DecodeLimits::default();
    let begin = Instant::now();
    let mut requests = 0_u32;
    let mut best = Duration::MAX;
    while begin.elapsed() < time {
        let one = Instant::now();
        let decoded = otlp::decode(signal, encoding, black_box(body), 1, &limits, &AllKnown);
        let decoded = decoded.expect("the request is well formed");
        assert_eq!(decoded.accepted, ITEMS as u64, "{:?}", decoded.message);
        drop(black_box(decoded));
        best = best.min(one.elapsed());
        requests += 1;
    }
    let mean = begin.elapsed().as_secs_f64() / f64::from(requests) / ITEMS as f64;
    let best = best.as_secs_f64() / ITEMS as f64;
    let size = body.len() / ITEMS;
    println!(
        "{name:8} {size} bytes an item, mean {:.0} ns, best {:.0} ns an item: {:.2} million a second, {:.0} MB/s",
        mean * 1e9,
        best * 1e9,
        1e-6 / mean,
        1e-6 * body.len() as f64 / ITEMS as f64 / mean,
    );
}

fn json(request: &ExportTraceServiceRequest) -> Vec<u8> {
    serde_json::to_vec(request).expect("requests are JSON")
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.into()))
}

fn integer(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn resource() -> Option<Resource> {
    let attributes = vec![
        text("service.name", "checkout"),
        text("service.namespace", "shop"),
        text("service.version", "1.4.2"),
        text("service.instance.id", "627cc493-f310-47de-96bd-71410b7dec09"),
        text("deployment.environment.name", "production"),
        text("host.name", "node-17.eu-central-1.compute.internal"),
        text("k8s.cluster.name", "prod-1"),
        text("k8s.namespace.name", "shop"),
        text("k8s.pod.name", "checkout-7c9f8b6d5-x2x9z"),
        text("telemetry.sdk.language", "rust"),
        text("telemetry.sdk.name", "opentelemetry"),
        integer("process.pid", 4711),
    ];
    Some(Resource { attributes, ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "io.shop.checkout".into(), version: "1.0.0".into(), ..Default::default() })
}

fn traces() -> ExportTraceServiceRequest {
    let spans = (0..ITEMS).map(span_of).collect();
    let scope_spans = vec![ScopeSpans { scope: scope(), spans, schema_url: String::new() }];
    let resource_spans = vec![ResourceSpans { resource: resource(), scope_spans, schema_url: String::new() }];
    ExportTraceServiceRequest { resource_spans }
}

fn span_of(index: usize) -> Span {
    let mut attributes = vec![
        text("http.request.method", "GET"),
        text("http.route", "/api/cart/{cart_id}"),
        text("url.path", format!("/api/cart/{index}")),
        integer("http.response.status_code", 200),
        text("server.address", "checkout.shop.svc"),
        integer("server.port", 8080),
        text("app.cart.id", format!("cart-{index:08}")),
    ];
    if !index.is_multiple_of(3) {
        attributes.push(text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64)"));
        attributes.push(integer("app.cart.items", (index % 17) as i64));
    }
    if index % 3 > 1 {
        attributes.push(attribute("app.cart.total", any_value::Value::BoolValue(true)));
    }
    let events = if index.is_multiple_of(16) {
        let attributes = vec![text("exception.type", "Timeout"), text("exception.message", "no answer in 3 s")];
        vec![span::Event { time_unix_nano: TIME, name: "exception".into(), attributes, dropped_attributes_count: 0 }]
    } else {
        Vec::new()
    };
    let id = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Span {
        trace_id: [id.to_be_bytes(), id.to_le_bytes()].concat(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if index.is_multiple_of(8) { Vec::new() } else { id.to_le_bytes().to_vec() },
        flags: 0x101,
        name: "GET /api/cart/{cart_id}".into(),
        kind: 2,
        start_time_unix_nano: TIME + index as u64 * 1_000,
        end_time_unix_nano: TIME + index as u64 * 1_000 + 2_000_000,
        attributes,
        events,
        status: Some(Status { message: String::new(), code: i32::from(index.is_multiple_of(16)) * 2 }),
        ..Span::default()
    }
}

fn logs() -> ExportLogsServiceRequest {
    let record = |index: usize| LogRecord {
        time_unix_nano: TIME + index as u64,
        observed_time_unix_nano: TIME + index as u64 + 100,
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(AnyValue { value: Some(any_value::Value::StringValue(format!("cart {index} was checked out"))) }),
        attributes: vec![
            text("code.function.name", "checkout::cart"),
            text("thread.name", "tokio-runtime-worker"),
            text("app.cart.id", format!("cart-{index:08}")),
            integer("app.cart.items", 12),
        ],
        trace_id: vec![7; 16],
        span_id: vec![8; 8],
        flags: 1,
        ..LogRecord::default()
    };
    let log_records = (0..ITEMS).map(record).collect();
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records, schema_url: String::new() }];
    ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs { resource: resource(), scope_logs, schema_url: String::new() }],
    }
}

fn metrics() -> ExportMetricsServiceRequest {
    let point = |index: usize| NumberDataPoint {
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", format!("/api/cart/{index}")),
            integer("http.response.status_code", 200),
        ],
        start_time_unix_nano: TIME,
        time_unix_nano: TIME + 1,
        value: Some(number_data_point::Value::AsInt(index as i64)),
        ..NumberDataPoint::default()
    };
    let metric = |index: usize| Metric {
        name: format!("http.server.requests.{index}"),
        description: "Requests".into(),
        unit: "1".into(),
        data: Some(metric::Data::Sum(Sum {
            data_points: (0..16).map(point).collect(),
            aggregation_temporality: 2,
            is_monotonic: true,
        })),
        metadata: Vec::new(),
    };
    let metrics = (0..ITEMS / 16).map(metric).collect();
    let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, schema_url: String::new() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { resource: resource(), scope_metrics, schema_url: String::new() }],
    }
}
