//! Rows of a request without those that a threshold holds back.
//!
//! Owns which rows belong to a trace, and what is written on those that pass: a pure function of thresholds and rows, so
//! that a replay of the log leaves what was left. Never counts beyond one request.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use arrow::datatypes::UInt32Type;
use arrow::error::ArrowError;
use spanlake_schemas::door::{DoorCause, DoorThreshold, DoorThresholds};
use spanlake_schemas::ingest::Batches;
use spanlake_schemas::tables::Table;

use crate::randomness::{self, RANDOM_FLAG};
use crate::stamps::{Stamp, Stamps, trace_id_at, trace_ids, with_stamps};
use crate::threshold::Threshold;
use crate::tracestate::{self, OtelState};

/// Why a row that its own client sampled stands for more than itself.
const CLIENT: &str = "client";

/// What came of a service, and what passed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    pub rows: f64,
    /// Undone of what a client sampled before.
    pub offered_rows: f64,
    pub passed_rows: f64,
}

/// Rows that were held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    pub spans: u64,
    pub logs: u64,
    pub exemplars: u64,
}

/// What became of one request.
#[derive(Debug, Default)]
pub(super) struct Thinned {
    pub flows: BTreeMap<String, Flow>,
    /// By cause.
    pub dropped: [Dropped; DoorCause::ALL.len()],
    pub malformed_trace_states: u64,
    /// Rows that passed and stand for more than themselves.
    pub weighted_rows: u64,
}

/// Leaves what passes. Where `counts` is false and nothing is held back, only what clients say of themselves is looked at.
pub(super) fn thin(thresholds: &DoorThresholds, batches: &mut Batches, counts: bool) -> Result<Thinned, ArrowError> {
    let mut thinned = Thinned::default();
    let holds_back = !thresholds.let_all_pass();
    for (table, batch) in &mut batches.tables {
        let left = match table {
            Table::Spans | Table::Logs if holds_back || counts || says_something(batch) => {
                thin_rows(*table, batch, thresholds, &mut thinned)?
            }
            Table::Exemplars if thresholds.everyone.bits > 0 => {
                thin_exemplars(batch, thresholds.everyone, &mut thinned)?
            }
            _ => continue,
        };
        *batch = left;
    }
    if holds_back {
        batches.tables.retain(|(_, batch)| batch.num_rows() > 0);
        if batches.tables.iter().all(|(table, _)| table.is_dimension()) {
            batches.tables.clear();
        }
    }
    Ok(thinned)
}

/// Whether a client may have said how it sampled: what this passes by says nothing when it is read.
fn says_something(batch: &RecordBatch) -> bool {
    let states = batch.column_by_name("trace_state").and_then(|states| states.as_string_opt::<i32>());
    states.is_some_and(|states| states.iter().flatten().any(|state| state.contains("ot")))
}

/// What a row is judged by.
struct Row<'a> {
    service: &'a str,
    said: OtelState,
    passes: bool,
    door: DoorThreshold,
}

struct Rows<'a> {
    services: &'a StringArray,
    flags: Option<&'a [u32]>,
    states: Option<&'a StringArray>,
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let lacks = || ArrowError::SchemaError("a batch lacks its column service_name".to_owned());
        let services =
            batch.column_by_name("service_name").and_then(|names| names.as_string_opt()).ok_or_else(lacks)?;
        let flags = batch.column_by_name("flags").and_then(|flags| flags.as_primitive_opt::<UInt32Type>());
        let states = batch.column_by_name("trace_state").and_then(|states| states.as_string_opt());
        Ok(Self { services, flags: flags.map(|flags| &**flags.values()), states })
    }

    fn judge(&self, row: usize, trace: spanlake_schemas::ids::TraceId, thresholds: &DoorThresholds) -> Row<'a> {
        let state = self.states.filter(|states| states.is_valid(row)).map_or("", |states| states.value(row));
        let said = if state.is_empty() { OtelState::default() } else { tracestate::parse(state) };
        let service = self.services.value(row);
        let door = thresholds.of(service);
        let has_random_flag = self.flags.is_some_and(|flags| flags[row] & RANDOM_FLAG != 0);
        let (randomness, _) = randomness::of_trace(trace, said.randomness, has_random_flag, false);
        Row { service, said, passes: threshold(door).keeps(randomness), door }
    }
}

