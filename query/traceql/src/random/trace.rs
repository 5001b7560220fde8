//! Traces at random: well-formed ones, and ones with everything that goes wrong.
//!
//! Owns how often what goes wrong. Never gives more spans than a test can draw by hand.

use std::sync::Arc;

use crate::model::{Attributes, Event, Instrumentation, Link, Resource, Span, SpanId, Trace, TraceId, Value};
use crate::syntax::literal::{Kind, Status};

use super::{DURATIONS, FLOATS, IDS, INTS, KEYS, NAMES, Random, TEXTS};

/// Spans of a trace.
const SPANS_MAX: usize = 14;
/// When the first spans start, nanoseconds since the epoch.
const EPOCH: i64 = 1_700_000_000_000_000_000;

/// Traces with different ids.
#[must_use]
pub fn random_traces(random: &mut Random, count: usize) -> Vec<Trace> {
    (0..count)
        .map(|index| {
            let mut trace = random_trace(random);
            trace.trace_id.0[15] = u8::try_from(index % 256).unwrap_or(0);
            trace.trace_id.0[14] = u8::try_from(index / 256 % 256).unwrap_or(0);
            trace
        })
        .collect()
}

/// A trace.
#[must_use]
pub fn random_trace(random: &mut Random) -> Trace {
    let resources: Vec<Arc<Resource>> = (0..3).map(|_| Arc::new(Resource { attributes: attributes(random) })).collect();
    let scopes: Vec<Arc<Instrumentation>> = (0..2).map(|_| Arc::new(instrumentation(random))).collect();
    let count = random.below(SPANS_MAX);
    // In every third trace parents are named at random: cycles, missing ones, several roots, repeated ids.
    let is_odd = random.percent(33);
    let spans = (0..count)
        .map(|index| {
            let mut span = span(random, index, is_odd);
            span.resource = Arc::clone(random.pick(&resources));
            span.instrumentation = Arc::clone(random.pick(&scopes));
            span
        })
        .collect();
    let mut trace_id = TraceId::default();
    trace_id.0[15] = *random.pick(&IDS);
    Trace { trace_id, spans }
}

fn span(random: &mut Random, index: usize, is_odd: bool) -> Span {
    let own = if is_odd { usize::from(*random.pick(&IDS)) } else { index + 1 };
    let parent = match (is_odd, index) {
        (true, _) if random.percent(20) => None,
        (true, _) => Some(random.below(8)),
        (false, 0) => None,
        (false, _) => Some(1 + random.below(index)),
    };
    let events = (0..random.below(4).saturating_sub(1)).map(|_| event(random)).collect();
    let links = (0..random.below(4).saturating_sub(2)).map(|_| link(random)).collect();
    Span {
        span_id: span_id(own),
        parent_span_id: parent.map(span_id),
        name: (*random.pick(&NAMES)).to_owned(),
        kind: *random.pick(&Kind::ALL),
        start_time: EPOCH + 1_000_000 * i64::try_from(random.below(120_000)).unwrap_or(0),
        duration: *random.pick(&DURATIONS),
        status: *random.pick(&Status::ALL),
        status_message: if random.percent(20) { (*random.pick(&TEXTS)).to_owned() } else { String::new() },
        attributes: attributes(random),
        events,
        links,
        ..Span::default()
    }
}

fn span_id(number: usize) -> SpanId {
    let mut id = SpanId::default();
    id.0[7] = u8::try_from(number % 256).unwrap_or(0);
    id
}

fn event(random: &mut Random) -> Event {
    let time = EPOCH + 1_000_000 * i64::try_from(random.below(120_000)).unwrap_or(0);
    Event { time, name: (*random.pick(&NAMES)).to_owned(), attributes: attributes(random) }
}

fn link(random: &mut Random) -> Link {
    let mut trace_id = TraceId::default();
    trace_id.0[15] = *random.pick(&IDS);
    let span_id = span_id(usize::from(*random.pick(&IDS)));
    Link { trace_id, span_id, attributes: attributes(random) }
}

fn instrumentation(random: &mut Random) -> Instrumentation {
    let version = if random.percent(50) { "1.2" } else { "" };
    Instrumentation {
        name: (*random.pick(&NAMES)).to_owned(),
        version: version.to_owned(),
        attributes: attributes(random),
    }
}

fn attributes(random: &mut Random) -> Attributes {
    let mut list: Vec<(String, Value)> = Vec::new();
    for _ in 0..random.below(5) {
        // A key twice is rare, and kept.
        list.push(((*random.pick(&KEYS)).to_owned(), value(random, 2)));
    }
    Attributes(list)
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth > 0 { 12 } else { 9 }) {
        0..=3 => Value::String((*random.pick(&TEXTS)).to_owned()),
        4..=5 => Value::Int(*random.pick(&INTS)),
        6 => Value::Double(*random.pick(&FLOATS)),
        7 => Value::Bool(random.percent(50)),
        8 => match random.below(3) {
            0 => Value::Empty,
            1 => Value::Double(f64::NAN),
            _ => Value::Bytes(vec![0, 255]),
        },
        9 => Value::KeyValues(vec![("k".to_owned(), value(random, depth - 1))]),
        _ => Value::Array((0..random.below(4)).map(|_| value(random, depth - 1)).collect()),
    }
}
