//! Maps of a few spans.

use spanlake_schemas::ids::{SpanId, TraceId};

use super::graph::{Graph, Link, MapSpan, Node, NodeKind, Role};

const NAMES: [(NodeKind, &str); 6] = [
    (NodeKind::Service, "shop"),
    (NodeKind::Service, "bank"),
    (NodeKind::Database, "postgresql orders"),
    (NodeKind::Messaging, "kafka mails"),
    (NodeKind::External, "bank"),
    (NodeKind::External, "example.com"),
];

fn names() -> Vec<Node> {
    NAMES.map(|(kind, name)| Node { kind, name: name.to_owned() }).into()
}

fn span(trace: u8, id: u8, parent: u8, service: u32, role: Role, duration: i64) -> MapSpan {
    let of = |id: u8| SpanId([id; 8]);
    MapSpan {
        trace: TraceId([trace; 16]),
        id: of(id),
        parent: (parent > 0).then(|| of(parent)),
        service,
        target: None,
        role,
        is_error: false,
        duration,
        probability: 1.0,
    }
}

fn drawn(spans: Vec<MapSpan>, links: &[Link]) -> Vec<String> {
    let mut reversed = spans.clone();
    reversed.reverse();
    let graph = Graph::of(spans, links, &names());
    assert_eq!(graph, Graph::of(reversed, links, &names()));
    let edges = graph.edges.iter().map(|((source, target, kind), tally)| {
        format!(
            "{} -{}-> {}: {} p50 {}",
            source.id(),
            kind.as_str(),
            target.id(),
            tally.requests().value(),
            tally.quantile(0.5)
        )
    });
    let nodes = graph.nodes.iter().map(|(node, tally)| format!("{}: {}", node.id(), tally.requests().value()));
    edges.chain(nodes).collect()
}

#[test]
fn a_call_is_as_long_as_its_client() {
    let spans = vec![
        span(1, 1, 0, 0, Role::Server, 100),
        span(1, 2, 1, 0, Role::Client, 80),
        span(1, 3, 2, 1, Role::Server, 50),
        span(1, 4, 3, 1, Role::Other, 10),
    ];
    assert_eq!(drawn(spans, &[]), ["shop -call-> bank: 1 p50 80", "bank: 1", "shop: 1"].map(String::from));
}

#[test]
fn what_sends_no_spans_is_called_too() {
    let called = |id, role, target| MapSpan { target: Some(target), ..span(1, id, 1, 0, role, i64::from(id)) };
    let spans = vec![
        span(1, 1, 0, 0, Role::Server, 100),
        called(2, Role::Client, 2),
        called(3, Role::Client, 2),
        called(4, Role::Producer, 3),
        called(5, Role::Client, 5),
        called(6, Role::Client, 4),
        span(2, 1, 0, 1, Role::Server, 7),
    ];
    let expected = [
        "shop -call-> bank: 1 p50 6",
        "shop -database-> database:postgresql orders: 2 p50 2",
        "shop -messaging-> messaging:kafka mails: 1 p50 4",
        "shop -external-> external:example.com: 1 p50 5",
    ];
    let drawn = drawn(spans, &[]);
    assert_eq!(drawn.len(), 4 + 5, "{drawn:?}");
    for edge in expected {
        assert!(drawn.iter().any(|one| one == edge), "{edge}: {drawn:?}");
    }
}

#[test]
fn a_consumer_is_found_by_parent_or_link() {
    let spans = vec![
        MapSpan { target: Some(3), ..span(1, 1, 0, 0, Role::Producer, 5) },
        MapSpan { target: Some(3), ..span(2, 2, 0, 1, Role::Consumer, 9) },
        span(1, 3, 1, 1, Role::Consumer, 7),
    ];
    let link = Link { from: (TraceId([2; 16]), SpanId([2; 8])), to: (TraceId([1; 16]), SpanId([1; 8])) };
    assert_eq!(
        drawn(spans.clone(), &[link, link]),
        ["shop -messaging-> bank: 2 p50 7", "bank: 2", "shop: 1"].map(String::from)
    );
    let drawn = drawn(spans, &[]);
    assert!(drawn.contains(&"messaging:kafka mails -messaging-> bank: 1 p50 9".to_owned()), "{drawn:?}");
}
