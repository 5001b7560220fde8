//! Tables with a row a stored row: spans, logs and the points of metrics.

use std::sync::{Arc, LazyLock};

use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use spanlake_schemas::tables::Table;
use spanlake_schemas::tables::promoted::{self, PromotedAttribute};

use super::column::{LogicalColumn, STORED, Source};
use crate::dimensions::{Dimension, StatementDimensions};
use crate::named_columns::NamedColumns;

/// What columns are called by before a statement names the table: apart from the stored ones, as some have a name of
/// those.
const SHOWN: &str = "shown";

/// A table over stored rows.
pub(crate) struct FactView {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) table: Table,
    pub(super) columns: Vec<LogicalColumn>,
}

impl FactView {
    /// The table over its stored rows, with the columns that are named.
    pub(crate) fn plan(
        &self,
        rows: Arc<dyn TableProvider>,
        dimensions: &Arc<StatementDimensions>,
        named: &NamedColumns,
    ) -> Result<LogicalPlan> {
        let columns = self.columns.iter().filter(|column| named.has(column.name));
        let columns = columns.map(|column| column.source.expr(dimensions).alias_qualified(Some(SHOWN), column.name));
        LogicalPlanBuilder::scan(STORED, provider_as_source(rows), None)?.project(columns)?.build()
    }
}

/// All of them.
pub(super) fn views() -> &'static [FactView] {
    static VIEWS: LazyLock<Vec<FactView>> = LazyLock::new(|| {
        let view = |name, about, table, columns| FactView { name, about, table, columns };
        vec![
            view("spans", "A row a span.", Table::Spans, spans()),
            view("logs", "A row a log record.", Table::Logs, logs()),
            view("metrics", "A row a number point: gauges and sums.", Table::Points, numbers()),
            view("histograms", "A row a point of a histogram with explicit bounds.", Table::Histograms, histograms()),
            view(
                "exp_histograms",
                "A row a point of an exponential histogram.",
                Table::ExpHistograms,
                exp_histograms(),
            ),
            view("summaries", "A row a point of a summary.", Table::Summaries, summaries()),
            view("exemplars", "A row an example measurement that came with a point.", Table::Exemplars, exemplars()),
            view(
                "span_red",
                "Sums of all sealed spans, also of those that were sampled out: rate, errors, durations. Rows of one series and time add up.",
                Table::SpanRed,
                span_red(),
            ),
        ]
    });
    &VIEWS
}

/// The table of that name.
pub(crate) fn fact_view(name: &str) -> Option<&'static FactView> {
    views().iter().find(|view| view.name == name)
}

fn at(name: &'static str, about: &'static str) -> LogicalColumn {
    LogicalColumn { name, source: Source::Stored(name), about }
}

fn stored_as(name: &'static str, column: &'static str, about: &'static str) -> LogicalColumn {
    LogicalColumn { name, source: Source::Stored(column), about }
}

fn of(dimension: Dimension, name: &'static str, column: &'static str, about: &'static str) -> LogicalColumn {
    LogicalColumn { name, source: Source::Of(dimension, column), about }
}

const TYPES: &str = "Types of the values, a letter an entry (s text, i integer, d double, b boolean, x bytes, a array, k key-value list, n nothing); null: all are text.";
const DROPPED: &str = "Attributes that were lost before they arrived.";

fn resource(through: Dimension) -> Vec<LogicalColumn> {
    let named = |plain, long| if through == Dimension::Resources { plain } else { long };
    let mut columns: Vec<_> = promoted::RESOURCE
        .iter()
        .map(|attribute| of(through, attribute.column, attribute.column, attribute.key))
        .collect();
    columns.extend([
        of(
            through,
            "resource_attributes",
            named("attributes", "resource_attributes"),
            "All attributes of the resource.",
        ),
        of(through, "resource_attribute_types", named("attribute_types", "resource_attribute_types"), TYPES),
        of(through, "resource_schema_url", named("schema_url", "resource_schema_url"), "Schema URL of the resource."),
    ]);
    columns
}

fn scope(through: Dimension) -> Vec<LogicalColumn> {
    let named = |plain, long| if through == Dimension::Scopes { plain } else { long };
    vec![
        of(through, "scope_name", named("name", "scope_name"), "The instrumentation that made it."),
        of(through, "scope_version", named("version", "scope_version"), "That instrumentation's version."),
        of(through, "scope_attributes", named("attributes", "scope_attributes"), "Attributes of the scope."),
        of(through, "scope_attribute_types", named("attribute_types", "scope_attribute_types"), TYPES),
        of(through, "scope_schema_url", named("schema_url", "scope_schema_url"), "Schema URL of the scope."),
    ]
}

