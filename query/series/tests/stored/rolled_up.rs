//! Queries over merged files, which have rollups, against the same samples in memory.
//!
//! The oracle is the evaluator over all samples. Series of one and of ten seconds, counters that start again, gauges, markers
//! of staleness and points that come late go through the store in many requests, so that some hours are merged and some are not.

use spanlake_promql::eval::{EvalOptions, Point, QueryValue, evaluate_instant, evaluate_range};
use spanlake_promql::labels::Labels;
use spanlake_promql::memory::MemorySource;
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::{SelectHints, SelectRequest, SeriesSource};
use spanlake_promql::syntax::{Expr, parse_expression};
use spanlake_store::now_nanos;

use super::{Dice, Lake};

const HOUR_MS: i64 = 3_600_000;
/// Requests an hour: as many files as are merged into one.
const PARTS: i64 = 9;

/// Samples of one series, from `start_ms` for so many hours.
fn samples(kind: &str, step_ms: i64, start_ms: i64, hours: i64, dice: &mut Dice) -> Vec<(i64, f64)> {
    let mut value = dice.next(1000) as f64;
    let mut found = Vec::new();
    let jitter = kind != "exact";
    for at in 0..hours * HOUR_MS / step_ms {
        let time = start_ms + at * step_ms + if jitter { dice.next(200) as i64 } else { 0 };
        match kind {
            "counter" | "exact" => {
                value = if dice.next(700) == 0 { 0.0 } else { value + dice.next(40) as f64 };
            }
            "gauge" => value = dice.next(1_000_000) as f64 / 997.0 - 300.0,
            "steady" => value = 42.5,
            "odd" if dice.next(900) == 0 => value = f64::NAN,
            "odd" => value = dice.next(50) as f64,
            _ => unreachable!(),
        }
        let is_gone = dice.next(400) == 0;
        if is_gone {
            found.push((time, stale_nan()));
        } else if dice.next(60) > 0 {
            found.push((time, value));
        }
    }
    found
}

fn numbers(value: &QueryValue) -> Vec<(String, i64, f64)> {
    let float = |point: &Point| match point {
        Point::Float(value) => *value,
        Point::Histogram(_) => unreachable!("there are none"),
    };
    match value {
        QueryValue::Vector(samples) => {
            samples.iter().map(|sample| (sample.labels.to_string(), sample.time_ms, float(&sample.value))).collect()
        }
        QueryValue::Matrix(series) => {
            let points =
                series.iter().map(|one| one.floats.iter().map(|(time, value)| (one.labels.to_string(), *time, *value)));
            points.flatten().collect()
        }
        _ => unreachable!("queries are of vectors"),
    }
}

