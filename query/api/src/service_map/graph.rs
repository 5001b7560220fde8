//! Who calls whom, of spans in memory. Pure: the same spans give the same map in whatever order they come.
//!
//! An edge is a span and its child in another service, with the durations of the caller where that is a client, so that
//! it says what calling costs; a consumer and the producer that it names as parent or by link; a client without such a
//! child and the database, the broker or the address that it names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spanlake_schemas::ids::{SpanId, TraceId};

use crate::estimated::{Estimate, whole};

/// Where a span is.
type Place = (TraceId, SpanId);

/// Which side of a call a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Server,
    Client,
    Producer,
    Consumer,
    Other,
}

/// What a node is, and what an edge leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum NodeKind {
    Service,
    Database,
    Messaging,
    External,
}

/// A service, or something that services call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) name: String,
}

/// What an edge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum EdgeKind {
    Call,
    Messaging,
    Database,
    External,
}

/// A span; service and target are numbers of nodes.
#[derive(Clone, Debug)]
pub(super) struct MapSpan {
    pub(super) trace: TraceId,
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) service: u32,
    pub(super) target: Option<u32>,
    pub(super) role: Role,
    pub(super) is_error: bool,
    /// Nanoseconds.
    pub(super) duration: i64,
    /// That with which its trace is looked at.
    pub(super) probability: f64,
}

/// A span that names another one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) from: Place,
    pub(super) to: Place,
}

/// Requests of a node or an edge.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Tally {
    errors: f64,
    requests: Vec<Request>,
    /// Spans of all of them; of whole traces, as these are kept or left out.
    counted: Estimate,
}

/// A span of a tally.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Request {
    /// Nanoseconds.
    duration: i64,
    probability: f64,
    trace: TraceId,
}

/// The map.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Graph {
    pub(super) nodes: BTreeMap<Node, Tally>,
    pub(super) edges: BTreeMap<(Node, Node, EdgeKind), Tally>,
}

impl Role {
    pub(super) fn of(kind: &str) -> Self {
        match kind {
            "server" => Self::Server,
            "client" => Self::Client,
            "producer" => Self::Producer,
            "consumer" => Self::Consumer,
            _ => Self::Other,
        }
    }
}

impl NodeKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Database => "database",
            Self::Messaging => "messaging",
            Self::External => "external",
        }
    }
}

impl EdgeKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Messaging => "messaging",
            Self::Database => "database",
            Self::External => "external",
        }
    }
}

impl Node {
    /// A service is its name; other nodes say what they are, so that a database may be called like a service.
    pub(super) fn id(&self) -> String {
        match self.kind {
            NodeKind::Service => self.name.clone(),
            kind => format!("{}:{}", kind.as_str(), self.name),
        }
    }
}

impl Tally {
    fn add(&mut self, span: &MapSpan, is_error: bool) {
        let (duration, probability, trace) = (span.duration, span.probability, span.trace);
        self.errors += if is_error { 1.0 / probability } else { 0.0 };
        self.requests.push(Request { duration, probability, trace });
    }

    /// Counts what was added, and puts durations in order.
    fn finish(&mut self) {
        self.requests.sort_unstable_by_key(|request| request.trace);
        for of_trace in self.requests.chunk_by(|one, other| one.trace == other.trace) {
            self.counted.add(of_trace.len() as f64, of_trace[0].probability);
        }
        self.requests.sort_unstable_by_key(|request| request.duration);
    }

    /// How many there are.
    pub(super) fn requests(&self) -> Estimate {
        self.counted
    }

    /// How many of them failed.
    pub(super) fn errors(&self) -> u64 {
        whole(self.errors)
    }

    /// The least duration that so great a share of requests does not pass; zero where there are none.
    pub(super) fn quantile(&self, share: f64) -> i64 {
        let all: f64 = self.requests.iter().map(|request| 1.0 / request.probability).sum();
        let mut below = 0.0;
        let at = self.requests.iter().find(|request| {
            below += 1.0 / request.probability;
            below >= share * all * (1.0 - 1e-12)
        });
        at.map_or(0, |request| request.duration)
    }
}

impl Graph {
    /// The map of these spans.
    pub(super) fn of(mut spans: Vec<MapSpan>, links: &[Link], names: &[Node]) -> Self {
        // Of spans with one id the first has the children: the same one each time.
        spans.sort_unstable_by(|one, other| {
            let key = |span: &MapSpan| (span.trace, span.id, span.duration, span.role, span.is_error);
            let name = |span: &MapSpan| names.get(span.service as usize);
            key(one).cmp(&key(other)).then_with(|| name(one).cmp(&name(other)))
        });
        let mut drawing = Drawing {
            spans: &spans,
            names,
            is_answered: vec![false; spans.len()],
            nodes: vec![None; names.len()],
            edges: HashMap::new(),
        };
        drawing.requests();
        drawing.parents();
        drawing.links(links);
        drawing.targets();
        drawing.graph()
    }
}

