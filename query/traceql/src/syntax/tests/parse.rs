//! Queries that are right, and their canonical form.

use crate::syntax::parse_query;

/// Parses, prints, parses again: the same tree, the same text.
fn check(text: &str, canonical: &str) {
    let query = parse_query(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    assert_eq!(query.to_string(), canonical, "{text}");
    let again = parse_query(canonical).unwrap_or_else(|errors| panic!("{canonical}\n{errors}"));
    assert_eq!(again, query, "{text}");
}

fn same(text: &str) {
    check(text, text);
}

#[test]
fn every_scope() {
    same("{ .checkout.step = 3 }");
    same("{ span.http.route = \"/cart\" }");
    same("{ resource.service.name = \"cart\" && event.exception.type = \"E\" }");
    same("{ link.reason != \"retry\" || instrumentation.lang = \"java\" }");
    same("{ parent.retries > 2 }");
    same("{ parent.span.retries > parent.resource.limit }");
}

#[test]
fn quoted_names() {
    same("{ span.\"user id\" = 1 }");
    check("{ span.user.\"full name\".first = 1 }", "{ span.\"user.full name.first\" = 1 }");
    same("{ .\"a\\\"b\\\\c\" = 1 }");
    same("{ .\"5xx\" = 1 }");
    same("{ parent.\"span.x\" = 1 }");
    check("{ .\"plain\" = 1 }", "{ .plain = 1 }");
    same("{ span.a-b/c:d = 1 }");
    same("{ span.größe = 1 }");
}

#[test]
fn every_intrinsic_in_both_forms() {
    for intrinsic in crate::syntax::field::Intrinsic::ALL {
        for name in [Some(intrinsic.as_str()), intrinsic.scoped_name()].into_iter().flatten() {
            check(&format!("{{ }} | select({name})"), &format!("{{ }} | select({})", intrinsic.as_str()));
        }
    }
    check("{ trace:rootService = \"a\" && span:status = error }", "{ rootServiceName = \"a\" && status = error }");
    same("{ event:timeSinceStart > 2ms && span:childCount = 0 && nestedSetParent < 0 }");
    same("{ kind = server && statusMessage != \"\" && instrumentation:version =~ \"1[.].*\" }");
}

#[test]
fn literals() {
    check("{ .x = `a\"b\\n` }", "{ .x = \"a\\\"b\\\\n\" }");
    check("{ .x = \"\\u00e9\\x41\" }", "{ .x = \"éA\" }");
    check("{ .x = 1.50 || .x = .5 || .x = 1e3 }", "{ .x = 1.5 || .x = 0.5 || .x = 1000.0 }");
    check("{ duration > 1.5s && duration < 1h30m && .d = 2d }", "{ duration > 1500ms && duration < 90m && .d = 48h }");
    check("{ .x = minInt || .x = maxInt }", "{ .x = minInt || .x = 9223372036854775807 }");
    check("{ .x > - 5 || .x = --5 || .x = -(-3s) }", "{ .x > -5 || .x = 5 || .x = 3s }");
    same("{ .a = true || .b = false || status = unset || kind = consumer }");
    check("{}", "{ }");
    check("{ true }", "{ }");
    same("{ false }");
}

#[test]
fn nil() {
    same("{ .x != nil && span.y = nil }");
    check("{ nil = .x }", "{ .x = nil }");
    check("{ nil = nil || nil != nil }", "{ false || false }");
    same("{ event:name = nil }");
    same("{ name != nil }");
}

#[test]
fn operators_bind_as_in_tempo() {
    check("{ .a || .b && .c }", "{ .a || .b && .c }");
    check("{ (.a || .b) && .c }", "{ .a || .b && .c }");
    same("{ .a || (.b && .c) }");
    same("{ .a + .b * .c ^ 2 ^ .d = 7 }");
    same("{ (.a + .b) * .c = 7 }");
    same("{ (.a ^ .b) ^ .c = 7 }");
    same("{ !.a && !(.b = 2) }");
    check("{ !.a = .b }", "{ !.a = .b }");
    same("{ -(.a * .b) = 7 }");
    check("{ -.a * .b = 7 }", "{ -(.a * .b) = 7 }");
    check("{ .a * -.b + .c = 7 }", "{ .a * (-.b) + .c = 7 }");
    same("{ (-2) ^ .a = 7 }");
    same("{ .a - (.b - .c) = .d % 2 }");
    same("{ .a = .b = true }");
    same("{ .a = (.b = true) }");
    same("{ \"GET\" =~ \"G.*\" }");
    same("{ .a !~ \"x|y\" = false }");
    same("{ cidr(span.client.address, \"10.0.0.0/8\", \"fd00::/8\") && name = \"x\" }");
}

#[test]
fn spansets() {
    for operator in crate::syntax::operator::SpansetOperator::all() {
        let sign = operator.as_str();
        same(&format!("{{ .a }} {sign} {{ .b }}"));
        check(&format!("{{.a}}{sign}{{.b}}"), &format!("{{ .a }} {sign} {{ .b }}"));
        same(&format!("{{ .a }} {sign} ({{ .b }} {sign} {{ .c }})"));
    }
    check("{.a} && {.b} >> {.c}", "{ .a } && { .b } >> { .c }");
    check("({.a} && {.b}) >> {.c}", "({ .a } && { .b }) >> { .c }");
    check("(({.a}))", "{ .a }");
    same("({ .a } | count() > 1 | { .b }) >> ({ .c } | by(name))");
    same("({ .a } | count() > 1) && { .b }");
}

#[test]
fn pipelines() {
    same("{ } | count() > 2");
    same("count() > 2 | { .a }");
    same("{ .a } | by(resource.service.name) | count() > 1 | coalesce() | avg(duration) >= 20ms");
    same("{ .a } | select(span.http.status_code, name, .x)");
    same("by(.a + 1) | { .b }");
    same("{ } | max(duration) - min(duration) > 1s");
    same("{ } | (max(.x) + 1) * 2 ^ count() != 7");
    check("{ } | sum(.bytes) > 10 * 1024 * 1024", "{ } | sum(.bytes) > 10485760");
    check("{ } | avg(.x) > 1 - 3", "{ } | avg(.x) > -2");
    check("(count() > 2)", "count() > 2");
    same("2 < count()");
    same("{ .a } with(most_recent=true)");
}

#[test]
fn series() {
    same("{ } | rate()");
    check("{}|rate() by (name,resource.service.name)", "{ } | rate() by(name, resource.service.name)");
    same("{ } | count_over_time() by(span.http.route) with(sample=0.1, exemplars=true)");
    same("{ } | min_over_time(duration)");
    check("{ } | quantile_over_time(duration,.99,.9,0,1)", "{ } | quantile_over_time(duration, 0.99, 0.9, 0, 1)");
    same("{ } | histogram_over_time(span.size) by(name)");
    same("{ .a } >> { .b } | count() > 1 | sum_over_time(span.size)");
    check("{ } | compare({status=error})", "{ } | compare({ status = error }, 10)");
    same("{ } | compare({ status = error }, 5, 1000, 2000)");
    check("{ } | rate() > 10 | topk(5) <= 1s | bottomk(2)", "{ } | rate() > 10 | topk(5) <= 1 | bottomk(2)");
    check("({} | rate()) > -3", "{ } | rate() > -3");
    same("({ } | rate() by(name)) / ({ } | rate())");
    same("100 * ({ } | rate() > 6)");
    check("({} | rate()) * 10 + 5 > 50 | topk(1)", "({ } | rate()) * 10 + 5 > 50 | topk(1)");
    check("(1 + 2) - ({} | rate()) / -4", "3 - ({ } | rate()) / -4");
    check("-5 * ({} | rate())", "-5 * ({ } | rate())");
    same("({ } | rate()) * ({ } | rate()) + ({ } | count_over_time() | topk(3))");
    same("({ } | rate()) * (({ } | rate()) + 2 * (1 - ({ } | rate())))");
}

/// What Grafana's query builder and its Drilldown ask, in their forms.
#[test]
fn what_grafana_sends_is_read() {
    for text in [
        "{}",
        "{resource.service.name=\"cart\" && name=~\"GET.*|PUT.*\" && duration>100ms && duration<1s && kind=server}",
        "{(.a=\"x\" || .a=\"y\") && status!=error && trace:duration>=1.5s}",
        "{nestedSetParent<0 && true && resource.service.name != nil} | rate() by(resource.service.name)",
        "{nestedSetParent<0} | histogram_over_time(duration) with(sample=true)",
        "{nestedSetParent<0 && status=error} | quantile_over_time(duration,.5,.9) by (name)",
        "{nestedSetParent<0} | compare({status = error}, 10, 1700000000000000000, 1700000001000000000)",
        "{nestedSetParent<0} &>> { status = error } | select(status, resource.service.name, name, nestedSetLeft)",
        "{event:name = \"exception\" && event.exception.message != nil} | rate() with (exemplars=true)",
        "{span.\"http.route\"=`/a/{b}`} | by(resource.service.name) | count()>2 with (most_recent=true)",
        "{.a=~\"^x$\"}|rate()by(.b)|topk(10)",
    ] {
        let query = parse_query(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        assert_eq!(parse_query(&query.to_string()).as_ref(), Ok(&query), "{text}");
    }
}

#[test]
fn comments_and_space_say_nothing() {
    check("{ // what\n .a = 1 /* and */ && .b }\n| count() > 1", "{ .a = 1 && .b } | count() > 1");
}

#[test]
fn long_chains_are_read_and_deep_ones_too() {
    let chain = vec![".a = 1"; 400].join(" || ");
    check(&format!("{{{chain}}}"), &format!("{{ {chain} }}"));
    let deep = format!("{{ {}.a{} }}", "!(".repeat(25), ")".repeat(25));
    assert!(parse_query(&deep).is_ok());
}
