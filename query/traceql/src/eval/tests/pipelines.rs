//! Sets of spans.

use super::{attributes, check, found_in, id, shop};
use crate::eval::operand::Operand;
use crate::eval::{TraceView, evaluate_pipeline, find};
use crate::model::{Span, SpanId, Trace, Value};
use crate::syntax::parse_query;
use crate::syntax::tree::Body;

#[test]
fn sets_and_structure() {
    check("{ }", &[&[1, 2, 3, 4]]);
    check("{ name = \"x\" }", &[]);
    check("{ name = \"charge\" } && { name = \"render\" }", &[&[2, 4]]);
    check("{ name = \"charge\" } && { name = \"x\" }", &[]);
    check("{ name = \"charge\" } || { name = \"x\" }", &[&[2]]);
    check("{ name = \"GET /cart\" } >> { .service.name = \"payment\" }", &[&[2, 3]]);
    check("{ name = \"GET /cart\" } > { }", &[&[2, 4]]);
    check("{ name = \"SELECT\" } << { }", &[&[1, 2]]);
    check("{ name = \"SELECT\" } < { }", &[&[2]]);
    check("{ name = \"charge\" } ~ { }", &[&[4]]);
    check("{ } !< { }", &[&[3, 4]]);
    check("{ status = error } !>> { }", &[&[1, 2, 4]]);
    check("{ status = error } &>> { }", &[&[2, 3]]);
    check("{ } &> { name = \"SELECT\" }", &[&[2, 3]]);
    check("{ false } !~ { name = \"render\" }", &[&[4]]);
    check("{ } > { } > { }", &[&[3]]);
}

#[test]
fn stages_work_on_what_is_left() {
    check("{ .service.name = \"payment\" } | { duration > 100ms }", &[&[2]]);
    check("{ .service.name = \"payment\" } | count() > 1", &[&[2, 3]]);
    check("{ .service.name = \"payment\" } | count() > 2", &[]);
    check("{ } | by(resource.service.name)", &[&[1, 4], &[2, 3]]);
    check("{ } | by(resource.service.name) | max(duration) < 400ms", &[&[2, 3]]);
    check("{ } | by(resource.service.name) | coalesce()", &[&[1, 2, 3, 4]]);
    check("{ } | by(.retries)", &[&[1, 4], &[2], &[3]]);
    check("({ } | by(resource.service.name) | count() > 1) >> { name = \"SELECT\" }", &[&[3]]);
    check("{ } | by(resource.service.name) | { } > { }", &[&[4], &[3]]);
    check("{ } | select(name, .x)", &[&[1, 2, 3, 4]]);
    check("count() = 4", &[&[1, 2, 3, 4]]);
}

#[test]
fn aggregates_count_what_is_there() {
    check("{ } | sum(.http.status_code) = 700", &[&[1, 2, 3, 4]]);
    check("{ } | avg(.http.status_code) = 350", &[&[1, 2, 3, 4]]);
    check("{ } | min(duration) = 20ms", &[&[1, 2, 3, 4]]);
    check("{ } | avg(duration) = 217500us", &[&[1, 2, 3, 4]]);
    check("{ } | max(.retries) = 3", &[&[1, 2, 3, 4]]);
    check("{ } | max(.missing) != 3", &[]);
    check("{ } | max(duration) - min(duration) = 480ms", &[&[1, 2, 3, 4]]);
    check("{ } | count() > 2 * 1.5", &[&[1, 2, 3, 4]]);
    check("{ } | sum(.http.status_code) > count() * 100", &[&[1, 2, 3, 4]]);
    check("{ } | 4 = count()", &[&[1, 2, 3, 4]]);
}

