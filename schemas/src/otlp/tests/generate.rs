//! Arbitrary OTLP requests, mostly good, with every kind of flaw here and there.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList, any_value::Value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::Event, span::Link};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "[a-z]{1,8}", "[\"\\\\\n\u{1}é漢🦀 ]{1,6}", "\\PC{0,40}"]
}

fn key() -> impl Strategy<Value = String> {
    let known = [
        "service.name",
        "http.request.method",
        "http.response.status_code",
        "exception.type",
        "thread.name",
        "doubleValue",
        "bytesValue",
        "kvlistValue",
    ];
    prop_oneof![3 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 2 => text()]
}

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0), Just(1e300), (0..100_i32).prop_map(f64::from)]
}

pub fn value() -> impl Strategy<Value = AnyValue> {
    let scalar = prop_oneof![
        1 => Just(None),
        6 => text().prop_map(|text| Some(Value::StringValue(text))),
        2 => any::<i64>().prop_map(|integer| Some(Value::IntValue(integer))),
        1 => any::<bool>().prop_map(|truth| Some(Value::BoolValue(truth))),
        2 => double().prop_map(|double| Some(Value::DoubleValue(double))),
        1 => vec(any::<u8>(), 0..9).prop_map(|bytes| Some(Value::BytesValue(bytes))),
    ]
    .prop_map(|value| AnyValue { value });
    scalar.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| Value::ArrayValue(ArrayValue { values })),
            vec((key(), option::of(inner)), 0..3).prop_map(|entries| {
                let values = entries.into_iter().map(|(key, value)| KeyValue { key, value, key_strindex: 0 });
                Value::KvlistValue(KeyValueList { values: values.collect() })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let attribute = (key(), option::weighted(0.95, value()));
    vec(attribute.prop_map(|(key, value)| KeyValue { key, value, key_strindex: 0 }), 0..5)
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 1_u64..=i64::MAX as u64, 2 => Just(0), 1 => any::<u64>()]
}

fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![12 => vec(1..=u8::MAX, length), 1 => Just(vec![0; length]), 1 => Just(vec![]), 1 => vec(any::<u8>(), 0..20)]
}

fn resource() -> impl Strategy<Value = Option<Resource>> {
    let entity = (text(), text(), vec(text(), 0..3), vec(text(), 0..3)).prop_map(
        |(schema_url, r#type, id_keys, description_keys)| EntityRef { schema_url, r#type, id_keys, description_keys },
    );
    let resource =
        (attributes(), 0..3_u32, vec(entity, 0..2)).prop_map(|(attributes, dropped_attributes_count, entity_refs)| {
            Resource { attributes, dropped_attributes_count, entity_refs }
        });
    option::of(resource)
}

fn scope() -> impl Strategy<Value = Option<InstrumentationScope>> {
    let scope =
        (text(), text(), attributes(), 0..3_u32).prop_map(|(name, version, attributes, dropped_attributes_count)| {
            InstrumentationScope { name, version, attributes, dropped_attributes_count }
        });
    option::of(scope)
}

fn span() -> impl Strategy<Value = Span> {
    let event = (time(), text(), attributes(), 0..3_u32).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    );
    let link = (id(16), id(8), text(), attributes(), 0..3_u32, any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    );
    let status = option::of((text(), -1..5_i32).prop_map(|(message, code)| Status { message, code }));
    let identity = (id(16), id(8), id(8), text(), any::<u32>(), text(), -1..8_i32);
    let rest = (time(), time(), attributes(), 0..9_u32, vec(event, 0..2), 0..9_u32, vec(link, 0..2), 0..9_u32, status);
    (identity, rest).prop_map(|(identity, rest)| Span {
        trace_id: identity.0,
        span_id: identity.1,
        parent_span_id: identity.2,
        trace_state: identity.3,
        flags: identity.4,
        name: identity.5,
        kind: identity.6,
        start_time_unix_nano: rest.0,
        end_time_unix_nano: rest.1,
        attributes: rest.2,
        dropped_attributes_count: rest.3,
        events: rest.4,
        dropped_events_count: rest.5,
        links: rest.6,
        dropped_links_count: rest.7,
        status: rest.8,
    })
}

