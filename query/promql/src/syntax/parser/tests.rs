//! The parser: errors with their places, recovery, positions, and that what is printed is read again as it was.

use super::*;
use crate::syntax::pretty::{pretty, pretty_with_length};
use crate::syntax::{Expectation, expectations_at};

pub(crate) mod random;

/// The first error as `start..end message`.
fn first_error(query: &str) -> String {
    match parse(query).errors.first() {
        Some(error) => format!("{}..{} {}", error.span.start, error.span.end, error.message),
        None => "no error".to_owned(),
    }
}

fn check_errors(cases: &[(&str, &str)]) {
    for (query, expected) in cases {
        assert_eq!(first_error(query), *expected, "{query}");
    }
}

#[test]
fn errors_of_syntax_name_what_was_not_expected() {
    check_errors(&[
        ("", "0..0 no expression found in input"),
        ("# only a comment", "0..0 no expression found in input"),
        ("1 +", "3..3 unexpected end of input"),
        ("*1", "0..1 unexpected <op:*>"),
        ("a b", "2..3 unexpected identifier \"b\""),
        ("sum by job (a)", "7..10 unexpected identifier \"job\" in grouping opts, expected \"(\""),
        ("sum by (,) (a)", "8..9 unexpected \",\" in grouping opts, expected label"),
        ("sum(a b)", "6..7 unexpected identifier \"b\" in aggregation"),
        ("a{b=}", "4..5 unexpected \"}\" in label matching, expected string"),
        ("a{b}", "3..4 unexpected \"}\" in label matching, expected label matching operator"),
        ("a{,}", "2..3 unexpected \",\" in label matching, expected identifier or \"}\""),
        ("a[5m", "4..4 unclosed left bracket"),
        ("a[]", "2..3 unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()"),
        ("a[5m:1m 1]", "8..9 unexpected number \"1\" in subquery selector, expected \"]\""),
        ("a offset", "8..8 unexpected end of input in offset, expected number, duration, step(), or range()"),
        ("a @", "3..3 unexpected end of input in @, expected timestamp"),
        ("rate(a[5m],)", "10..11 trailing commas not allowed in function call args"),
    ]);
}

#[test]
fn errors_of_tokens_name_the_character() {
    check_errors(&[
        ("a{", "2..2 unexpected end of input inside braces"),
        ("(1", "2..2 unclosed left parenthesis"),
        ("1)", "2..2 unexpected right parenthesis ')'"),
        ("a{b=\"c}", "4..7 unterminated quoted string"),
        ("a{b=~'\\c'}", "5..10 unknown escape sequence U+0063 'c'"),
        ("a{1=\"b\"}", "2..8 unexpected character inside braces: '1'"),
        ("100..4", "0..6 bad number or duration syntax: \"100..\""),
        ("a[5m1]", "2..6 bad number or duration syntax: \"5m1\""),
        ("a[b]", "2..4 unexpected character in duration expression: 'b'"),
        ("a ! b", "2..5 unexpected character after '!': ' '"),
        ("a =~ b", "2..6 unexpected character after '=': '~'"),
        ("ü", "0..2 unexpected character: 'ü'"),
    ]);
}

#[test]
fn errors_of_types_name_both_types() {
    check_errors(&[
        ("rate(a)", "5..6 expected type range vector in call to function \"rate\", got instant vector"),
        ("sum(a[5m])", "4..9 expected type instant vector in aggregation expression, got range vector"),
        ("topk(a, b)", "5..6 expected type scalar in aggregation parameter, got instant vector"),
        ("1 == 1", "2..4 comparisons between scalars must use BOOL modifier"),
        ("a + bool b", "2..8 bool modifier can only be used on comparison operators"),
        ("1 and 1", "0..7 set operator \"and\" not allowed in binary scalar expression"),
        ("a and on(x) group_left b", "0..24 no grouping allowed for \"and\" operation"),
        ("{}", "0..2 vector selector must contain at least one non-empty matcher"),
        ("a{__name__=\"b\"}", "0..15 metric name must not be set twice: \"a\" or \"b\""),
        (
            "-\"x\"",
            "0..4 unary expression only allowed on expressions of type scalar or instant vector, got \"string\"",
        ),
        ("a[5m][5m:]", "0..10 subquery is only allowed on instant vector, got matrix instead"),
        ("floor()", "0..7 expected 1 argument(s) in call to \"floor\", got 0"),
        ("sum()", "0..5 no arguments for aggregate expression provided"),
        (
            "(a + b) offset 5m",
            "0..7 offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
        ),
        ("a offset 5m offset 5m", "0..11 offset may not be set multiple times"),
        ("a[0]", "2..3 duration must be greater than 0"),
        ("a[5m/0]", "4..5 division by zero"),
        ("a @ Inf", "0..1 timestamp out of bounds for @ modifier: +Inf"),
    ]);
}

#[test]
fn the_text_of_all_errors_is_that_of_the_first_with_line_and_column() {
    let errors = parse_expression("sum(\n  rat(a[5m])\n)").expect_err("there is no function rat");
    assert_eq!(errors.to_string(), "2:3: parse error: unknown function with name \"rat\"");
    assert_eq!(errors.errors[0].hint.as_deref(), Some("did you mean rate?"));
}

