//! Warnings and infos that come with a result.
//!
//! Owns Prometheus's texts and their places. One text is kept once, with the place where it came up last. Never an
//! error: a query with annotations has a result.

use std::collections::BTreeMap;

use chrono::DateTime;

use crate::histogram::quantile::ForcedMonotonicity;
use crate::number::{format_general, format_two_digits, quote};
use crate::position::{Span, line_and_column};

/// How serious it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The result may be wrong or lacks something.
    Warning,
    /// The result is right, but perhaps not what was meant.
    Info,
}

/// What a histogram operation was for, in messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistogramOperation {
    Addition,
    Subtraction,
    Aggregation,
}

impl HistogramOperation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        }
    }
}

/// What is added to the text when it is shown, summed up over all times it came up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Detail {
    None,
    Monotonicity { forced: ForcedMonotonicity, first_ms: i64, last_ms: i64, samples: u64 },
    Occurrences(u64),
}

/// One warning or info.
#[derive(Clone, Debug, PartialEq)]
pub struct Annotation {
    pub severity: Severity,
    /// Without the place.
    pub text: String,
    pub span: Span,
    detail: Detail,
}

/// Annotations of a result, each text once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations {
    by_text: BTreeMap<(Severity, String), Annotation>,
}

// === impl Annotations ===

