//! The store's metrics as Prometheus sees them: names, labels and samples.
//!
//! Owns the mapping from OTLP (the OpenTelemetry specification, "Prometheus and OpenMetrics Compatibility"), the index
//! of series in memory, and the way from a selector to samples. Never parses or evaluates a query, never writes.
//!
//! The life of a selection: [`index`] finds series by their labels -> [`numbers`] reads number points, a metric at a
//! time, many series in [`parts`], [`latest`] only the newest of each series, [`rolled_up`] rollups in place of points where
//! they say as much; of others [`reading`] finds the rows and [`expand`] makes floats and histograms of them ->
//! [`StoreSeries`] gives them sorted, each label set once.
//! `target_info` and the sums of spans are not stored as series: [`target_info`] and [`span_metrics`] make them of what is.

mod exemplars;
mod expand;
mod exporter;
mod hints;
mod index;
mod labels;
mod latest;
mod names;
mod numbers;
mod parts;
mod reading;
mod rolled_up;
mod source;
mod span_metrics;
mod target_info;

pub use exemplars::{ExemplarSeries, SeriesExemplar};
pub use index::{MetricFamily, SeriesIndex};
pub use names::{Strategy, label_name, metric_name};
pub use source::StoreSeries;
