//! What a list tells of a trace, from all of its spans.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use arrow::record_batch::RecordBatch;
use serde::{Serialize, Serializer};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;
use spanlake_store::Version;

use super::cursor::Place;
use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::state::Shared;

const COLUMNS: [&str; 8] =
    ["trace_id", "parent_span_id", "start_time", "duration", "name", "status_code", "service_name", "received_time"];

fn as_text<T: std::fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// One row of the list.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub(crate) struct Summary {
    #[serde(serialize_with = "as_text")]
    pub(crate) trace_id: TraceId,
    pub(crate) root_service: String,
    pub(crate) root_name: String,
    #[serde(serialize_with = "as_text")]
    pub(crate) start_time: i64,
    #[serde(serialize_with = "as_text")]
    pub(crate) duration: i64,
    pub(crate) span_count: u64,
    pub(crate) error_count: u64,
    pub(crate) services: Vec<ServiceShare>,
    /// The start, or the receipt where a clock runs ahead.
    #[serde(skip)]
    pub(super) sorted_as: i64,
}

impl Summary {
    /// Where in the list it stands.
    pub(super) const fn place(&self) -> Place {
        (self.sorted_as, self.trace_id)
    }
}

/// A service's part in a trace.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub(crate) struct ServiceShare {
    pub(crate) name: String,
    pub(crate) spans: u64,
    pub(crate) errors: u64,
}

/// Summaries of all these traces, in no order.
pub(super) async fn summaries(
    shared: &Shared,
    version: &Arc<Version>,
    ids: &[TraceId],
) -> Result<Vec<Summary>, ApiError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let (store, version, ids) = (shared.store.clone(), Arc::clone(version), ids.to_vec());
    let reading = async move {
        let rows = store.trace_rows(&version, Table::Spans, &ids, Some(&COLUMNS)).await?;
        Ok(summarise(&rows.batches))
    };
    shared.engine.beside(reading).await?
}

/// A trace of which some spans were seen.
struct Tally<'a> {
    start: i64,
    end: i64,
    received: i64,
    spans: u64,
    errors: u64,
    /// Whether it has a parent, when it began, whose it is, its name. The least is the root.
    root: (bool, i64, &'a str, &'a str),
    services: BTreeMap<&'a str, (u64, u64)>,
}

pub(super) fn summarise(batches: &[RecordBatch]) -> Vec<Summary> {
    let mut tallies: HashMap<TraceId, Tally<'_>> = HashMap::new();
    for batch in batches {
        tally(batch, &mut tallies);
    }
    let summary = |(trace_id, tally): (TraceId, Tally<'_>)| {
        let (_, _, root_service, root_name) = tally.root;
        let services = tally.services.into_iter();
        let services = services.map(|(name, (spans, errors))| ServiceShare { name: name.to_owned(), spans, errors });
        Summary {
            trace_id,
            root_service: root_service.to_owned(),
            root_name: root_name.to_owned(),
            start_time: tally.start,
            duration: tally.end.saturating_sub(tally.start),
            span_count: tally.spans,
            error_count: tally.errors,
            services: services.collect(),
            sorted_as: tally.start.min(tally.received),
        }
    };
    tallies.into_iter().map(summary).collect()
}

fn tally<'a>(batch: &'a RecordBatch, tallies: &mut HashMap<TraceId, Tally<'a>>) {
    let (ids, parents) = (Ids::of(batch, "trace_id"), Ids::of(batch, "parent_span_id"));
    let starts = Numbers::<TimestampNanosecondType>::of(batch, "start_time");
    let receipts = Numbers::<TimestampNanosecondType>::of(batch, "received_time");
    let durations = Numbers::<Int64Type>::of(batch, "duration");
    let [names, statuses, services] = ["name", "status_code", "service_name"].map(|name| Texts::of(batch, name));
    for row in 0..batch.num_rows() {
        let Some(id) = ids.at(row).and_then(TraceId::from_slice) else { continue };
        let (start, service) = (starts.or_zero(row), services.or_empty(row));
        let end = start.saturating_add(durations.or_zero(row).max(0));
        let has_parent = parents.at(row).is_some_and(|parent| parent.iter().any(|byte| *byte != 0));
        let root = (has_parent, start, service, names.or_empty(row));
        let tally = tallies.entry(id).or_insert_with(|| Tally {
            start,
            end,
            received: i64::MAX,
            spans: 0,
            errors: 0,
            root,
            services: BTreeMap::new(),
        });
        let errors = u64::from(statuses.at(row) == Some("error"));
        tally.start = tally.start.min(start);
        tally.end = tally.end.max(end);
        tally.received = tally.received.min(receipts.at(row).unwrap_or(i64::MAX));
        tally.spans += 1;
        tally.errors += errors;
        tally.root = tally.root.min(root);
        let share = tally.services.entry(service).or_default();
        share.0 += 1;
        share.1 += errors;
    }
}
