//! Queries that are wrong, and what is said about them.

use crate::syntax::{parse, parse_query};

fn check(text: &str, expected: &str) {
    match parse_query(text) {
        Ok(query) => panic!("{text} is read as {query}"),
        Err(errors) => assert_eq!(errors.to_string(), expected, "{text}"),
    }
}

#[test]
fn errors_say_place_and_what_was_expected() {
    check("", "1:1: the query is empty; `{}` finds all spans");
    check("{ .a = }", "1:8: unexpected `}`, expected an attribute, an intrinsic or a value");
    check("{ .a = 3", "1:9: unexpected the end of the query, expected an operator, `&&`, `||` or `}`");
    check(
        "{ (.a = 3 }",
        "1:11: unexpected `}`, expected an operator or `)`\n\
        1:12: unexpected the end of the query, expected an operator, `&&`, `||` or `}`",
    );
    check("{ span. = 1 }", "1:3: an attribute's name is missing behind `span.`");
    check("{ .a == 4 }", "1:6: `==` is no operator; compare with `=`");
    check("{ .a =~ 4 }", "1:9: unexpected `4`, expected a regular expression in quotation marks");
    check("{ .a }\n{ .b }", "2:1: unexpected `{`, expected an operator, `|` or the end of the query");
    check("{ .a } |", "1:9: unexpected the end of the query, expected `{`, `(`, a function or a number");
    check("{ 'x' = .a }", "1:3: texts stand in double quotation marks or backticks");
    check("{ .a = \"x }", "1:8: the text has no closing quotation mark (\")");
    check(
        "{ .a > 5x }",
        "1:8: `5x`: not a duration; write a number and a unit (ns, us, ms, s, m, h, d, w, y), such as 150ms or 1h30m",
    );
    check("{ .a > 99999999999999999999 }", "1:8: `99999999999999999999` does not fit an integer of 64 bits");
    check(
        "{ .a = \"\\q\" }",
        "1:9: unknown escape; known are \\\\ \\\" \\' \\n \\r \\t \\a \\b \\f \\v \\xhh \\ooo \\uhhhh \\Uhhhhhhhh",
    );
    check("{ .a # }", "1:6: `#` is no part of the language");
    check("{ .a } /* x", "1:8: the comment has no end (`*/`)");
    check("{ .a > nil }", "1:8: nil stands only behind or before `=` and `!=`, as in `.x != nil`");
}

#[test]
fn unknown_names_have_hints() {
    check(
        "{ nmae = \"x\" }",
        "1:3: unknown name nmae; did you mean name? An attribute is written .nmae, span.nmae or resource.nmae",
    );
    check(
        "{ flavour = 1 }",
        "1:3: unknown name flavour; an attribute is written .flavour, span.flavour or resource.flavour, a text \"flavour\"",
    );
    check(
        "{ service.name = \"x\" }",
        "1:3: the attribute service.name has no scope; write .service.name, span.service.name or resource.service.name",
    );
    check("{ span:durtion > 1s }", "1:3: unknown intrinsic span:durtion; did you mean span:duration?");
    check("{ trace:status = error }", "1:3: unknown intrinsic trace:status; did you mean span:status?");
    check(
        "{ resource:x = 1 }",
        "1:3: unknown intrinsic resource:x; resource has attributes only, such as resource.name",
    );
    check("{ parent = nil }", "1:3: unknown name parent; an attribute is written parent.its-name");
    check("{ } | cuont() > 1", "1:7: unknown function or stage cuont; did you mean count()?");
    check(
        "{ } | quantil_over_time(duration, 0.5)",
        "1:7: unknown function or stage quantil_over_time; did you mean quantile_over_time()?",
    );
    check("{ } | count > 1", "1:7: unknown function or stage count; write count(…)");
}

#[test]
fn types_are_checked_with_places() {
    check("{ name = 5 }", "1:8: `=` cannot take a string and an integer");
    check(
        "{ status = \"error\" }",
        "1:10: `=` cannot take a status and a string; a status is written without quotation marks: error, ok or unset",
    );
    check(
        "{ duration > \"5ms\" }",
        "1:12: `>` cannot take a duration and a string; a duration is written without quotation marks, such as 150ms",
    );
    check("{ kind > server }", "1:8: `>` cannot take a kind");
    check("{ name + \"x\" = \"y\" }", "1:8: `+` cannot take a string");
    check("{ \"x\" }", "1:3: spans are selected by a condition; this is a string; compare it with something");
    check("{ duration }", "1:3: spans are selected by a condition; this is a duration; compare it with something");
    check("{ !duration }", "1:3: `!` needs a condition, not a duration");
    check("{ -name = 1 }", "1:3: `-` needs a number, not a string\n1:9: `=` cannot take a string and an integer");
    check("{ duration =~ \"1.*\" }", "1:3: a regular expression is for texts; this is a duration");
    check("{ name = nil }", "1:3: name is never nil: every span has one");
    check("{ } | by(1)", "1:10: by() groups by something of the spans; this is the same for all of them");
    check(
        "{ } | max(name) = 1",
        "1:11: max() counts with numbers; this is a string\n1:17: `=` cannot take a string and an integer",
    );
    check("{ } | max(3) = 1", "1:11: max() needs something of the spans; this is the same for all");
    check("{ } | max(duration) = \"x\"", "1:23: unexpected the text \"x\", expected `{`, `(`, a function or a number");
    check("{ } | max_over_time(name)", "1:7: max_over_time() counts with numbers; name is a string");
    check(
        "{ } | compare({ name })",
        "1:17: spans are selected by a condition; this is a string; compare it with something",
    );
    check("{ } | compare({ .a }) | topk(2)", "1:7: topk(), bottomk() and comparisons cannot follow compare()");
}

