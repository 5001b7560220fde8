//! Traces: 8 to 15 spans over several services, filed into one request per instance, as SDKs send them.
//!
//! Owns the shape of a trace and the filling of requests. A round's requests share its traces; every trace is
//! whole once all requests of the round were sent.

mod attributes;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, status::StatusCode};
use prost::Message;

use super::shop::{EXCEPTIONS, INSTANCES, SERVICES, resource, stack_trace};
use super::{ITEMS_PER_REQUEST, integer, text};
use crate::random::Random;
use crate::template::{Template, request_mark, span_mark, time_mark, trace_mark};

/// The attribute that tells which request a span came with.
pub const REQUEST_ATTRIBUTE: &str = "bench.request";
/// Within which traces of a round start, where nothing else is asked for.
pub const ROUND_MICROS: u64 = 2_000_000;
/// How far before now a round's traces start, so that all of them ended before they are sent.
pub const ROUND_LEAD_NANOS: u64 = 4_000_000_000;
/// So many spans of a thousand failed.
const ERRORS_PER_MILLE: u64 = 12;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct TraceCorpus {
    pub seed: u64,
    /// At least one a instance for every instance to take part.
    pub requests: usize,
    pub spans_per_request: usize,
    /// Whether each span carries [`REQUEST_ATTRIBUTE`].
    pub numbers_requests: bool,
    /// Traces of a round start within this time, at most an hour.
    pub round_micros: u64,
}

impl Default for TraceCorpus {
    fn default() -> Self {
        Self {
            seed: 42,
            requests: SERVICES.len() * INSTANCES,
            spans_per_request: ITEMS_PER_REQUEST,
            numbers_requests: false,
            round_micros: ROUND_MICROS,
        }
    }
}

/// One round of requests, ready to be made fresh.
#[must_use]
pub fn templates(corpus: &TraceCorpus) -> Vec<Template> {
    let mut filler = Filler::new(corpus);
    filler.fill();
    let full = filler.requests.into_iter().enumerate();
    full.map(|(index, spans)| encode(index, spans)).collect()
}

fn encode(index: usize, spans: Vec<Span>) -> Template {
    let items = u32::try_from(spans.len()).expect("a request has few spans");
    let (service, instance) = origin(index);
    let scope_spans = vec![ScopeSpans {
        scope: super::scope("io.opentelemetry.auto-instrumentation"),
        spans,
        schema_url: "https://opentelemetry.io/schemas/1.37.0".to_owned(),
    }];
    let resource_spans = vec![ResourceSpans {
        resource: Some(resource(service, instance)),
        scope_spans,
        schema_url: "https://opentelemetry.io/schemas/1.37.0".to_owned(),
    }];
    Template::new(ExportTraceServiceRequest { resource_spans }.encode_to_vec(), items, &[])
}

/// The service and instance that a request comes from.
fn origin(request: usize) -> (usize, usize) {
    (request % SERVICES.len(), (request / SERVICES.len()) % INSTANCES)
}

/// A span that others can be put under.
struct Parent {
    slot: u32,
    service: usize,
    start: u64,
    end: u64,
}

struct Filler<'a> {
    corpus: &'a TraceCorpus,
    random: Random,
    requests: Vec<Vec<Span>>,
    /// Places left, by service.
    room: [usize; SERVICES.len()],
    next_trace: u32,
    next_span: u32,
}

// === impl Filler ===

impl<'a> Filler<'a> {
    fn new(corpus: &'a TraceCorpus) -> Self {
        let mut room = [0; SERVICES.len()];
        for request in 0..corpus.requests {
            room[origin(request).0] += corpus.spans_per_request;
        }
        let requests = (0..corpus.requests).map(|_| Vec::with_capacity(corpus.spans_per_request)).collect();
        Self { corpus, random: Random::new(corpus.seed), requests, room, next_trace: 0, next_span: 0 }
    }

    /// Traces while there is room for one everywhere, then lone spans of scheduled jobs in what is left.
    fn fill(&mut self) {
        while self.room.iter().all(|room| *room >= 16) {
            self.add_trace();
        }
        for service in 0..SERVICES.len() {
            while self.room[service] > 0 {
                let start = self.random.below(self.corpus.round_micros);
                let length = 500 + self.random.below(20_000);
                let parent = self.add(service, None, SpanKind::Internal, start, start + length);
                debug_assert_eq!(parent.service, service);
                self.next_trace += 1;
            }
        }
    }

