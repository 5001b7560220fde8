//! Every item that is accepted is stored whole, and the right ones are accepted: batches read back against what
//! prost decodes.

use std::collections::HashMap;

use arrow::array::AsArray;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint, SummaryDataPoint, exemplar,
    exponential_histogram_data_point::Buckets, metric::Data, number_data_point, summary_data_point::ValueAtQuantile,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span::Event, span::Link};
use proptest::prelude::*;
use prost::Message;

use super::readback::Rows;
use super::{RECEIVED_AT, decode_protobuf, generate};
use crate::ingest::{Batches, Signal};
use crate::tables::{Table, promoted};

// === What is not told apart: an absent message from an empty one, the order of attributes ===

pub fn normal_value(value: Option<AnyValue>) -> AnyValue {
    let value = match value.and_then(|value| value.value) {
        Some(Value::ArrayValue(mut array)) => {
            array.values = array.values.into_iter().map(|value| normal_value(Some(value))).collect();
            Some(Value::ArrayValue(array))
        }
        Some(Value::KvlistValue(mut list)) => {
            list.values = list.values.into_iter().map(normal_attribute).collect();
            Some(Value::KvlistValue(list))
        }
        Some(Value::StringValueStrindex(_)) => None,
        value => value,
    };
    AnyValue { value }
}

fn normal_attribute(attribute: KeyValue) -> KeyValue {
    KeyValue { key: attribute.key, value: Some(normal_value(attribute.value)), key_strindex: 0 }
}

fn normal(attributes: Vec<KeyValue>) -> Vec<KeyValue> {
    let mut attributes: Vec<KeyValue> = attributes.into_iter().map(normal_attribute).collect();
    attributes.sort_by_cached_key(|attribute| format!("{attribute:?}"));
    attributes
}

fn is_id(bytes: &[u8], length: usize) -> bool {
    bytes.len() == length && bytes.iter().any(|byte| *byte != 0)
}

fn id_or_none(bytes: Vec<u8>, length: usize) -> Vec<u8> {
    if is_id(&bytes, length) { bytes } else { vec![] }
}

fn in_time(time: u64) -> bool {
    i64::try_from(time).is_ok()
}

fn origin_sent(
    resource: Option<&Resource>,
    url: &str,
    scope: Option<&InstrumentationScope>,
    scope_url: &str,
) -> String {
    let mut resource = resource.cloned().unwrap_or_default();
    let refs = std::mem::take(&mut resource.entity_refs);
    let service = resource.attributes.iter().find_map(|attribute| match &attribute.value {
        Some(AnyValue { value: Some(Value::StringValue(name)) })
            if attribute.key == "service.name" && !name.is_empty() =>
        {
            Some(name.clone())
        }
        _ => None,
    });
    resource.attributes = normal(resource.attributes);
    let mut scope = scope.cloned().unwrap_or_default();
    scope.attributes = normal(scope.attributes);
    let refs: Vec<serde_json::Value> = refs
        .into_iter()
        .map(|entity| {
            serde_json::json!({"schemaUrl": entity.schema_url, "type": entity.r#type,
                "idKeys": entity.id_keys, "descriptionKeys": entity.description_keys})
        })
        .collect();
    let service = service.unwrap_or_else(|| "unknown_service".into());
    format!("{service:?} {resource:?} {url:?} {} {scope:?} {scope_url:?}", serde_json::Value::from(refs))
}

/// Resources and scopes by id, as [`origin_sent`] words them.
struct Origins {
    resources: HashMap<i64, String>,
    scopes: HashMap<i64, String>,
}

