//! Rows that came of a request make that request again: through the decoder they are the same rows, to prost the same
//! messages, whatever they are grouped by and however many requests they are cut into.

use std::sync::Arc;

use arrow::array::new_null_array;
use arrow::record_batch::RecordBatch;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use proptest::sample::Index;
use prost::Message;

use super::{decode_protobuf, encode_all, generate, round_trip};
use crate::ingest::{Batches, Signal};
use crate::otlp::{DimensionBatches, Encoded, Tally, encode};
use crate::tables::Table;

/// Every row of every table as text, sorted, with the table's name before it.
fn rows(batches: &Batches) -> Vec<String> {
    let mut rows = Vec::new();
    for (table, batch) in &batches.tables {
        for row in 0..batch.num_rows() {
            let cells = batch.slice(row, 1);
            let names: Vec<&String> = batch.schema_ref().fields().iter().map(|field| field.name()).collect();
            rows.push(format!("{} {names:?} {:?}", table.name(), cells.columns()));
        }
    }
    rows.sort();
    rows
}

/// The request that the rows of a request make.
fn again(signal: Signal, body: &[u8]) -> Vec<u8> {
    let decoded = decode_protobuf(signal, body).unwrap();
    let encoded = encode_all(signal, &decoded.batches, None);
    assert_eq!((encoded.items, encoded.tally, encoded.oversized_requests), (decoded.accepted, Tally::default(), 0));
    let [request] = <[Vec<u8>; 1]>::try_from(encoded.requests).unwrap_or_else(|requests| {
        assert!(requests.is_empty() && decoded.accepted == 0, "{} requests", requests.len());
        [vec![]]
    });
    request
}

/// The rows come back, and once they are grouped they do so in the same order, column by column.
fn comes_back(signal: Signal, body: &[u8]) -> Result<(), TestCaseError> {
    let first = decode_protobuf(signal, body).unwrap();
    let body = again(signal, body);
    let second = decode_protobuf(signal, &body).unwrap();
    prop_assert_eq!((second.accepted, second.rejected, second.unknown_fields), (first.accepted, 0, 0));
    prop_assert_eq!(second.message, None);
    prop_assert_eq!(rows(&second.batches), rows(&first.batches));
    let third = decode_protobuf(signal, &again(signal, &body)).unwrap();
    prop_assert_eq!(&again(signal, &body), &body);
    prop_assert_eq!(third.batches.tables, second.batches.tables);
    Ok(())
}

/// Requests keep the limit, except those of one item, and together are the same rows.
fn keeps_limit(signal: Signal, body: &[u8], bytes_max: usize) -> Result<(), TestCaseError> {
    let decoded = decode_protobuf(signal, body).unwrap();
    let encoded = encode_all(signal, &decoded.batches, Some(bytes_max));
    prop_assert_eq!(encoded.items, decoded.accepted);
    let mut oversized = 0;
    for request in &encoded.requests {
        let items = decode_protobuf(signal, request).unwrap().accepted;
        prop_assert!(items > 0);
        if request.len() > bytes_max {
            prop_assert_eq!(items, 1);
            oversized += 1;
        }
    }
    prop_assert_eq!(encoded.oversized_requests, oversized);
    // Requests one after the other are one request.
    let together = decode_protobuf(signal, &encoded.requests.concat()).unwrap();
    prop_assert_eq!(rows(&together.batches), rows(&decoded.batches));
    Ok(())
}

/// Without dimensions every item is still there, below an empty resource, and what is missing is counted.
fn is_counted(signal: Signal, body: &[u8]) -> Result<Encoded, TestCaseError> {
    let decoded = decode_protobuf(signal, body).unwrap();
    let encoded = encode(signal, &decoded.batches.tables, &DimensionBatches::default(), None).unwrap();
    prop_assert_eq!(encoded.items, decoded.accepted);
    let rows_of = |table| decoded.batches.get(table).map_or(0, |batch| batch.num_rows() as u64);
    let tally = encoded.tally;
    let is_metrics = signal == Signal::Metrics;
    let expected = Tally {
        unknown_resources: if is_metrics { 0 } else { rows_of(Table::Resources) },
        unknown_scopes: if is_metrics { 0 } else { rows_of(Table::Scopes) },
        unknown_series: rows_of(Table::Series),
        ..Tally::default()
    };
    prop_assert_eq!(tally, expected);
    for request in &encoded.requests {
        prop_assert_eq!(decode_protobuf(signal, request).unwrap().accepted, decoded.accepted);
    }
    Ok(encoded)
}

