//! The evaluator beyond the scripts: that an instant is a range's step, threads, limits, deltas, what a source is asked.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::matcher::Matcher;
use crate::memory::MemorySource;
use crate::series_notation::{SequenceValue, parse_series};
use crate::source::{SelectHints, SelectRequest, Series, Temporality};
use crate::syntax::parse_expression;

/// Series with a sample each minute from 1970 on.
fn source(lines: &[&str]) -> MemorySource {
    let mut source = MemorySource::default();
    for line in lines {
        let (labels, values) = parse_series(line).expect("the line is valid");
        for (index, value) in values.into_iter().enumerate() {
            let time_ms = index as i64 * 60_000;
            match value {
                SequenceValue::Omitted => {}
                SequenceValue::Float(value) => source.push_float(&labels, time_ms, value, 0),
                SequenceValue::Histogram { value, .. } => source.push_histogram(&labels, time_ms, Arc::new(value), 0),
            }
        }
    }
    source
}

fn at_minute(source: &dyn SeriesSource, query: &str, minute: i64) -> Vec<String> {
    let expr = parse_expression(query).expect(query);
    let result = evaluate_instant(source, &expr, minute * 60_000, &EvalOptions::default()).expect(query);
    shown(&result.value)
}

fn shown(value: &QueryValue) -> Vec<String> {
    let point = |point: &Point| match point {
        Point::Float(value) => value.to_string(),
        Point::Histogram(histogram) => histogram.to_string(),
    };
    match value {
        QueryValue::Scalar { value, .. } => vec![value.to_string()],
        QueryValue::Text { value, .. } => vec![value.clone()],
        QueryValue::Vector(samples) => {
            samples.iter().map(|sample| format!("{} {}", sample.labels, point(&sample.value))).collect()
        }
        QueryValue::Matrix(series) => series.iter().map(|one| format!("{one:?}")).collect(),
    }
}

// === time ===

