//! What Prometheus sends, as OTLP metrics requests: the one way in for remote write, scrapes and pushes.
//!
//! Owns how a series with labels is kept so that it is found again exactly as it was sent: the metric's name and all
//! labels verbatim, `job` and `instance` as `service.name` and `service.instance.id` of the resource, classic
//! histograms and summaries as the plain series that they are on the wire. Pure, as everything here: the requests it
//! writes are decoded, logged and replayed as if a client had sent them.
//!
//! [`FAMILY_KEY`] in a metric's metadata says that its name is Prometheus's own, which nothing is added to.

mod described;
mod histogram;
pub mod remote_write;
mod request;
#[cfg(test)]
mod tests;

pub use described::{FamiliesMemory, Family, MetricType};
pub use histogram::{Buckets, HistogramForm, NativeHistogram};
pub use request::{Exemplar, LabelFault, RequestBuilder, Sample, SeriesWriter, Tally};

/// Key of a metric's metadata with the name of its family, such as `http_request_duration_seconds` of
/// `http_request_duration_seconds_bucket`. Where it is present, the metric's name and its labels are verbatim.
pub const FAMILY_KEY: &str = "prometheus.family";
/// Key of a metric's metadata with its type in Prometheus's word, as OpenTelemetry's specification has it.
pub const TYPE_KEY: &str = "prometheus.type";
/// Key of a metric's metadata with the form of its native histograms, where that is not OTLP's own: [`HistogramForm`].
pub const HISTOGRAM_KEY: &str = "prometheus.histogram";
/// The scope of these metrics: without a version, so that series stay the same over releases.
pub const SCOPE: &str = "spanlake.prometheus";
/// The label of the metric's name.
pub const NAME_LABEL: &str = "__name__";

/// The bits of the NaN that ends a series.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The value that ends a series: no sample after it until one comes again.
#[must_use]
pub const fn stale_nan() -> f64 {
    f64::from_bits(STALE_NAN_BITS)
}

/// Whether a value ends its series; other NaNs are values.
#[must_use]
pub const fn is_stale_nan(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}
