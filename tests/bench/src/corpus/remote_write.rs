//! Requests of numbers as Prometheus's remote write 1.0 sends them: the same series under Prometheus's names.
//!
//! Owns the translation, by hand, so that the bench does not measure with what it measures. Never knows a server.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use prost::Message;

/// `prometheus.WriteRequest` of `prompb/remote.proto`.
#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(double, tag = "1")]
    value: f64,
    /// Milliseconds.
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// The body, compressed with Snappy, of an encoded OTLP request of sums and gauges.
///
/// # Errors
/// When the request is none.
pub fn body(otlp: &[u8]) -> anyhow::Result<Vec<u8>> {
    let request = ExportMetricsServiceRequest::decode(otlp)?;
    let mut timeseries = Vec::new();
    for of in &request.resource_metrics {
        let resource = of.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        let attribute = |key: &str| resource.iter().find(|entry| entry.key == key).map(text_of).unwrap_or_default();
        let job = format!("{}/{}", attribute("service.namespace"), attribute("service.name"));
        let origin = [("job".to_owned(), job), ("instance".to_owned(), attribute("service.instance.id"))];
        for metric in of.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            timeseries.extend(series_of(metric, &origin));
        }
    }
    Ok(snap::raw::Encoder::new().compress_vec(&WriteRequest { timeseries }.encode_to_vec())?)
}

fn series_of(metric: &Metric, origin: &[(String, String)]) -> Vec<TimeSeries> {
    let plain = with_unit(metric.name.replace('.', "_"), &metric.unit, matches!(metric.data, Some(Data::Gauge(_))));
    let (points, name) = match &metric.data {
        Some(Data::Sum(sum)) => (&sum.data_points, format!("{plain}_total")),
        Some(Data::Gauge(gauge)) => (&gauge.data_points, plain),
        _ => return Vec::new(),
    };
    let of_point = |point: &opentelemetry_proto::tonic::metrics::v1::NumberDataPoint| {
        let own = point.attributes.iter().map(|entry| (entry.key.replace('.', "_"), text_of(entry)));
        let mut labels: Vec<(String, String)> = own.chain(origin.iter().cloned()).collect();
        labels.push(("__name__".to_owned(), name.clone()));
        labels.sort();
        let value = match point.value {
            Some(Value::AsDouble(value)) => value,
            #[allow(clippy::cast_precision_loss, reason = "as Prometheus has numbers")]
            Some(Value::AsInt(value)) => value as f64,
            None => f64::NAN,
        };
        let timestamp = i64::try_from(point.time_unix_nano / 1_000_000).unwrap_or(i64::MAX);
        TimeSeries {
            labels: labels.into_iter().map(|(name, value)| Label { name, value }).collect(),
            samples: vec![Sample { value, timestamp }],
        }
    };
    points.iter().map(of_point).collect()
}

/// The unit is a suffix, where the name does not end in it.
fn with_unit(name: String, unit: &str, is_gauge: bool) -> String {
    let suffix = match unit {
        "By" => "bytes",
        "s" => "seconds",
        "1" if is_gauge => "ratio",
        _ => return name,
    };
    if name.ends_with(suffix) { name } else { format!("{name}_{suffix}") }
}

fn text_of(entry: &KeyValue) -> String {
    match &entry.value {
        Some(AnyValue { value: Some(Attribute::StringValue(text)) }) => text.clone(),
        Some(AnyValue { value: Some(Attribute::IntValue(number)) }) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::metrics::{SERIES, number_templates};

    #[test]
    fn a_request_has_a_series_for_each_point() {
        let template = &number_templates(SERIES)[0];
        let bytes = snap::raw::Decoder::new().decompress_vec(&body(template.bytes()).unwrap()).unwrap();
        let request = WriteRequest::decode(bytes.as_slice()).unwrap();
        assert_eq!(request.timeseries.len(), usize::try_from(template.items).unwrap());
        let labels: Vec<&str> = request.timeseries[6].labels.iter().map(|label| label.name.as_str()).collect();
        assert!(labels.is_sorted() && labels.contains(&"job") && labels.contains(&"http_route"), "{labels:?}");
        assert_eq!(request.timeseries[6].labels[0].value, "shop_requests_total");
    }
}