impl Annotations {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_text.is_empty()
    }

    pub fn add(&mut self, mut annotation: Annotation) {
        let key = (annotation.severity, std::mem::take(&mut annotation.text));
        match self.by_text.get_mut(&key) {
            Some(known) => known.merge(&annotation),
            None => {
                annotation.text.clone_from(&key.1);
                self.by_text.insert(key, annotation);
            }
        }
    }

    pub fn merge(&mut self, other: Annotations) {
        for annotation in other.by_text.into_values() {
            self.add(annotation);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Annotation> {
        self.by_text.values()
    }

    /// All warnings as Prometheus words them, with line and column in this query.
    #[must_use]
    pub fn warnings(&self, query: &str) -> Vec<String> {
        self.shown(Severity::Warning, query)
    }

    /// All infos as Prometheus words them, with line and column in this query.
    #[must_use]
    pub fn infos(&self, query: &str) -> Vec<String> {
        self.shown(Severity::Info, query)
    }

    fn shown(&self, severity: Severity, query: &str) -> Vec<String> {
        self.iter()
            .filter(|annotation| annotation.severity == severity)
            .map(|annotation| annotation.shown(query))
            .collect()
    }
}

// === impl Annotation ===

impl Annotation {
    /// With its severity, detail and place: `PromQL info: … (1:5)`.
    #[must_use]
    pub fn shown(&self, query: &str) -> String {
        let severity = match self.severity {
            Severity::Warning => "PromQL warning",
            Severity::Info => "PromQL info",
        };
        let detail = match self.detail {
            Detail::Monotonicity { forced, first_ms, last_ms, samples } => {
                let time = |milliseconds: i64| {
                    let time = DateTime::from_timestamp(milliseconds.div_euclid(1000), 0).unwrap_or_default();
                    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
                };
                format!(
                    ", from buckets {} to {}, with a max diff of {}, over {samples} samples from {} to {}",
                    format_general(forced.lowest_bound),
                    format_general(forced.highest_bound),
                    format_two_digits(forced.greatest_difference),
                    time(first_ms),
                    time(last_ms)
                )
            }
            Detail::Occurrences(count) if count > 1 => format!(" ({count} occurrences)"),
            _ => String::new(),
        };
        format!("{severity}: {}{detail} ({})", self.text, line_and_column(query, self.span.start))
    }

    fn merge(&mut self, newer: &Annotation) {
        self.span = newer.span;
        self.detail = match (self.detail, newer.detail) {
            (
                Detail::Monotonicity { forced: a, first_ms, last_ms, samples },
                Detail::Monotonicity { forced: b, first_ms: newer_first, last_ms: newer_last, samples: newer_samples },
            ) => Detail::Monotonicity {
                forced: ForcedMonotonicity {
                    lowest_bound: a.lowest_bound.min(b.lowest_bound),
                    highest_bound: a.highest_bound.max(b.highest_bound),
                    greatest_difference: a.greatest_difference.max(b.greatest_difference),
                },
                first_ms: first_ms.min(newer_first),
                last_ms: last_ms.max(newer_last),
                samples: samples + newer_samples,
            },
            (Detail::Occurrences(known), Detail::Occurrences(newer)) => Detail::Occurrences(known + newer),
            (known, _) => known,
        };
    }

    fn warning(span: Span, text: String) -> Self {
        Self { severity: Severity::Warning, text, span, detail: Detail::None }
    }

    fn info(span: Span, text: String) -> Self {
        Self { severity: Severity::Info, text, span, detail: Detail::None }
    }

    // === what there is to say ===

    pub(crate) fn invalid_quantile(q: f64, span: Span) -> Self {
        Self::warning(span, format!("quantile value should be between 0 and 1, got {}", format_general(q)))
    }

    pub(crate) fn invalid_ratio(ratio: f64, capped: f64, span: Span) -> Self {
        let [ratio, capped] = [ratio, capped].map(format_general);
        Self::warning(span, format!("ratio value should be between -1 and 1, got {ratio}, capping to {capped}"))
    }

    pub(crate) fn bad_bucket_label(metric: &str, label: &str, span: Span) -> Self {
        let text = format!("bucket label \"le\" is missing or has a malformed value of {}", quote(label));
        Self::warning(span, with_metric_name(text, metric))
    }

    pub(crate) fn mixed_floats_histograms(metric: &str, span: Span) -> Self {
        Self::warning(span, format!("encountered a mix of histograms and floats for metric name {}", quote(metric)))
    }

    pub(crate) fn mixed_floats_histograms_in_aggregation(span: Span) -> Self {
        Self::warning(span, "encountered a mix of histograms and floats for aggregation".to_owned())
    }

    pub(crate) fn mixed_classic_native(metric: &str, span: Span) -> Self {
        let text = "vector contains a mix of classic and native histograms".to_owned();
        Self::warning(span, with_metric_name(text, metric))
    }

    pub(crate) fn native_not_counter(metric: &str, span: Span) -> Self {
        Self::warning(span, format!("this native histogram metric is not a counter: {}", quote(metric)))
    }

    pub(crate) fn native_not_gauge(metric: &str, span: Span) -> Self {
        Self::warning(span, format!("this native histogram metric is not a gauge: {}", quote(metric)))
    }

    pub(crate) fn mixed_exponential_custom(metric: &str, span: Span) -> Self {
        let text = "vector contains a mix of histograms with exponential and custom buckets schemas for metric name";
        Self::warning(span, format!("{text} {}", quote(metric)))
    }

    pub(crate) fn incompatible_bucket_layout(operator: &str, span: Span) -> Self {
        Self::warning(span, format!("incompatible bucket layout encountered for binary operator {operator}"))
    }

    pub(crate) fn sort_in_range_query(span: Span) -> Self {
        let text = "sort is ineffective for range queries since results are always ordered by labels";
        Self::warning(span, text.to_owned())
    }

    pub(crate) fn reset_collision(operation: HistogramOperation, span: Span) -> Self {
        Self::warning(span, format!("conflicting counter resets during histogram {}", operation.as_str()))
    }

    pub(crate) fn start_time_overlap(metric: &str, span: Span) -> Self {
        let text = "sample has start time that overlaps with previous sample timestamp for metric";
        let text = format!("{text} {}", quote(metric));
        Self { severity: Severity::Warning, text, span, detail: Detail::Occurrences(1) }
    }

    pub(crate) fn possible_non_counter(metric: &str, span: Span) -> Self {
        let text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket:";
        Self::info(span, format!("{text} {}", quote(metric)))
    }

    pub(crate) fn forced_monotonicity(metric: &str, time_ms: i64, forced: ForcedMonotonicity, span: Span) -> Self {
        let text = "input to histogram_quantile needed to be fixed for monotonicity (see \
                    https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
        let detail = Detail::Monotonicity { forced, first_ms: time_ms, last_ms: time_ms, samples: 1 };
        Self { detail, ..Self::info(span, with_metric_name(text.to_owned(), metric)) }
    }

    pub(crate) fn incompatible_types(left: &str, operator: &str, right: &str, span: Span) -> Self {
        let text = "incompatible sample types encountered for binary operator";
        Self::info(span, format!("{text} {}: {left} {operator} {right}", quote(operator)))
    }

    pub(crate) fn histogram_ignored_in_aggregation(aggregation: &str, span: Span) -> Self {
        Self::info(span, format!("ignored histogram in {aggregation} aggregation"))
    }

    pub(crate) fn histogram_ignored_in_mixed_range(metric: &str, span: Span) -> Self {
        let text = "ignored histograms in a range containing both floats and histograms for metric name";
        Self::info(span, format!("{text} {}", quote(metric)))
    }

    pub(crate) fn quantile_is_nan(metric: &str, span: Span) -> Self {
        let text = "input to histogram_quantile has NaN observations, result is NaN".to_owned();
        Self::info(span, with_metric_name(text, metric))
    }

    pub(crate) fn quantile_is_skewed(metric: &str, span: Span) -> Self {
        let text = "input to histogram_quantile has NaN observations, result is skewed higher".to_owned();
        Self::info(span, with_metric_name(text, metric))
    }

    pub(crate) fn fraction_without_nan(metric: &str, span: Span) -> Self {
        let text = "input to histogram_fraction has NaN observations, which are excluded from all fractions".to_owned();
        Self::info(span, with_metric_name(text, metric))
    }

    pub(crate) fn bounds_reconciled(operation: HistogramOperation, span: Span) -> Self {
        Self::info(span, format!("mismatched custom buckets were reconciled during {}", operation.as_str()))
    }
}

fn with_metric_name(text: String, metric: &str) -> String {
    if metric.is_empty() { text } else { format!("{text} for metric name {}", quote(metric)) }
}
