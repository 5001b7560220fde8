//! Rows in, verdicts out: whole traces, weights that add up, and a crash that changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, FixedSizeBinaryArray, RecordBatch, TimestampNanosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, Schema};
use spanlake_schemas::ingest::{DecodeLimits, Encoding, KnownSeries, Signal};
use spanlake_schemas::otlp::{DimensionLookup, DimensionRow, decode};
use spanlake_schemas::sampling::{Decided, HotEnd, MovedHour, Part, Remembered, ScratchInMemory};
use spanlake_schemas::tables::Table;

use super::*;
use crate::rules::RuleAction;

const HOUR: i64 = 498_682;
const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

struct Nothing;

impl KnownSeries for Nothing {
    fn is_known(&self, _series_id: &[u8; 16]) -> bool {
        false
    }
}

impl DimensionLookup for Nothing {
    fn resource(&self, _resource_id: i64) -> Option<DimensionRow> {
        None
    }

    fn scope(&self, _scope_id: i64) -> Option<DimensionRow> {
        None
    }

    fn series(&self, _series_id: &[u8; 16]) -> Option<DimensionRow> {
        None
    }
}

fn sampler(day_bytes: u64, rules: Vec<Rule>) -> HotEndSampler {
    let budget = BudgetSettings { day_bytes };
    HotEndSampler::new(HotEndSettings { budget, rules, importance: ImportanceSettings::default() }).unwrap()
}