impl Origins {
    fn read(batches: &Batches) -> Self {
        let rows = Rows::of_table(batches, Table::Resources);
        let resource = |row| {
            let resource = Resource {
                attributes: rows.attributes(row, &[]),
                dropped_attributes_count: rows.uint32("dropped_attributes_count", row),
                entity_refs: vec![],
            };
            let refs = rows.text("entity_refs", row).unwrap_or_else(|| "[]".into());
            let refs: serde_json::Value = serde_json::from_str(&refs).unwrap();
            let url = rows.text("schema_url", row).unwrap_or_default();
            let service = rows.text("service_name", row).unwrap();
            (rows.int("resource_id", row).unwrap(), format!("{service:?} {resource:?} {url:?} {refs}"))
        };
        let resources: HashMap<i64, String> = (0..rows.len).map(resource).collect();
        assert_eq!(resources.len(), rows.len, "one row a resource");
        let rows = Rows::of_table(batches, Table::Scopes);
        let scope = |row| {
            let scope = InstrumentationScope {
                name: rows.text("name", row).unwrap(),
                version: rows.text("version", row).unwrap(),
                attributes: rows.attributes(row, &[]),
                dropped_attributes_count: rows.uint32("dropped_attributes_count", row),
            };
            let url = rows.text("schema_url", row).unwrap_or_default();
            (rows.int("scope_id", row).unwrap(), format!("{scope:?} {url:?}"))
        };
        let scopes: HashMap<i64, String> = (0..rows.len).map(scope).collect();
        assert_eq!(scopes.len(), rows.len, "one row a scope");
        Self { resources, scopes }
    }

    fn of(&self, rows: &Rows<'_>, row: usize) -> String {
        let resource = &self.resources[&rows.int("resource_id", row).unwrap()];
        let service = rows.text("service_name", row).unwrap();
        assert!(resource.starts_with(&format!("{service:?} ")), "{service} {resource}");
        format!("{resource} {}", self.scopes[&rows.int("scope_id", row).unwrap()])
    }
}

// === Spans ===

