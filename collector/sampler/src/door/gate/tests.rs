//! Requests in, whole traces with weights out; the same again from the log.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use spanlake_schemas::ingest::{DecodeLimits, Encoding, NoKnownSeries, Signal};
use spanlake_schemas::otlp::decode;

use super::*;
use crate::door::DoorSetting;

fn id_of(trace: u64) -> String {
    format!("{:016x}{:016x}", trace + 1, (trace + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Three spans a trace, each in a service of its own.
fn spans(traces: std::ops::Range<u64>, trace_state: &str) -> Batches {
    let of_service = |service: u64| {
        let spans: Vec<String> = traces
            .clone()
            .map(|trace| {
                format!(
                    r#"{{"traceId":"{}","spanId":"{:016x}","name":"step","traceState":"{trace_state}",
                    "startTimeUnixNano":"1","endTimeUnixNano":"2"}}"#,
                    id_of(trace),
                    trace * 4 + service + 1
                )
            })
            .collect();
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"s{service}"}}}}]}},
            "scopeSpans":[{{"spans":[{}]}}]}}"#,
            spans.join(",")
        )
    };
    let resources: Vec<String> = (0..3).map(of_service).collect();
    decoded(Signal::Traces, &format!(r#"{{"resourceSpans":[{}]}}"#, resources.join(",")))
}

fn decoded(signal: Signal, body: &str) -> Batches {
    let limits = DecodeLimits::default();
    decode(signal, Encoding::Json, body.as_bytes(), 1_000, &limits, &NoKnownSeries).unwrap().batches
}

fn gate(settings: &[(&str, DoorSetting)]) -> DoorGate {
    let mut door = DoorSettings::default();
    for (service, setting) in settings {
        match *service {
            "*" => door.default = Some(*setting),
            service => drop(door.services.insert(service.to_owned(), *setting)),
        }
    }
    DoorGate::new(door)
}

fn weights(batch: &RecordBatch) -> Vec<Option<f64>> {
    let Some(column) = batch.column_by_name("sampling_probability") else { return vec![None; batch.num_rows()] };
    column.as_primitive::<Float64Type>().iter().collect()
}

fn reasons(batch: &RecordBatch) -> Vec<&str> {
    batch.column_by_name("sampling_reason").map_or_else(Vec::new, |words| {
        let words = words.as_string::<i32>();
        (0..words.len()).filter(|row| words.is_valid(*row)).map(|row| words.value(row)).collect()
    })
}

#[test]
fn whole_traces_pass_with_weights_that_add_up_and_the_log_s_replay_leaves_the_same() {
    let gate = gate(&[("*", DoorSetting::Probability(0.25))]);
    let offered = spans(0..4_000, "");
    let mut passed = offered.clone();
    let thresholds = gate.admit(&mut passed, 400_000).unwrap();
    let batch = passed.get(Table::Spans).unwrap();
    assert!(batch.num_rows().is_multiple_of(3), "three spans of each trace or none: {}", batch.num_rows());
    assert!(weights(batch).iter().all(|probability| *probability == Some(0.25)));
    let estimate = batch.num_rows() as f64 / 0.25;
    assert!((estimate / 12_000.0 - 1.0).abs() < 0.1, "{estimate}");
    assert!(reasons(batch).iter().all(|reason| *reason == "door"));
    assert_eq!(gate.counts().dropped_by_setting.spans, 12_000 - batch.num_rows() as u64);

    let mut again = offered;
    gate.replay(&thresholds, &mut again).unwrap();
    assert_eq!(again.get(Table::Spans).unwrap(), batch);
    assert_eq!(gate.counts().dropped_by_setting.spans, 12_000 - batch.num_rows() as u64, "a replay is not counted");
}

#[test]
fn services_have_their_own_and_what_is_not_held_back_carries_no_weight() {
    let gate = gate(&[("s1", DoorSetting::Probability(0.5))]);
    let mut passed = spans(0..1_000, "");
    let thresholds = gate.admit(&mut passed, 1).unwrap();
    assert_eq!(thresholds.services.len(), 1);
    let batch = passed.get(Table::Spans).unwrap();
    let services = batch.column_by_name("service_name").unwrap().as_string::<i32>();
    for (row, weight) in weights(batch).into_iter().enumerate() {
        assert_eq!(weight, (services.value(row) == "s1").then_some(0.5));
    }
    assert!((2_400..2_600).contains(&batch.num_rows()));
}

#[test]
fn a_client_s_own_sampling_composes_and_malformed_states_are_counted() {
    let half = gate(&[("*", DoorSetting::Probability(0.5))]);
    // The client kept one in four: of these ids, all those above.
    let mut passed = spans(0..400, "ot=th:c");
    let _ = half.admit(&mut passed, 1).unwrap();
    let batch = passed.get(Table::Spans).unwrap();
    assert!(weights(batch).iter().all(|probability| *probability == Some(0.25)));
    assert!(reasons(batch).iter().all(|reason| *reason == "client"));
    let stored = batch.column_by_name("sampling_threshold").unwrap().as_primitive::<Int64Type>();
    assert_eq!(stored.value(0), 0xc << 52);

    let open = gate(&[]);
    let mut whole = spans(0..10, "ot=th:xyz;rv:1");
    let before = whole.get(Table::Spans).unwrap().clone();
    let _ = open.admit(&mut whole, 1).unwrap();
    assert_eq!(whole.get(Table::Spans).unwrap(), &before, "nothing is held back, nothing is known");
    assert_eq!(open.counts().malformed_trace_states, 30);
}

#[test]
fn overload_is_written_on_what_passes_and_logs_without_a_trace_pass() {
    let gate = gate(&[]);
    assert_eq!(gate.tick(3.0, 1.0), None);
    let began = (0..10).find_map(|_| gate.tick(3.0, 1.0));
    assert_eq!(began, Some(OverloadChange::Began { load: 3.0 }));
    assert!(gate.report().warning.is_some());
    let probability = gate.overload_probability();
    assert!(probability < 0.5);
    let mut passed = spans(0..4_000, "");
    let thresholds = gate.admit(&mut passed, 1).unwrap();
    assert_eq!(thresholds.everyone.cause, DoorCause::Overload);
    let batch = passed.get(Table::Spans).unwrap();
    assert!(reasons(batch).iter().all(|reason| *reason == "overload"));
    assert_eq!(gate.counts().dropped_by_overload.spans, 12_000 - batch.num_rows() as u64);

    let record = |trace: &str| format!(r#"{{"timeUnixNano":"1","traceId":"{trace}","body":{{"stringValue":"x"}}}}"#);
    let held_back = (0..4_000).find(|trace| {
        let mut one = spans(*trace..trace + 1, "");
        gate.admit(&mut one, 1).unwrap();
        one.tables.is_empty()
    });
    let records = [record(""), record(&id_of(held_back.unwrap()))].join(",");
    let mut logs =
        decoded(Signal::Logs, &format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#));
    let _ = gate.admit(&mut logs, 1).unwrap();
    assert_eq!(logs.get(Table::Logs).unwrap().num_rows(), 1);
    assert_eq!(gate.counts().dropped_by_overload.logs, 1);

    let ended = (0..200).find_map(|_| gate.tick(0.1, 1.0));
    assert!(matches!(ended, Some(OverloadChange::Ended { .. })), "it falls again");
    assert_eq!(gate.report().warning, None);
}

#[test]
fn an_adaptive_door_holds_its_rate() {
    let gate = gate(&[("*", DoorSetting::BytesPerSecond(100_000.0))]);
    let mut passed_rows = 0;
    for second in 0..40_u64 {
        let mut batches = spans(second * 1_000..(second + 1) * 1_000, "");
        let _ = gate.admit(&mut batches, 1_000_000).unwrap();
        if second >= 20 {
            passed_rows += batches.get(Table::Spans).map_or(0, RecordBatch::num_rows);
        }
        gate.tick(0.0, 1.0);
    }
    // A request of a million bytes is 3,000 rows.
    let bytes_a_second = passed_rows as f64 / 3_000.0 * 1e6 / 20.0;
    assert!((bytes_a_second / 100_000.0 - 1.0).abs() < 0.1, "{bytes_a_second}");
}
