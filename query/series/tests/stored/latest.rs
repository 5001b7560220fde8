//! The newest numbers from memory, against all samples.
//!
//! The oracle is the evaluator over all samples. Points come in any order, twice, with an end of their series between them,
//! and are sealed now and then.

use spanlake_promql::eval::{EvalOptions, Point, QueryValue, evaluate_instant};
use spanlake_promql::labels::Labels;
use spanlake_promql::memory::MemorySource;
use spanlake_promql::number::stale_nan;
use spanlake_promql::source::SeriesSource;
use spanlake_promql::syntax::parse_expression;
use spanlake_store::now_nanos;

use super::{Dice, Lake};

const SERIES: usize = 12;
const ROUNDS: usize = 80;
/// From the first to the last point: more than the lookback of five minutes, so that series come and go.
const SPAN_MS: u64 = 900_000;

/// Labels and value of each series at a time.
fn instant(source: &dyn SeriesSource, query: &str, at: i64) -> Vec<(String, f64)> {
    let expr = parse_expression(query).expect(query);
    let found = evaluate_instant(source, &expr, at, &EvalOptions::default()).expect(query);
    let QueryValue::Vector(samples) = found.value else { unreachable!("queries are of vectors") };
    let told = samples.into_iter().map(|sample| match sample.value {
        Point::Float(value) => (sample.labels.to_string(), value),
        Point::Histogram(_) => unreachable!("there are none"),
    });
    told.collect()
}

/// Scenario: 80 requests with points of the last 15 minutes in any order, a seal after every seventh, some points twice.
/// Guarantee: an instant query at any time gives what it gives over all samples.
#[test]
fn the_newest_numbers_are_those_of_all_points() {
    let (lake, mut dice) = (Lake::new(), Dice(11));
    let end_ms = now_nanos() / 1_000_000;
    let labels: Vec<Labels> =
        (0..SERIES).map(|number| Labels::new([("__name__", "a"), ("number", &number.to_string())])).collect();
    let mut known: Vec<std::collections::BTreeMap<i64, f64>> = vec![Default::default(); SERIES];
    for round in 0..ROUNDS {
        let mut request = Vec::new();
        for (at, labels) in labels.iter().enumerate().filter(|(at, _)| (round + at) % 3 > 0) {
            let times: std::collections::BTreeSet<i64> =
                (0..dice.next(4)).map(|_| end_ms - dice.next(SPAN_MS / 1_000) as i64 * 1_000).collect();
            let samples: Vec<(i64, f64)> = times
                .into_iter()
                .map(|time| (time, if dice.next(9) == 0 { stale_nan() } else { (round * SERIES + at) as f64 }))
                .collect();
            known[at].extend(samples.iter().copied());
            request.push((labels.clone(), samples));
        }
        lake.write(&request);
        if round % 7 == 6 {
            lake.seal();
        }
        let mut memory = MemorySource::default();
        for (labels, samples) in labels.iter().zip(&known) {
            samples.iter().for_each(|(time, value)| memory.push_float(labels, *time, *value, 0));
        }
        let source = lake.source();
        for at in [end_ms, end_ms + 120_000, end_ms - dice.next(SPAN_MS) as i64] {
            for query in ["a", "sum by (number) (a)", "timestamp(a)", "a offset 3m"] {
                assert_eq!(instant(&source, query, at), instant(&memory, query, at), "{query} in round {round}");
            }
        }
    }
    lake.runtime.block_on(lake.opened.store.shutdown());
}
