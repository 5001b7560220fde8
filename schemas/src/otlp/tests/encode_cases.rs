//! Single cases of the encoder: how rows are grouped, and what it does with rows that do not fit together.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value as Json, json};

use super::{decode_json, encode_all};
use crate::ingest::{Batches, Signal};
use crate::otlp::{DimensionBatches, DimensionLookup, DimensionRow, EncodeError, Tally, encode};
use crate::tables::Table;

fn batches(signal: Signal, request: &Json) -> Batches {
    let decoded = decode_json(signal, request.to_string().as_bytes()).unwrap();
    assert_eq!((decoded.rejected, decoded.message), (0, None));
    decoded.batches
}

fn span(name: &str) -> Json {
    json!({"traceId": "01".repeat(16), "spanId": "02".repeat(8), "name": name})
}

fn service(name: &str, spans: Vec<Json>) -> Json {
    let attribute = json!({"key": "service.name", "value": {"stringValue": name}});
    json!({"resource": {"attributes": [attribute]}, "scopeSpans": [{"scope": {"name": "lib"}, "spans": spans}]})
}

fn traces(batches: &Batches) -> ExportTraceServiceRequest {
    let encoded = encode_all(Signal::Traces, batches, None);
    assert_eq!(encoded.requests.len(), 1);
    ExportTraceServiceRequest::decode(&encoded.requests[0][..]).unwrap()
}

fn first_span(batches: &Batches) -> Span {
    traces(batches).resource_spans.remove(0).scope_spans.remove(0).spans.remove(0)
}

/// The batches with one column of one table replaced.
fn with_column(mut batches: Batches, table: Table, name: &str, column: ArrayRef) -> Batches {
    for (_, batch) in batches.tables.iter_mut().filter(|(of, _)| *of == table) {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns().to_vec());
        let columns: Vec<(String, ArrayRef)> = columns
            .map(|(field, array)| {
                (field.name().clone(), if field.name() == name { Arc::clone(&column) } else { array })
            })
            .collect();
        *batch = RecordBatch::try_from_iter(columns).unwrap();
    }
    batches
}

#[test]
fn rows_of_one_origin_are_one_group_in_order_of_first_rows() {
    let request = json!({"resourceSpans": [
        service("shop", vec![span("a")]), service("bank", vec![span("b")]), service("shop", vec![span("c")]),
    ]});
    let traces = traces(&batches(Signal::Traces, &request));
    let names: Vec<Vec<&str>> = traces
        .resource_spans
        .iter()
        .map(|of| of.scope_spans.iter().flat_map(|of| &of.spans).map(|span| span.name.as_str()).collect())
        .collect();
    assert_eq!(names, [vec!["a", "c"], vec!["b"]]);
}

#[test]
fn batches_of_one_table_add_up() {
    let one = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", vec![span("a")])]}));
    let two = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", vec![span("b")])]}));
    let both = Batches { tables: [one.tables, two.tables].concat() };
    let traces = traces(&both);
    assert_eq!(traces.resource_spans.len(), 1);
    assert_eq!(traces.resource_spans[0].scope_spans[0].spans.len(), 2);
}

#[test]
fn a_slice_of_a_batch_is_written_and_nothing_else() {
    let mut spans = vec![span("a"), span("b"), span("c")];
    for (position, span) in spans.iter_mut().enumerate() {
        span["attributes"] = json!([{"key": "n", "value": {"intValue": position}}]);
        span["events"] = json!([{"name": format!("event {position}")}]);
    }
    let mut batches = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", spans)]}));
    let (_, batch) = batches.tables.iter_mut().find(|(table, _)| *table == Table::Spans).unwrap();
    *batch = batch.slice(1, 1);
    let span = first_span(&batches);
    assert_eq!((span.name.as_str(), span.events[0].name.as_str()), ("b", "event 1"));
    let value = Some(AnyValue { value: Some(Value::IntValue(1)) });
    assert_eq!(span.attributes, [KeyValue { key: "n".into(), value, key_strindex: 0 }]);
}