    fn add_trace(&mut self) {
        let edges = SERVICES.iter().filter(|service| service.is_edge).count();
        let edge = (0..edges).max_by_key(|edge| self.room[*edge]).expect("there are edges");
        let start = self.random.below(self.corpus.round_micros);
        let length = 20_000 + self.random.below(40_000) * (1 + self.random.below(6));
        let mut parents = vec![self.add(edge, None, SpanKind::Server, start, start + length)];
        let target = 8 + self.random.index(8);
        let mut spans = 1;
        while spans < target {
            spans += self.add_below(&mut parents);
        }
        self.next_trace += 1;
    }

    /// A call to another service, a message, a database call or a step, under one of the spans so far.
    fn add_below(&mut self, parents: &mut Vec<Parent>) -> usize {
        let choices = [(); 3].map(|()| self.random.index(parents.len()));
        let chosen =
            choices.into_iter().max_by_key(|choice| self.room[parents[*choice].service]).expect("there are three");
        let Parent { slot, service, start, end } = parents[chosen];
        let length = ((end - start) / 2).max(40);
        let begin = start + self.random.below(length) + 5;
        let stop = begin + length / 2 + 10;
        // What the outside reaches calls others first; else edges would fill up long before the rest.
        let choices_of_step = if parents.len() == 1 { 6 } else { 10 };
        match self.random.below(choices_of_step) {
            0..=4 => {
                let callee = self.roomiest_of_three(service);
                let call = self.add(service, Some(slot), SpanKind::Client, begin, stop);
                let served = self.add(callee, Some(call.slot), SpanKind::Server, begin + 4, stop - 4);
                parents.push(served);
                2
            }
            5 => {
                let consumer = self.roomiest_of_three(service);
                let sent = self.add(service, Some(slot), SpanKind::Producer, begin, begin + 12);
                let taken = self.add(consumer, Some(sent.slot), SpanKind::Consumer, begin + 16, stop + 16);
                parents.push(taken);
                2
            }
            6 => {
                let step = self.add(service, Some(slot), SpanKind::Internal, begin, stop);
                parents.push(step);
                1
            }
            _ => {
                // An unspecified kind stands for a database client until the attributes are chosen.
                let _ = self.add(service, Some(slot), SpanKind::Unspecified, begin, begin + length / 8 + 8);
                1
            }
        }
    }

    /// A service to call, such that all fill up alike.
    fn roomiest_of_three(&mut self, caller: usize) -> usize {
        let edges = SERVICES.iter().filter(|service| service.is_edge).count();
        let inner = SERVICES.len() - edges;
        let choices = [(); 3].map(|()| edges + self.random.index(inner));
        choices.into_iter().filter(|choice| *choice != caller).max_by_key(|choice| self.room[*choice]).unwrap_or(edges)
    }

    /// Puts a span into a request of the service that has room. Times are microseconds into the round.
    fn add(&mut self, service: usize, parent: Option<u32>, role: SpanKind, start: u64, end: u64) -> Parent {
        let slot = self.next_span;
        self.next_span += 1;
        let random = &mut self.random;
        let made = attributes::of(&SERVICES[service], role, random);
        let mut span = Span {
            trace_id: trace_mark(self.next_trace),
            span_id: span_mark(slot),
            parent_span_id: parent.map(span_mark).unwrap_or_default(),
            flags: 0x101,
            name: made.name,
            kind: made.kind as i32,
            start_time_unix_nano: time_mark(micros(start)),
            end_time_unix_nano: time_mark(micros(end)),
            attributes: made.attributes,
            status: Some(Status::default()),
            ..Span::default()
        };
        if random.chance(ERRORS_PER_MILLE) {
            fail(&mut span, end, random);
        } else if random.chance(60) {
            span.events.push(Event {
                time_unix_nano: time_mark(micros(start + (end - start) / 2)),
                name: "cache.miss".to_owned(),
                attributes: vec![text("cache.key", format!("{}:{}", SERVICES[service].noun, random.hex(8)))],
                ..Event::default()
            });
        }
        if self.corpus.numbers_requests {
            span.attributes.push(integer(REQUEST_ATTRIBUTE, request_mark()));
        }
        self.file(service, span);
        Parent { slot, service, start, end }
    }