fn words(words: &[&str], number: i32) -> String {
    words.get(number as usize).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

fn number(words: &[&str], word: &str) -> i32 {
    words.iter().position(|known| *known == word).map_or_else(|| word.parse().unwrap(), |index| index as i32)
}

const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const CODES: [&str; 3] = ["unset", "ok", "error"];

fn span_sent(mut span: Span) -> Option<String> {
    let parent = span.parent_span_id.len();
    let times = [span.start_time_unix_nano, span.end_time_unix_nano];
    let good = is_id(&span.trace_id, 16) && is_id(&span.span_id, 8) && (parent == 0 || parent == 8);
    let in_range = times.into_iter().chain(span.events.iter().map(|event| event.time_unix_nano)).all(in_time);
    if !good || !in_range {
        return None;
    }
    span.parent_span_id = id_or_none(span.parent_span_id, 8);
    span.attributes = normal(span.attributes);
    for event in &mut span.events {
        event.attributes = normal(std::mem::take(&mut event.attributes));
    }
    let before = span.links.len();
    span.links.retain(|link| is_id(&link.trace_id, 16) && is_id(&link.span_id, 8));
    span.dropped_links_count += (before - span.links.len()) as u32;
    for link in &mut span.links {
        link.attributes = normal(std::mem::take(&mut link.attributes));
    }
    span.status = Some(span.status.unwrap_or_default());
    Some(format!("{span:?}"))
}

fn span_stored(rows: &Rows<'_>, row: usize) -> String {
    let start = rows.time("start_time", row).unwrap();
    let span = Span {
        trace_id: rows.id("trace_id", row).unwrap(),
        span_id: rows.id("span_id", row).unwrap(),
        trace_state: rows.text("trace_state", row).unwrap_or_default(),
        parent_span_id: rows.id("parent_span_id", row).unwrap_or_default(),
        flags: rows.uint32("flags", row),
        name: rows.text("name", row).unwrap(),
        kind: number(&KINDS, &rows.text("kind", row).unwrap()),
        start_time_unix_nano: start,
        end_time_unix_nano: start.wrapping_add(rows.int("duration", row).unwrap() as u64),
        attributes: rows.attributes(row, promoted::SPAN),
        dropped_attributes_count: rows.uint32("dropped_attributes_count", row),
        events: rows.list("events", row).map_or_else(Vec::new, |events| {
            let events = Rows::of_struct(events.as_struct());
            (0..events.len).map(|event| event_stored(&events, event)).collect()
        }),
        dropped_events_count: rows.uint32("dropped_events_count", row),
        links: rows.list("links", row).map_or_else(Vec::new, |links| {
            let links = Rows::of_struct(links.as_struct());
            (0..links.len).map(|link| link_stored(&links, link)).collect()
        }),
        dropped_links_count: rows.uint32("dropped_links_count", row),
        status: Some(Status {
            message: rows.text("status_message", row).unwrap_or_default(),
            code: number(&CODES, &rows.text("status_code", row).unwrap()),
        }),
    };
    assert_eq!(rows.time("received_time", row), Some(RECEIVED_AT as u64));
    assert_eq!(words(&KINDS, span.kind), rows.text("kind", row).unwrap());
    format!("{span:?}")
}

fn event_stored(rows: &Rows<'_>, row: usize) -> Event {
    Event {
        time_unix_nano: rows.time("time", row).unwrap(),
        name: rows.text("name", row).unwrap(),
        attributes: rows.attributes(row, &[]),
        dropped_attributes_count: rows.uint32("dropped_attributes_count", row),
    }
}

fn link_stored(rows: &Rows<'_>, row: usize) -> Link {
    Link {
        trace_id: rows.id("trace_id", row).unwrap(),
        span_id: rows.id("span_id", row).unwrap(),
        trace_state: rows.text("trace_state", row).unwrap_or_default(),
        attributes: rows.attributes(row, &[]),
        dropped_attributes_count: rows.uint32("dropped_attributes_count", row),
        flags: rows.uint32("flags", row),
    }
}

/// A line for each span that should be stored, and how many there are in all.
pub fn traces_sent(request: &ExportTraceServiceRequest) -> (Vec<String>, u64) {
    let (mut sent, mut total) = (vec![], 0);
    for of_resource in &request.resource_spans {
        for of_scope in &of_resource.scope_spans {
            let (resource, scope) = (of_resource.resource.as_ref(), of_scope.scope.as_ref());
            let origin = origin_sent(resource, &of_resource.schema_url, scope, &of_scope.schema_url);
            total += of_scope.spans.len() as u64;
            sent.extend(of_scope.spans.iter().cloned().filter_map(span_sent).map(|span| format!("{origin} {span}")));
        }
    }
    (sent, total)
}

fn check_traces(body: &[u8]) {
    let (sent, total) = traces_sent(&ExportTraceServiceRequest::decode(body).unwrap());
    let decoded = decode_protobuf(Signal::Traces, body).unwrap();
    let origins = Origins::read(&decoded.batches);
    let rows = Rows::of_table(&decoded.batches, Table::Spans);
    let stored: Vec<String> =
        (0..rows.len).map(|row| format!("{} {}", origins.of(&rows, row), span_stored(&rows, row))).collect();
    assert_eq!(stored, sent);
    assert_eq!((decoded.accepted, decoded.rejected), (sent.len() as u64, total - sent.len() as u64));
    assert!(decoded.message.is_some() || decoded.rejected == 0);
}

// === Log records ===

fn log_sent(mut record: LogRecord) -> Option<String> {
    if !in_time(record.time_unix_nano) || !in_time(record.observed_time_unix_nano) {
        return None;
    }
    record.attributes = normal(record.attributes);
    record.trace_id = id_or_none(record.trace_id, 16);
    record.span_id = id_or_none(record.span_id, 8);
    record.body = record.body.map(|body| normal_value(Some(body)));
    Some(format!("{record:?}"))
}

fn log_stored(rows: &Rows<'_>, row: usize) -> String {
    let time = rows.time("time", row).unwrap();
    let observed = rows.time("observed_time", row);
    let is_missing = rows.bool("time_missing", row) == Some(true);
    if is_missing {
        assert_eq!(time, observed.unwrap_or(RECEIVED_AT as u64));
    }
    let (body, tag) = (rows.text("body", row), rows.text("body_type", row));
    let body = (body.is_some() || tag.is_some()).then(|| {
        let tag = tag.as_deref().and_then(|tag| tag.chars().next()).unwrap_or('s');
        super::readback::any_value(crate::otlp::AttributeValue::parse(body.as_deref(), tag).unwrap())
    });
    let record = LogRecord {
        time_unix_nano: if is_missing { 0 } else { time },
        observed_time_unix_nano: observed.unwrap_or(0),
        severity_number: rows.int32("severity_number", row).unwrap(),
        severity_text: rows.text("severity_text", row).unwrap_or_default(),
        body,
        attributes: rows.attributes(row, promoted::LOG),
        dropped_attributes_count: rows.uint32("dropped_attributes_count", row),
        flags: rows.uint32("flags", row),
        trace_id: rows.id("trace_id", row).unwrap_or_default(),
        span_id: rows.id("span_id", row).unwrap_or_default(),
        event_name: rows.text("event_name", row).unwrap_or_default(),
    };
    format!("{record:?}")
}

/// A line for each record that should be stored, and how many there are in all.
pub fn logs_sent(request: &ExportLogsServiceRequest) -> (Vec<String>, u64) {
    let (mut sent, mut total) = (vec![], 0);
    for of_resource in &request.resource_logs {
        for of_scope in &of_resource.scope_logs {
            let (resource, scope) = (of_resource.resource.as_ref(), of_scope.scope.as_ref());
            let origin = origin_sent(resource, &of_resource.schema_url, scope, &of_scope.schema_url);
            total += of_scope.log_records.len() as u64;
            let records = of_scope.log_records.iter().cloned().filter_map(log_sent);
            sent.extend(records.map(|record| format!("{origin} {record}")));
        }
    }
    (sent, total)
}

fn check_logs(body: &[u8]) {
    let (sent, total) = logs_sent(&ExportLogsServiceRequest::decode(body).unwrap());
    let decoded = decode_protobuf(Signal::Logs, body).unwrap();
    let origins = Origins::read(&decoded.batches);
    let rows = Rows::of_table(&decoded.batches, Table::Logs);
    let stored: Vec<String> =
        (0..rows.len).map(|row| format!("{} {}", origins.of(&rows, row), log_stored(&rows, row))).collect();
    assert_eq!(stored, sent);
    assert_eq!((decoded.accepted, decoded.rejected), (sent.len() as u64, total - sent.len() as u64));
}

// === Points ===

const TEMPORALITIES: [&str; 3] = ["unspecified", "delta", "cumulative"];

/// A metric with a line for each point and exemplar that should be stored.
pub struct Lines {
    pub lines: Vec<String>,
    pub accepted: u64,
    pub total: u64,
}

impl Lines {
    #[allow(clippy::too_many_arguments, reason = "a test's helper")]
    fn point(
        &mut self,
        series: &str,
        attributes: Vec<KeyValue>,
        times: [u64; 2],
        good: bool,
        exemplars: Vec<Exemplar>,
        rest: &dyn std::fmt::Debug,
    ) {
        self.total += 1;
        if !good || !times.into_iter().all(in_time) {
            return;
        }
        self.accepted += 1;
        let series = format!("{series} {:?}", normal(attributes));
        for mut exemplar in exemplars.into_iter().filter(|exemplar| in_time(exemplar.time_unix_nano)) {
            exemplar.filtered_attributes = normal(exemplar.filtered_attributes);
            exemplar.trace_id = id_or_none(exemplar.trace_id, 16);
            exemplar.span_id = id_or_none(exemplar.span_id, 8);
            self.lines.push(format!("{series} {} {exemplar:?}", times[1]));
        }
        self.lines.push(format!("{series} {rest:?}"));
    }

    fn metric(&mut self, origin: &str, metric: Metric) {
        let Metric { name, description, unit, metadata, data } = metric;
        let Some(data) = data else {
            return;
        };
        let (kind, temporality, monotonic) = match &data {
            Data::Gauge(_) => ("gauge", None, None),
            Data::Sum(sum) => ("sum", Some(sum.aggregation_temporality), Some(sum.is_monotonic)),
            Data::Histogram(histogram) => ("histogram", Some(histogram.aggregation_temporality), None),
            Data::ExponentialHistogram(data) => ("exponential_histogram", Some(data.aggregation_temporality), None),
            Data::Summary(_) => ("summary", None, None),
        };
        let temporality = temporality.map(|number| words(&TEMPORALITIES, number));
        let series = format!(
            "{origin} {name:?} {description:?} {unit:?} {kind:?} {temporality:?} {monotonic:?} {:?}",
            normal(metadata)
        );
        match data {
            Data::Gauge(gauge) => self.numbers(&series, gauge.data_points),
            Data::Sum(sum) => self.numbers(&series, sum.data_points),
            Data::Histogram(histogram) => {
                for mut point in histogram.data_points {
                    let (counts, bounds) = (point.bucket_counts.len(), point.explicit_bounds.len());
                    let good = counts == bounds + 1 || counts + bounds == 0;
                    let (attributes, exemplars) = (take(&mut point.attributes), take(&mut point.exemplars));
                    let times = [point.start_time_unix_nano, point.time_unix_nano];
                    self.point(&series, attributes, times, good, exemplars, &point);
                }
            }
            Data::ExponentialHistogram(histogram) => {
                for mut point in histogram.data_points {
                    let (attributes, exemplars) = (take(&mut point.attributes), take(&mut point.exemplars));
                    let times = [point.start_time_unix_nano, point.time_unix_nano];
                    self.point(&series, attributes, times, true, exemplars, &point);
                }
            }
            Data::Summary(summary) => {
                for mut point in summary.data_points {
                    let attributes = take(&mut point.attributes);
                    let times = [point.start_time_unix_nano, point.time_unix_nano];
                    self.point(&series, attributes, times, true, vec![], &point);
                }
            }
        }
    }

    fn numbers(&mut self, series: &str, points: Vec<NumberDataPoint>) {
        for mut point in points {
            let (attributes, exemplars) = (take(&mut point.attributes), take(&mut point.exemplars));
            let times = [point.start_time_unix_nano, point.time_unix_nano];
            self.point(series, attributes, times, true, exemplars, &point);
        }
    }
}

fn take<T>(list: &mut Vec<T>) -> Vec<T> {
    std::mem::take(list)
}

/// Every series by id, worded as by [`Lines`].
fn series_stored(batches: &Batches) -> HashMap<Vec<u8>, String> {
    let origins = Origins::read(batches);
    let rows = Rows::of_table(batches, Table::Series);
    let series = |row| {
        let text = |name| rows.text(name, row).unwrap();
        let mut metadata = rows.map("metadata", "metadata_types", row);
        metadata = normal(metadata);
        let line = format!(
            "{} {:?} {:?} {:?} {:?} {:?} {:?} {metadata:?} {:?}",
            origins.of(&rows, row),
            text("name"),
            text("description"),
            text("unit"),
            text("type"),
            rows.text("temporality", row),
            rows.bool("is_monotonic", row),
            rows.attributes(row, &[]),
        );
        (rows.id("series_id", row).unwrap(), line)
    };
    let series: HashMap<Vec<u8>, String> = (0..rows.len).map(series).collect();
    assert_eq!(series.len(), rows.len, "one row a series");
    series
}

fn point_stored(rows: &Rows<'_>, row: usize, table: Table) -> String {
    let start_time_unix_nano = rows.time("start_time", row).unwrap_or(0);
    let time_unix_nano = rows.time("time", row).unwrap();
    let flags = rows.uint32("flags", row);
    let double = |name| rows.double(name, row);
    match table {
        Table::Points => {
            let value = double("value_double").map(number_data_point::Value::AsDouble);
            let value = value.or_else(|| rows.int("value_int", row).map(number_data_point::Value::AsInt));
            let (attributes, exemplars) = (vec![], vec![]);
            format!(
                "{:?}",
                NumberDataPoint { attributes, start_time_unix_nano, time_unix_nano, exemplars, flags, value }
            )
        }
        Table::Histograms => {
            let point = HistogramDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                flags,
                count: rows.uint64("count", row),
                sum: double("sum"),
                min: double("min"),
                max: double("max"),
                bucket_counts: rows.uints("bucket_counts", row),
                explicit_bounds: rows.doubles("explicit_bounds", row),
                ..Default::default()
            };
            format!("{point:?}")
        }
        Table::ExpHistograms => {
            let buckets = |offset, counts| {
                let offset = rows.int32(offset, row);
                let bucket_counts = rows.uints(counts, row);
                assert!(offset.is_some() || bucket_counts.is_empty());
                offset.map(|offset| Buckets { offset, bucket_counts })
            };
            let point = ExponentialHistogramDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                flags,
                count: rows.uint64("count", row),
                sum: double("sum"),
                min: double("min"),
                max: double("max"),
                scale: rows.int32("scale", row).unwrap(),
                zero_count: rows.uint64("zero_count", row),
                zero_threshold: double("zero_threshold").unwrap(),
                positive: buckets("positive_offset", "positive_bucket_counts"),
                negative: buckets("negative_offset", "negative_bucket_counts"),
                ..Default::default()
            };
            format!("{point:?}")
        }
        _ => {
            let quantiles = rows.doubles("quantiles", row).into_iter().zip(rows.doubles("quantile_values", row));
            let point = SummaryDataPoint {
                start_time_unix_nano,
                time_unix_nano,
                flags,
                count: rows.uint64("count", row),
                sum: double("sum").unwrap(),
                quantile_values: quantiles.map(|(quantile, value)| ValueAtQuantile { quantile, value }).collect(),
                ..Default::default()
            };
            format!("{point:?}")
        }
    }
}