/// What every item that has its own attributes shares.
fn item(promoted: &'static [PromotedAttribute]) -> Vec<LogicalColumn> {
    let mut columns = vec![
        LogicalColumn {
            name: "attributes",
            source: Source::Attributes(promoted),
            about: "All attributes, as text. `attributes['key']` reads only what it needs.",
        },
        LogicalColumn { name: "attribute_types", source: Source::AttributeTypes(promoted), about: TYPES },
        stored_as("other_attributes", "attributes", "The attributes that have no column of their own."),
        stored_as(
            "other_attribute_types",
            "attribute_types",
            "Types of the values of `other_attributes`, one letter an entry; null: all are text.",
        ),
        at("dropped_attributes_count", DROPPED),
    ];
    columns.extend(promoted.iter().map(|attribute| at(attribute.column, attribute.key)));
    columns.extend(resource(Dimension::Resources));
    columns.extend(scope(Dimension::Scopes));
    columns.extend([
        at("resource_id", "Key into `resources`."),
        at("scope_id", "Key into `scopes`."),
        at("received_time", "When it arrived."),
        at("sampling_probability", "With which probability its trace was kept; null: nothing was sampled out."),
        at("sampling_threshold", "OpenTelemetry's rejection threshold `th`, 56 bits, by which it was kept."),
        at("sampling_stratum", "The group of its hour in which it was decided; 0: the overflow."),
        at("sampling_reason", "Why its trace has that probability: `error`, `slow`, `rare_operation`, `ordinary`, …"),
    ]);
    columns
}

fn spans() -> Vec<LogicalColumn> {
    let mut columns = vec![
        at("trace_id", "The trace; compare with hex text."),
        at("span_id", "The span; compare with hex text."),
        at("parent_span_id", "The span that caused it; null for a root."),
        at("service_name", "Who sent it: `service.name` of the resource."),
        at("name", "What was done."),
        at("kind", "`internal`, `server`, `client`, `producer`, `consumer` or `unspecified`."),
        at("start_time", "When it began."),
        LogicalColumn { name: "end_time", source: Source::EndTime, about: "When it ended." },
        at("duration", "Nanoseconds."),
        at("status_code", "`unset`, `ok` or `error`."),
        at("status_message", "What the status says."),
        at("events", "What happened within; a row an event in `span_events`."),
        at("links", "Other spans it belongs to; a row a link in `span_links`."),
        at("trace_state", "W3C trace state."),
        at("flags", "W3C trace flags and OTLP's own."),
        at("dropped_events_count", "Events that were lost before they arrived."),
        at("dropped_links_count", "Links that were lost before they arrived."),
    ];
    columns.extend(item(promoted::SPAN));
    columns
}

fn logs() -> Vec<LogicalColumn> {
    let mut columns = vec![
        at("time", "When it happened; where the record does not say, when it was observed or arrived."),
        at("time_missing", "True where the record did not say when it happened."),
        at("observed_time", "When it was collected."),
        at("service_name", "Who sent it: `service.name` of the resource."),
        at("severity_number", "1 to 24, OTLP's scale; 0: unspecified."),
        at("severity_text", "The severity as the source names it."),
        at("event_name", "What kind of event it is."),
        at("body", "The text; other values as JSON."),
        at("body_type", "The type of the body; null: text."),
        at("trace_id", "The trace it belongs to; compare with hex text."),
        at("span_id", "The span it belongs to."),
        at("flags", "W3C trace flags."),
    ];
    columns.extend(item(promoted::LOG));
    columns
}

/// What the series of a point says.
fn series() -> Vec<LogicalColumn> {
    let own = |name, about| of(Dimension::Series, name, name, about);
    vec![
        own("name", "The metric's name."),
        own("service_name", "Who sent it: `service.name` of the resource."),
        at("time", "The moment of the point."),
        at("start_time", "Since when it has been counted."),
        own("attributes", "The series' attributes, as text."),
        own("attribute_types", TYPES),
        own("description", "What the metric is about."),
        own("unit", "UCUM unit."),
        own("type", "`gauge`, `sum`, `histogram`, `exponential_histogram` or `summary`."),
        own("temporality", "`cumulative`, `delta` or `unspecified`."),
        own("is_monotonic", "Whether a sum only grows."),
    ]
}