#[test]
fn a_promoted_value_comes_before_others_of_its_key() {
    let mut span = span("a");
    span["attributes"] = json!([
        {"key": "http.route", "value": {"intValue": 1}},
        {"key": "http.route", "value": {"stringValue": "/cart"}},
        {"key": "http.route", "value": {"stringValue": "/other"}},
    ]);
    let batches = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", vec![span])]}));
    let values: Vec<Option<Value>> =
        first_span(&batches).attributes.into_iter().map(|attribute| attribute.value.unwrap().value).collect();
    let text = |text: &str| Some(Value::StringValue(text.into()));
    assert_eq!(values, [text("/cart"), Some(Value::IntValue(1)), text("/other")]);
}

#[test]
fn points_of_one_metric_are_one_metric() {
    let point = |host: &str, time: &str| {
        json!({"timeUnixNano": time, "asInt": "1", "attributes": [{"key": "host", "value": {"stringValue": host}}],
            "exemplars": [{"timeUnixNano": time, "asDouble": 0.5, "traceId": "01".repeat(16), "spanId": "02".repeat(8)}]})
    };
    let metric = |points: Json| {
        json!({"name": "requests", "unit": "1", "description": "so many", "metadata": [{"key": "m", "value": {}}],
            "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": points}})
    };
    let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [
        metric(json!([point("a", "1"), point("b", "1")])), metric(json!([point("a", "2")])),
    ]}]}]});
    let encoded = encode_all(Signal::Metrics, &batches(Signal::Metrics, &request), None);
    let mut returned = ExportMetricsServiceRequest::decode(&encoded.requests[0][..]).unwrap();
    let mut metrics = returned.resource_metrics.remove(0).scope_metrics.remove(0).metrics;
    assert_eq!(metrics.len(), 1);
    let metric = metrics.remove(0);
    assert_eq!((metric.name.as_str(), metric.description.as_str(), metric.metadata.len()), ("requests", "so many", 1));
    let Some(Data::Sum(sum)) = metric.data else { panic!("a sum") };
    assert_eq!((sum.data_points.len(), sum.aggregation_temporality, sum.is_monotonic), (3, 2, true));
    assert!(sum.data_points.iter().all(|point| point.exemplars.len() == 1 && point.attributes.len() == 1));
}

#[test]
fn exemplars_without_their_point_are_counted() {
    let request = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", "gauge": {"dataPoints": [
        {"timeUnixNano": "1", "exemplars": [{"asInt": "1"}, {"asInt": "2"}]}
    ]}}]}]}]});
    let mut batches = batches(Signal::Metrics, &request);
    let lookup = DimensionBatches::new(&batches.tables);
    batches.tables.retain(|(table, _)| *table != Table::Points);
    let encoded = encode(Signal::Metrics, &batches.tables, &lookup, None).unwrap();
    assert_eq!(encoded.requests, Vec::<Vec<u8>>::new());
    assert_eq!(encoded.tally, Tally { exemplars_without_point: 2, ..Tally::default() });
}

#[test]
fn what_is_no_value_of_its_type_comes_back_as_text_and_is_counted() {
    let mut one = span("a");
    one["attributes"] = json!([{"key": "n", "value": {"stringValue": "seven"}}]);
    let good = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", vec![one])]}));
    for tag in ["i", "d", "b", "x", "a", "k", "?"] {
        let types = Arc::new(StringArray::from(vec![tag]));
        let mut bad = good.clone();
        for (_, batch) in bad.tables.iter_mut().filter(|(table, _)| *table == Table::Spans) {
            let mut columns: Vec<(String, ArrayRef)> = Vec::new();
            for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
                columns.push((field.name().clone(), Arc::clone(array)));
            }
            columns.push(("attribute_types".into(), Arc::<StringArray>::clone(&types)));
            *batch = RecordBatch::try_from_iter(columns).unwrap();
        }
        let encoded = encode_all(Signal::Traces, &bad, None);
        assert_eq!(encoded.tally, Tally { malformed_values: 1, ..Tally::default() }, "{tag}");
        let value = first_span(&bad).attributes.remove(0).value.unwrap().value;
        assert_eq!(value, Some(Value::StringValue("seven".into())), "{tag}");
    }
    let kinds = Arc::new(StringArray::from(vec!["nonsense"]));
    let encoded = encode_all(Signal::Traces, &with_column(good, Table::Spans, "kind", kinds), None);
    assert_eq!(encoded.tally.malformed_values, 1);
}