fn exemplar_stored(rows: &Rows<'_>, row: usize) -> String {
    let value = rows.double("value_double", row).map(exemplar::Value::AsDouble);
    let exemplar = Exemplar {
        filtered_attributes: rows.attributes(row, &[]),
        time_unix_nano: rows.time("time", row).unwrap(),
        span_id: rows.id("span_id", row).unwrap_or_default(),
        trace_id: rows.id("trace_id", row).unwrap_or_default(),
        value: value.or_else(|| rows.int("value_int", row).map(exemplar::Value::AsInt)),
    };
    format!("{} {exemplar:?}", rows.time("point_time", row).unwrap())
}

pub fn metrics_sent(request: &ExportMetricsServiceRequest) -> Lines {
    let mut sent = Lines { lines: vec![], accepted: 0, total: 0 };
    for of_resource in &request.resource_metrics {
        for of_scope in &of_resource.scope_metrics {
            let (resource, scope) = (of_resource.resource.as_ref(), of_scope.scope.as_ref());
            let origin = origin_sent(resource, &of_resource.schema_url, scope, &of_scope.schema_url);
            for metric in &of_scope.metrics {
                sent.metric(&origin, metric.clone());
            }
        }
    }
    sent.lines.sort();
    sent
}

fn check_metrics(body: &[u8]) {
    let sent = metrics_sent(&ExportMetricsServiceRequest::decode(body).unwrap());
    let decoded = decode_protobuf(Signal::Metrics, body).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected), (sent.accepted, sent.total - sent.accepted));
    let series = series_stored(&decoded.batches);
    let mut stored = vec![];
    for table in [Table::Points, Table::Histograms, Table::ExpHistograms, Table::Summaries, Table::Exemplars] {
        let rows = Rows::of_table(&decoded.batches, table);
        stored.extend((0..rows.len).map(|row| {
            let series = &series[&rows.id("series_id", row).unwrap()];
            let rest =
                if table == Table::Exemplars { exemplar_stored(&rows, row) } else { point_stored(&rows, row, table) };
            format!("{series} {rest}")
        }));
    }
    stored.sort();
    assert_eq!(stored, sent.lines);
}

