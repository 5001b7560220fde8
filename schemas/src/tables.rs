//! The physical Arrow tables: what the decoder builds, the log replays, the hot tier holds and Parquet stores.
//!
//! Owns names, types and nullability. The SQL-facing tables (with attributes of the resource beside each
//! row, merged maps and views) are made from these by the engine; nothing here knows a query.
//!
//! What repeats with every row of a resource, a scope or a metric series is kept once, in the three
//! *dimension* tables (`resources`, `scopes`, `series`); fact rows carry a content hash. See `docs/adr/001`.

pub mod promoted;

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// Every physical table, in the order in which a request's batches are stored (dimensions first).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Table {
    Resources,
    Scopes,
    Series,
    Spans,
    Logs,
    Points,
    Histograms,
    ExpHistograms,
    Summaries,
    Exemplars,
    SpanRed,
}

impl Table {
    pub const COUNT: usize = 11;
    pub const ALL: [Self; Self::COUNT] = [
        Self::Resources,
        Self::Scopes,
        Self::Series,
        Self::Spans,
        Self::Logs,
        Self::Points,
        Self::Histograms,
        Self::ExpHistograms,
        Self::Summaries,
        Self::Exemplars,
        Self::SpanRed,
    ];

    /// The folder and manifest name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Resources => "resources",
            Self::Scopes => "scopes",
            Self::Series => "series",
            Self::Spans => "spans",
            Self::Logs => "logs",
            Self::Points => "points",
            Self::Histograms => "histograms",
            Self::ExpHistograms => "exp_histograms",
            Self::Summaries => "summaries",
            Self::Exemplars => "exemplars",
            Self::SpanRed => "span_red",
        }
    }

    /// The table of that name, if there is one.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Whether rows describe what facts point to (and are kept in memory, once each).
    #[must_use]
    pub const fn is_dimension(self) -> bool {
        matches!(self, Self::Resources | Self::Scopes | Self::Series)
    }

    /// Whether frequent attributes of rows get columns of their own, file by file.
    #[must_use]
    pub const fn has_attribute_columns(self) -> bool {
        matches!(self, Self::Spans | Self::Logs)
    }

    /// The column by which rows are filed under an hour and pruned: the event's time.
    #[must_use]
    pub const fn time_column(self) -> &'static str {
        match self {
            Self::Spans => "start_time",
            Self::Resources | Self::Scopes | Self::Series => "received_time",
            _ => "time",
        }
    }

    /// The physical schema; every batch's columns are a subset of it, in this order, and a column that a
    /// batch lacks is all null.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; Table::COUNT]> =
            LazyLock::new(|| Table::ALL.map(|table| Arc::new(Schema::new(table.fields()))));
        Arc::clone(&SCHEMAS[self as usize])
    }

    fn fields(self) -> Vec<Field> {
        match self {
            Self::Resources => resources(),
            Self::Scopes => scopes(),
            Self::Series => series(),
            Self::Spans => spans(),
            Self::Logs => logs(),
            Self::Points => points(),
            Self::Histograms => histograms(),
            Self::ExpHistograms => exp_histograms(),
            Self::Summaries => summaries(),
            Self::Exemplars => exemplars(),
            Self::SpanRed => span_red(),
        }
    }
}

/// The name under which one key of a span's or log record's attributes is asked for: that of its column in files where it has one.
#[must_use]
pub fn attribute_column(key: &str) -> String {
    format!("attributes['{key}']")
}

/// The key of such a name.
#[must_use]
pub fn key_of_column(name: &str) -> Option<&str> {
    name.strip_prefix("attributes['")?.strip_suffix("']")
}

/// Nanoseconds since the epoch, UTC.
#[must_use]
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))
}

/// An attribute map as stored: text values, with the types beside it in a column of one letter an entry.
#[must_use]
pub fn attribute_map() -> DataType {
    DataType::Map(Arc::new(Field::new("entries", DataType::Struct(attribute_entry_fields()), false)), false)
}

/// The two children of an attribute map's entries.
#[must_use]
pub fn attribute_entry_fields() -> Fields {
    Fields::from(vec![Field::new("keys", DataType::Utf8, false), Field::new("values", DataType::Utf8, true)])
}