#[test]
fn nothing_is_too_deep_for_the_stack() {
    let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
    assert_eq!(parse(&deep).errors.len(), 1);
    let signs = format!("{}1", "-".repeat(100_000));
    assert_eq!(parse(&signs).errors.len(), 1);
    let durations = format!("a[{}1{}]", "(".repeat(10_000), ")".repeat(10_000));
    assert!(!parse(&durations).errors.is_empty());
}

#[test]
fn every_node_knows_its_bytes() {
    let query = "sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m] offset 1m)) / 2";
    let expr = parse_expression(query).expect("the query is valid");
    let mut texts = Vec::new();
    expr.visit(&mut |node| texts.push(query[node.span().start..node.span().end].to_owned()));
    assert_eq!(
        texts,
        [
            query,
            "sum by (job) (rate(http_requests_total{code=~\"5..\"}[5m] offset 1m))",
            "rate(http_requests_total{code=~\"5..\"}[5m] offset 1m)",
            "http_requests_total{code=~\"5..\"}[5m] offset 1m",
            "2",
        ]
    );
}

#[test]
fn a_half_typed_query_has_a_tree() {
    for (query, printed, errors) in [
        ("sum by (job", "", 1),
        ("sum(rate(a[5m])", "sum(rate(a[5m]))", 1),
        ("rate(a[5m]) / ", "rate(a[5m]) / ", 1),
        ("a{job=", "a", 1),
        ("a{job=\"x\", ", "a{job=\"x\"}", 1),
        ("sum(a) + nothing(b", "sum(a) + b", 2),
        ("a + ) b", "a + ", 1),
        ("sum(a b) + c", "sum(a) + c", 1),
    ] {
        let parsed = parse(query);
        assert_eq!(parsed.expr.to_string(), printed, "{query}");
        assert_eq!(parsed.errors.len(), errors, "{query}: {:?}", parsed.errors);
    }
}

#[test]
fn an_editor_learns_what_fits_at_the_cursor() {
    let kinds = |query: &str| expectations_at(query, query.len()).kinds;
    assert_eq!(kinds(""), [Expectation::Expression]);
    assert!(kinds("sum(").contains(&Expectation::Expression));
    assert!(kinds("sum ").contains(&Expectation::BinaryOperator));
    assert!(kinds("sum(a) ").contains(&Expectation::AggregationModifier));
    assert!(kinds("sum by (").contains(&Expectation::GroupingLabel));
    assert_eq!(kinds("up{"), [Expectation::LabelName { metric: Some("up".to_owned()) }]);
    assert!(kinds("up{job").contains(&Expectation::LabelName { metric: Some("up".to_owned()) }));
    assert_eq!(kinds("up{job "), [Expectation::MatchOperator]);
    let value = Expectation::LabelValue { metric: Some("up".to_owned()), label: "job".to_owned() };
    assert_eq!(kinds("up{job="), std::slice::from_ref(&value));
    assert_eq!(kinds("up{job=\"no"), [value]);
    assert_eq!(kinds("up["), [Expectation::Duration]);
    assert_eq!(kinds("up @ "), [Expectation::Timestamp]);
    assert!(kinds("a * ").contains(&Expectation::MatchingModifier));
    assert!(kinds("a * on (b) c").contains(&Expectation::Expression));
    let typed = expectations_at("sum(rat", 7);
    assert_eq!((typed.replaces.start, typed.replaces.end), (4, 7));
    let inside = expectations_at("up{job=\"no\"}", 10);
    assert_eq!((inside.replaces.start, inside.replaces.end), (7, 10));
}

#[test]
fn queries_print_in_one_form() {
    for (query, printed) in [
        ("sum by() (a)", "sum(a)"),
        ("SUM(a) WITHOUT (b)", "sum without (b) (a)"),
        ("a{b='c',\"d.e\"!=`f`}", "a{\"d.e\"!=\"f\",b=\"c\"}"),
        ("{\"a.b\"}", "{__name__=\"a.b\"}"),
        ("a[300] offset 90", "a[5m] offset 1m30s"),
        ("a[1h:] @ 1.5", "a[1h:] @ 1.500"),
        ("a - ignoring() group_left b", "a - ignoring () group_left () b"),
        ("a + fill_left(1) fill_right(1) b", "a + fill (1) b"),
        ("-1 ^ 2", "-1 ^ 2"),
        ("foo[200-min_of(-step()^+step(),1)]", "foo[200 - min_of(-step() ^ step(), 1)]"),
        ("foo offset +(5)", "foo offset (5)"),
        ("count_values(\"a\\xc5\", b)", "count_values(\"a\\xc5\", b)"),
    ] {
        let expr = parse_expression(query).expect(query);
        assert_eq!(expr.to_string(), printed);
    }
}

#[test]
fn long_queries_are_broken_over_lines() {
    let expr = parse_expression("sum by (job) (rate(a[5m])) / on (job) group_left topk(5, b)").expect("valid");
    let lines = ["  sum by (job) (", "    rate(a[5m])", "  )", "/ on (job) group_left ()", "  topk(5, b)"];
    assert_eq!(pretty_with_length(&expr, 15), lines.join("\n"));
    assert_eq!(pretty(&expr), expr.to_string(), "what fits stays in one line");
}