/// A map in the making, by the numbers of nodes.
struct Drawing<'a> {
    spans: &'a [MapSpan],
    names: &'a [Node],
    /// The other side of this span is known.
    is_answered: Vec<bool>,
    nodes: Vec<Option<Tally>>,
    edges: HashMap<(u32, u32, EdgeKind), Tally>,
}

impl Drawing<'_> {
    /// The same with names, and durations in order.
    fn graph(self) -> Graph {
        let name = |number: u32| self.names[number as usize].clone();
        let nodes = self.names.iter().cloned().zip(self.nodes).filter_map(|(node, tally)| Some((node, tally?)));
        let edges = self.edges.into_iter().map(|((from, to, kind), tally)| ((name(from), name(to), kind), tally));
        let mut graph = Graph { nodes: nodes.collect(), edges: edges.collect() };
        graph.nodes.values_mut().chain(graph.edges.values_mut()).for_each(Tally::finish);
        graph
    }

    fn at(&self, place: Place) -> Option<usize> {
        let index = self.spans.partition_point(|span| (span.trace, span.id) < place);
        self.spans.get(index).filter(|span| (span.trace, span.id) == place).map(|_| index)
    }

    fn node(&mut self, number: u32) -> &mut Tally {
        self.nodes[number as usize].get_or_insert_default()
    }

    fn add_edge(&mut self, source: u32, target: u32, kind: EdgeKind, span: usize, is_error: bool) {
        self.node(source);
        self.node(target);
        self.edges.entry((source, target, kind)).or_default().add(&self.spans[span], is_error);
    }

    /// What services are asked.
    fn requests(&mut self) {
        for span in self.spans {
            let tally = self.node(span.service);
            if matches!(span.role, Role::Server | Role::Consumer) || span.parent.is_none() {
                tally.add(span, span.is_error);
            }
        }
    }

    fn parents(&mut self) {
        for (index, child) in self.spans.iter().enumerate() {
            let Some(caller) = child.parent.and_then(|parent| self.at((child.trace, parent))) else { continue };
            if self.spans[caller].service != child.service {
                self.connect(caller, index);
            }
        }
    }

    /// An edge from a span to one in another service.
    fn connect(&mut self, caller: usize, called: usize) {
        let (from, to) = (&self.spans[caller], &self.spans[called]);
        let is_message = from.role == Role::Producer || to.role == Role::Consumer;
        let kind = if is_message { EdgeKind::Messaging } else { EdgeKind::Call };
        // A producer is done long before its message is.
        let timed = if from.role == Role::Client { caller } else { called };
        let (source, target) = (from.service, to.service);
        let is_error = from.is_error && from.role == Role::Client || to.is_error;
        self.add_edge(source, target, kind, timed, is_error);
        self.is_answered[caller] = true;
        self.is_answered[called] = true;
    }

    fn links(&mut self, links: &[Link]) {
        let links: BTreeSet<(Place, Place)> = links.iter().map(|link| (link.from, link.to)).collect();
        for (from, to) in links {
            let (Some(consumer), Some(producer)) = (self.at(from), self.at(to)) else { continue };
            let (one, other) = (&self.spans[consumer], &self.spans[producer]);
            let is_parent = one.trace == other.trace && one.parent == Some(other.id);
            let is_message = one.role == Role::Consumer && matches!(other.role, Role::Producer | Role::Client);
            if is_message && !is_parent && one.service != other.service {
                self.connect(producer, consumer);
            }
        }
    }

    /// What is called that sends no spans.
    fn targets(&mut self) {
        let services = self.services_with_names_of_others();
        for index in 0..self.spans.len() {
            let span = &self.spans[index];
            let Some(target) = span.target.filter(|_| !self.is_answered[index]) else { continue };
            let (source, is_error) = (span.service, span.is_error);
            if span.role == Role::Consumer {
                self.add_edge(target, source, EdgeKind::Messaging, index, is_error);
                continue;
            }
            // It has spans of its own, but none for this call.
            let service = services.get(&target).copied();
            let kind = match self.names[target as usize].kind {
                NodeKind::External if service.is_some() => EdgeKind::Call,
                NodeKind::External | NodeKind::Service => EdgeKind::External,
                NodeKind::Database => EdgeKind::Database,
                NodeKind::Messaging => EdgeKind::Messaging,
            };
            if service.is_none() {
                self.node(target).add(span, is_error);
            }
            let target = service.unwrap_or(target);
            if target != source {
                self.add_edge(source, target, kind, index, is_error);
            }
        }
    }

    /// Services that are called by their names: the number of the name, that of the service.
    fn services_with_names_of_others(&self) -> HashMap<u32, u32> {
        let numbers = || (0_u32..).zip(self.names);
        let services: HashMap<&str, u32> = numbers()
            .filter(|(number, node)| node.kind == NodeKind::Service && self.nodes[*number as usize].is_some())
            .map(|(number, node)| (node.name.as_str(), number))
            .collect();
        let external = numbers().filter(|(_, node)| node.kind == NodeKind::External);
        external.filter_map(|(number, node)| Some((number, *services.get(node.name.as_str())?))).collect()
    }
}