#[test]
fn a_column_of_another_type_is_an_error_that_names_it() {
    let good = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", vec![span("a")])]}));
    for (table, column) in [(Table::Spans, "name"), (Table::Spans, "trace_id"), (Table::Resources, "attributes")] {
        let bad = with_column(good.clone(), table, column, Arc::new(Int64Array::from(vec![1])));
        let error = encode(Signal::Traces, &bad.tables, &DimensionBatches::new(&bad.tables), None).unwrap_err();
        let EncodeError::ColumnType { table: named, column: of, found } = error;
        assert_eq!((named, of.as_str(), found.as_str()), (table.name(), column, "Int64"));
    }
}

/// A lookup whose rows lie past the end of their batches.
struct Beyond(DimensionBatches);

impl DimensionLookup for Beyond {
    fn resource(&self, resource_id: i64) -> Option<DimensionRow> {
        self.0.resource(resource_id).map(|found| DimensionRow { row: found.batch.num_rows(), ..found })
    }

    fn scope(&self, scope_id: i64) -> Option<DimensionRow> {
        self.0.scope(scope_id)
    }

    fn series(&self, series_id: &[u8; 16]) -> Option<DimensionRow> {
        self.0.series(series_id)
    }
}

#[test]
fn a_row_past_the_end_of_its_batch_is_not_known() {
    let batches = batches(Signal::Traces, &json!({"resourceSpans": [service("shop", vec![span("a")])]}));
    let lookup = Beyond(DimensionBatches::new(&batches.tables));
    let encoded = encode(Signal::Traces, &batches.tables, &lookup, None).unwrap();
    assert_eq!(encoded.tally, Tally { unknown_resources: 1, ..Tally::default() });
}

#[test]
fn entity_references_come_back() {
    let mut of_service = service("shop", vec![span("a")]);
    let reference =
        json!({"schemaUrl": "https://é", "type": "host", "idKeys": ["host.id"], "descriptionKeys": ["\"d\""]});
    of_service["resource"]["entityRefs"] = json!([reference, {"type": "service"}]);
    let batches = batches(Signal::Traces, &json!({"resourceSpans": [of_service]}));
    let refs = traces(&batches).resource_spans.remove(0).resource.unwrap().entity_refs;
    assert_eq!(refs.len(), 2);
    assert_eq!((refs[0].schema_url.as_str(), refs[0].r#type.as_str()), ("https://é", "host"));
    assert_eq!((&refs[0].id_keys[..], &refs[0].description_keys[..]), (&["host.id".into()][..], &["\"d\"".into()][..]));
    assert_eq!(refs[1].r#type, "service");
}

#[test]
fn requests_are_nearly_as_large_as_the_limit() {
    let mut spans: Vec<Json> = (0..2_000).map(|number| span(&"x".repeat(number % 300))).collect();
    let rest = spans.split_off(1_500);
    let request = json!({"resourceSpans": [service("shop", spans), service(&"bank".repeat(100), rest)]});
    let batches = batches(Signal::Traces, &request);
    for bytes_max in [2_000, 16_384, 16_390, 100_000] {
        let encoded = encode_all(Signal::Traces, &batches, Some(bytes_max));
        assert_eq!((encoded.items, encoded.oversized_requests), (2_000, 0));
        let (_last, full) = encoded.requests.split_last().unwrap();
        for request in full {
            assert!(request.len() <= bytes_max && request.len() + 800 > bytes_max, "{} of {bytes_max}", request.len());
        }
    }
}

#[test]
fn nothing_makes_no_request() {
    for signal in Signal::ALL {
        let encoded = encode_all(signal, &Batches::default(), Some(10));
        assert_eq!((encoded.requests.len(), encoded.items), (0, 0));
    }
}
