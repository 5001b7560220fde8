//! What all targets check: the decoder and prost agree about what is a request, and its rows make a request again.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use spanlake_schemas::ingest::{DecodeLimits, Decoded, Encoding, NoKnownSeries, Signal};
use spanlake_schemas::otlp::{self, DecodeError};

/// Decodes with the default limits.
pub fn decode(signal: Signal, encoding: Encoding, body: &[u8]) -> Result<Decoded, DecodeError> {
    otlp::decode(signal, encoding, body, 1, &DecodeLimits::default(), &NoKnownSeries)
}

/// Panics where the decoder and prost disagree about a body. Text that is not UTF-8 is repaired and deep nesting
/// costs an item only, so that there prost may refuse more.
pub fn agree_with_prost(signal: Signal, body: &[u8]) {
    let theirs = match signal {
        Signal::Traces => ExportTraceServiceRequest::decode(body).map(|request| {
            request.resource_spans.iter().flat_map(|of| &of.scope_spans).map(|of| of.spans.len()).sum::<usize>()
        }),
        Signal::Logs => ExportLogsServiceRequest::decode(body).map(|request| {
            request.resource_logs.iter().flat_map(|of| &of.scope_logs).map(|of| of.log_records.len()).sum()
        }),
        Signal::Metrics => ExportMetricsServiceRequest::decode(body).map(|request| {
            let metrics = request.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|of| &of.metrics);
            metrics.map(|metric| metric.data.as_ref().map_or(0, points)).sum()
        }),
    };
    match (theirs, decode(signal, Encoding::Protobuf, body)) {
        (Ok(items), Ok(decoded)) => {
            assert_eq!(decoded.accepted + decoded.rejected, items as u64);
            comes_back(signal, &decoded);
        }
        (Ok(_), Err(error)) => panic!("prost accepts, the decoder does not: {error}"),
        (Err(error), Ok(_)) => {
            let error = error.to_string();
            assert!(error.contains("UTF-8") || error.contains("recursion limit"), "only prost refuses: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// Panics where rows and the request that they make are not the same, or its JSON is no request.
fn comes_back(signal: Signal, decoded: &Decoded) {
    let grouped = again(signal, decoded);
    assert_eq!((grouped.accepted, grouped.rejected), (decoded.accepted, 0));
    // Only once they are grouped do the rows keep their order.
    assert_eq!(again(signal, &grouped).batches.tables, grouped.batches.tables);
}

fn again(signal: Signal, decoded: &Decoded) -> Decoded {
    let tables = &decoded.batches.tables;
    let encoded =
        otlp::encode(signal, tables, &otlp::DimensionBatches::new(tables), None).expect("rows of the decoder");
    assert_eq!(encoded.tally, otlp::Tally::default());
    let body = encoded.requests.concat();
    let json = otlp::protobuf_to_json(signal, &body).expect("we wrote it");
    otlp::json_to_protobuf(signal, &json).expect("we wrote it");
    decode(signal, Encoding::Protobuf, &body).expect("we wrote it")
}

fn points(data: &opentelemetry_proto::tonic::metrics::v1::metric::Data) -> usize {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    match data {
        Data::Gauge(data) => data.data_points.len(),
        Data::Sum(data) => data.data_points.len(),
        Data::Histogram(data) => data.data_points.len(),
        Data::ExponentialHistogram(data) => data.data_points.len(),
        Data::Summary(data) => data.data_points.len(),
    }
}