    fn file(&mut self, service: usize, span: Span) {
        let of_service = (self.corpus.requests + SERVICES.len() - 1 - service) / SERVICES.len();
        let first = self.random.index(of_service);
        let with_room = (0..of_service)
            .map(|step| service + SERVICES.len() * ((first + step) % of_service))
            .find(|request| self.requests[*request].len() < self.corpus.spans_per_request);
        let request = with_room.expect("a trace is only begun where every service has room for it");
        self.requests[request].push(span);
        self.room[service] -= 1;
    }
}

fn micros(time: u64) -> u32 {
    u32::try_from(time).expect("a round is far shorter than an hour")
}

fn fail(span: &mut Span, end: u64, random: &mut Random) {
    let exception = *random.pick(&EXCEPTIONS);
    span.status = Some(Status { code: StatusCode::Error.into(), message: exception.1.to_owned() });
    span.attributes.push(text("error.type", exception.0));
    span.events.push(Event {
        time_unix_nano: time_mark(micros(end)),
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", exception.0),
            text("exception.message", exception.1),
            text("exception.stacktrace", stack_trace(exception, random)),
        ],
        ..Event::default()
    });
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::template::Round;

    #[test]
    fn a_round_is_full_requests_of_whole_traces_with_fresh_ids() {
        let corpus = TraceCorpus { numbers_requests: true, ..TraceCorpus::default() };
        let mut templates = templates(&corpus);
        let bytes: usize = templates.iter().map(|template| template.bytes().len()).sum();
        let spans: u32 = templates.iter().map(|template| template.items).sum();
        let bytes_per_span = bytes / usize::try_from(spans).unwrap();
        // The request's number, which the bench does not send, takes 25 bytes.
        assert!((395..=435).contains(&bytes_per_span), "{bytes_per_span} bytes a span");
        let round = Round { seed: 5, base_time: 1_700_000_000_000_000_000 };
        let mut traces: HashMap<Vec<u8>, Vec<Span>> = HashMap::new();
        let mut attributes = 0;
        let mut errors = 0;
        for (index, template) in templates.iter_mut().enumerate() {
            assert_eq!(template.marks()[0], corpus.spans_per_request);
            assert_eq!(template.marks()[3], corpus.spans_per_request);
            template.freshen(&round, u64::try_from(index).unwrap(), &mut Random::new(0));
            let request = ExportTraceServiceRequest::decode(template.bytes()).unwrap();
            assert_eq!(request.resource_spans[0].resource.as_ref().unwrap().attributes.len(), 12);
            for span in &request.resource_spans[0].scope_spans[0].spans {
                attributes += span.attributes.len() - 1;
                errors += usize::from(span.status.as_ref().unwrap().code != 0);
                traces.entry(span.trace_id.clone()).or_default().push(span.clone());
            }
        }
        let per_mille = errors * 1000 / usize::try_from(spans).unwrap();
        assert!((10..=14).contains(&per_mille), "{per_mille} errors in a thousand");
        let tenths = attributes * 10 / usize::try_from(spans).unwrap();
        assert!((70..=100).contains(&tenths), "{tenths} tenths of an attribute");
        let long = traces.values().filter(|spans| spans.len() > 1);
        let mut counted = 0;
        for spans in long {
            assert!((8..=16).contains(&spans.len()), "{} spans", spans.len());
            let ids: Vec<&[u8]> = spans.iter().map(|span| span.span_id.as_slice()).collect();
            assert!(spans.iter().filter(|span| span.parent_span_id.is_empty()).count() == 1);
            assert!(spans.iter().all(|span| span.parent_span_id.is_empty() || ids.contains(&&span.parent_span_id[..])));
            assert!(spans.iter().all(|span| span.start_time_unix_nano < span.end_time_unix_nano));
            counted += spans.len();
        }
        assert!(counted * 100 / usize::try_from(spans).unwrap() > 90, "{counted} of {spans} spans in whole traces");
    }
}
