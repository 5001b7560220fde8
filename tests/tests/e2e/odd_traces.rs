//! Traces as no SDK should send them, and filters as nobody should type them: each is answered everywhere.

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, encoded};
use spanlake_tests::settings::NO_SEALS;

const CYCLE: u128 = 1;
const TWO_ROOTS: u128 = 2;
const NO_ROOT: u128 = 3;
const REPEATED_IDS: u128 = 4;
const BACKWARDS: u128 = 5;
const DEEP: u128 = 6;
const LARGE: u128 = 7;

/// More spans than a query is evaluated on.
const LARGE_SPANS: u64 = 201_000;
const DEPTH: u64 = 5_000;

fn at(trace: u128, id: u64, parent: u64) -> Span {
    let start = spanlake_bench::now_nanos() - 60_000_000_000;
    let mut one = span(trace, id, parent, "step", start + id);
    one.end_time_unix_nano = one.start_time_unix_nano + 1_000_000_000;
    one
}

fn send(server: &TestServer) {
    let mut backwards = at(BACKWARDS, 2, 1);
    backwards.end_time_unix_nano = backwards.start_time_unix_nano - 500_000_000;
    for spans in [
        vec![at(CYCLE, 1, 2), at(CYCLE, 2, 1)],
        vec![at(TWO_ROOTS, 1, 0), at(TWO_ROOTS, 2, 0)],
        vec![at(NO_ROOT, 1, 77), at(NO_ROOT, 2, 78)],
        vec![at(REPEATED_IDS, 1, 0), at(REPEATED_IDS, 1, 0), at(REPEATED_IDS, 2, 1)],
        vec![at(BACKWARDS, 1, 0), backwards],
        (1..=DEPTH).map(|id| at(DEEP, id, id - 1)).collect(),
    ] {
        server.send(TRACES, &traces("odd", spans));
    }
    for from in (0..LARGE_SPANS).step_by(3_000) {
        let spans = (from..from + 3_000).map(|id| at(LARGE, id + 1, u64::from(id > 0)));
        server.send(TRACES, &traces("large", spans.collect()));
    }
}

/// Whether every door that knows a trace by its id answers.
fn check_doors(server: &TestServer, trace: u128, spans: usize) {
    let id = format!("{trace:032x}");
    let whole = server.trace(&id).json();
    assert_eq!(whole["spans"].as_array().map(Vec::len), Some(spans), "trace {trace}");
    for path in [
        format!("/api/traces/{id}?view=skeleton"),
        format!("/api/traces/{id}/shape"),
        format!("/api/traces/{id}/peers?span_id={:016x}", 1),
        format!("/tempo/api/traces/{id}"),
        format!("/tempo/api/v2/traces/{id}"),
        format!("/jaeger/api/traces/{id}"),
        format!("/jaeger/api/v3/traces/{id}"),
    ] {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", &answer.text()[..answer.text().len().min(300)]);
    }
    let path = format!(
        "select count(*), min(p['self_time']) >= 0, min(p['critical_time']) >= 0 from \
         (select unnest(critical_path(trace_id)) p from spans where trace_id = '{id}' group by trace_id)"
    );
    assert_eq!(server.rows(&path), [vec![json!(spans), json!(true), json!(true)]], "trace {trace}");
}

fn found(server: &TestServer, filter: &str) -> Vec<u128> {
    let answer = server.get(&format!("/api/traces?filter={}", encoded(filter)));
    assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
    let list = answer.json();
    let ids = list["traces"].as_array().expect("a list").iter();
    let mut ids: Vec<u128> =
        ids.map(|trace| u128::from_str_radix(trace["trace_id"].as_str().expect("an id"), 16).expect("hex")).collect();
    ids.sort_unstable();
    ids
}

/// Scenario: a cycle, two roots, no root, repeated ids, a span that ends before it starts, a depth of 5,000.
/// Guarantee: each is found by structure as docs/traceql.md says, and answered by every door, in memory and in files.
#[test]
fn odd_traces_are_answered_everywhere() {
    let server = Setup::default().env(NO_SEALS).start();
    send(&server);
    for place in ["memory", "files"] {
        for (trace, spans) in
            [(CYCLE, 2), (TWO_ROOTS, 2), (NO_ROOT, 2), (REPEATED_IDS, 3), (BACKWARDS, 2), (DEEP, DEPTH as usize)]
        {
            check_doors(&server, trace, spans);
        }
        let structure = found(&server, "{ } >> { }");
        assert!(
            [CYCLE, REPEATED_IDS, BACKWARDS, DEEP].iter().all(|trace| structure.contains(trace)),
            "{place}: {structure:?}"
        );
        assert!(!structure.contains(&TWO_ROOTS), "{place}");
        assert!(found(&server, "{ nestedSetParent < 0 } ~ { }").contains(&TWO_ROOTS), "{place}");
        // The largest is in no answer of a query that must be evaluated, which is told; in all others it is.
        let list = server.get(&format!("/api/traces?filter={}", encoded("{ } >> { }"))).json();
        assert_eq!(list["too_large"], 1, "{place}: {list}");
        assert!(found(&server, "{ resource.service.name = \"large\" }").contains(&LARGE), "{place}");
        for path in ["/api/service-map", "/api/traces/facets", "/api/traces/heatmap"] {
            assert_eq!(server.get(path).status, 200, "{place}: {path}");
        }
        server.seal();
    }
}

/// Scenario: regular expressions that cost others their machine, filters of depth, of length, half typed.
/// Guarantee: an answer, or 400 with what is wrong; completion answers a broken query as if it were not there.
#[test]
fn hostile_filters_are_answered() {
    let server = Setup::default().env(NO_SEALS).start();
    let mut one = at(1, 1, 0);
    one.name = "a".repeat(5_000) + "!";
    server.send(TRACES, &traces("odd", vec![one]));
    assert_eq!(found(&server, "{ name =~ \"(a+)+\" }"), []);
    assert_eq!(found(&server, "{ name =~ \"(a|a)*!\" }"), [1]);
    for filter in [
        "{ name =~ \"((a{1000}){1000}){1000}\" }".to_owned(),
        "{ name =~ \"(\" }".to_owned(),
        format!("{{ {}true{} }}", "(".repeat(1_000), ")".repeat(1_000)),
        format!("{{ {} }}", vec!["name = \"a\""; 1_200].join(" || ")),
        "{ name = \"a".to_owned(),
        "{ span. }".to_owned(),
    ] {
        let answer = server.get(&format!("/api/traces?filter={}", encoded(&filter)));
        let short = &filter[..filter.len().min(60)];
        assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (400, Some("invalid_query")), "{short}");
        assert!(answer.json()["error"]["line"].is_u64(), "{short}: {}", answer.text());
        let values = server.get(&format!("/tempo/api/v2/search/tag/name/values?q={}", encoded(&filter)));
        assert_eq!(values.status, 200, "{short}: {}", values.text());
    }
}