/// One element of `spans.events`.
#[must_use]
pub fn event_fields() -> Fields {
    Fields::from(vec![
        field("time", timestamp()),
        field("name", DataType::Utf8),
        field("attributes", attribute_map()),
        optional("attribute_types", DataType::Utf8),
        field("dropped_attributes_count", DataType::UInt32),
    ])
}

/// One element of `spans.links`.
#[must_use]
pub fn link_fields() -> Fields {
    Fields::from(vec![
        field("trace_id", DataType::FixedSizeBinary(16)),
        field("span_id", DataType::FixedSizeBinary(8)),
        optional("trace_state", DataType::Utf8),
        field("flags", DataType::UInt32),
        field("attributes", attribute_map()),
        optional("attribute_types", DataType::Utf8),
        field("dropped_attributes_count", DataType::UInt32),
    ])
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, false)
}

fn optional(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// A list whose items are never null.
#[must_use]
pub fn list_of(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

fn attributes_and_types() -> Vec<Field> {
    vec![field("attributes", attribute_map()), optional("attribute_types", DataType::Utf8)]
}

fn resources() -> Vec<Field> {
    let mut fields = vec![field("resource_id", DataType::Int64), field("service_name", DataType::Utf8)];
    fields.extend(attributes_and_types());
    fields.extend([
        field("dropped_attributes_count", DataType::UInt32),
        optional("schema_url", DataType::Utf8),
        optional("entity_refs", DataType::Utf8),
        field("received_time", timestamp()),
    ]);
    fields
}

fn scopes() -> Vec<Field> {
    let mut fields =
        vec![field("scope_id", DataType::Int64), field("name", DataType::Utf8), field("version", DataType::Utf8)];
    fields.extend(attributes_and_types());
    fields.extend([
        field("dropped_attributes_count", DataType::UInt32),
        optional("schema_url", DataType::Utf8),
        field("received_time", timestamp()),
    ]);
    fields
}

fn series() -> Vec<Field> {
    let mut fields = vec![
        field("series_id", DataType::FixedSizeBinary(16)),
        field("name", DataType::Utf8),
        field("description", DataType::Utf8),
        field("unit", DataType::Utf8),
        field("type", DataType::Utf8),
        optional("temporality", DataType::Utf8),
        optional("is_monotonic", DataType::Boolean),
        field("resource_id", DataType::Int64),
        field("scope_id", DataType::Int64),
        field("service_name", DataType::Utf8),
    ];
    fields.extend(attributes_and_types());
    fields.extend([
        field("metadata", attribute_map()),
        optional("metadata_types", DataType::Utf8),
        field("received_time", timestamp()),
    ]);
    fields
}

fn origin() -> [Field; 4] {
    [
        field("resource_id", DataType::Int64),
        field("scope_id", DataType::Int64),
        field("service_name", DataType::Utf8),
        field("received_time", timestamp()),
    ]
}

fn spans() -> Vec<Field> {
    let mut fields = vec![
        field("trace_id", DataType::FixedSizeBinary(16)),
        field("span_id", DataType::FixedSizeBinary(8)),
        optional("parent_span_id", DataType::FixedSizeBinary(8)),
        field("start_time", timestamp()),
        field("duration", DataType::Int64),
        field("name", DataType::Utf8),
        field("kind", DataType::Utf8),
        field("status_code", DataType::Utf8),
        optional("status_message", DataType::Utf8),
        optional("trace_state", DataType::Utf8),
        field("flags", DataType::UInt32),
        field("dropped_attributes_count", DataType::UInt32),
        field("dropped_events_count", DataType::UInt32),
        field("dropped_links_count", DataType::UInt32),
    ];
    fields.extend(origin());
    fields.extend(promoted::SPAN.iter().map(promoted::PromotedAttribute::field));
    fields.extend(attributes_and_types());
    fields.push(optional("events", list_of(DataType::Struct(event_fields()))));
    fields.push(optional("links", list_of(DataType::Struct(link_fields()))));
    fields.extend(sampled());
    fields
}

/// Sums over all spans of one series and rollup: rate, errors, durations. Rows of one series and time add up.
fn span_red() -> Vec<Field> {
    vec![
        field("time", timestamp()),
        field("resolution", DataType::Int32),
        field("service_name", DataType::Utf8),
        field("name", DataType::Utf8),
        field("kind", DataType::Utf8),
        field("status_code", DataType::Utf8),
        optional("is_root", DataType::Boolean),
        field("count", DataType::Float64),
        field("error_count", DataType::Float64),
        field("spans", DataType::Int64),
        field("spans_scaled", DataType::Int64),
        field("spans_unknown", DataType::Int64),
        field("duration_sum", DataType::Float64),
        field("duration_min", DataType::Int64),
        field("duration_max", DataType::Int64),
        field("scale", DataType::Int32),
        field("zero_count", DataType::Float64),
        field("bucket_offset", DataType::Int32),
        field("bucket_counts", list_of(DataType::Float64)),
        optional("dimensions", attribute_map()),
        field("received_time", timestamp()),
    ]
}

/// What became of a row's trace when its hour left the hot tier; all null while nothing was decided.
fn sampled() -> [Field; 4] {
    [
        optional("sampling_probability", DataType::Float64),
        optional("sampling_threshold", DataType::Int64),
        optional("sampling_stratum", DataType::Int32),
        optional("sampling_reason", DataType::Utf8),
    ]
}

fn logs() -> Vec<Field> {
    let mut fields = vec![
        field("time", timestamp()),
        optional("time_missing", DataType::Boolean),
        optional("observed_time", timestamp()),
        optional("trace_id", DataType::FixedSizeBinary(16)),
        optional("span_id", DataType::FixedSizeBinary(8)),
        field("severity_number", DataType::Int32),
        optional("severity_text", DataType::Utf8),
        optional("event_name", DataType::Utf8),
        optional("body", DataType::Utf8),
        optional("body_type", DataType::Utf8),
        field("flags", DataType::UInt32),
        field("dropped_attributes_count", DataType::UInt32),
    ];
    fields.extend(origin());
    fields.extend(promoted::LOG.iter().map(promoted::PromotedAttribute::field));
    fields.extend(attributes_and_types());
    fields.extend(sampled());
    fields
}

fn point_start() -> Vec<Field> {
    vec![
        field("series_id", DataType::FixedSizeBinary(16)),
        field("time", timestamp()),
        optional("start_time", timestamp()),
        field("flags", DataType::UInt32),
        field("received_time", timestamp()),
    ]
}

fn points() -> Vec<Field> {
    let mut fields = point_start();
    fields.extend([optional("value_double", DataType::Float64), optional("value_int", DataType::Int64)]);
    fields
}

fn distribution_start() -> Vec<Field> {
    let mut fields = point_start();
    fields.extend([
        field("count", DataType::UInt64),
        optional("sum", DataType::Float64),
        optional("min", DataType::Float64),
        optional("max", DataType::Float64),
    ]);
    fields
}

fn histograms() -> Vec<Field> {
    let mut fields = distribution_start();
    fields.extend([
        field("bucket_counts", list_of(DataType::UInt64)),
        field("explicit_bounds", list_of(DataType::Float64)),
    ]);
    fields
}

fn exp_histograms() -> Vec<Field> {
    let mut fields = distribution_start();
    fields.extend([
        field("scale", DataType::Int32),
        field("zero_count", DataType::UInt64),
        field("zero_threshold", DataType::Float64),
        optional("positive_offset", DataType::Int32),
        field("positive_bucket_counts", list_of(DataType::UInt64)),
        optional("negative_offset", DataType::Int32),
        field("negative_bucket_counts", list_of(DataType::UInt64)),
    ]);
    fields
}

fn summaries() -> Vec<Field> {
    let mut fields = point_start();
    fields.extend([
        field("count", DataType::UInt64),
        field("sum", DataType::Float64),
        field("quantiles", list_of(DataType::Float64)),
        field("quantile_values", list_of(DataType::Float64)),
    ]);
    fields
}

fn exemplars() -> Vec<Field> {
    let mut fields = vec![
        field("series_id", DataType::FixedSizeBinary(16)),
        field("time", timestamp()),
        field("point_time", timestamp()),
        field("received_time", timestamp()),
        optional("value_double", DataType::Float64),
        optional("value_int", DataType::Int64),
        optional("trace_id", DataType::FixedSizeBinary(16)),
        optional("span_id", DataType::FixedSizeBinary(8)),
    ];
    fields.extend(attributes_and_types());
    fields
}