fn id_of(trace: u64) -> String {
    format!("{:016x}{:016x}", trace + 1, (trace + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn bytes_of(trace: u64) -> [u8; 16] {
    u128::from_str_radix(&id_of(trace), 16).unwrap().to_be_bytes()
}

/// Three spans and a log a trace; each hundredth has an error; each seventh ends in the next hour.
fn rows(signal: Signal, traces: std::ops::Range<u64>, hour: i64) -> RecordBatch {
    let mut items = Vec::new();
    for trace in traces {
        let id = id_of(trace);
        let start = HOUR * NANOS_PER_HOUR + 1 + i64::try_from(trace).unwrap() * 1_000_000;
        for span in 0..3_u64 {
            let is_late = span == 2 && trace % 7 == 0;
            if is_late != (hour > HOUR) {
                continue;
            }
            let start = if is_late { (HOUR + 1) * NANOS_PER_HOUR + start % 1_000_000_000 } else { start };
            let end = start + 1_000_000 + i64::try_from(trace % 13 * 100_000).unwrap();
            let code = if trace.is_multiple_of(100) && span == 1 { 2 } else { 0 };
            let parent = if span == 0 { String::new() } else { format!("{:016x}", trace * 4 + 1) };
            items.push(match signal {
                Signal::Traces => format!(
                    r#"{{"traceId":"{id}","spanId":"{:016x}","parentSpanId":"{parent}","name":"step {span}",
                    "startTimeUnixNano":"{start}","endTimeUnixNano":"{end}","status":{{"code":{code}}}}}"#,
                    trace * 4 + span + 1
                ),
                _ => format!(
                    r#"{{"traceId":"{id}","timeUnixNano":"{start}","severityNumber":9,"body":{{"stringValue":"x"}}}}"#
                ),
            });
        }
    }
    if signal == Signal::Logs {
        items.push(format!(r#"{{"timeUnixNano":"{}","severityNumber":9}}"#, HOUR * NANOS_PER_HOUR));
    }
    let (outer, inner, list) = match signal {
        Signal::Traces => ("resourceSpans", "scopeSpans", "spans"),
        _ => ("resourceLogs", "scopeLogs", "logRecords"),
    };
    let body = format!(r#"{{"{outer}":[{{"{inner}":[{{"{list}":[{}]}}]}}]}}"#, items.join(","));
    let received = HOUR * NANOS_PER_HOUR;
    let limits = DecodeLimits::default();
    let decoded = decode(signal, Encoding::Json, body.as_bytes(), received, &limits, &Nothing).unwrap();
    let table = if signal == Signal::Traces { Table::Spans } else { Table::Logs };
    let batches: Vec<RecordBatch> =
        decoded.batches.tables.into_iter().filter(|(of, _)| *of == table).map(|(_, batch)| batch).collect();
    concat_batches(&batches[0].schema(), &batches).unwrap()
}

fn decide(sampler: &HotEndSampler, hour: i64, traces: std::ops::Range<u64>, earlier: &[Remembered]) -> Decided {
    decide_on(sampler.begin(hour, 1.0, earlier, scratch()).unwrap(), hour, traces)
}

fn decide_on(mut looked_at: Box<dyn HourInQuestion>, hour: i64, traces: std::ops::Range<u64>) -> Decided {
    let spans = rows(Signal::Traces, traces.clone(), hour);
    looked_at.show(Part::OfHour, Table::Spans, &spans, spans.num_rows() as f64 * 60.0, &Nothing).unwrap();
    if hour == HOUR {
        let logs = rows(Signal::Logs, traces.clone(), hour);
        looked_at.show(Part::OfHour, Table::Logs, &logs, logs.num_rows() as f64 * 20.0, &Nothing).unwrap();
        let next = rows(Signal::Traces, traces, HOUR + 1);
        looked_at.show(Part::Neighbour, Table::Spans, &next, 1e9, &Nothing).unwrap();
    }
    looked_at.decide().unwrap()
}

#[test]
fn what_does_not_fit_in_memory_is_decided_alike() {
    let spans = rows(Signal::Traces, 0..3000, HOUR);
    let late = rows(Signal::Traces, 0..3000, HOUR + 1);
    let logs = rows(Signal::Logs, 0..3000, HOUR);
    let decided = [usize::MAX, 1000, 7].map(|traces_max| {
        let sampler = sampler(24 * 100_000, Vec::new());
        let at = Passed { hour: HOUR, passed: 1.0 };
        let looked_at = Hour::new(Arc::clone(&sampler.0), at, Vec::new(), scratch());
        let decided = decide_on(Box::new(looked_at.with_traces_max(traces_max)), HOUR, 0..3000);
        let header = sampler.report().decisions.remove(0);
        let kept = [(Table::Spans, &spans), (Table::Spans, &late), (Table::Logs, &logs)]
            .map(|(table, batch)| kept(&decided, table, batch));
        (kept, header.traces, header.kept_traces)
    });
    assert!(decided[0].2 > 100 && decided[0].2 < 2900, "{} of {} are kept", decided[0].2, decided[0].1);
    assert!(decided[0] == decided[1] && decided[1] == decided[2]);
}

/// Rows of each trace that stay.
fn kept(decided: &Decided, table: Table, batch: &RecordBatch) -> BTreeMap<Vec<u8>, usize> {
    let revised = decided.verdicts.revise(table, batch).unwrap();
    let ids = revised.column_by_name("trace_id").unwrap().as_fixed_size_binary();
    let mut found = BTreeMap::new();
    for row in (0..ids.len()).filter(|row| ids.is_valid(*row)) {
        *found.entry(ids.value(row).to_vec()).or_default() += 1;
    }
    found
}

fn scratch() -> Arc<ScratchInMemory> {
    Arc::default()
}

fn remembered(decided: &Decided, hour: i64) -> Remembered {
    Remembered { hour, bytes: decided.memory.clone().expect("something was decided") }
}

#[test]
fn a_budget_that_is_never_reached_keeps_every_row_and_says_so() {
    let decided = decide(&sampler(1 << 40, Vec::new()), HOUR, 0..500, &[]);
    let spans = rows(Signal::Traces, 0..500, HOUR);
    let revised = decided.verdicts.revise(Table::Spans, &spans).unwrap();
    assert_eq!(revised.num_rows(), spans.num_rows());
    let probabilities = revised.column_by_name("sampling_probability").unwrap().as_primitive::<Float64Type>();
    assert!(probabilities.iter().all(|probability| probability == Some(1.0)));
    assert!(revised.schema().fields().iter().all(|field| {
        let stored = Table::Spans.schema();
        stored.field_with_name(field.name()).is_ok_and(|known| known.data_type() == field.data_type())
    }));
}

#[test]
fn a_tight_budget_is_met_by_whole_traces_whose_weights_add_up() {
    // An hour's part of it is about a fifth of what 4,000 traces offer.
    let sampler = sampler(24 * 200_000, Vec::new());
    let decided = decide(&sampler, HOUR, 0..4000, &[]);
    let header = sampler.report().decisions.pop().unwrap();
    let error = header.kept_bytes / header.allotted_bytes - 1.0;
    assert!(error.abs() < 0.01, "kept {} of {}", header.kept_bytes, header.allotted_bytes);

    let spans = rows(Signal::Traces, 0..4000, HOUR);
    let revised = decided.verdicts.revise(Table::Spans, &spans).unwrap();
    let roots = revised.column_by_name("name").unwrap().as_string::<i32>();
    let probabilities = revised.column_by_name("sampling_probability").unwrap().as_primitive::<Float64Type>();
    let traces: f64 = (0..revised.num_rows())
        .filter(|row| roots.value(*row) == "step 0")
        .map(|row| 1.0 / probabilities.value(row))
        .sum();
    assert!((traces / 4000.0 - 1.0).abs() < 0.15, "{traces}");

    let kept_now = kept(&decided, Table::Spans, &spans);
    let errors = (0..4000_u64).step_by(100).map(id_of);
    let kept_ids: BTreeSet<String> = kept_now.keys().map(|id| spanlake_schemas::ids::to_hex(id)).collect();
    assert!(errors.filter(|id| kept_ids.contains(id)).count() >= 38, "errors are rare, so nearly all stay");

    // The next hour knows what became of traces that began here, and decides on nothing of them.
    let next = decide(&sampler, HOUR + 1, 0..4000, &[remembered(&decided, HOUR)]);
    let late = rows(Signal::Traces, 0..4000, HOUR + 1);
    let kept_late = kept(&next, Table::Spans, &late);
    for trace in (0..4000_u64).step_by(7) {
        let id = bytes_of(trace).to_vec();
        assert_eq!(kept_now.contains_key(&id), kept_late.contains_key(&id), "trace {trace} is kept in part");
    }
    assert!(next.memory.is_none(), "nothing new was decided");
}

#[test]
fn logs_follow_their_trace_and_others_stay() {
    let decided = decide(&sampler(24 * 100_000, Vec::new()), HOUR, 0..4000, &[]);
    let spans = kept(&decided, Table::Spans, &rows(Signal::Traces, 0..4000, HOUR));
    let logs = rows(Signal::Logs, 0..4000, HOUR);
    let with_trace = kept(&decided, Table::Logs, &logs);
    assert_eq!(spans.keys().collect::<Vec<_>>(), with_trace.keys().collect::<Vec<_>>());
    let all = decided.verdicts.revise(Table::Logs, &logs).unwrap();
    assert_eq!(all.num_rows(), with_trace.values().sum::<usize>() + 1, "one log belongs to no trace");
}

#[test]
fn exemplars_point_only_to_traces_that_are_there_or_may_be() {
    let decided = decide(&sampler(24 * 100_000, Vec::new()), HOUR, 0..4000, &[]);
    let spans = kept(&decided, Table::Spans, &rows(Signal::Traces, 0..4000, HOUR));
    let ids: Vec<[u8; 16]> = (0..4100).map(bytes_of).collect();
    let column = FixedSizeBinaryArray::try_from_iter(ids.iter()).unwrap();
    let times = TimestampNanosecondArray::from(vec![0; 4100]);
    let fields = [("trace_id", column.data_type()), ("time", times.data_type())];
    let schema = Schema::new(fields.map(|(name, of)| arrow::datatypes::Field::new(name, of.clone(), true)).to_vec());
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(column), Arc::new(times)]).unwrap();
    let revised = decided.verdicts.revise(Table::Exemplars, &batch).unwrap();
    let left = revised.num_rows() - 100;
    assert!(left >= spans.len() && left <= spans.len() + 2, "{left} of {}", spans.len());
}

#[test]
fn a_crash_after_the_decision_changes_nothing() {
    let whole = sampler(24 * 100_000, Vec::new());
    let decided = decide(&whole, HOUR, 0..4000, &[]);
    let spans = rows(Signal::Traces, 0..4000, HOUR);
    // Another start, which knows only the memory; a few more traces have come.
    let again = sampler(24 * 100_000, Vec::new());
    let later = decide(&again, HOUR, 0..4200, &[remembered(&decided, HOUR)]);
    let all = rows(Signal::Traces, 0..4200, HOUR);
    let (first, second) = (kept(&decided, Table::Spans, &spans), kept(&later, Table::Spans, &all));
    let new: BTreeSet<Vec<u8>> = (4000..4200).map(|trace| bytes_of(trace).to_vec()).collect();
    let old: BTreeMap<_, _> = second.iter().filter(|(id, _)| !new.contains(*id)).collect();
    assert_eq!(first.iter().collect::<BTreeMap<_, _>>(), old);
    let rate = (second.len() - old.len()) as f64 / 200.0;
    assert!(rate > 0.02 && rate < 0.5, "late traces are kept at the rate of the others: {rate}");
}

#[test]
fn an_hour_that_leaves_in_parts_takes_no_more_than_a_whole_one() {
    let sampler = sampler(24 * 200_000, Vec::new());
    let mut memories = Vec::new();
    let mut kept = 0;
    for part in 0..8_u64 {
        let traces = part * 500..(part + 1) * 500;
        let mut looked_at = sampler.begin(HOUR, (part + 1) as f64 / 8.0, &memories, scratch()).unwrap();
        let spans = rows(Signal::Traces, traces, HOUR);
        looked_at.show(Part::OfHour, Table::Spans, &spans, spans.num_rows() as f64 * 100.0, &Nothing).unwrap();
        let decided = looked_at.decide().unwrap();
        let rows = decided.verdicts.revise(Table::Spans, &spans).unwrap().num_rows();
        kept += rows;
        memories.push(remembered(&decided, HOUR));
        let bytes = rows as u64 * 100;
        sampler.moved(MovedHour { hour: HOUR, span_bytes: bytes, log_bytes: 0, log_rows: 0, trace_log_rows: 0 });
    }
    let hour = sampler.report().hours[0];
    assert!((hour.written_bytes / 200_000.0 - 1.0).abs() < 0.03, "{hour:?}, {kept} rows");
    assert!((hour.allotted_bytes / 200_000.0 - 1.0).abs() < 0.03, "{hour:?}");
}

#[test]
fn state_comes_back_and_the_ledger_learns_what_was_written() {
    let one = sampler(24 * 100_000, Vec::new());
    let _ = decide(&one, HOUR, 0..4000, &[]);
    let moved = MovedHour { hour: HOUR, span_bytes: 150_000, log_bytes: 30_000, log_rows: 10, trace_log_rows: 5 };
    let text = one.moved(moved);
    let two = sampler(24 * 100_000, Vec::new());
    two.restore(&text).unwrap();
    assert_eq!(two.report().hours, one.report().hours);
    let hour = two.report().hours[0];
    assert!((hour.written_bytes - 165_000.0).abs() < 1.0);
    assert!(two.report().cost.cold_bytes_per_hot_span_byte > 1.0, "it took more than was predicted");
    assert_eq!(two.report().decisions[0].written_bytes, Some(165_000.0));
    assert!(two.restore(b"{").is_err());
}

#[test]
fn what_was_imported_stays_outside_of_the_budget() {
    let sampler = sampler(24 * 50_000, vec![Rule::new("none of it", RuleAction::Drop)]);
    let mut looked_at = sampler.begin(HOUR, 1.0, &[], scratch()).unwrap();
    let spans = rows(Signal::Traces, 0..200, HOUR);
    let imported = with_own_receipt(&spans);
    looked_at.show(Part::OfHour, Table::Spans, &imported, 1e6, &Nothing).unwrap();
    let others = rows(Signal::Traces, 200..400, HOUR);
    looked_at.show(Part::OfHour, Table::Spans, &others, 1e6, &Nothing).unwrap();
    let decided = looked_at.decide().unwrap();
    let revised = decided.verdicts.revise(Table::Spans, &imported).unwrap();
    assert_eq!(revised.num_rows(), imported.num_rows());
    let probabilities = revised.column_by_name("sampling_probability").unwrap().as_primitive::<Float64Type>();
    assert!(probabilities.iter().all(|probability| probability == Some(1.0)));
    assert_eq!(decided.verdicts.revise(Table::Spans, &others).unwrap().num_rows(), 0);
    let moved = MovedHour { hour: HOUR, span_bytes: 1_000_000, log_bytes: 0, log_rows: 0, trace_log_rows: 0 };
    sampler.moved(moved);
    // But for what rounding to whole bytes a row makes.
    assert!(sampler.report().hours[0].written_bytes < 1_000.0);
}

/// As an import files them.
fn with_own_receipt(spans: &RecordBatch) -> RecordBatch {
    let schema = spans.schema();
    let start = schema.index_of("start_time").unwrap();
    let mut columns = spans.columns().to_vec();
    columns[schema.index_of("received_time").unwrap()] = Arc::clone(&columns[start]);
    RecordBatch::try_new(schema, columns).unwrap()
}

#[test]
fn rules_hold_and_those_without_meaning_are_refused() {
    let drop_all = Rule::new("none of it", RuleAction::Drop);
    let decided = decide(&sampler(1 << 40, vec![drop_all.clone()]), HOUR, 0..100, &[]);
    let revised = decided.verdicts.revise(Table::Spans, &rows(Signal::Traces, 0..100, HOUR)).unwrap();
    assert_eq!(revised.num_rows(), 0);
    let twice = vec![drop_all.clone(), drop_all];
    let budget = BudgetSettings { day_bytes: 1 };
    let refused =
        HotEndSampler::new(HotEndSettings { budget, rules: twice, importance: ImportanceSettings::default() });
    assert!(refused.is_err());
}

#[test]
fn damaged_memories_are_refused_with_a_sentence() {
    let sampler = sampler(1 << 30, Vec::new());
    let memory = decide(&sampler, HOUR, 0..50, &[]).memory.unwrap();
    let length = usize::try_from(memory.byte_len()).unwrap();
    for cut in [0, 3, 8, length / 2, length - 1] {
        let damaged = Remembered { hour: HOUR, bytes: Arc::new(memory.read(0, cut).unwrap()) };
        assert!(sampler.begin(HOUR, 1.0, &[damaged], scratch()).is_err(), "{cut}");
    }
}

#[test]
fn a_proposal_s_real_bytes_correct_the_plan_before_it_is_decided() {
    let sampler = sampler(24 * 600_000, Vec::new());
    let spans = rows(Signal::Traces, 0..4000, HOUR);
    let mut looked_at = sampler.begin(HOUR, 1.0, &[], scratch()).unwrap();
    looked_at.weigh(Table::Spans, &spans.slice(0, 200)).unwrap();
    let needed = sampler.columns(Table::Spans);
    let narrow: Vec<usize> =
        (0..spans.num_columns()).filter(|at| needed.contains(&spans.schema().field(*at).name().as_str())).collect();
    let narrow = spans.project(&narrow).unwrap();
    assert!(narrow.num_columns() < spans.num_columns());
    looked_at.show(Part::OfHour, Table::Spans, &narrow, spans.num_rows() as f64 * 100.0, &Nothing).unwrap();
    // Cold files take twice of what hot bytes say, and a bit beside.
    let taken = |kept: &RecordBatch| MovedHour {
        hour: HOUR,
        span_bytes: kept.num_rows() as u64 * 200 + 10_000,
        log_bytes: 0,
        log_rows: 0,
        trace_log_rows: 0,
    };
    let mut proposals = Vec::new();
    loop {
        let proposal = looked_at.proposal().unwrap().expect("a part of the hour is dropped");
        let kept = proposal.revise(Table::Spans, &spans).unwrap();
        assert!(kept.num_rows() > 0 && kept.num_rows() < spans.num_rows());
        let stands = looked_at.proposed(&taken(&kept)).unwrap();
        proposals.push(kept);
        if stands {
            break;
        }
    }
    assert!(proposals.len() > 1 && proposals[1].num_rows() < proposals[0].num_rows());
    let decided = looked_at.decide().unwrap();
    let kept = decided.verdicts.revise(Table::Spans, &spans).unwrap();
    assert_eq!(Some(&kept), proposals.last(), "what stands is what is decided");
    let written = taken(&kept);
    let allotted = sampler.report().decisions[0].allotted_bytes;
    let error = written.span_bytes as f64 / allotted - 1.0;
    assert!(error.abs() < 0.01, "{error} of {allotted}");
    sampler.moved(written);
    assert!((sampler.report().cost.cold_bytes_per_hot_span_byte / 2.0 - 1.0).abs() < 0.02, "that is learnt");
    let whole = HotEndSampler::new(HotEndSettings {
        budget: BudgetSettings { day_bytes: 1 << 40 },
        rules: Vec::new(),
        importance: ImportanceSettings::default(),
    });
    let mut looked_at = whole.unwrap().begin(HOUR, 1.0, &[], scratch()).unwrap();
    looked_at.weigh(Table::Spans, &spans).unwrap();
    looked_at.show(Part::OfHour, Table::Spans, &spans, 1e9, &Nothing).unwrap();
    assert!(looked_at.proposal().unwrap().is_none(), "where all is kept, nothing depends on it");
}
