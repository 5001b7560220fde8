//! Series over time.

use super::shop;
use crate::eval::metrics::series::are_close;
use crate::eval::{Grid, Series, evaluate_metrics};
use crate::model::{Span, TraceId};
use crate::random::{Random, random_metrics_query, random_traces};
use crate::syntax::literal::Literal;
use crate::syntax::parse_query;
use crate::syntax::tree::{Body, Metrics};

fn metrics(query: &str) -> Metrics {
    let parsed = parse_query(query).unwrap_or_else(|errors| panic!("{query}\n{errors}"));
    let Body::Metrics(metrics) = parsed.body else { panic!("{query} gives spans") };
    metrics
}

/// The shop twice, the second one a second later, in steps of a second that end at 1 s, 2 s and 3 s.
fn evaluate(query: &str) -> Vec<Series> {
    let mut later = shop();
    later.trace_id = TraceId([0x22; 16]);
    for span in &mut later.spans {
        span.start_time += 1_000_000_000;
    }
    let grid = Grid::range(500_000_000, 3_000_000_000, 1_000_000_000).expect("valid");
    evaluate_metrics(&metrics(query), &[shop(), later], &grid, 10)
}

fn show(series: &[Series]) -> Vec<String> {
    series
        .iter()
        .map(|one| {
            let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            let values: Vec<String> = one.values.iter().map(|value| format!("{value}")).collect();
            format!("{} {}", labels.join(","), values.join(" "))
        })
        .collect()
}

fn check(query: &str, expected: &[&str]) {
    assert_eq!(show(&evaluate(query)), expected, "{query}");
}

#[test]
fn spans_are_counted_in_the_interval_that_ends_with_or_after_their_start() {
    // The roots start exactly on a border, which belongs to the interval before it.
    check("{ } | count_over_time()", &[" 1 4 3"]);
    check("{ name = \"GET /cart\" } | rate()", &[" 1 1 0"]);
    check("{ name = \"x\" } | rate()", &[" 0 0 0"]);
    check("{ name = \"x\" } | rate() by(name)", &[]);
    check(
        "{ } | count_over_time() by(resource.service.name)",
        &["resource.service.name=Text(\"frontend\") 1 2 1", "resource.service.name=Text(\"payment\") 0 2 2"],
    );
    check("{ status = error } | count_over_time() by(.retries, .x)", &[".retries=Int(3) 0 1 1"]);
    check("{ kind = server } | count_over_time() by(.x, .y)", &[".x=Nil 1 1 0"]);
}

#[test]
fn values_are_counted_where_there_are_some() {
    check("{ } | max_over_time(duration)", &[" 0.5 0.5 0.3"]);
    check("{ } | min_over_time(duration)", &[" 0.5 0.02 0.02"]);
    check("{ } | sum_over_time(.http.status_code)", &[" 200 700 500"]);
    check("{ } | avg_over_time(.http.status_code)", &[" 200 350 500"]);
    check("{ } | sum_over_time(.retries)", &[" NaN 3 3"]);
    check("{ } | sum_over_time(.missing)", &[]);
    check("{ .retries != nil } | histogram_over_time(.retries)", &["__bucket=Float(4.0) 0 1 1"]);
    check(
        "{ name = \"charge\" } | quantile_over_time(duration, 0.5, 1)",
        &["p=Float(0.5) 0 0.536870912 0.536870912", "p=Float(1.0) 0 0.536870912 0.536870912"],
    );
}

#[test]
fn second_stages() {
    check("{ } | count_over_time() > 1", &[" NaN 4 3"]);
    check(
        "{ } | count_over_time() by(resource.service.name) | topk(1)",
        &["resource.service.name=Text(\"frontend\") 1 2 NaN", "resource.service.name=Text(\"payment\") NaN NaN 2"],
    );
    check(
        "{ } | count_over_time() by(resource.service.name) | bottomk(1) > 0",
        &["resource.service.name=Text(\"frontend\") NaN 2 1"],
    );
    check("({ status = error } | count_over_time()) / ({ } | count_over_time())", &[" 0 0.25 0.3333333333333333"]);
    check(
        "({ } | count_over_time() by(resource.service.name)) - ({ } | count_over_time())",
        &["resource.service.name=Text(\"frontend\") 0 -2 -2", "resource.service.name=Text(\"payment\") -1 -2 -1"],
    );
    check("10 - ({ } | count_over_time()) * 2", &[" 8 2 4"]);
    check("({ } | rate()) / ({ name = \"x\" } | rate())", &[" NaN NaN NaN"]);
}

