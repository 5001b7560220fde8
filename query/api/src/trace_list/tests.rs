//! Filters, windows and summaries without a store.

use std::sync::Arc;

use arrow::array::{ArrayRef, FixedSizeBinaryArray, Int64Array, StringArray, TimestampNanosecondArray};
use arrow::record_batch::RecordBatch;
use serde_json::json;

use super::filter::{Filter, Parameters, Reach};
use super::summary::summarise;
use crate::parameters::{HOUR, SECOND};

fn read(change: impl FnOnce(&mut Parameters)) -> (Filter, Vec<Reach>) {
    let mut parameters = Parameters::default();
    change(&mut parameters);
    Filter::read(parameters, 100 * HOUR).unwrap()
}

#[test]
fn windows_reach_back_until_all() {
    let (_, windows) = read(|_| {});
    let (now, newest) = (100 * HOUR, 100 * HOUR + 60 * SECOND);
    assert_eq!(
        windows,
        [
            Reach::Future { after: newest },
            Reach::Past { start: now - HOUR, end: newest },
            Reach::Past { start: now - 6 * HOUR, end: now - HOUR },
            Reach::Past { start: now - 24 * HOUR, end: now - 6 * HOUR },
            Reach::Past { start: i64::MIN, end: now - 24 * HOUR },
        ]
    );
    let (_, windows) = read(|asked| (asked.start, asked.end) = (Some("5".into()), Some("9".into())));
    assert_eq!(windows, [Reach::Past { start: 5, end: 9 }]);
    let (_, windows) = read(|asked| asked.end = Some((50 * HOUR).to_string()));
    assert_eq!(windows[0], Reach::Past { start: 49 * HOUR, end: 50 * HOUR });
}

#[test]
fn own_spans_are_hidden_until_asked_for() {
    assert_eq!(read(|_| {}).0.span_conditions(0), ["service_name <> 'spanlake'"]);
    assert!(read(|asked| asked.internal = Some("true".into())).0.span_conditions(0).is_empty());
    assert_eq!(
        read(|asked| asked.service = Some("spanlake".into())).0.span_conditions(0),
        ["service_name = 'spanlake'"]
    );
}

#[test]
fn empty_parameters_are_none() {
    let (filter, _) = read(|asked| {
        asked.service = Some(String::new());
        asked.status = Some(String::new());
        asked.min_duration = Some(String::new());
        asked.limit = Some(String::new());
    });
    assert_eq!(filter, read(|_| {}).0);
}

/// Trace, parent, start, duration, service, name and status code.
type Row<'a> = (u8, Option<u8>, i64, i64, &'a str, &'a str, &'a str);

fn rows(rows: &[Row<'_>]) -> RecordBatch {
    let id = |id: u8, width: usize| vec![id; width];
    let ids = FixedSizeBinaryArray::try_from_iter(rows.iter().map(|row| id(row.0, 16))).unwrap();
    let parents = rows.iter().map(|row| row.1.map(|parent| id(parent, 8)));
    let parents = FixedSizeBinaryArray::try_from_sparse_iter_with_size(parents, 8).unwrap();
    let time = |values: Vec<i64>| Arc::new(TimestampNanosecondArray::from(values).with_timezone("UTC")) as ArrayRef;
    let text = |values: Vec<&str>| Arc::new(StringArray::from(values)) as ArrayRef;
    RecordBatch::try_from_iter([
        ("trace_id", Arc::new(ids) as ArrayRef),
        ("parent_span_id", Arc::new(parents)),
        ("start_time", time(rows.iter().map(|row| row.2).collect())),
        ("duration", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.3)))),
        ("service_name", text(rows.iter().map(|row| row.4).collect())),
        ("name", text(rows.iter().map(|row| row.5).collect())),
        ("status_code", text(rows.iter().map(|row| row.6).collect())),
        ("received_time", time(rows.iter().map(|row| row.2.min(500)).collect())),
    ])
    .unwrap()
}

#[test]
fn a_summary_is_of_the_whole_trace() {
    let first = rows(&[(1, Some(9), 90, 5, "b", "early child", "error"), (2, Some(8), 700, 1, "c", "orphan", "unset")]);
    let second = rows(&[(1, None, 100, 50, "a", "root", "unset"), (1, Some(9), 120, 100, "b", "late child", "ok")]);
    let mut summaries = summarise(&[first, second]);
    summaries.sort_by_key(|summary| summary.trace_id);
    assert_eq!(
        json!(summaries),
        json!([
            {"trace_id": "01".repeat(16), "root_service": "a", "root_name": "root", "start_time": "90", "duration": "130", "span_count": 3, "error_count": 1,
             "services": [{"name": "a", "spans": 1, "errors": 0}, {"name": "b", "spans": 2, "errors": 1}]},
            {"trace_id": "02".repeat(16), "root_service": "c", "root_name": "orphan", "start_time": "700", "duration": "1", "span_count": 1, "error_count": 0,
             "services": [{"name": "c", "spans": 1, "errors": 0}]},
        ])
    );
    assert_eq!(summaries[1].sorted_as, 500);
}