fn point_end() -> Vec<LogicalColumn> {
    let own = |name, about| of(Dimension::Series, name, name, about);
    let mut columns = vec![at("flags", "OTLP's point flags; 1: no recorded value.")];
    columns.extend(resource(Dimension::Series));
    columns.extend(scope(Dimension::Series));
    columns.extend([
        own("metadata", "Metadata of the metric."),
        own("metadata_types", TYPES),
        own("resource_id", "Key into `resources`."),
        own("scope_id", "Key into `scopes`."),
        at("series_id", "Key into `series`."),
        at("received_time", "When it arrived."),
    ]);
    columns
}

fn point(own: impl IntoIterator<Item = LogicalColumn>) -> Vec<LogicalColumn> {
    let mut columns = series();
    columns.extend(own);
    columns.extend(point_end());
    columns
}

fn number() -> [LogicalColumn; 3] {
    [
        LogicalColumn { name: "value", source: Source::Value, about: "The number." },
        at("value_double", "The number, where it came as a double."),
        at("value_int", "The number, where it came as an integer."),
    ]
}

fn numbers() -> Vec<LogicalColumn> {
    point(number())
}

fn distribution() -> Vec<LogicalColumn> {
    vec![
        at("count", "How many measurements."),
        at("sum", "Their sum."),
        at("min", "The least of them."),
        at("max", "The greatest of them."),
    ]
}

fn histograms() -> Vec<LogicalColumn> {
    let mut own = distribution();
    own.push(at("bucket_counts", "Measurements a bucket."));
    own.push(at("explicit_bounds", "Upper bounds of all buckets but the last."));
    point(own)
}

fn exp_histograms() -> Vec<LogicalColumn> {
    let mut own = distribution();
    own.extend([
        at("scale", "Resolution: bounds are powers of 2^(2^-scale)."),
        at("zero_count", "Measurements at zero."),
        at("zero_threshold", "How far from zero still counts as zero."),
        at("positive_offset", "Index of the first positive bucket."),
        at("positive_bucket_counts", "Measurements a positive bucket."),
        at("negative_offset", "Index of the first negative bucket."),
        at("negative_bucket_counts", "Measurements a negative bucket."),
    ]);
    point(own)
}

fn summaries() -> Vec<LogicalColumn> {
    point([
        at("count", "How many measurements."),
        at("sum", "Their sum."),
        at("quantiles", "Which quantiles."),
        at("quantile_values", "Their values."),
    ])
}

fn span_red() -> Vec<LogicalColumn> {
    vec![
        at("time", "Start of the rollup."),
        at("resolution", "Length of the rollup in seconds."),
        at("service_name", "Who sent the spans; `_overflow` where there were too many series."),
        at("name", "What was done: the operation."),
        at("kind", "`internal`, `server`, `client`, `producer`, `consumer` or `unspecified`."),
        at("status_code", "`unset`, `ok` or `error`."),
        at("is_root", "Whether the spans have no parent; null in rows of before this was counted apart."),
        at("count", "Spans, each with what it stands for where it was sampled before it arrived: the sum of 1/p."),
        at("error_count", "Of `count`, those with status `error`."),
        at("spans", "Spans that really arrived."),
        at("spans_scaled", "Of these, how many stand for more than themselves; with 0, `count` is exact."),
        at("spans_unknown", "Of these, how many come from a service that samples and does not say how much."),
        at("duration_sum", "Sum of durations, nanoseconds."),
        at("duration_min", "The least duration, nanoseconds."),
        at("duration_max", "The greatest duration, nanoseconds."),
        at("scale", "Resolution of the durations' histogram: bounds are powers of 2^(2^-scale) nanoseconds."),
        at("zero_count", "Durations of zero."),
        at("bucket_offset", "Index of the first bucket."),
        at("bucket_counts", "Spans a bucket."),
        at("dimensions", "Attributes by which spans are counted apart as well: `sampling.red_dimensions`."),
        at("received_time", "When the last of the spans arrived."),
    ]
}

fn exemplars() -> Vec<LogicalColumn> {
    let mut columns: Vec<_> = series().into_iter().filter(|column| column.name != "start_time").collect();
    columns.push(at("point_time", "The moment of the point it came with."));
    columns.extend(number());
    columns.extend([
        at("trace_id", "The trace in which it was measured; compare with hex text."),
        at("span_id", "The span in which it was measured."),
        stored_as("filtered_attributes", "attributes", "Attributes that the series left out."),
        stored_as("filtered_attribute_types", "attribute_types", TYPES),
    ]);
    columns.extend(point_end().into_iter().filter(|column| column.name != "flags"));
    columns
}