pub fn traces() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope_spans = (scope(), vec(span(), 0..4), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    });
    let resource_spans = (resource(), vec(scope_spans, 0..3), text())
        .prop_map(|(resource, scope_spans, schema_url)| ResourceSpans { resource, scope_spans, schema_url });
    vec(resource_spans, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

fn record() -> impl Strategy<Value = LogRecord> {
    let first = (time(), time(), any::<i32>(), text(), option::of(value()), attributes());
    let second = (0..9_u32, any::<u32>(), id(16), id(8), text());
    (first, second).prop_map(|(first, second)| LogRecord {
        time_unix_nano: first.0,
        observed_time_unix_nano: first.1,
        severity_number: first.2,
        severity_text: first.3,
        body: first.4,
        attributes: first.5,
        dropped_attributes_count: second.0,
        flags: second.1,
        trace_id: second.2,
        span_id: second.3,
        event_name: second.4,
    })
}

pub fn logs() -> impl Strategy<Value = ExportLogsServiceRequest> {
    let scope_logs = (scope(), vec(record(), 0..4), text()).prop_map(|(scope, log_records, schema_url)| ScopeLogs {
        scope,
        log_records,
        schema_url,
    });
    let resource_logs = (resource(), vec(scope_logs, 0..3), text())
        .prop_map(|(resource, scope_logs, schema_url)| ResourceLogs { resource, scope_logs, schema_url });
    vec(resource_logs, 0..3).prop_map(|resource_logs| ExportLogsServiceRequest { resource_logs })
}

fn exemplars() -> impl Strategy<Value = Vec<Exemplar>> {
    let value = option::of(prop_oneof![
        double().prop_map(exemplar::Value::AsDouble),
        any::<i64>().prop_map(exemplar::Value::AsInt)
    ]);
    let exemplar = (attributes(), time(), value, id(8), id(16)).prop_map(
        |(filtered_attributes, time_unix_nano, value, span_id, trace_id)| Exemplar {
            filtered_attributes,
            time_unix_nano,
            value,
            span_id,
            trace_id,
        },
    );
    vec(exemplar, 0..2)
}

fn number() -> impl Strategy<Value = NumberDataPoint> {
    let value = option::of(prop_oneof![
        double().prop_map(number_data_point::Value::AsDouble),
        any::<i64>().prop_map(number_data_point::Value::AsInt)
    ]);
    (attributes(), time(), time(), exemplars(), 0..9_u32, value).prop_map(|point| NumberDataPoint {
        attributes: point.0,
        start_time_unix_nano: point.1,
        time_unix_nano: point.2,
        exemplars: point.3,
        flags: point.4,
        value: point.5,
    })
}

fn histogram() -> impl Strategy<Value = HistogramDataPoint> {
    let buckets = prop_oneof![
        8 => (0..4_usize).prop_map(|bounds| (vec![7; bounds + 1], vec![0.5; bounds])),
        2 => Just((vec![], vec![])),
        1 => (vec(any::<u64>(), 0..3), vec(any::<f64>(), 0..3)),
    ];
    let totals = (any::<u64>(), option::of(double()), option::of(double()), option::of(double()));
    (attributes(), time(), time(), totals, buckets, exemplars(), 0..9_u32).prop_map(|point| HistogramDataPoint {
        attributes: point.0,
        start_time_unix_nano: point.1,
        time_unix_nano: point.2,
        count: point.3.0,
        sum: point.3.1,
        min: point.3.2,
        max: point.3.3,
        bucket_counts: point.4.0,
        explicit_bounds: point.4.1,
        exemplars: point.5,
        flags: point.6,
    })
}

fn exponential() -> impl Strategy<Value = ExponentialHistogramDataPoint> {
    let buckets = || {
        option::of(
            (any::<i32>(), vec(any::<u64>(), 0..3))
                .prop_map(|(offset, bucket_counts)| Buckets { offset, bucket_counts }),
        )
    };
    let totals = (any::<u64>(), option::of(double()), option::of(double()), option::of(double()));
    let scale = (any::<i32>(), any::<u64>(), double());
    (attributes(), time(), time(), totals, scale, buckets(), buckets(), exemplars(), 0..9_u32).prop_map(|point| {
        ExponentialHistogramDataPoint {
            attributes: point.0,
            start_time_unix_nano: point.1,
            time_unix_nano: point.2,
            count: point.3.0,
            sum: point.3.1,
            min: point.3.2,
            max: point.3.3,
            scale: point.4.0,
            zero_count: point.4.1,
            zero_threshold: point.4.2,
            positive: point.5,
            negative: point.6,
            exemplars: point.7,
            flags: point.8,
        }
    })
}

fn summary() -> impl Strategy<Value = SummaryDataPoint> {
    let quantile = (double(), double()).prop_map(|(quantile, value)| ValueAtQuantile { quantile, value });
    (attributes(), time(), time(), any::<u64>(), double(), vec(quantile, 0..3), 0..9_u32).prop_map(|point| {
        SummaryDataPoint {
            attributes: point.0,
            start_time_unix_nano: point.1,
            time_unix_nano: point.2,
            count: point.3,
            sum: point.4,
            quantile_values: point.5,
            flags: point.6,
        }
    })
}

fn metric() -> impl Strategy<Value = Metric> {
    let temporality = || -1..4_i32;
    let data = prop_oneof![
        vec(number(), 0..3).prop_map(|data_points| Data::Gauge(Gauge { data_points })),
        (vec(number(), 0..3), temporality(), any::<bool>()).prop_map(
            |(data_points, aggregation_temporality, is_monotonic)| Data::Sum(Sum {
                data_points,
                aggregation_temporality,
                is_monotonic
            })
        ),
        (vec(histogram(), 0..3), temporality()).prop_map(|(data_points, aggregation_temporality)| Data::Histogram(
            Histogram { data_points, aggregation_temporality }
        )),
        (vec(exponential(), 0..3), temporality()).prop_map(|(data_points, aggregation_temporality)| {
            Data::ExponentialHistogram(ExponentialHistogram { data_points, aggregation_temporality })
        }),
        vec(summary(), 0..3).prop_map(|data_points| Data::Summary(Summary { data_points })),
    ];
    // Description and metadata follow from the name, because they are not part of a series' identity.
    (text(), text(), option::weighted(0.9, data)).prop_map(|(name, unit, data)| Metric {
        description: format!("what {name} is"),
        metadata: vec![KeyValue {
            key: "of".into(),
            value: Some(AnyValue { value: Some(Value::StringValue(name.clone())) }),
            key_strindex: 0,
        }],
        name,
        unit,
        data,
    })
}

pub fn metrics() -> impl Strategy<Value = ExportMetricsServiceRequest> {
    let scope_metrics = (scope(), vec(metric(), 0..3), text()).prop_map(|(scope, metrics, schema_url)| ScopeMetrics {
        scope,
        metrics,
        schema_url,
    });
    let resource_metrics = (resource(), vec(scope_metrics, 0..3), text())
        .prop_map(|(resource, scope_metrics, schema_url)| ResourceMetrics { resource, scope_metrics, schema_url });
    vec(resource_metrics, 0..3).prop_map(|resource_metrics| ExportMetricsServiceRequest { resource_metrics })
}