/// The batches with every column of their tables, as files and dimensions in memory have them.
fn padded(batches: &Batches) -> Batches {
    let tables = batches.tables.iter().map(|(table, batch)| {
        let schema = table.schema();
        let columns = schema.fields().iter().map(|field| match batch.column_by_name(field.name()) {
            Some(column) => Arc::clone(column),
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
        (*table, RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap())
    });
    Batches { tables: tables.collect() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, max_shrink_iters: 4000, ..ProptestConfig::default() })]

    #[test]
    fn spans_come_back(request in generate::traces()) {
        comes_back(Signal::Traces, &request.encode_to_vec())?;
    }

    #[test]
    fn log_records_come_back(request in generate::logs()) {
        comes_back(Signal::Logs, &request.encode_to_vec())?;
    }

    #[test]
    fn points_come_back(request in generate::metrics()) {
        comes_back(Signal::Metrics, &request.encode_to_vec())?;
    }

    #[test]
    fn mutated_requests_come_back(
        traces in generate::traces(),
        logs in generate::logs(),
        metrics in generate::metrics(),
        edits in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..40),
    ) {
        for (signal, body) in [
            (Signal::Traces, traces.encode_to_vec()),
            (Signal::Logs, logs.encode_to_vec()),
            (Signal::Metrics, metrics.encode_to_vec()),
        ] {
            for (position, byte) in edits.iter().filter(|_| !body.is_empty()) {
                let mut body = body.clone();
                let position = position.index(body.len());
                body[position] = *byte;
                if decode_protobuf(signal, &body).is_ok() {
                    comes_back(signal, &body)?;
                }
            }
        }
    }

    #[test]
    fn spans_are_to_prost_what_they_were(request in generate::traces()) {
        let body = again(Signal::Traces, &request.encode_to_vec());
        let returned = ExportTraceServiceRequest::decode(&body[..]).unwrap();
        let (mut before, _) = round_trip::traces_sent(&request);
        let (mut after, total) = round_trip::traces_sent(&returned);
        before.sort();
        after.sort();
        prop_assert_eq!(total, after.len() as u64);
        prop_assert_eq!(after, before);
    }

    #[test]
    fn log_records_are_to_prost_what_they_were(request in generate::logs()) {
        let body = again(Signal::Logs, &request.encode_to_vec());
        let returned = ExportLogsServiceRequest::decode(&body[..]).unwrap();
        let (mut before, _) = round_trip::logs_sent(&request);
        let (mut after, total) = round_trip::logs_sent(&returned);
        before.sort();
        after.sort();
        prop_assert_eq!(total, after.len() as u64);
        prop_assert_eq!(after, before);
    }

    #[test]
    fn points_are_to_prost_what_they_were(request in generate::metrics()) {
        // As prost says it: it leaves out minus zero as if it were zero.
        let request = ExportMetricsServiceRequest::decode(&request.encode_to_vec()[..]).unwrap();
        let body = again(Signal::Metrics, &request.encode_to_vec());
        let returned = ExportMetricsServiceRequest::decode(&body[..]).unwrap();
        let (before, after) = (round_trip::metrics_sent(&request), round_trip::metrics_sent(&returned));
        prop_assert_eq!((after.accepted, after.total), (before.accepted, before.accepted));
        prop_assert_eq!(after.lines, before.lines);
    }

    #[test]
    fn a_limit_is_kept(
        traces in generate::traces(),
        logs in generate::logs(),
        metrics in generate::metrics(),
        bytes_max in 0..3000_usize,
    ) {
        keeps_limit(Signal::Traces, &traces.encode_to_vec(), bytes_max)?;
        keeps_limit(Signal::Logs, &logs.encode_to_vec(), bytes_max)?;
        keeps_limit(Signal::Metrics, &metrics.encode_to_vec(), bytes_max)?;
    }

    #[test]
    fn unknown_dimensions_are_counted(
        traces in generate::traces(),
        logs in generate::logs(),
        metrics in generate::metrics(),
    ) {
        let encoded = is_counted(Signal::Traces, &traces.encode_to_vec())?;
        for request in &encoded.requests {
            let request = ExportTraceServiceRequest::decode(&request[..]).unwrap();
            let resources = request.resource_spans.into_iter().map(|spans| spans.resource);
            prop_assert!(resources.into_iter().all(|resource| resource == Some(Default::default())));
        }
        is_counted(Signal::Logs, &logs.encode_to_vec())?;
        is_counted(Signal::Metrics, &metrics.encode_to_vec())?;
    }

    #[test]
    fn columns_that_are_all_null_are_as_if_they_were_not_there(
        traces in generate::traces(),
        logs in generate::logs(),
        metrics in generate::metrics(),
    ) {
        for (signal, body) in [
            (Signal::Traces, traces.encode_to_vec()),
            (Signal::Logs, logs.encode_to_vec()),
            (Signal::Metrics, metrics.encode_to_vec()),
        ] {
            let batches = decode_protobuf(signal, &body).unwrap().batches;
            prop_assert_eq!(encode_all(signal, &padded(&batches), None), encode_all(signal, &batches, None));
        }
    }

    #[test]
    fn any_of_the_columns_will_do(metrics in generate::metrics(), traces in generate::traces(), keep in any::<u64>()) {
        for (signal, body) in [(Signal::Metrics, metrics.encode_to_vec()), (Signal::Traces, traces.encode_to_vec())] {
            let mut batches = decode_protobuf(signal, &body).unwrap().batches;
            for (_, batch) in &mut batches.tables {
                let kept: Vec<usize> =
                    (0..batch.num_columns()).filter(|column| keep.rotate_left(*column as u32) & 1 == 1).collect();
                *batch = batch.project(&kept).unwrap();
            }
            let encoded = encode_all(signal, &batches, None);
            for request in &encoded.requests {
                decode_protobuf(signal, request).unwrap();
            }
        }
    }
}
