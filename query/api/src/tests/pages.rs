//! `GET /api/traces` page by page.

use http::StatusCode;
use serde_json::{Value, json};
use spanlake_schemas::ingest::Signal;
use spanlake_store::now_nanos;

use super::lake::{Lake, SECOND, span, spans};

const MINUTE: i64 = 60 * SECOND;

/// Place in the list (start, id) of every trace of a list.
fn places(list: &Value) -> Vec<(i64, String)> {
    let place = |trace: &Value| {
        (trace["start_time"].as_str().unwrap().parse().unwrap(), trace["trace_id"].as_str().unwrap().to_owned())
    };
    list["traces"].as_array().unwrap().iter().map(place).collect()
}

/// All pages of so many traces, one after the other.
async fn pages(lake: &Lake, query: &str, limit: usize) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..1000 {
        let list = lake.json(&format!("/api/traces?{query}&limit={limit}{cursor}")).await;
        let page = places(&list);
        assert!(page.len() <= limit, "{query}: {list}");
        all.extend(page);
        match list["next_cursor"].as_str() {
            Some(text) => cursor = format!("&cursor={text}"),
            None => return all,
        }
    }
    panic!("{query}: the pages do not end");
}

/// Short traces; traces of one start; traces whose second span, of service b, comes hours after their first.
async fn send(lake: &Lake, now: i64) {
    for trace in 1..=24_u32 {
        let at = now - MINUTE - i64::from(trace / 4) * SECOND;
        lake.send(Signal::Traces, &spans("a", &[span(trace.into(), 1, 0, "short", at)])).await;
    }
    lake.store.seal().await;
    for trace in 100..=150_u32 {
        let at = now - 5 * 3600 * SECOND + i64::from(trace * 7919 % 53) * MINUTE;
        let late = now - 2 * MINUTE - i64::from(trace * 31 % 17) * SECOND;
        lake.send(Signal::Traces, &spans("a", &[span(trace.into(), 1, 0, "long", at)])).await;
        lake.send(Signal::Traces, &spans("b", &[span(trace.into(), 2, 1, "late", late)])).await;
    }
    for trace in 200..=203_u32 {
        let at = now - i64::from(trace - 199) * 20 * 3600 * SECOND;
        lake.send(Signal::Traces, &spans("b", &[span(trace.into(), 1, 0, "old", at)])).await;
    }
}

const QUERIES: [&str; 8] = [
    "",
    "service=b",
    "service=a",
    "operation=late",
    "min_duration=1h",
    "max_duration=1s",
    "filter=%7B%20name%20%3D%20%22late%22%20%26%26%20nestedSetParent%20%3E%200%20%7D",
    "attr=service.name%3Db&min_duration=2h",
];

#[tokio::test]
async fn pages_put_together_are_the_list() {
    let lake = Lake::new();
    let now = now_nanos();
    send(&lake, now).await;
    let mut before = Vec::new();
    for place in ["memory", "files"] {
        let mut found = Vec::new();
        let window = format!("start={}&end={}", now - 3 * MINUTE, now - MINUTE - 2 * SECOND);
        for query in QUERIES.into_iter().chain([window.as_str()]) {
            let whole = lake.json(&format!("/api/traces?{query}&limit=500")).await;
            assert_eq!((&whole["next_cursor"], &whole["searched_back_to"]), (&Value::Null, &Value::Null), "{query}");
            let whole = places(&whole);
            let mut sorted = whole.clone();
            sorted.sort_by(|one, other| other.cmp(one));
            assert_eq!(whole, sorted, "{place}: {query}");
            for limit in [1, 7, 50] {
                assert_eq!(pages(&lake, query, limit).await, whole, "{place}: {query}, {limit} a page");
            }
            found.push(whole);
        }
        let counts: Vec<usize> = found.iter().map(Vec::len).collect();
        assert_eq!(counts, [79, 55, 75, 51, 51, 28, 51, 51, 64], "{place}");
        assert!(before.is_empty() || before == found, "{place}");
        before = found;
        lake.store.seal().await;
    }
}

#[tokio::test]
async fn a_page_is_not_moved_by_what_arrives() {
    let lake = Lake::new();
    let now = now_nanos();
    send(&lake, now).await;
    let first = lake.json("/api/traces?limit=10").await;
    let second = format!("/api/traces?limit=10&cursor={}", first["next_cursor"].as_str().unwrap());
    let expected = places(&lake.json(&second).await);
    lake.send(Signal::Traces, &spans("a", &[span(900, 1, 0, "new", now_nanos())])).await;
    assert_eq!(places(&lake.json(&second).await), expected);
    assert_ne!(places(&lake.json("/api/traces?limit=10").await), places(&first));
}

#[tokio::test]
async fn clocks_that_are_ahead_have_their_place_by_receipt() {
    let lake = Lake::new();
    let now = now_nanos();
    for trace in 1..=9_u32 {
        let at = if trace % 2 == 0 { now + 7200 * SECOND - i64::from(trace) } else { now - i64::from(trace) * SECOND };
        lake.send(Signal::Traces, &spans("a", &[span(trace.into(), 1, 0, "x", at)])).await;
    }
    let ids = |places: Vec<(i64, String)>| -> Vec<String> { places.into_iter().map(|(_, id)| id).collect() };
    let whole = ids(places(&lake.json("/api/traces?limit=500").await));
    let expected: Vec<String> = [8, 6, 4, 2, 1, 3, 5, 7, 9].iter().map(|id| format!("{id:032x}")).collect();
    assert_eq!(whole, expected);
    for limit in [1, 2, 3] {
        assert_eq!(ids(pages(&lake, "", limit).await), expected, "{limit} a page");
    }
}

#[tokio::test]
async fn a_cursor_is_of_its_query() {
    let lake = Lake::new();
    send(&lake, now_nanos()).await;
    let first = lake.json("/api/traces?service=a&limit=5").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let longer = lake.json(&format!("/api/traces?limit=9&service=a&cursor={cursor}")).await;
    assert_eq!(places(&longer).len(), 9);
    for wrong in [format!("service=b&cursor={cursor}"), format!("cursor={cursor}"), "service=a&cursor=abc".to_owned()] {
        let answer = lake.get(&format!("/api/traces?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert_eq!(answer.json()["error"]["code"], json!("invalid_cursor"), "{wrong}");
    }
}
