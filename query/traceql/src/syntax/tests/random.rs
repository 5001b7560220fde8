//! Trees and texts at random.

use proptest::prelude::*;

use crate::random::{Random, random_metrics_query, random_query};
use crate::syntax::{expectations_at, filter_expectations_at, parse, parse_filter, parse_lenient, parse_query};

/// Pieces that the language is made of, so that random texts get somewhere.
const PIECES: [&str; 48] = [
    "{",
    "}",
    "(",
    ")",
    "|",
    "||",
    "&&",
    "=",
    "!=",
    "=~",
    "!~",
    ">",
    ">>",
    "<",
    "<<",
    "~",
    "!",
    "!>>",
    "&>>",
    "&~",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    ",",
    ".a",
    "span.b",
    "resource.\"x y\"",
    "parent.",
    "name",
    "duration",
    "status",
    "error",
    "nil",
    "5",
    "1.5",
    "100ms",
    "\"t\"",
    "`r`",
    "count()",
    "by(",
    "rate()",
    "with(",
    "not",
    "exists(",
    "\"(\"",
];

fn round_trip(seed: u64) {
    let mut random = Random::new(seed);
    let query = if random.percent(70) { random_query(&mut random) } else { random_metrics_query(&mut random) };
    let text = query.to_string();
    match parse_query(&text) {
        Ok(again) => {
            assert_eq!(again, query, "seed {seed}: {text}");
            assert_eq!(again.to_string(), text, "seed {seed}");
        }
        Err(errors) => panic!("seed {seed}: {text}\n{errors}"),
    }
}

/// Every form of the language comes up among the random queries.
#[test]
fn random_queries_are_of_every_form() {
    use crate::syntax::field::Intrinsic;
    use crate::syntax::operator::SpansetOperator;
    use crate::syntax::tree::{AggregateFunction, MetricsFunction};
    let mut all = String::new();
    for seed in 0..4_000 {
        let mut random = Random::new(seed);
        all.push_str(&format!("{}\n{}\n", random_query(&mut random), random_metrics_query(&mut random)));
    }
    let operators = SpansetOperator::all().map(|operator| format!("}} {} {{", operator.as_str()));
    let intrinsics = Intrinsic::ALL.into_iter().map(|one| one.as_str().to_owned());
    let functions = AggregateFunction::ALL.into_iter().map(|one| format!("{}(", one.as_str()));
    let metrics = MetricsFunction::NAMES.into_iter().map(|name| format!("| {name}("));
    let others = "by( select( coalesce() topk( bottomk( cidr( =~ !~ != <= >= nil + - * / % ^ !( parent. event. link. \
                  span. resource. instrumentation. true false with(";
    let others = others.split_whitespace().map(str::to_owned);
    for form in operators.chain(intrinsics).chain(functions).chain(metrics).chain(others) {
        assert!(all.contains(&form), "{form} never comes up");
    }
}

#[test]
fn what_is_printed_parses_to_the_same_tree() {
    (0..30_000).for_each(round_trip);
}

fn answer_all(text: &str) {
    let parsed = parse(text);
    for error in &parsed.errors {
        assert!(error.range.start <= error.range.end && error.range.end <= text.len(), "{text}: {error:?}");
        assert!(!error.describe(text).is_empty());
    }
    if parsed.errors.is_empty() {
        let printed = parsed.query.to_string();
        let again = parse_query(&printed).unwrap_or_else(|errors| panic!("{text} → {printed}\n{errors}"));
        assert_eq!(again, parsed.query, "{text} → {printed}");
    }
    if let Ok(query) = parse_filter(text) {
        let printed = query.to_string();
        assert_eq!(parse_query(&printed).as_ref(), Ok(&query), "{text} → {printed}");
    }
    let repaired = parse_lenient(text).to_string();
    assert!(parse_query(&repaired).is_ok(), "{text} → {repaired}");
    let _ = expectations_at(text, text.len());
    let _ = filter_expectations_at(text, text.len() / 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_of_any_seed_come_back(seed in any::<u64>()) {
        round_trip(seed);
    }

    #[test]
    fn every_text_is_answered(text in ".{0,80}") {
        answer_all(&text);
    }

    #[test]
    fn every_sequence_of_pieces_is_answered(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..25)) {
        answer_all(&pieces.join(" "));
        answer_all(&pieces.concat());
    }

    #[test]
    fn every_part_of_a_query_is_answered(seed in any::<u64>(), from in 0_usize..40, length in 0_usize..200) {
        let text = random_query(&mut Random::new(seed)).to_string();
        let part: String = text.chars().skip(from).take(length).collect();
        answer_all(&part);
    }
}
