//! Numbers over sampled spans: weights, intervals, and how they are called.

use serde_json::json;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::tables::Table;

use super::ask;
use super::corpus::{Lake, Place, SECOND};
use crate::EngineError;

/// A thousand spans of as many traces, each kept with probability a quarter, of which ten failed.
async fn sampled() -> Lake {
    let mut lake = Lake::empty();
    let now = lake.now;
    let rows = (0..1000_i64)
        .map(|number| {
            let mut id = [0_u8; 16];
            id[8..].copy_from_slice(&(number + 1).to_be_bytes());
            json!({
                "trace_id": spanlake_schemas::ids::to_hex(&id), "span_id": format!("{:016x}", number + 1),
                "start_time": now - SECOND, "duration": 1_000_000 * (number % 100 + 1), "name": "a",
                "kind": "server", "status_code": if number < 10 { "error" } else { "unset" }, "flags": 0,
                "dropped_attributes_count": 0, "dropped_events_count": 0, "dropped_links_count": 0,
                "resource_id": 1, "scope_id": 1, "service_name": "shop", "received_time": now,
                "attributes": {}, "sampling_probability": 0.25,
            })
        })
        .collect();
    lake.put(Signal::Traces, vec![(Table::Spans, rows)]).await;
    lake
}

async fn one(lake: &Lake, sql: &str) -> String {
    let (text, _) = ask(&lake.engine, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    text.lines().nth(3).unwrap_or_default().trim_matches(['|', ' ']).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_rows_stand_for_those_that_were_not() {
    let lake = sampled().await;
    for seal in [false, true] {
        if seal {
            lake.store.seal().await;
        }
        assert_eq!(one(&lake, "select approx_count()['value'] from spans").await, "4000.0");
        assert_eq!(one(&lake, "select approx_count(*)['is_exact'] from spans").await, "false");
        let interval = "select approx_count()['low'] between 3700 and 3900, approx_count()['high'] between 4100 and 4300 from spans";
        let (text, _) = ask(&lake.engine, interval).await.unwrap();
        assert_eq!(text.matches("true").count(), 2, "{text}");
        assert_eq!(one(&lake, "select approx_sum(duration)['value'] / 1e6 from spans").await, "202000.0");
        let average = one(&lake, "select round(approx_avg(duration)['value'] / 1e6, 1) from spans").await;
        assert_eq!(average, "50.5");
        let ratio = "select round(approx_ratio(status_code = 'error', true)['value'], 3) from spans";
        assert_eq!(one(&lake, ratio).await, "0.01");
        let median = one(&lake, "select round(approx_quantile(duration, 0.5)['value'] / 1e6) from spans").await;
        assert!(["50.0", "51.0"].contains(&median.as_str()), "{median}");
        let grouped =
            "select c['value'] from (select name, approx_count() c from spans where status_code = 'error' group by 1)";
        assert_eq!(one(&lake, grouped).await, "40.0");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_certain_to_be_kept_are_no_count_where_others_were_left_out() {
    let mut lake = sampled().await;
    let now = lake.now;
    let certain = |number: i64| {
        json!({
            "trace_id": format!("{:032x}", 5_000 + number), "span_id": format!("{:016x}", 5_000 + number),
            "start_time": now - SECOND, "duration": 5, "name": "certain", "kind": "server", "status_code": "error",
            "flags": 0, "dropped_attributes_count": 0, "dropped_events_count": 0, "dropped_links_count": 0,
            "resource_id": 1, "scope_id": 1, "service_name": "shop", "received_time": now, "attributes": {},
            "sampling_probability": 1.0,
        })
    };
    lake.put(Signal::Traces, vec![(Table::Spans, (0..5).map(certain).collect())]).await;
    for call in ["approx_count()", "approx_sum(1)", "approx_quantile(duration, 0.5)", "approx_ratio(true, true)"] {
        let exact = one(&lake, &format!("select ({call})['is_exact'] from spans where name = 'certain'")).await;
        assert_eq!(exact, "false", "{call}");
    }
    assert_eq!(one(&lake, "select approx_count()['value'] from spans where name = 'certain'").await, "5.0");
    let named = ask(&lake.engine, "select approx_avg(duration) from spans").await.unwrap().0;
    assert!(named.contains("approx_avg(spans.duration)") && !named.contains("true"), "{named}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_was_sampled_they_are_exact_and_plain_functions_agree() {
    let lake = Lake::filled(Place::Both).await;
    let sql = "select count(*) = approx_count()['value'] and sum(duration) = approx_sum(duration)['value'] \
               and approx_count()['is_exact'] and approx_avg(duration)['low'] = approx_avg(duration)['high'], service_name \
               from spans group by 2";
    let (text, _) = ask(&lake.engine, sql).await.unwrap();
    assert!(text.matches("true").count() >= 4 && !text.contains("false"), "{text}");
    let logs = one(&lake, "select count(*) = approx_count()['value'] from logs").await;
    assert_eq!(logs, "true");
    let named = ask(&lake.engine, "select approx_count() from spans").await.unwrap().0;
    assert!(named.contains("approx_count()"), "{named}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_call_is_explained() {
    let lake = Lake::filled(Place::Memory).await;
    for (sql, part) in [
        ("select approx_sum() from spans", "approx_sum takes 1 argument"),
        ("select approx_sum(name) from spans", "takes numbers"),
        ("select approx_quantile(duration, 2) from spans", "from 0 to 1"),
        ("select approx_quantile(duration, duration) from spans", "from 0 to 1"),
    ] {
        let error = ask(&lake.engine, sql).await.unwrap_err().to_string();
        assert!(error.contains(part), "{sql}: {error}");
    }
    let error = ask(&lake.engine, "select approx_count() from metrics").await.unwrap_err();
    let EngineError::InvalidQuery { hint: Some(hint), .. } = error else { panic!("{error:?}") };
    assert!(hint.contains("sampling_probability"), "{hint}");
}
