//! What is pushed down, and that it loses nothing.

use std::sync::Arc;

use super::*;
use crate::eval::filter::holds;
use crate::eval::{TraceView, evaluate_pipeline_over, find};
use crate::model::{Attributes, Instrumentation, Resource, Trace};
use crate::random::{Random, random_metrics_query, random_query, random_trace};
use crate::syntax::field::{Field, Intrinsic};
use crate::syntax::literal::{Kind, Status};
use crate::syntax::parse_query;
use crate::syntax::tree::{Body, Pipeline};

/// Pairs of queries and traces.
const PAIRS: u64 = 40_000;

fn show(condition: &SpanCondition) -> String {
    let conjunctions = condition.0.iter().map(|conjunction| {
        let tests: Vec<String> = conjunction.iter().map(|one| one.to_expr().to_string()).collect();
        if tests.is_empty() { "everything".to_owned() } else { tests.join(" and ") }
    });
    let shown: Vec<String> = conjunctions.collect();
    if shown.is_empty() { "nothing".to_owned() } else { shown.join(" or ") }
}

fn source(text: &str) -> Source {
    let query = parse_query(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
    plan(&query).sources.swap_remove(0)
}

fn check(filter: &str, expected: &str) {
    let shown = source(&format!("{{ {filter} }}")).spans.map_or("everything".to_owned(), |spans| show(&spans));
    assert_eq!(shown, expected, "{filter}");
}

#[test]
fn conditions_of_filters() {
    check(".a = 1", ".a = 1");
    check("5 > span.x", "span.x < 5");
    check("duration > 1s * 2 && name =~ \"G.*\"", "duration > 2000000000.0 and name =~ \"G.*\"");
    check(".a = 1 || (.b = 2 && .c != 3)", ".a = 1 or .b = 2 and .c != 3");
    check("(.a = 1 || .b = 2) && .c", ".a = 1 and .c = true or .b = 2 and .c = true");
    check(".a + .b > 2", ".a != nil and .b != nil");
    check(".a = .b", ".a != nil and .b != nil");
    check("!.a", ".a = false");
    check("!(.a = 1)", "everything");
    check("!(.a != nil)", ".a = nil");
    check("!(.a != nil || .b = nil)", ".a = nil and .b != nil");
    check("!!(.a = 1)", ".a = 1");
    check("parent.a = 1 && .b = 2", "everything");
    check("cidr(.ip, \"10.0.0.0/8\")", "cidr(.ip, \"10.0.0.0/8\")");
    check("true", "everything");
    check("false", "nothing");
    check("event.x != nil && resource.service.name !~ \"a|b\"", "event.x != nil and resource.service.name !~ \"a|b\"");
}

#[test]
fn conditions_of_traces() {
    let check = |text: &str, expected: &str| {
        fn show_trace(condition: &TraceCondition) -> String {
            let joined = |all: &[TraceCondition]| all.iter().map(show_trace).collect::<Vec<_>>().join(", ");
            match condition {
                TraceCondition::Anything => "anything".to_owned(),
                TraceCondition::HasSpan(span) => format!("[{}]", show(span)),
                TraceCondition::All(all) => format!("all({})", joined(all)),
                TraceCondition::Any(any) => format!("any({})", joined(any)),
            }
        }
        assert_eq!(show_trace(&source(text).trace), expected, "{text}");
    };
    check("{ .a } && { .b }", "all([.a = true], [.b = true])");
    check("{ .a } || { .b }", "any([.a = true], [.b = true])");
    check("{ .a } || { }", "anything");
    check("{ .a } >> { .b } | { .c }", "all(all([.a = true], [.b = true]), [.c = true])");
    check("{ .a } !>> { .b }", "[.b = true]");
    check("{ .a } &~ ({ .b } | count() > 2)", "all([.a = true], [.b = true])");
    check("count() > 2", "anything");
}

#[test]
fn columns_and_needs() {
    let found = source("{ .a = 1 } >> { name = \"x\" } | by(span.b) | max(duration) > 1s | select(.c, .a)");
    let fields: Vec<String> = found.fields.iter().map(Field::to_string).collect();
    assert_eq!(fields, [".a", ".c", "span.b", "name", "duration"]);
    assert_eq!(found.selected.len(), 2);
    assert!(found.needs_structure && !found.needs_trace_totals && !found.is_per_span);
    assert!(source("{ .a } | rate() by(.b)").is_per_span);
    assert!(source("{ span:childCount > 1 }").needs_structure);
    assert!(source("{ trace:duration > 1s }").needs_trace_totals);
    let with_parent = source("{ parent.a = 1 }");
    assert!(with_parent.needs_structure && with_parent.spans.is_none());
    assert!(source("{ } | compare({ .a })").needs_all_attributes);
    assert_eq!(plan(&parse_query("({ } | rate()) / ({ .a } | rate())").expect("valid")).sources.len(), 2);
}

#[test]
fn large_filters_are_weakened_not_multiplied() {
    let either = "(.a = 1 || .b = 2 || .c = 3 || .d = 4)";
    let filter = [either; 12].join(" && ");
    let spans = source(&format!("{{ {filter} }}")).spans.expect("some condition is left");
    assert!(!spans.0.is_empty() && spans.0.len() <= 32);
    let long = (0..500).map(|number| format!(".a = {number}")).collect::<Vec<_>>().join(" || ");
    assert_eq!(source(&format!("{{ {long} }}")).spans, None);
}

// === soundness ===

fn span_fulfils(condition: &SpanCondition, view: &TraceView<'_>, span: usize) -> bool {
    condition.0.iter().any(|all| {
        all.iter().all(|one| {
            let found = one.holds(&view.value(span, &one.field));
            assert_eq!(found, holds(&one.to_expr(), view, span), "{}", one.to_expr());
            found
        })
    })
}

fn trace_fulfils(condition: &TraceCondition, view: &TraceView<'_>) -> bool {
    match condition {
        TraceCondition::Anything => true,
        TraceCondition::HasSpan(spans) => (0..view.trace().spans.len()).any(|span| span_fulfils(spans, view, span)),
        TraceCondition::All(all) => all.iter().all(|one| trace_fulfils(one, view)),
        TraceCondition::Any(any) => any.iter().any(|one| trace_fulfils(one, view)),
    }
}

/// A trace as a store gives it that reads no more than the plan says.
struct Read {
    trace: Trace,
    /// Where its spans were in the whole trace.
    places: Vec<usize>,
    /// Of which fields were read, by their place here.
    wanted: Vec<usize>,
}

fn as_read(source: &Source, trace: &Trace) -> Read {
    let view = TraceView::new(trace);
    let is_wanted = |span: usize| source.spans.as_ref().is_none_or(|spans| span_fulfils(spans, &view, span));
    let keeps_all = source.needs_structure || source.needs_trace_totals;
    let places: Vec<usize> = (0..trace.spans.len()).filter(|span| keeps_all || is_wanted(*span)).collect();
    let keys: Vec<&str> = source
        .fields
        .iter()
        .filter_map(|field| match field {
            Field::Attribute(attribute) => Some(attribute.key.as_str()),
            Field::Intrinsic(Intrinsic::RootServiceName) => Some("service.name"),
            Field::Intrinsic(_) => None,
        })
        .collect();
    let has = |intrinsic: Intrinsic| source.fields.contains(&Field::Intrinsic(intrinsic));
    let mut read = Trace { trace_id: trace.trace_id, spans: Vec::new() };
    for place in &places {
        let mut span = trace.spans[*place].clone();
        let strip = |attributes: &mut Attributes, all: bool| {
            attributes.0.retain(|(key, _)| !all && keys.contains(&key.as_str()));
        };
        let is_stripped = !is_wanted(*place);
        strip(&mut span.attributes, is_stripped);
        if is_stripped {
            span.events.clear();
            span.links.clear();
            span.status_message.clear();
        }
        for event in &mut span.events {
            strip(&mut event.attributes, false);
        }
        for link in &mut span.links {
            strip(&mut link.attributes, false);
        }
        let mut resource = Resource::clone(&span.resource);
        strip(&mut resource.attributes, false);
        span.resource = Arc::new(resource);
        let mut instrumentation = Instrumentation::clone(&span.instrumentation);
        strip(&mut instrumentation.attributes, is_stripped);
        span.instrumentation = Arc::new(instrumentation);
        if !keeps_all && !has(Intrinsic::ParentId) {
            span.parent_span_id = None;
        }
        if !has(Intrinsic::Kind) {
            span.kind = Kind::default();
        }
        if !has(Intrinsic::Status) {
            span.status = Status::default();
        }
        if !has(Intrinsic::Name) && !has(Intrinsic::RootName) {
            span.name.clear();
        }
        if !has(Intrinsic::Duration) && !has(Intrinsic::TraceDuration) {
            span.duration = 0;
        }
        read.spans.push(span);
    }
    let wanted = (0..places.len()).filter(|span| is_wanted(places[*span])).collect();
    Read { trace: read, places, wanted }
}

fn spans_found(pipeline: &Pipeline, trace: &Trace) -> Vec<Vec<usize>> {
    find(pipeline, trace).into_iter().map(|set| set.spans).collect()
}

fn spans_found_in(pipeline: &Pipeline, read: &Read) -> Vec<Vec<usize>> {
    let sets = evaluate_pipeline_over(pipeline, &TraceView::new(&read.trace), read.wanted.clone());
    sets.into_iter().map(|set| set.spans.into_iter().map(|span| read.places[span]).collect()).collect()
}

/// Whether something was found.
fn check_pair(pipeline: &Pipeline, source: &Source, trace: &Trace, seed: u64) -> bool {
    let view = TraceView::new(trace);
    let found = spans_found(pipeline, trace);
    if !found.is_empty() {
        assert!(trace_fulfils(&source.trace, &view), "seed {seed}: {pipeline} loses its trace");
    }
    if let Some(spans) = &source.spans {
        for span in found.iter().flatten() {
            assert!(span_fulfils(spans, &view, *span), "seed {seed}: {pipeline} loses span {span}");
        }
    }
    assert_eq!(spans_found_in(pipeline, &as_read(source, trace)), found, "seed {seed}: {pipeline} from what was read");
    if source.is_per_span {
        let one_by_one: Vec<usize> = (0..trace.spans.len())
            .filter(|span| {
                let alone = Trace { trace_id: trace.trace_id, spans: vec![trace.spans[*span].clone()] };
                !find(pipeline, &alone).is_empty()
            })
            .collect();
        let mut together: Vec<usize> = found.iter().flatten().copied().collect();
        together.sort_unstable();
        assert_eq!(one_by_one, together, "seed {seed}: {pipeline} span by span");
    }
    !found.is_empty()
}

#[test]
fn what_is_pushed_down_loses_nothing() {
    let (mut found, mut ruled_out, mut narrowed) = (0, 0, 0);
    for seed in 0..PAIRS {
        let mut random = Random::new(seed);
        let query = random_query(&mut random);
        let trace = random_trace(&mut random);
        let source = plan(&query).sources.swap_remove(0);
        let Body::Spans(pipeline) = &query.body else { panic!("a query for spans") };
        found += usize::from(check_pair(pipeline, &source, &trace, seed));
        ruled_out += usize::from(!trace_fulfils(&source.trace, &TraceView::new(&trace)));
        narrowed += usize::from(source.spans.is_some());
    }
    // The test says something only where queries find, and conditions rule out.
    assert!(found > 5_000 && ruled_out > 5_000 && narrowed > 5_000, "{found} {ruled_out} {narrowed}");
}

#[test]
fn series_are_planned_soundly_too() {
    for seed in 0..5_000 {
        let mut random = Random::new(seed);
        let query = random_metrics_query(&mut random);
        let sources = plan(&query).sources;
        assert!(!sources.is_empty(), "{query}");
        for source in sources {
            assert!(!source.is_per_span || !source.needs_structure, "{query}");
        }
    }
}