// === Properties ===

/// Splits a message's fields and writes them in another order that keeps the order within each number, which
/// protobuf holds to be the same message.
fn reorder(message: &[u8], depth: u32) -> Vec<u8> {
    let mut fields: Vec<(u32, Vec<u8>)> = vec![];
    let mut reader = crate::otlp::wire::Reader::new(message);
    loop {
        let before = reader;
        let Some(key) = reader.key().unwrap() else {
            break;
        };
        // Below the items only oneofs of scalars would be told apart by order.
        if depth > 0 && key & 7 == 2 && [1, 2].contains(&(key >> 3)) {
            let mut field = vec![];
            crate::otlp::wire_writer::put_bytes(&mut field, key >> 3, &reorder(reader.bytes().unwrap(), depth - 1));
            fields.push((key >> 3, field));
        } else {
            reader.skip(key, 0).unwrap();
            fields.push((key >> 3, before.until(&reader).to_vec()));
        }
    }
    fields.sort_by_key(|(number, _)| u32::MAX - number);
    fields.into_iter().flat_map(|(_, field)| field).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn spans(request in generate::traces()) {
        check_traces(&request.encode_to_vec());
    }

    #[test]
    fn log_records(request in generate::logs()) {
        check_logs(&request.encode_to_vec());
    }

    #[test]
    fn points(request in generate::metrics()) {
        check_metrics(&request.encode_to_vec());
    }

    #[test]
    fn fields_in_any_order(traces in generate::traces(), logs in generate::logs(), metrics in generate::metrics()) {
        // Request, resource level and scope level: 1 is described, 2 contained, and `Resource` keeps its order.
        let body = traces.encode_to_vec();
        check_traces(&reorder(&body, 1));
        let body = logs.encode_to_vec();
        check_logs(&reorder(&body, 1));
        let body = metrics.encode_to_vec();
        check_metrics(&reorder(&body, 1));
    }

    #[test]
    fn requests_one_after_the_other_merge(first in generate::traces(), second in generate::traces()) {
        let body = [first.encode_to_vec(), second.encode_to_vec()].concat();
        check_traces(&body);
    }

    #[test]
    fn submessages_given_twice_merge(first in generate::traces(), second in generate::traces()) {
        // The content of one ResourceSpans after another's: resource and schema url merge, scopes add up.
        let content = |request: &ExportTraceServiceRequest| {
            request.resource_spans.first().map(Message::encode_to_vec).unwrap_or_default()
        };
        let merged = [content(&first), content(&second)].concat();
        let mut body = vec![];
        crate::otlp::wire_writer::put_bytes(&mut body, 1, &merged);
        check_traces(&body);
    }

    #[test]
    fn log_records_merged_from_two(first in generate::logs(), second in generate::logs()) {
        // One record of the fields of two: scalars' last wins, bodies of the same kind merge.
        let content = |request: &ExportLogsServiceRequest| {
            let records = request.resource_logs.iter().flat_map(|of| &of.scope_logs).flat_map(|of| &of.log_records);
            records.map(Message::encode_to_vec).next().unwrap_or_default()
        };
        let mut body = [content(&first), content(&second)].concat();
        for number in [2, 2, 1] {
            let mut outer = vec![];
            crate::otlp::wire_writer::put_bytes(&mut outer, number, &body);
            body = outer;
        }
        check_logs(&body);
    }

    #[test]
    fn metrics_merged_from_two(first in generate::metrics(), second in generate::metrics()) {
        let content = |request: &ExportMetricsServiceRequest| {
            let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
            metrics.map(Message::encode_to_vec).next().unwrap_or_default()
        };
        let mut body = [content(&first), content(&second)].concat();
        for number in [2, 2, 1] {
            let mut outer = vec![];
            crate::otlp::wire_writer::put_bytes(&mut outer, number, &body);
            body = outer;
        }
        check_metrics(&body);
    }
}