#[test]
fn ranges_and_lookback_are_open_on_the_left() {
    let source = source(&["a 1 2 3 4"]);
    assert_eq!(at_minute(&source, "count_over_time(a[2m])", 3), ["{} 2"]);
    assert_eq!(at_minute(&source, "a", 7), [r#"{__name__="a"} 4"#]);
    assert!(at_minute(&source, "a", 8).is_empty(), "a sample of five minutes ago is too old");
}

#[test]
fn times_far_from_any_sample_are_just_empty() {
    let source = source(&["a_total 1 2 3 4"]);
    for query in [
        "a_total @ 9e15",
        "a_total @ -9e15",
        "rate(a_total[290y] @ -9e15)",
        "rate(a_total[290y] @ -9e15 anchored)",
        "max_over_time(a_total[5m:1m] @ 9e15)",
        "a_total @ -9e15 smoothed",
        "a_total offset -290y",
    ] {
        assert!(at_minute(&source, query, 3).is_empty(), "{query}");
    }
    assert_eq!(at_minute(&source, "count_over_time(a_total[290y] offset -5m)", 3), ["{} 4"]);
    let expr = parse_expression("a_total + time()").expect("valid");
    let backwards = evaluate_range(&source, &expr, 60_000, 0, 1_000, &EvalOptions::default()).expect("it is empty");
    assert!(shown(&backwards.value).is_empty());
}

/// The document names these as differences from Prometheus.
#[test]
fn differences_from_prometheus_are_as_documented() {
    let source = source(&["a 1 2 3 4", "b 1 1 1 1"]);
    assert_eq!(at_minute(&source, "timestamp(a @ 120 offset 1m)", 3), ["{} 60"]);
    assert_eq!(at_minute(&source, "delta(a[3m]) > b", 3), ["{} 3"]);
    assert_eq!(at_minute(&source, "a offset (1m) + b", 3), ["{} 4"]);
    assert_eq!(at_minute(&source, "a offset (1m) + 1m", 3), [r#"{__name__="a"} 2"#]);
    let steps = parse_expression("topk(scalar(a), {__name__=~\"a|b\"} @ 0)").expect("valid");
    let result = evaluate_range(&source, &steps, 0, 60_000, 60_000, &EvalOptions::default()).expect("it is valid");
    let QueryValue::Matrix(series) = result.value else { panic!("a matrix") };
    assert_eq!(series.iter().map(|one| one.floats.len()).collect::<Vec<_>>(), [2, 1]);
    let expr = parse_expression("quantile_over_time(2, a[3m:1m])").expect("valid");
    let result = evaluate_instant(&source, &expr, 180_000, &EvalOptions::default()).expect("it is valid");
    let warning = "PromQL warning: quantile value should be between 0 and 1, got 2 (1:20)";
    assert_eq!(result.annotations.warnings("quantile_over_time(2, a[3m:1m])"), [warning]);
}

#[test]
fn a_staleness_marker_ends_a_series_at_once() {
    let source = source(&["a 1 stale _ 2"]);
    assert!(at_minute(&source, "a", 2).is_empty());
    assert_eq!(at_minute(&source, "a", 3), [r#"{__name__="a"} 2"#]);
    assert_eq!(at_minute(&source, "count_over_time(a[10m])", 3), ["{} 2"], "the marker is no sample");
}

#[test]
fn any_other_nan_is_a_value_whatever_its_payload() {
    let mut source = MemorySource::default();
    let labels = Labels::new([("__name__", "a")]);
    for (index, bits) in
        [0x7ff8_5350_4e4c_4b00, 0x7ff8_0000_0000_0001, 0xfff8_0000_0000_0000u64].into_iter().enumerate()
    {
        source.push_float(&labels, index as i64 * 60_000, f64::from_bits(bits), 0);
    }
    for minute in 0..3 {
        assert_eq!(at_minute(&source, "a", minute), [r#"{__name__="a"} NaN"#]);
    }
    assert_eq!(at_minute(&source, "count(a)", 0), ["{} 1"]);
}

// === temporality ===

#[test]
fn deltas_are_added_up() {
    let mut source = source(&["requests_total 10 20 30 40 50"]);
    source.set_temporality(&Labels::new([("__name__", "requests_total")]), Temporality::Delta);
    assert_eq!(at_minute(&source, "increase(requests_total[3m])", 4), ["{} 120"]);
    assert_eq!(at_minute(&source, "rate(requests_total[2m])", 4), ["{} 0.75"]);
    assert_eq!(
        at_minute(&source, "rate(requests_total[1m])", 4),
        [format!("{{}} {}", 50.0 / 60.0)],
        "one sample is enough"
    );
    assert_eq!(at_minute(&source, "irate(requests_total[2m])", 4), [format!("{{}} {}", 50.0 / 60.0)]);
    assert_eq!(at_minute(&source, "sum_over_time(requests_total[3m])", 4), ["{} 120"]);
    assert_eq!(at_minute(&source, "increase(requests_total[3m] anchored)", 4), ["{} 120"]);
    assert_eq!(at_minute(&source, "increase(requests_total[2m] smoothed)", 3), ["{} 70"]);
    assert!(at_minute(&source, "increase(requests_total[1m] anchored)", 6).is_empty(), "nothing came in that minute");
}

#[test]
fn delta_histograms_are_added_up() {
    let mut source = source(&["latency {{count:3 sum:4 buckets:[1 2]}}x3"]);
    source.set_temporality(&Labels::new([("__name__", "latency")]), Temporality::Delta);
    for query in ["histogram_count(increase(latency[2m]))", "histogram_count(increase(latency[2m] anchored))"] {
        assert_eq!(at_minute(&source, query, 3), ["{} 6"]);
    }
}

// === limits ===

fn fails(source: &dyn SeriesSource, query: &str, options: &EvalOptions) -> EvalError {
    let expr = parse_expression(query).expect(query);
    evaluate_range(source, &expr, 0, 600_000, 60_000, options).expect_err(query)
}

#[test]
fn limits_say_the_number_and_the_limit() {
    let source = source(&["a{b=\"1\"} 1x10", "a{b=\"2\"} 1x10"]);
    let limited = |limits: Limits| EvalOptions { limits, ..EvalOptions::default() };
    let few_samples = limited(Limits { samples_max: 20, ..Limits::default() });
    assert_eq!(fails(&source, "a", &few_samples), EvalError::TooManySamples { total: 22, limit: 20 });
    let few_steps = limited(Limits { steps_max: 10, ..Limits::default() });
    assert_eq!(fails(&source, "a", &few_steps), EvalError::TooManySteps { steps: 11, limit: 10 });
    let little_memory = limited(Limits { memory_bytes_max: 600, ..Limits::default() });
    let error = fails(&source, "a", &little_memory).to_string();
    assert!(error.contains("the limit is 600"), "{error}");
}

#[test]
fn subqueries_of_very_many_steps_are_refused_before_they_take_memory() {
    let source = source(&["a 1x10"]);
    for query in
        ["sum_over_time(vector(1)[100y:1ms])", "max_over_time(a[290y:1ms])", "count_over_time((time() * 2)[50y:1s])"]
    {
        let error = fails(&source, &query.replace("(time() * 2)", "vector(time())"), &EvalOptions::default());
        assert!(matches!(error, EvalError::TooMuchMemory { .. }), "{query}: {error}");
    }
}

/// Half of what a thread gets if nothing is said.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work).expect("a thread starts");
    thread.join().expect("the stack is large enough");
}

#[test]
fn the_longest_and_deepest_queries_fit_on_the_stack() {
    on_a_small_stack(|| {
        let chain = |length: usize| vec!["a"; length + 1].join(" + ");
        let source = source(&["a 1"]);
        let all = |query: &str| {
            let tree = parse_expression(query).expect("within the limits");
            assert!(!crate::syntax::pretty::pretty(&tree).is_empty());
            assert_eq!(
                tree.clone().without_positions(),
                parse_expression(&tree.to_string()).expect("as before").without_positions()
            );
            assert!(!planned_selects(&tree, 0, 0, 0, &EvalOptions::default()).expect("valid").is_empty());
            at_minute(&source, query, 0)
        };
        assert_eq!(all(&chain(1_000)), ["{} 1001"]);
        let deep = format!("{}{}{}", "sum(".repeat(98), chain(900), ")".repeat(98));
        assert_eq!(all(&deep), ["{} 901"]);
        let subqueries = format!("{}a{}", "max_over_time(".repeat(48), "[1m:1m])".repeat(48));
        assert_eq!(all(&subqueries).len(), 1);
        let error = parse_expression(&chain(1_001)).expect_err("too long");
        assert_eq!(error.errors[0].message, "expression has more than 1000 binary operators");
    });
}

#[test]
fn memory_is_given_back_while_a_query_runs() {
    let source = source(&["a 1x10"]);
    let one = parse_expression("sum(a)").expect("valid");
    let many = parse_expression(&vec!["sum(a)"; 50].join(" + ")).expect("valid");
    let peak = |expr: &Expr| {
        let result = evaluate_range(&source, expr, 0, 600_000, 60_000, &EvalOptions::default()).expect("it fits");
        result.statistics.memory_bytes_peak
    };
    assert!(peak(&many) < 10 * peak(&one), "{} and {}", peak(&many), peak(&one));
}

#[test]
fn a_query_ends_when_it_is_cancelled() {
    let source = source(&["a 1x10"]);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let cancel = move || (count.fetch_add(1, Ordering::Relaxed) >= 3).then(|| "the time of 30 s is up".to_owned());
    let options = EvalOptions { cancel: Some(Arc::new(cancel)), ..EvalOptions::default() };
    let error = fails(&source, "a + a + a + a + a + a", &options);
    assert_eq!(error, EvalError::Cancelled("the time of 30 s is up".to_owned()));
}

// === sources ===

/// Remembers what it is asked.
#[derive(Default)]
struct Recorder {
    asked: Mutex<Vec<(i64, i64, SelectHints)>>,
}

impl SeriesSource for Recorder {
    fn select(&self, request: &SelectRequest<'_>) -> Result<Vec<Series>, SourceError> {
        let mut asked = self.asked.lock().expect("no test panics while it holds the lock");
        asked.push((request.start_ms, request.end_ms, request.hints.clone()));
        Ok(Vec::new())
    }
}

fn asked(query: &str) -> Vec<(i64, i64, SelectHints)> {
    let recorder = Recorder::default();
    let expr = parse_expression(query).expect(query);
    evaluate_range(&recorder, &expr, 3_600_000, 7_200_000, 60_000, &EvalOptions::default()).expect(query);
    let asked = recorder.asked.into_inner().expect("no test panics while it holds the lock");
    let planned = planned_selects(&expr, 3_600_000, 7_200_000, 60_000, &EvalOptions::default()).expect(query);
    let planned: Vec<_> = planned.into_iter().map(|select| (select.start_ms, select.end_ms, select.hints)).collect();
    assert_eq!(planned, asked, "what is planned is what is asked: {query}");
    asked
}

#[test]
fn a_source_is_asked_for_what_is_needed_and_told_what_for() {
    let hints =
        |function: &str| SelectHints { function: function.to_owned(), step_ms: 60_000, ..SelectHints::default() };
    assert_eq!(asked("a"), [(3_300_001, 7_200_000, hints(""))]);
    assert_eq!(asked("rate(a[10m])"), [(3_000_001, 7_200_000, SelectHints { range_ms: 600_000, ..hints("rate") })]);
    let grouped = SelectHints { grouping: vec!["b".to_owned(), "c".to_owned()], by: true, ..hints("sum") };
    assert_eq!(asked("sum by (c, b) (a offset 1h)"), [(-299_999, 3_600_000, grouped)]);
    assert_eq!(asked("a @ 60")[0].1, 60_000);
    let inner = SelectHints { step_ms: 30_000, ..hints("max_over_time") };
    assert_eq!(asked("max_over_time(a[10m:30s])"), [(3_000_000 + 30_000 - 300_000 + 1, 7_200_000, inner)]);
    assert!(asked("histogram_count(rate(a[5m]))")[0].2.without_buckets);
    assert!(!asked("histogram_quantile(0.5, rate(a[5m]))")[0].2.without_buckets);
}

#[test]
fn a_source_is_told_where_only_the_latest_sample_counts() {
    let asked = |query: &str| {
        let recorder = Recorder::default();
        let expr = parse_expression(query).expect(query);
        evaluate_instant(&recorder, &expr, 3_600_000, &EvalOptions::default()).expect(query);
        let asked = recorder.asked.into_inner().expect("no test panics while it holds the lock");
        asked.into_iter().map(|(_, _, hints)| hints.latest_only).collect::<Vec<_>>()
    };
    assert_eq!(asked("sum(a) + b offset 5m"), [true, true]);
    assert_eq!(asked("timestamp(a) > rate(b[5m])"), [true, false]);
    assert_eq!(asked("max_over_time(a[10m:30s])"), [false]);
    assert_eq!(asked("a smoothed"), [false], "what comes after is needed too");
}

#[test]
fn a_sources_error_is_the_querys() {
    struct Broken;
    impl SeriesSource for Broken {
        fn select(&self, _: &SelectRequest<'_>) -> Result<Vec<Series>, SourceError> {
            Err(SourceError("the disk is gone".to_owned()))
        }
    }
    let expr = parse_expression("sum(a)").expect("valid");
    let error = evaluate_instant(&Broken, &expr, 0, &EvalOptions::default()).expect_err("the source fails");
    assert_eq!(error.to_string(), "expanding series: the disk is gone");
}

#[test]
fn only_scalars_and_vectors_have_steps() {
    let expr = parse_expression("a[5m]").expect("valid");
    let error =
        evaluate_range(&MemorySource::default(), &expr, 0, 1, 1, &EvalOptions::default()).expect_err("a matrix");
    let text = "invalid expression type \"range vector\" for range query, must be Scalar or instant Vector";
    assert_eq!(error.to_string(), text);
}

#[test]
fn matchers_take_a_missing_label_as_empty() {
    let source = source(&["a{b=\"1\"} 1", "a 2"]);
    assert_eq!(at_minute(&source, "a{b=\"\"}", 0), [r#"{__name__="a"} 2"#]);
    assert_eq!(Matcher::equal("b", "").to_string(), "b=\"\"");
}

// === one step and many ===

/// Queries that look at everything that differs between one step and many.
const QUERIES: [&str; 22] = [
    "a",
    "sum by (x) (a)",
    "rate(a[5m])",
    "increase(a[7m] offset 3m)",
    "a @ 600 + a",
    "avg_over_time(rate(a[3m])[10m:2m])",
    "max_over_time(a[4m] @ end())",
    "topk by (x) (1, a)",
    "quantile(0.3, a)",
    "stddev(a) by (y)",
    "a / on (x, y) group_left () sum by (x, y) (a)",
    "a > 10 or a < 5",
    "a unless a > 20",
    "-a + scalar(sum(a))",
    "clamp(a, 3, 10) and on (x) a",
    "absent(a > 1000)",
    "timestamp(a) - time()",
    "predict_linear(a[10m], 60)",
    "changes(a[10m]) + resets(a[10m])",
    "histogram_quantile(0.9, sum by (le) (a))",
    "count_values(\"v\", a)",
    "label_replace(a, \"z\", \"$1\", \"x\", \"(.*)\") * a",
];

fn random_source() -> impl Strategy<Value = MemorySource> {
    let value = prop_oneof![
        6 => (0u32..40).prop_map(|value| Some(f64::from(value) / 2.0)),
        1 => Just(None),
        1 => Just(Some(crate::number::stale_nan())),
    ];
    proptest::collection::vec(proptest::collection::vec(value, 25), 1..9).prop_map(|all| {
        let mut source = MemorySource::default();
        for (index, values) in all.into_iter().enumerate() {
            let [x, y] = [index % 2, index / 2].map(|number| number.to_string());
            let labels = Labels::new([("__name__", "a"), ("x", &x), ("y", &y)]);
            for (step, value) in values.into_iter().enumerate() {
                if let Some(value) = value {
                    source.push_float(&labels, step as i64 * 60_000 + index as i64 * 7_000, value, 0);
                }
            }
        }
        source
    })
}

/// A query's values at one time, by labels.
fn values_at(value: &QueryValue, time_ms: i64) -> Vec<(String, u64)> {
    let mut values: Vec<(String, u64)> = match value {
        QueryValue::Matrix(series) => series
            .iter()
            .flat_map(|one| {
                one.floats
                    .iter()
                    .filter(|(time, _)| *time == time_ms)
                    .map(|(_, value)| (one.labels.to_string(), value.to_bits()))
            })
            .collect(),
        QueryValue::Vector(samples) => samples
            .iter()
            .filter_map(|sample| match sample.value {
                Point::Float(value) => Some((sample.labels.to_string(), value.to_bits())),
                Point::Histogram(_) => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    values.sort();
    values
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_instant_is_a_step_of_a_range(source in random_source(), minute in 5i64..25) {
        let time_ms = minute * 60_000;
        for query in QUERIES.iter().filter(|query| !query.contains("end()")) {
            let expr = parse_expression(query).expect(query);
            let options = EvalOptions::default();
            let instant = evaluate_instant(&source, &expr, time_ms, &options);
            let range = evaluate_range(&source, &expr, time_ms - 180_000, time_ms + 120_000, 60_000, &options);
            match (instant, range) {
                (Ok(instant), Ok(range)) => {
                    prop_assert_eq!(values_at(&instant.value, time_ms), values_at(&range.value, time_ms), "{}", query);
                }
                (Err(_), Err(_)) => {}
                (instant, range) => prop_assert!(false, "{query}: {instant:?} and {range:?}"),
            }
        }
    }

    #[test]
    fn random_queries_agree_with_themselves(
        source in random_source(),
        queries in proptest::collection::vec(crate::syntax::parser::tests::random::vector(), 40),
        minute in 5i64..25,
    ) {
        let mut source = source;
        let mixed = "x{a=\"b\"} 1 2 1 {{count:1 buckets:[1]}}x4 {{schema:-53 custom_values:[1] count:1 buckets:[1]}}x9";
        for line in ["up{a=\"1\"} 0+1x9 0+2x20", mixed, "y{a=\"c\",\"c d\"=\"e\"} {{schema:1 count:4 sum:2 z_bucket:1 z_bucket_w:0.1 buckets:[1 2]}}+{{schema:1 count:1 sum:1 buckets:[1]}}x25"] {
            let (labels, values) = parse_series(line).expect(line);
            for (index, value) in values.into_iter().enumerate() {
                match value {
                    SequenceValue::Float(value) => source.push_float(&labels, index as i64 * 60_000, value, 0),
                    SequenceValue::Histogram { value, .. } => source.push_histogram(&labels, index as i64 * 60_000, Arc::new(value), 0),
                    SequenceValue::Omitted => {}
                }
            }
        }
        let time_ms = minute * 60_000;
        for query in queries {
            let expr = parse_expression(&query).expect(&query);
            let options = EvalOptions { subquery_step_ms: 60_000, ..EvalOptions::default() };
            let instant = evaluate_instant(&source, &expr, time_ms, &options);
            let range = evaluate_range(&source, &expr, time_ms - 120_000, time_ms + 60_000, 60_000, &options);
            let depends_on_range = ["start()", "end()", "step()", "range()"].iter().any(|call| query.contains(call));
            if let (Ok(instant), Ok(range), false) = (instant, range, depends_on_range) {
                prop_assert_eq!(values_at(&instant.value, time_ms), values_at(&range.value, time_ms), "{}", query);
            }
        }
    }

    #[test]
    fn threads_change_nothing(source in random_source()) {
        let mut many = MemorySource::default();
        for copy in 0..20 {
            for series in source.select(&SelectRequest {
                matchers: &[], start_ms: i64::MIN, end_ms: i64::MAX, samples_max: usize::MAX, hints: &SelectHints::default(), period_ms: 0,
            }).expect("memory does not fail") {
                let labels = series.labels.to_builder().set("copy", &copy.to_string()).build();
                for (time, value) in series.floats.times_ms.iter().zip(&series.floats.values) {
                    many.push_float(&labels, *time, *value, 0);
                }
            }
        }
        for query in QUERIES {
            let expr = parse_expression(query).expect(query);
            let run = |threads| {
                let options = EvalOptions { threads, ..EvalOptions::default() };
                evaluate_range(&many, &expr, 0, 1_500_000, 90_000, &options).map(|result| shown(&result.value))
            };
            prop_assert_eq!(run(1), run(4), "{}", query);
        }
    }
}
