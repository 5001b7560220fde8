//! Batches of spans and logs, a row at a time.
//!
//! Owns which columns a decision reads. Never keeps a row.

use std::borrow::Cow;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeBinaryArray, Int32Array, Int64Array, ListArray, MapArray, StringArray,
    UInt32Array,
};
use arrow::datatypes::{DataType, Int64Type, TimestampNanosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::otlp::DimensionRow;
use spanlake_schemas::tables::{Table, promoted};

use crate::span::StatusCode;
use crate::stamps::{stamped, stored_thresholds, trace_id_at, trace_ids};
use crate::summary::AttributeSource;
use crate::threshold::Threshold;

/// What a decision reads of spans; attributes too where a rule asks for one.
const OF_SPANS: [&str; 12] = [
    "trace_id",
    "parent_span_id",
    "start_time",
    "duration",
    "name",
    "status_code",
    "trace_state",
    "flags",
    "service_name",
    "received_time",
    "links",
    "sampling_threshold",
];
const OF_LOGS: [&str; 6] =
    ["time", "trace_id", "severity_number", "service_name", "received_time", "sampling_threshold"];

/// The columns of a table that are read of every row.
pub(super) fn needed(table: Table, needs_attributes: bool) -> Vec<&'static str> {
    match table {
        Table::Spans => {
            let promoted = promoted::SPAN.iter().map(|attribute| attribute.column).chain(["attributes", "resource_id"]);
            OF_SPANS.into_iter().chain(promoted.filter(|_| needs_attributes)).collect()
        }
        Table::Logs => OF_LOGS.to_vec(),
        _ => Vec::new(),
    }
}

/// The columns of a batch of spans.
pub(super) struct SpanColumns<'a> {
    trace_id: &'a FixedSizeBinaryArray,
    parent_span_id: Option<&'a FixedSizeBinaryArray>,
    pub start_time: &'a [i64],
    received_time: &'a [i64],
    pub duration: &'a [i64],
    name: &'a StringArray,
    status_code: &'a StringArray,
    service_name: &'a StringArray,
    /// Where a rule asks for attributes.
    pub resource_id: Option<&'a [i64]>,
    flags: &'a UInt32Array,
    trace_state: Option<&'a StringArray>,
    links: Option<&'a ListArray>,
    stored_thresholds: Option<&'a Int64Array>,
    attributes: Option<&'a MapArray>,
    promoted: Vec<(&'static str, &'a ArrayRef)>,
}

/// The columns of a batch of logs.
pub(super) struct LogColumns<'a> {
    service_name: Option<&'a StringArray>,
    trace_id: Option<&'a FixedSizeBinaryArray>,
    severity_number: &'a Int32Array,
    time: &'a [i64],
    received_time: &'a [i64],
    stored_thresholds: Option<&'a Int64Array>,
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, ArrowError> {
    batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("a batch lacks its column {name}")))
}

fn text<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringArray, ArrowError> {
    Ok(column(batch, name)?.as_string())
}