#[test]
fn compare_tells_values_apart() {
    let found = show(&evaluate("{ } | compare({ status = error }, 1)"));
    let has = |line: &str| assert!(found.iter().any(|one| one == line), "{line} in {found:#?}");
    has("__meta_type=Text(\"selection\"),name=Text(\"charge\") 0 1 1");
    has("__meta_type=Text(\"selection_total\"),name=Nil 0 1 1");
    has("__meta_type=Text(\"baseline_total\"),name=Nil 1 3 2");
    has("__meta_type=Text(\"baseline\"),name=Text(\"GET /cart\") 1 1 0");
    has("__meta_error=Text(\"__too_many_values__\"),name=Nil NaN NaN NaN");
    assert!(!found.iter().any(|one| one.contains("duration") || one.contains("span:id")));
    // Only what starts in the range is selected.
    let found = show(&evaluate("{ } | compare({ status = error }, 3, 1, 1500000000)"));
    assert!(found.iter().any(|one| one == "__meta_type=Text(\"selection_total\"),name=Nil 0 1 0"), "{found:#?}");
}

#[test]
fn exemplars_are_the_earliest_of_their_interval() {
    let series = evaluate("{ name = \"charge\" || name = \"SELECT\" } | max_over_time(duration) with(exemplars=5)");
    let found: Vec<(u8, u8, f64)> = series[0]
        .exemplars
        .iter()
        .map(|exemplar| (exemplar.trace_id.0[0], exemplar.span_id.0[7], exemplar.value))
        .collect();
    assert_eq!(found, [(0x11, 2, 0.3), (0x22, 2, 0.3)]);
    let query = parse_query("{ } | rate() with(exemplars=5)").expect("valid");
    assert_eq!(crate::eval::metrics::exemplars_asked(&query), Some(5));
    assert_eq!(query.hint("exemplars"), Some(&Literal::Int(5)));
    assert_eq!(
        evaluate_metrics(&metrics("{ } | rate()"), &[shop()], &Grid::instant(0, i64::MAX).expect("valid"), 0)[0]
            .exemplars,
        []
    );
}

#[test]
fn every_structure_counts_whole_traces() {
    check("{ name = \"GET /cart\" } >> { .service.name = \"payment\" } | count_over_time()", &[" 0 2 2"]);
    check("{ } | by(resource.service.name) | max(duration) > 400ms | count_over_time()", &[" 1 2 1"]);
}

/// The order of traces changes nothing, groups add up, and nothing is fatal.
#[test]
fn random_series_do_not_depend_on_order() {
    let grid = Grid::range(1_700_000_000_000_000_000, 1_700_000_120_000_000_000, 15_000_000_000).expect("valid");
    let mut with_values = 0;
    for seed in 0..1_500 {
        let mut random = Random::new(seed);
        let query = random_metrics_query(&mut random);
        let Body::Metrics(metrics) = &query.body else { panic!("series") };
        let mut traces = random_traces(&mut random, 12);
        let forwards = evaluate_metrics(metrics, &traces, &grid, 3);
        traces.reverse();
        let backwards = evaluate_metrics(metrics, &traces, &grid, 3);
        assert!(are_close(&forwards, &backwards), "seed {seed}: {query}\n{forwards:?}\n{backwards:?}");
        for series in &forwards {
            assert_eq!(series.values.len(), grid.len());
            assert!(series.exemplars.len() <= 3);
        }
        with_values += usize::from(forwards.iter().any(|one| !one.is_empty()));
    }
    assert!(with_values > 500, "{with_values}");
}

#[test]
fn groups_add_up_to_the_whole() {
    let mut random = Random::new(99);
    let traces = random_traces(&mut random, 200);
    let grid = Grid::range(1_700_000_000_000_000_000, 1_700_000_120_000_000_000, 5_000_000_000).expect("valid");
    let whole = evaluate_metrics(&metrics("{ } | count_over_time()"), &traces, &grid, 0);
    for by in ["name", ".a", "resource.service.name, kind", "event.b"] {
        let parts = evaluate_metrics(&metrics(&format!("{{ }} | count_over_time() by({by})")), &traces, &grid, 0);
        for interval in 0..grid.len() {
            let sum: f64 = parts.iter().map(|series| series.values[interval]).sum();
            assert_eq!(sum, whole[0].values[interval], "{by}");
        }
    }
    let spans: usize = traces.iter().map(|trace| trace.spans.len()).sum();
    let at_start =
        traces.iter().flat_map(|trace| &trace.spans).filter(|span: &&Span| grid.interval(span.start_time).is_none());
    let counted: f64 = whole[0].values.iter().sum();
    assert_eq!(counted as usize + at_start.count(), spans);
}