#[test]
fn patterns_are_checked() {
    check("{ .a =~ \"(\" }", "1:9: the regular expression is not valid: unclosed group");
    check(
        "{ .a =~ \"(\\\\w{500}){500}\" }",
        "1:9: the regular expression is too large when compiled; use fewer or smaller repetitions",
    );
    check(
        "{ cidr(.a, \"10.0.0.0\") }",
        "1:12: `10.0.0.0` is no network; write an address and the length of its prefix, such as 10.0.0.0/8\n\
        1:3: cidr() needs a network, as in cidr(span.client.address, \"10.0.0.0/8\")"
            .split('\n')
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
            .as_str(),
    );
}

#[test]
fn what_stands_in_the_wrong_place() {
    check("{ .a } + { .b }", "1:8: `+` cannot stand between a set of spans and a set of spans");
    check(
        "{ .a } && count() > 3",
        "1:8: `&&` cannot stand between a set of spans and a comparison of numbers; stages of a pipeline are separated by `|`",
    );
    check("{ .a } | count()", "1:10: a number alone keeps no spans; compare it, as in `count() > 2`");
    check("coalesce() | { .a }", "1:1: a query cannot begin with coalesce(); there is nothing to put together yet");
    check("rate()", "1:1: rate() needs spans before it, as in `{} | rate()`");
    check("{ } | topk(10)", "1:7: topk() needs series before it, as in `{} | rate() | topk(10)`");
    check("{ } | rate() + 5", "1:14: series that are counted with stand in parentheses: `(… | rate()) + …`");
    check(
        "{ } | rate() | { .a }",
        "1:16: unexpected `{`, expected topk() or bottomk(); other stages stand before the series",
    );
    check("({ } | rate()) % 10", "1:16: series know the operators `+`, `-`, `*` and `/`");
    check(
        "({ } | rate()) * 10s",
        "1:16: series are counted with constant numbers; durations and aggregates do not fit",
    );
    check("2 * 3", "1:1: a number alone keeps no spans; compare it, as in `count() > 2`");
    check("{ .a } | 3 > 2", "1:10: two constants are compared; one side must be of the spans, as in `count() > 2`");
    check("{ } | count() > 1 / 0", "1:17: this divides by zero");
    check("{ } | rate() | topk(-1)", "1:21: unexpected `-`, expected how many series, as in topk(10)");
    check("{ } | rate() | topk(0)", "1:21: the number of series must be between 1 and 4294967295");
    check(
        "{ } | quantile_over_time(duration, 2)",
        "1:36: a quantile lies between 0 and 1\n1:38: quantile_over_time() needs a quantile, as in quantile_over_time(duration, 0.99)",
    );
    check("{ } | select()", "1:14: unexpected `)`, expected an attribute or an intrinsic");
}

#[test]
fn hostile_input_meets_limits() {
    let open = "(".repeat(100_000);
    for text in [
        format!("{{ {open}"),
        open.clone(),
        format!("{{ {}", "!".repeat(100_000)),
        format!("{{ {}", "-".repeat(100_000)),
        "-".repeat(100_000),
        "{".repeat(100_000),
        format!("{{ .a = {} }}", ".b ^ ".repeat(20_000)),
    ] {
        let errors = parse(&text).errors;
        assert!(errors.iter().any(|error| error.message.contains("64 levels")) || text.starts_with("{{"), "{errors:?}");
        assert!(!errors.is_empty());
    }
    let chain = format!("{{ {} }}", vec![".a"; 5_000].join(" || "));
    check(&chain, "1:6006: the query has more than 1000 operators");
    let patterns = format!("{{ {} }}", vec![".a =~ `\\w{40}`"; 900].join(" || "));
    check(&patterns, "1:1161: the query has more than 64 regular expressions and free texts");
    let long = format!("{{ .a = \"{}\" }}", "x".repeat(200_000));
    check(&long, "1:1: the query has 200011 bytes; the limit is 131072");
}

#[test]
fn several_mistakes_are_found_at_once() {
    check(
        "{ nmae = 1 } >> { .b = } | cuont() > 1",
        "1:3: unknown name nmae; did you mean name? An attribute is written .nmae, span.nmae or resource.nmae\n\
         1:24: unexpected `}`, expected an attribute, an intrinsic or a value\n\
         1:28: unknown function or stage cuont; did you mean count()?",
    );
}