#[test]
fn sets_say_by_what_they_are_grouped_and_how_much_they_are() {
    let trace = shop();
    let query = parse_query("{ } | by(resource.service.name) | count() > 1").expect("valid");
    let Body::Spans(pipeline) = &query.body else { panic!("spans") };
    let sets = evaluate_pipeline(pipeline, &TraceView::new(&trace));
    assert_eq!(
        sets[1].attributes,
        [
            ("by(resource.service.name)".to_owned(), Operand::Text("payment".into())),
            ("count()".to_owned(), Operand::Int(2)),
        ]
    );
}

#[test]
fn odd_traces_are_answered() {
    let span = |number: u8, parent: u8, start_time: i64| Span {
        span_id: id(number),
        parent_span_id: Some(id(parent)).filter(|parent| *parent != SpanId::default()),
        start_time,
        duration: -5,
        ..Span::default()
    };
    let trace = Trace {
        // Two roots, a cycle, a missing parent, a repeated id.
        spans: vec![span(1, 0, 10), span(2, 0, 5), span(3, 4, 1), span(4, 3, 2), span(5, 99, 3), span(1, 2, 4)],
        ..Trace::default()
    };
    assert_eq!(found_in("{ nestedSetParent < 0 }", &trace), [[1, 2]]);
    assert_eq!(found_in("{ nestedSetParent = 0 }", &trace), [[3, 5]]);
    assert_eq!(found_in("{ duration < 0s }", &trace), [[1, 2, 3, 4, 5, 1]]);
    assert_eq!(found_in("{ } > { }", &trace), [[4, 1]]);
    assert_eq!(found_in("{ trace:rootName = \"\" && trace:duration = 4ns }", &trace), [[1, 2, 3, 4, 5, 1]]);
    assert_eq!(found_in("{ }", &Trace::default()), Vec::<Vec<u8>>::new());
}

/// The longest and the deepest query, on a small stack.
#[test]
fn no_query_overflows_the_stack() {
    let long = format!("{{ {} }}", vec![".a + 1 = 2"; 333].join(" || "));
    let powers = format!("{{ {} = 1 }}", vec![".a"; 50].join(" ^ "));
    let deep = format!("{{ {}.a{} }}", "!(".repeat(31), ")".repeat(31));
    let sets = vec!["{ .a }"; 1_000].join(" >> ");
    let sums = format!("count(){} > 1", " + count()".repeat(900));
    let series = format!("({{ }} | rate()){} > 1", " + ({ } | rate())".repeat(900));
    let run = move || {
        for text in [long, powers, deep, sets, sums, series] {
            let query = parse_query(&text).unwrap_or_else(|errors| panic!("{errors}"));
            assert!(parse_query(&query.to_string()).as_ref() == Ok(&query), "{}", &text[..80]);
            assert!(!crate::plan::plan(&query).sources.is_empty());
            match &query.body {
                Body::Spans(pipeline) => drop(find(pipeline, &shop())),
                Body::Metrics(metrics) => {
                    let grid = crate::eval::Grid::instant(0, i64::MAX).expect("valid");
                    drop(crate::eval::evaluate_metrics(metrics, &[shop()], &grid, 0));
                }
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run).expect("a thread starts");
    thread.join().expect("no query was fatal");
}

#[test]
fn a_million_spans_are_filtered_in_one_pass() {
    let spans = (1..=1_000_000_u64)
        .map(|number| Span {
            span_id: SpanId(number.to_be_bytes()),
            parent_span_id: (number > 1).then(|| SpanId((number / 2).to_be_bytes())),
            attributes: attributes(&[("n", Value::Int(number as i64))]),
            ..Span::default()
        })
        .collect();
    let trace = Trace { spans, ..Trace::default() };
    let query = parse_query("{ .n % 2 = 0 } >> { .n > 500000 } | count() > 1").expect("valid");
    let Body::Spans(pipeline) = &query.body else { panic!("spans") };
    let started = std::time::Instant::now();
    assert_eq!(find(pipeline, &trace)[0].spans.len(), 499_998);
    // A quadratic one would take hours.
    assert!(started.elapsed().as_secs() < 60);
}
