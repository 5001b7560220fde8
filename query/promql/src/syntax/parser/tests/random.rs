//! Random queries: what is printed is read again as the same tree, in one line and in many. Random text: nothing panics.

use proptest::prelude::*;

use crate::syntax::pretty::pretty_with_length;
use crate::syntax::{Expr, expectations_at, parse, parse_expression};

fn one_of(texts: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::sample::select(texts).prop_map(str::to_owned).boxed()
}

fn duration() -> BoxedStrategy<String> {
    one_of(&["5m", "1h30m", "90", "0.5", "step()", "(5m + step())", "-(2m)", "min_of(1m, range())", "(-2 ^ 2)"])
}

fn positive_duration() -> BoxedStrategy<String> {
    one_of(&["5m", "1h30m", "90", "5m + 1m", "step() * 2", "max_of(1m, step())", "(1d)", "2 ^ 3 ^ 2", "1h / (2 - 1)"])
}

fn selector() -> BoxedStrategy<String> {
    let metric =
        one_of(&["up", "a:b", "sum", "offset", "{\"http.x\"}", "start", "x{a=\"b\"}", "y{a!~\"b.*\",\"c d\"='e'}"]);
    let behind = prop_oneof![
        Just(String::new()),
        duration().prop_map(|duration| format!(" offset {duration}")),
        one_of(&[" @ 17.5", " @ start()", " @ end() offset -5m", " anchored", " smoothed", " @ -3"]),
    ];
    // An offset in parentheses takes arithmetic behind it for its own, as in Prometheus; so the selector gets some too.
    let text = |(metric, behind): (String, String)| match behind.ends_with(')') {
        true => format!("({metric}{behind})"),
        false => format!("{metric}{behind}"),
    };
    (metric, behind).prop_map(text).boxed()
}

fn range_vector(inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let matrix =
        (one_of(&["up", "x{a=\"b\"}"]), positive_duration(), one_of(&["", " offset 5m", " @ 5 anchored", " smoothed"]));
    let subquery = (inner, positive_duration(), one_of(&["", "1m", "step()"]), one_of(&["", " offset 1m", " @ end()"]));
    prop_oneof![
        matrix.prop_map(|(metric, range, behind)| format!("{metric}[{range}]{behind}")),
        subquery.prop_map(|(inner, range, step, behind)| format!("({inner})[{range}:{step}]{behind}")),
    ]
    .boxed()
}

fn scalar() -> BoxedStrategy<String> {
    one_of(&[
        "1",
        "0x1f",
        "-2.5e-3",
        "Inf",
        "-Inf",
        "NaN",
        "5m",
        "time()",
        "scalar(up)",
        "pi() * 2",
        "1 + 2 * 3 ^ -1",
        "1 == bool 2",
    ])
}

/// Random queries that give an instant vector.
pub(crate) fn vector() -> BoxedStrategy<String> {
    selector()
        .prop_recursive(4, 24, 3, |inner| {
            let operator = one_of(&[
                "+",
                "-",
                "*",
                "/",
                "%",
                "^",
                "atan2",
                "</",
                ">/",
                "> bool",
                "==",
                "<= on (a)",
                "and",
                "or ignoring (a)",
                "unless on ()",
                "+ ignoring (a, \"b c\")",
                "* on (a) group_left (c)",
                "/ ignoring () group_right ()",
                "- fill (-1.5)",
                "+ on (a) fill_left (2) fill_right (3)",
            ]);
            let aggregation = one_of(&["sum", "avg by (a)", "count without (a, \"b.c\")", "MAX", "group by (sum, by)"]);
            let with_parameter = one_of(&["topk", "quantile by (a)", "limitk", "limit_ratio"]);
            prop_oneof![
                (inner.clone(), operator, inner.clone())
                    .prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
                (scalar(), one_of(&["+", "/", "> bool"]), inner.clone())
                    .prop_map(|(left, operator, right)| format!("(({left}) {operator} ({right}))")),
                inner.clone().prop_map(|inner| format!("({inner})")),
                inner.clone().prop_map(|inner| format!("-{inner}")),
                (aggregation, inner.clone()).prop_map(|(aggregation, inner)| format!("{aggregation} ({inner})")),
                (with_parameter, scalar(), inner.clone())
                    .prop_map(|(name, scalar, inner)| format!("{name}({scalar}, {inner})")),
                range_vector(inner.clone()).prop_map(|range| format!("rate({range})")),
                (scalar(), range_vector(inner.clone()))
                    .prop_map(|(scalar, range)| format!("quantile_over_time({scalar}, {range})")),
                inner.prop_map(|inner| format!("label_replace({inner}, \"a\", '$1', `b`, \"(.*)\\n\")")),
            ]
        })
        .boxed()
}

fn meaning(expr: Expr) -> Expr {
    expr.without_positions()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_as_the_same(query in vector()) {
        let tree = parse_expression(&query).map_err(|error| TestCaseError::fail(format!("{query}: {error}")))?;
        for printed in [tree.to_string(), pretty_with_length(&tree, 20)] {
            let again = parse_expression(&printed).map_err(|error| TestCaseError::fail(format!("{printed}: {error}")))?;
            prop_assert_eq!(meaning(again), meaning(tree.clone()));
        }
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[a-z0-9 (){}\\[\\],.:@=!~<>+*/^%\"'`\\\\#-]{0,40}", cursor in 0usize..50) {
        let parsed = parse(&text);
        let _ = parsed.expr.to_string();
        for error in &parsed.errors {
            prop_assert!(error.span.start <= text.len());
        }
        let _ = expectations_at(&text, cursor);
    }

    #[test]
    fn a_cut_query_gives_a_tree_and_something_that_fits(query in vector(), part in 0.0f64..1.0) {
        let mut end = (query.len() as f64 * part) as usize;
        while !query.is_char_boundary(end) {
            end -= 1;
        }
        let _ = parse(&query[..end]).expr.to_string();
        prop_assert!(expectations_at(&query, end).replaces.end <= query.len());
    }
}
