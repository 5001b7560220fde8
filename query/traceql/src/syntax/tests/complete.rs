//! Half-typed queries.

use crate::syntax::expectations::Expectation;
use crate::syntax::field::{Field, Intrinsic, Scope};
use crate::syntax::{expectations_at, filter_expectations_at, parse_filter_lenient, parse_lenient};

/// The text is typed up to `^`, which is removed.
fn at(text: &str) -> (String, Vec<Expectation>) {
    let cursor = text.find('^').expect("a cursor");
    let text = text.replace('^', "");
    let found = expectations_at(&text, cursor);
    (found.replaces.of(&text).to_owned(), found.kinds)
}

#[test]
fn fields_and_values_are_expected_in_braces() {
    assert_eq!(at("{ ^"), (String::new(), vec![Expectation::Symbol("}"), Expectation::Field]));
    assert_eq!(at("{ na^ }").0, "na");
    let scoped = Expectation::AttributeKey { scope: Scope::Span, of_parent: false };
    assert_eq!(at("{ span.ht^"), ("span.ht".to_owned(), vec![Expectation::Symbol("}"), scoped]));
    assert!(at("{ name =^ }").1.contains(&Expectation::Value { field: Field::Intrinsic(Intrinsic::Name) }));
    let (typed, kinds) = at("{ span.x = \"fo^");
    assert_eq!(typed, "\"fo");
    assert!(kinds.contains(&Expectation::Value { field: Field::attribute(Scope::Span, "x") }));
    assert_eq!(at("{ .a = 1 && ^").1, vec![Expectation::Field]);
    let operators = at("{ .a ^").1;
    assert!(operators.contains(&Expectation::ComparisonOperator) && operators.contains(&Expectation::Symbol("}")));
    assert_eq!(at("{ service.na^").0, "service.na");
}

#[test]
fn stages_are_expected_behind_pipes() {
    assert!(at("^").1.contains(&Expectation::Symbol("{")));
    assert!(at("{ } ^").1.contains(&Expectation::SpansetOperator));
    let (typed, kinds) = at("{ } | ra^");
    assert_eq!(typed, "ra");
    assert!(kinds.contains(&Expectation::Stage));
    assert!(at("{ } | rate() | ^").1.contains(&Expectation::SecondStage));
    assert!(at("{ } | rate() ^").1.contains(&Expectation::Symbol("by")));
    assert_eq!(at("{ } | rate() by (^").1, vec![Expectation::Field]);
    assert_eq!(at("{ } | rate() with(^").1, vec![Expectation::HintName]);
}

#[test]
fn filters_are_completed_too() {
    let found = filter_expectations_at("service.na", 10);
    assert_eq!((found.replaces.start, found.kinds), (0, vec![Expectation::Field]));
    let found = filter_expectations_at("service.name = ", 15);
    assert!(found.kinds.contains(&Expectation::Value { field: Field::attribute(Scope::Any, "service.name") }));
}

#[test]
fn no_text_and_no_cursor_is_too_much() {
    let text = "({ span.\"größe\" = 1.5 && name =~ `x` } >> { } | by(.a) | count() > 2 | rate() by(b) | topk(3)) * 2";
    for cursor in 0..=text.len() + 2 {
        let _ = expectations_at(text, cursor);
        let _ = filter_expectations_at(text, cursor);
    }
}

#[test]
fn holes_ask_for_nothing() {
    let check = |text: &str, expected: &str| assert_eq!(parse_lenient(text).to_string(), expected, "{text}");
    check("{ .foo = \"bar\" && name = }", "{ .foo = \"bar\" }");
    check("{ .foo = \"bar\" && ", "{ .foo = \"bar\" }");
    check("{ .foo = \"bar\" || name = }", "{ }");
    check("{ !(.a = 1 && .b = ) && .c = 2", "{ .c = 2 }");
    check("{ .a = 1 } >> { .b = ", "{ .a = 1 } >> { }");
    check("{ .a = 1 } >> ", "{ .a = 1 }");
    check("{ .a = 1 } | coun", "{ .a = 1 }");
    check("{ .a = 1 } | count() > ", "{ .a = 1 }");
    check("{ .a = 1 } | rate() by (", "{ .a = 1 } | rate()");
    check("{ .a = 1 && nam", "{ .a = 1 }");
    check("{ .a = 1 && .fo", "{ .a = 1 }");
    check("{ .a = 1 && .fo }", "{ .a = 1 && .fo }");
    check("", "{ }");
    check("{ name = 5 }", "{ }");
    check("garbage ((", "{ }");
    let check = |text: &str, expected: &str| assert_eq!(parse_filter_lenient(text).to_string(), expected, "{text}");
    check("service.name = \"x\" and dur", "{ .service.name = \"x\" }");
    check("service.name = \"x\" and not flag ", "{ .service.name = \"x\" }");
    check("service.name = x", "{ .service.name = .x }");
    check("service.name = \"x\" and duration >", "{ .service.name = \"x\" }");
    check("a = 1 or b =", "{ }");
    check("{ .a = 1 && ", "{ .a = 1 }");
    check("{ .a } | rate()", "{ }");
}