impl<'a> SpanColumns<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let promoted = promoted::SPAN
            .iter()
            .filter_map(|attribute| Some((attribute.key, batch.column_by_name(attribute.column)?)))
            .collect();
        let optional = |name: &str| batch.column_by_name(name);
        Ok(Self {
            trace_id: column(batch, "trace_id")?.as_fixed_size_binary(),
            parent_span_id: optional("parent_span_id").map(|ids| ids.as_fixed_size_binary()),
            start_time: column(batch, "start_time")?.as_primitive::<TimestampNanosecondType>().values(),
            received_time: column(batch, "received_time")?.as_primitive::<TimestampNanosecondType>().values(),
            duration: column(batch, "duration")?.as_primitive::<Int64Type>().values(),
            name: text(batch, "name")?,
            status_code: text(batch, "status_code")?,
            service_name: text(batch, "service_name")?,
            resource_id: optional("resource_id").map(|ids| &**ids.as_primitive::<Int64Type>().values()),
            flags: column(batch, "flags")?.as_primitive(),
            trace_state: optional("trace_state").map(|states| states.as_string()),
            links: optional("links").map(|links| links.as_list()),
            stored_thresholds: stored_thresholds(batch),
            attributes: optional("attributes").map(|attributes| attributes.as_map()),
            promoted,
        })
    }

    /// Whether the row was imported, and not sent: its time of receipt is then its own time.
    pub(super) fn is_imported(&self, row: usize) -> bool {
        self.received_time[row] == self.start_time[row]
    }

    pub(super) fn trace_id(&self, row: usize) -> TraceId {
        TraceId(self.trace_id.value(row).try_into().unwrap_or_default())
    }

    pub(super) fn is_root(&self, row: usize) -> bool {
        self.parent_span_id.is_none_or(|ids| ids.is_null(row))
    }

    pub(super) fn name(&self, row: usize) -> &'a str {
        self.name.value(row)
    }

    pub(super) fn service(&self, row: usize) -> &'a str {
        self.service_name.value(row)
    }

    pub(super) fn status(&self, row: usize) -> StatusCode {
        StatusCode::from_word(self.status_code.value(row)).unwrap_or_default()
    }

    pub(super) fn flags(&self, row: usize) -> u32 {
        self.flags.value(row)
    }

    pub(super) fn trace_state(&self, row: usize) -> &'a str {
        self.trace_state.filter(|states| states.is_valid(row)).map_or("", |states| states.value(row))
    }

    /// What the door, or the client before it, held back of its like.
    pub(super) fn door_threshold(&self, row: usize) -> Threshold {
        self.stored_thresholds.map_or(Threshold::KEEP_ALL, |stored| stamped(stored, row))
    }

    pub(super) fn links(&self, row: usize, into: &mut Vec<TraceId>) {
        into.clear();
        let Some(links) = self.links.filter(|links| links.is_valid(row)).map(|links| links.value(row)) else { return };
        let Some(ids) = links.as_struct_opt().and_then(|links| links.column_by_name("trace_id")) else { return };
        let ids = ids.as_fixed_size_binary();
        into.extend((0..ids.len()).filter_map(|link| trace_id_at(ids, link)));
    }
}

impl<'a> LogColumns<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        Ok(Self {
            service_name: batch.column_by_name("service_name").and_then(|names| names.as_string_opt()),
            trace_id: trace_ids(batch),
            severity_number: column(batch, "severity_number")?.as_primitive(),
            time: column(batch, "time")?.as_primitive::<TimestampNanosecondType>().values(),
            received_time: column(batch, "received_time")?.as_primitive::<TimestampNanosecondType>().values(),
            stored_thresholds: stored_thresholds(batch),
        })
    }

    /// Who sent it.
    pub(super) fn service(&self, row: usize) -> Option<&'a str> {
        self.service_name.map(|names| names.value(row))
    }

    /// As of spans.
    pub(super) fn door_threshold(&self, row: usize) -> Threshold {
        self.stored_thresholds.map_or(Threshold::KEEP_ALL, |stored| stamped(stored, row))
    }

    pub(super) fn trace_id(&self, row: usize) -> Option<TraceId> {
        self.trace_id.and_then(|ids| trace_id_at(ids, row))
    }

    /// As of spans.
    pub(super) fn is_imported(&self, row: usize) -> bool {
        self.received_time[row] == self.time[row]
    }

    pub(super) fn severity_number(&self, row: usize) -> i32 {
        self.severity_number.value(row)
    }
}

/// A row's attributes, then its resource's.
pub(super) struct RowAttributes<'a> {
    pub columns: &'a SpanColumns<'a>,
    pub row: usize,
    pub resource: Option<&'a DimensionRow>,
}

impl AttributeSource for RowAttributes<'_> {
    fn attribute(&self, key: &str) -> Option<Cow<'_, str>> {
        let mut promoted = self.columns.promoted.iter().filter(|(known, _)| *known == key);
        if let Some((_, values)) = promoted.next().filter(|(_, values)| values.is_valid(self.row)) {
            return Some(match values.data_type() {
                DataType::Int64 => values.as_primitive::<Int64Type>().value(self.row).to_string().into(),
                _ => values.as_string::<i32>().value(self.row).into(),
            });
        }
        let own = self.columns.attributes.and_then(|attributes| in_map(attributes, self.row, key));
        own.map(Cow::Borrowed).or_else(|| {
            let resource = self.resource?;
            in_map(resource.batch.column_by_name("attributes")?.as_map_opt()?, resource.row, key).map(Cow::Borrowed)
        })
    }
}

fn in_map<'a>(map: &'a MapArray, row: usize, key: &str) -> Option<&'a str> {
    let keys = map.keys().as_string::<i32>();
    let values = map.values().as_string::<i32>();
    let offsets = map.value_offsets();
    let range = usize::try_from(offsets[row]).ok()?..usize::try_from(offsets[row + 1]).ok()?;
    range.into_iter().find(|at| keys.value(*at) == key && values.is_valid(*at)).map(|at| values.value(at))
}