fn assert_same(query: &str, found: &QueryValue, expected: &QueryValue) {
    let (found, expected) = (numbers(found), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{query}");
    for (left, right) in found.iter().zip(&expected) {
        assert_eq!((&left.0, left.1), (&right.0, right.1), "{query}");
        let close = (left.2 - right.2).abs() <= 1e-9 * right.2.abs().max(1e-3) || left.2.is_nan() && right.2.is_nan();
        assert!(close, "{query}: {left:?} is not {right:?}");
    }
}

const QUERIES: [&str; 28] = [
    "$",
    "sum($)",
    "$ offset 5m",
    "timestamp($)",
    "rate($[5m])",
    "rate($[10m])",
    "rate($[1h])",
    "increase($[1h] offset 10m)",
    "delta($[30m])",
    "irate($[5m])",
    "count_over_time($[15m])",
    "sum_over_time($[5m])",
    "avg_over_time($[1h])",
    "min_over_time($[10m])",
    "max_over_time($[20m])",
    "last_over_time($[2m])",
    "first_over_time($[10m])",
    "present_over_time($[1m])",
    "quantile_over_time(0.5, $[10m])",
    "stddev_over_time($[1h])",
    "max_over_time(rate($[5m])[30m:5m])",
    "rate($[7m30s])",
    "rate($[10m15s])",
    "increase($[5m10s])",
    "sum_over_time($[5m15s])",
    "min_over_time($[1h1m])",
    "count_over_time($[10m15s])",
    "first_over_time($[10m15s])",
];

#[test]
fn answers_over_rollups_are_those_of_all_points() {
    let (lake, mut memory, mut dice) = (Lake::new(), MemorySource::default(), Dice(7));
    let hours = 3;
    let end_ms = now_nanos() / 1_000_000 / HOUR_MS * HOUR_MS - HOUR_MS;
    let start_ms = end_ms - hours * HOUR_MS;
    let mut series = Vec::new();
    for (kind, step_ms) in [
        ("counter", 10_000),
        ("exact", 10_000),
        ("counter", 1_000),
        ("gauge", 10_000),
        ("steady", 1_000),
        ("odd", 10_000),
    ] {
        let labels = Labels::new([("__name__", "a"), ("kind", kind), ("step", &step_ms.to_string())]);
        series.push((labels, samples(kind, step_ms, start_ms, hours, &mut dice)));
    }
    for (labels, samples) in &series {
        samples.iter().for_each(|(time, value)| memory.push_float(labels, *time, *value, 0));
    }
    // Of one series some minutes come when everything else is there.
    let late = (start_ms + HOUR_MS + 600_000, start_ms + HOUR_MS + 900_000);
    let is_late = |labels: &Labels, time: i64| labels.get("kind") == "gauge" && (late.0..late.1).contains(&time);
    let part_ms = HOUR_MS / PARTS;
    for part in 0..hours * PARTS {
        let from = start_ms + part * part_ms;
        let of_part: Vec<_> = series
            .iter()
            .map(|(labels, samples)| {
                let own =
                    samples.iter().filter(|(time, _)| (from..from + part_ms).contains(time) && !is_late(labels, *time));
                (labels.clone(), own.copied().collect())
            })
            .collect();
        lake.write(&of_part);
        lake.seal();
    }
    lake.wait_for_merges(3);
    // What is more than a day old is filed by its receipt: a file with points on both sides of all others, and none between.
    let (exact, _) = &series[1];
    lake.write(&[(exact.clone(), vec![(end_ms - 30 * HOUR_MS, 1.0), (now_nanos() / 1_000_000, 2.0)])]);
    lake.seal();
    let times = (start_ms, end_ms);
    saves(&lake, start_ms, end_ms);
    compare(&lake, &memory, r#"a{kind!="gauge"}"#, times);
    let of_late: Vec<_> = series
        .iter()
        .map(|(labels, samples)| {
            (labels.clone(), samples.iter().filter(|(time, _)| is_late(labels, *time)).copied().collect::<Vec<_>>())
        })
        .collect();
    lake.write(&of_late);
    compare(&lake, &memory, "a", times);
    lake.seal();
    compare(&lake, &memory, "a", times);
    lake.runtime.block_on(lake.opened.store.shutdown());
}

/// Scenario: more series than are read at once, in a file and in memory.
/// Guarantee: the parts together are what is selected at once, each series whole and in one of them.
#[test]
fn parts_are_all_of_it() {
    let lake = Lake::new();
    let (first_ms, step_ms) = (now_nanos() / 1_000_000 - 1_800_000, 30_000);
    let series: Vec<(Labels, Vec<(i64, f64)>)> = (0..300)
        .map(|number| {
            let labels = Labels::new([("__name__", "a"), ("number", &number.to_string())]);
            (labels, (0..40).map(|at| (first_ms + at * step_ms, f64::from(number))).collect())
        })
        .collect();
    for half in [0..20, 20..40] {
        let of_half: Vec<_> =
            series.iter().map(|(labels, samples)| (labels.clone(), samples[half.clone()].to_vec())).collect();
        lake.write(&of_half);
        if half.start == 0 {
            lake.seal();
        }
    }
    let source = lake.source();
    let hints = SelectHints { function: "rate".to_owned(), range_ms: 300_000, ..SelectHints::default() };
    let Expr::Selector(selector) = parse_expression("a").expect("a selector") else { unreachable!("a selector") };
    let (start_ms, end_ms) = (first_ms, first_ms + 40 * step_ms);
    let request = SelectRequest {
        matchers: &selector.matchers,
        start_ms,
        end_ms,
        samples_max: 4_000,
        hints: &hints,
        period_ms: 0,
    };
    let all = source.select(&SelectRequest { samples_max: usize::MAX, ..request }).expect("the store can be read");
    let mut parts = Vec::new();
    let mut take = |part| {
        parts.push(part);
        std::ops::ControlFlow::Continue(())
    };
    source.select_parts(&request, &mut take).expect("the store can be read");
    assert!(parts.len() > 2, "{} parts", parts.len());
    let told = |series: &spanlake_promql::source::Series| (series.labels.to_string(), series.floats.clone());
    let mut together: Vec<_> = parts.iter().flatten().map(told).collect();
    together.sort_by(|left, right| left.0.cmp(&right.0));
    let mut expected: Vec<_> = all.iter().map(told).collect();
    expected.sort_by(|left, right| left.0.cmp(&right.0));
    assert_eq!(together, expected);
    assert!(together.len() == 300 && together.iter().all(|(_, samples)| samples.len() == 40));
    lake.runtime.block_on(lake.opened.store.shutdown());
}

fn compare(lake: &Lake, memory: &MemorySource, selector: &str, (start_ms, end_ms): (i64, i64)) {
    let source = lake.source();
    for query in QUERIES {
        compare_one(&source, memory, &query.replace('$', selector), start_ms, end_ms);
    }
}

fn compare_one(source: &dyn SeriesSource, memory: &MemorySource, query: &str, start_ms: i64, end_ms: i64) {
    let expr = parse_expression(query).expect(query);
    let options = EvalOptions::default();
    for (offset, step_ms) in
        [(0, 60_000), (0, 300_000), (0, 600_000), (0, HOUR_MS), (120_000, 300_000), (7_000, 300_000)]
    {
        let (start, end) = (start_ms + 1_200_000 + offset, end_ms + 600_000);
        let found = evaluate_range(source, &expr, start, end, step_ms, &options).expect(query);
        let expected = evaluate_range(memory, &expr, start, end, step_ms, &options).expect(query);
        assert_same(&format!("{query} each {step_ms} ms from +{offset} ms"), &found.value, &expected.value);
    }
    let at = start_ms + 2 * HOUR_MS;
    let found = evaluate_instant(source, &expr, at, &options).expect(query);
    let expected = evaluate_instant(memory, &expr, at, &options).expect(query);
    assert_same(&format!("{query} at an hour"), &found.value, &expected.value);
}

/// A few entries stand for many points.
fn saves(lake: &Lake, start_ms: i64, end_ms: i64) {
    let source = lake.source();
    let count = |period_ms: i64, function: &str| {
        let hints = SelectHints { function: function.to_owned(), range_ms: HOUR_MS, ..SelectHints::default() };
        let expr = parse_expression(r#"a{kind="exact"}"#).expect("a selector");
        let Expr::Selector(selector) = expr else { unreachable!("a selector") };
        let request = SelectRequest {
            matchers: &selector.matchers,
            start_ms: start_ms + 1,
            end_ms,
            samples_max: usize::MAX,
            hints: &hints,
            period_ms,
        };
        source.select(&request).expect("the store can be read").iter().map(|series| series.floats.len()).sum::<usize>()
    };
    let all = count(0, "rate");
    assert!(all > 1_000, "{all} points");
    assert!(count(HOUR_MS, "rate") < 60, "{}", count(HOUR_MS, "rate"));
    let greatest = count(HOUR_MS, "max_over_time");
    assert!(greatest <= 30, "{greatest}: of each hour its body and a minute");
    assert_eq!(count(HOUR_MS, "quantile_over_time"), all);
    assert_eq!(count(1_000, "rate"), all);
}