fn thin_rows(
    table: Table,
    batch: &RecordBatch,
    thresholds: &DoorThresholds,
    thinned: &mut Thinned,
) -> Result<RecordBatch, ArrowError> {
    let Some(ids) = trace_ids(batch) else { return Ok(batch.clone()) };
    let rows = Rows::of(batch)?;
    let mut stamps = Stamps::default();
    let mut weighted = 0;
    let mut mask = Vec::with_capacity(batch.num_rows());
    let mut flow: Option<(&str, Flow)> = None;
    for row in 0..batch.num_rows() {
        let Some(trace) = trace_id_at(ids, row) else {
            // Belongs to no trace: nobody holds it back.
            mask.push(true);
            stamps.push(None);
            continue;
        };
        let Row { service, said, passes, door } = rows.judge(row, trace, thresholds);
        thinned.malformed_trace_states += u64::from(said.is_malformed);
        let arrived = said.threshold.unwrap_or_default();
        if flow.as_ref().is_none_or(|(of, _)| *of != service) {
            thinned.add_flow(flow.replace((service, Flow::default())));
        }
        if let Some((_, flow)) = &mut flow {
            flow.rows += 1.0;
            flow.offered_rows += arrived.adjusted_count();
            flow.passed_rows += f64::from(u8::from(passes));
        }
        mask.push(passes);
        if passes {
            let stamp = stamp(arrived, door);
            weighted += u64::from(stamp.is_some());
            stamps.push(stamp);
        } else {
            thinned.count_dropped(table, door.cause);
        }
    }
    thinned.add_flow(flow);
    thinned.weighted_rows += weighted;
    let is_whole = mask.iter().all(|passes| *passes);
    let left = if is_whole { batch.clone() } else { filter_record_batch(batch, &BooleanArray::from(mask))? };
    if weighted > 0 { with_stamps(&left, stamps) } else { Ok(left) }
}

/// What is written on a row that passed; the larger of the two thresholds holds, and says why.
fn stamp(arrived: Threshold, door: DoorThreshold) -> Option<Stamp<'static>> {
    let total = arrived.and_then(threshold(door));
    let reason = if threshold(door) >= arrived { door.cause.word() } else { CLIENT };
    (total > Threshold::KEEP_ALL).then_some(Stamp { threshold: total, stratum: None, reason })
}

/// An exemplar whose trace is held back points nowhere. Its service is not known here: everyone's threshold holds.
fn thin_exemplars(
    batch: &RecordBatch,
    everyone: DoorThreshold,
    thinned: &mut Thinned,
) -> Result<RecordBatch, ArrowError> {
    let Some(ids) = trace_ids(batch) else { return Ok(batch.clone()) };
    let mask: Vec<bool> = (0..batch.num_rows())
        .map(|row| {
            trace_id_at(ids, row).is_none_or(|trace| {
                let (randomness, _) = randomness::of_trace(trace, None, false, false);
                threshold(everyone).keeps(randomness)
            })
        })
        .collect();
    mask.iter().filter(|stays| !**stays).for_each(|_| thinned.count_dropped(Table::Exemplars, everyone.cause));
    filter_record_batch(batch, &BooleanArray::from(mask))
}

/// A door's threshold; what is none lets everything pass.
pub(super) fn threshold(door: DoorThreshold) -> Threshold {
    Threshold::from_bits(door.bits).unwrap_or_default()
}

impl Thinned {
    fn add_flow(&mut self, flow: Option<(&str, Flow)>) {
        let Some((service, flow)) = flow else { return };
        // Rows of a service mostly come together, so this is rare.
        let known = match self.flows.get_mut(service) {
            Some(known) => known,
            None => self.flows.entry(service.to_owned()).or_default(),
        };
        known.rows += flow.rows;
        known.offered_rows += flow.offered_rows;
        known.passed_rows += flow.passed_rows;
    }

    fn count_dropped(&mut self, table: Table, cause: DoorCause) {
        let dropped = &mut self.dropped[cause as usize];
        match table {
            Table::Spans => dropped.spans += 1,
            Table::Logs => dropped.logs += 1,
            _ => dropped.exemplars += 1,
        }
    }
}
