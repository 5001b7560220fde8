//! The filter language.

use crate::syntax::{parse_filter, parse_query};

fn check(filter: &str, traceql: &str) {
    let query = parse_filter(filter).unwrap_or_else(|errors| panic!("{filter}\n{errors}"));
    assert_eq!(query.to_string(), traceql, "{filter}");
    assert_eq!(parse_query(traceql).as_ref(), Ok(&query), "{filter}");
}

fn fails(filter: &str, expected: &str) {
    match parse_filter(filter) {
        Ok(query) => panic!("{filter} is read as {query}"),
        Err(errors) => assert_eq!(errors.to_string(), expected, "{filter}"),
    }
}

#[test]
fn names_need_no_scope_and_operators_are_words() {
    check("service.name = \"cart\"", "{ .service.name = \"cart\" }");
    check(
        "service.name = \"x\" and duration > 100ms and (http.route =~ \"/cart.*\" or not exists(error))",
        "{ .service.name = \"x\" && duration > 100ms && (.http.route =~ \"/cart.*\" || !(.error != nil)) }",
    );
    check("resource.service.name='x' AND span:kind=server", "{ resource.service.name = \"x\" && kind = server }");
    check("status = error and trace:duration > 1s", "{ status = error && traceDuration > 1s }");
    check("retries + 1 > 3 or .\"odd name\" = true", "{ .retries + 1 > 3 || .\"odd name\" = true }");
    check("", "{ }");
    check("  ", "{ }");
}

#[test]
fn and_binds_stronger_than_or_and_not_weaker_than_comparisons() {
    check("a or b and c", "{ .a || (.b && .c) }");
    check("a || b && c", "{ .a || (.b && .c) }");
    check("a and b or c and d", "{ .a && .b || (.c && .d) }");
    check("not a = 1 and b", "{ !(.a = 1) && .b }");
    check("not not a", "{ !!.a }");
    check("exists(name) and not exists(span.x)", "{ name != nil && !(span.x != nil) }");
    check("x = nil or nil != y", "{ .x = nil || .y != nil }");
}

#[test]
fn quoted_text_alone_is_looked_for_where_people_read() {
    let found = |text: &str| {
        format!("name =~ \"{text}\" || statusMessage =~ \"{text}\" || event.exception.message =~ \"{text}\"")
    };
    check("\"time out\"", &format!("{{ {} }}", found("(?i).*time out.*")));
    check("'a.b' and x = \"y\"", &format!("{{ {} && .x = \"y\" }}", found("(?i).*a\\\\.b.*")));
    check("x = \"y\" or not \"z\"", &format!("{{ .x = \"y\" || !({}) }}", found("(?i).*z.*")));
    check("\"y\" = x", "{ \"y\" = .x }");
}

#[test]
fn braces_make_it_traceql() {
    check("{ .a } >> { .b }", "{ .a } >> { .b }");
    check("path = \"/{id}\"", "{ .path = \"/{id}\" }");
    fails(
        "{ service.name = 1 }",
        "1:3: the attribute service.name has no scope; write .service.name, span.service.name or resource.service.name",
    );
}

/// The examples of the documentation are filters that are read.
#[test]
fn documented_filters_are_read() {
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    let page = std::fs::read_to_string(format!("{root}/../../docs/traceql.md")).expect("the page is there");
    let examples = page.split("```").nth(1).expect("the examples stand in the first fence");
    let lines: Vec<&str> = examples.lines().filter(|line| !line.trim().is_empty()).collect();
    assert!(lines.len() >= 5);
    for line in lines {
        parse_filter(line).unwrap_or_else(|errors| panic!("{line}\n{errors}"));
    }
}

#[test]
fn errors_have_places() {
    fails("{ } | rate()", "1:1: a filter finds spans; this asks for series");
    fails("duration >", "1:11: unexpected the end of the query, expected an attribute, an intrinsic or a value");
    fails("a = 1 b = 2", "1:7: unexpected `b`, expected `and`, `or`, an operator or the end of the filter");
    fails(
        "status = \"error\"",
        "1:8: `=` cannot take a status and a string; a status is written without quotation marks: error, ok or unset",
    );
    fails("(a = 1", "1:7: unexpected the end of the query, expected an operator or `)`");
    fails("span:nme = \"x\"", "1:1: unknown intrinsic span:nme; did you mean span:name?");
}
