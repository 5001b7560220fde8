//! The search and the metrics of TraceQL against the evaluator, on random traces and queries.
//!
//! `SPANLAKE_RANDOM_QUERIES` says how many (300), `SPANLAKE_RANDOM_SEED` where they begin (1). A failure names its seed.

use serde_json::Value as Json;
use spanlake_traceql::eval::{Grid, Series, evaluate_metrics, find};
use spanlake_traceql::model::{Attributes, Trace, Value, hex};
use spanlake_traceql::random::{Random, random_metrics_query, random_query};
use spanlake_traceql::syntax::tree::Body;

use super::lake::{Lake, SECOND};
use super::random::{each_attributes, send, traces};
use crate::tempo::metrics::written_range;

/// When random spans begin.
const EPOCH: i64 = 1_700_000_000 * SECOND;
const QUERIES_A_LAKE: u64 = 100;

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn seeds() -> impl Iterator<Item = (u64, u64)> {
    let (first, count) =
        (from_environment("SPANLAKE_RANDOM_SEED", 1), from_environment("SPANLAKE_RANDOM_QUERIES", 300));
    (0..count.div_ceil(QUERIES_A_LAKE))
        .map(move |lake| (first + lake, QUERIES_A_LAKE.min(count - lake * QUERIES_A_LAKE)))
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn searches_find_what_the_evaluator_finds() {
    for (seed, queries) in seeds() {
        let mut random = Random::new(seed);
        let traces = traces(&mut random, 40);
        let lake = Lake::new();
        send(&lake, &traces).await;
        for number in 0..queries {
            let query = random_query(&mut random);
            let text = query.to_string();
            let Body::Spans(pipeline) = &query.body else { panic!("{text} asks for series") };
            if !text.contains('{') {
                // Only with a brace it is TraceQL here.
                continue;
            }
            let mut expected: Vec<(i64, String)> = traces
                .iter()
                .filter(|trace| !find(pipeline, trace).is_empty())
                .map(|trace| (trace.spans.iter().map(|span| span.start_time).min().unwrap(), hex(&trace.trace_id.0)))
                .collect();
            expected.sort_by(|one, other| other.cmp(one));
            let expected: Vec<String> = expected.into_iter().map(|(_, id)| id).collect();
            // On one page, or on short ones: what leads to candidates may change on the way.
            let limit = if number % 2 == 0 { 500 } else { 3 };
            let search = format!("/api/traces?limit={limit}&internal=true&filter={}", encoded(&text));
            let found = all_pages(&lake, &search).await;
            assert_eq!(found, expected, "seed {seed}, query {number}: {text}");
        }
    }
}

async fn all_pages(lake: &Lake, search: &str) -> Vec<String> {
    let (mut found, mut address) = (Vec::new(), search.to_owned());
    loop {
        let answer = lake.json(&address).await;
        let page = answer["traces"].as_array().unwrap().iter();
        found.extend(page.map(|trace| trace["trace_id"].as_str().unwrap().to_owned()));
        let Some(cursor) = answer["next_cursor"].as_str() else { return found };
        address = format!("{search}&cursor={}", encoded(cursor));
    }
}

/// Without what counting in SQL simplifies: arrays; events and links where no scope is given; types of resources'
/// attributes; other types in columns of their own.
fn simplified(traces: &mut [Trace]) {
    let text =
        |value: &Value| Value::String(format!("{value:?}").chars().filter(char::is_ascii_alphanumeric).collect());
    let only_texts = |attributes: &mut Attributes| {
        for (_, value) in &mut attributes.0 {
            if !matches!(value, Value::String(text) if !text.is_empty()) {
                *value = text(value);
            }
        }
    };
    for span in traces.iter_mut().flat_map(|trace| &mut trace.spans) {
        each_attributes(span, &mut |attributes| {
            for (key, value) in &mut attributes.0 {
                if matches!(value, Value::Array(_)) || key == "http.route" && !matches!(value, Value::String(_)) {
                    *value = text(value);
                }
            }
        });
        span.events.iter_mut().for_each(|event| event.attributes.0.clear());
        span.links.iter_mut().for_each(|link| link.attributes.0.clear());
        let (mut resource, mut scope) = ((*span.resource).clone(), (*span.instrumentation).clone());
        only_texts(&mut resource.attributes);
        only_texts(&mut scope.attributes);
        (span.resource, span.instrumentation) = (resource.into(), scope.into());
    }
}

/// Labels, and values by time, of series in Tempo's form.
fn shape(series: &[Json]) -> Vec<(String, Vec<(String, f64)>)> {
    let mut all: Vec<(String, Vec<(String, f64)>)> = series
        .iter()
        .map(|one| {
            let samples = one["samples"].as_array().unwrap().iter();
            let value = |sample: &Json| sample["value"].as_f64().unwrap_or(f64::INFINITY);
            let samples = samples.map(|one| (one["timestampMs"].as_str().unwrap().to_owned(), value(one))).collect();
            (one["labels"].to_string(), samples)
        })
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

/// Enough for every interval of every series.
const EXEMPLARS: usize = 1_000;

/// Which spans stand for which intervals of which series.
fn exemplars(series: &[Json]) -> Vec<(String, String, String)> {
    let of_series = |one: &Json| -> Vec<(String, String, String)> {
        let exemplars = one["exemplars"].as_array().unwrap().iter();
        let text = |value: &Json| value.to_string();
        exemplars.map(|each| (text(&one["labels"]), text(&each["timestampMs"]), text(&each["labels"]))).collect()
    };
    let mut all: Vec<_> = series.iter().flat_map(of_series).collect();
    all.sort();
    all
}

fn are_close(one: &[(String, Vec<(String, f64)>)], other: &[(String, Vec<(String, f64)>)]) -> bool {
    let close = |one: f64, other: f64| one == other || (one - other).abs() <= 1e-9 * one.abs().max(other.abs());
    one.len() == other.len()
        && one.iter().zip(other).all(|((labels, samples), (other_labels, others))| {
            labels == other_labels
                && samples.len() == others.len()
                && samples.iter().zip(others).all(|(one, other)| one.0 == other.0 && close(one.1, other.1))
        })
}

#[tokio::test]
async fn series_are_what_the_evaluator_counts() {
    let mut with_exemplars = 0;
    for (seed, queries) in seeds() {
        let mut random = Random::new(seed);
        let mut traces = traces(&mut random, 40);
        simplified(&mut traces);
        let lake = Lake::new();
        send(&lake, &traces).await;
        let grid = Grid::range(EPOCH + 10 * SECOND, EPOCH + 100 * SECOND, 20 * SECOND).unwrap();
        let window = format!("start={}&end={}&step=20s", EPOCH + 10 * SECOND, EPOCH + 100 * SECOND);
        for number in 0..queries {
            let query = random_metrics_query(&mut random);
            let text = query.to_string();
            let Body::Metrics(metrics) = &query.body else { panic!("{text} finds spans") };
            let expected: Vec<Series> = evaluate_metrics(metrics, &traces, &grid, EXEMPLARS);
            let expected = written_range(&expected, &grid);
            let path = format!("/tempo/api/metrics/query_range?{window}&exemplars={EXEMPLARS}&q={}", encoded(&text));
            let answer = lake.json(&path).await;
            let found = answer["series"].as_array().unwrap();
            if !text.contains("exemplars=") {
                let (found, expected) = (exemplars(found), exemplars(&expected));
                assert_eq!(found, expected, "seed {seed}, query {number}: {text}");
                with_exemplars += usize::from(!found.is_empty());
            }
            let (found, expected) = (shape(found), shape(&expected));
            assert!(
                are_close(&found, &expected),
                "seed {seed}, query {number}: {text}\nfound    {found:?}\nexpected {expected:?}"
            );
        }
    }
    assert!(with_exemplars > 10, "{with_exemplars}");
}
