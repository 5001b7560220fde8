//! `spanlake report`: a dashboard of a server as one file.

use std::path::Path;
use std::process::Output;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;
use spanlake_tests::requests::{TRACES, some_spans, span, traces};
use spanlake_tests::server::{TestServer, run, said};

fn report(server: &TestServer, dashboard: &str, out: &Path, more: &[&str]) -> Output {
    let url = format!("http://{}", server.ports().listen);
    let out = out.display().to_string();
    let arguments: Vec<&str> =
        ["report", dashboard, "--url", &url, "-o", &out].into_iter().chain(more.iter().copied()).collect();
    run(&arguments, &[])
}

fn put(server: &TestServer, name: &str, board: &serde_json::Value) {
    let head = format!(
        "PUT /api/boards/{name} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nIf-None-Match: *",
        server.ports().listen
    );
    let answer = server.raw(&head, board.to_string().as_bytes());
    assert!((200..300).contains(&answer.status), "{}", answer.text());
}

/// Two series with a sample each half minute.
fn some_minutes() -> String {
    let now = spanlake_bench::now_nanos() / 1_000_000_000;
    let at = |seconds| format!("fill=0.5 disk=sda @{seconds}\nfill=0.25 disk=<b>sdb</b> @{seconds}\n");
    (0..10).map(|half_minutes| at(now - half_minutes * 30)).collect()
}

/// Scenario: the dashboards that come along, one of the server's with every kind of panel of which one fails, and a file.
/// Guarantee: each becomes a page without scripts; the panel that fails says why, the others are drawn.
#[test]
fn dashboards_become_files() {
    let server = TestServer::start();
    server.send(TRACES, &some_spans(7, 40));
    let pushed = server.raw(
        &format!("POST /api/push HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain", server.ports().listen),
        some_minutes().as_bytes(),
    );
    assert_eq!(pushed.status, 200, "{}", pushed.text());
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["services", "service", "spanlake", "mysql"] {
        let out = folder.path().join(format!("{name}.html"));
        let output = report(&server, name, &out, &["--from", "-1h"]);
        assert!(output.status.success(), "{name}: {}", said(&output));
        let page = std::fs::read_to_string(&out).expect("the page is written");
        assert!(page.starts_with("<!doctype html>") && !page.contains("<script"), "{name}");
        assert!(!page.contains("could not be drawn"), "{name}: {page}");
    }
    let panel = |id: &str, kind: &str, query: serde_json::Value| json!({ "id": id, "title": id, "kind": kind, "x": 0, "y": 0, "w": 12, "h": 6, "queries": [query] });
    let fill = || json!({ "promql": "fill", "legend": "{{disk}}" });
    let board = json!({ "version": 1, "title": "All & everything", "variables": [{ "name": "disk", "kind": "label", "label": "disk", "multi": true, "all": true }], "panels": [
        panel("lines", "timeseries", fill()), panel("stat", "stat", fill()), panel("gauge", "gauge", fill()), panel("state", "state", fill()),
        panel("table", "table", json!({ "promql": "fill{disk=~\"$disk\"}" })), panel("bar", "bar", fill()),
        panel("sql", "table", json!({ "sql": "select service_name, count(*) as spans from spans group by 1" })),
        panel("wrong", "timeseries", json!({ "promql": "sum(fill" })), panel("worse", "table", json!({ "sql": "selec 1" })),
        { "id": "t", "title": "t", "kind": "traces", "x": 0, "y": 9, "w": 24, "h": 6, "traces": { "limit": 5 } },
        { "id": "x", "title": "x", "kind": "text", "x": 0, "y": 9, "w": 24, "h": 6, "text": "# <i>hello</i>" },
    ]});
    put(&server, "all", &board);
    let out = folder.path().join("all.html");
    let output = report(&server, "all", &out, &["--from", "-15m", "--var", "disk=sda"]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("11 panels, 2 of them say why"), "{}", said(&output));
    let page = std::fs::read_to_string(&out).expect("the page is written");
    assert_eq!(page.matches("could not be drawn").count(), 2, "{page}");
    assert!(page.contains("&lt;b&gt;sdb&lt;/b&gt;") && !page.contains("<b>sdb"), "labels are texts");
    assert!(page.contains("<polyline") || page.contains("<circle"), "lines are drawn");
    assert!(page.contains("All &amp; everything") && page.contains("disk: sda"));

    let file = folder.path().join("kept.json");
    std::fs::write(&file, board.to_string()).expect("a file can be written");
    let output = report(&server, &file.display().to_string(), &folder.path().join("kept.html"), &[]);
    assert!(output.status.success(), "{}", said(&output));
}

/// Scenario: no such dashboard, a broken file, one of a newer form, one of 10 MB, wrong moments, a variable that is not there, no server.
/// Guarantee: a sentence that says which, and nothing is written.
#[test]
fn what_cannot_be_reported_is_said() {
    let mut server = TestServer::start();
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.html");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path.display().to_string()
    };
    let (broken, newer) =
        (file("broken.json", "{\"version\":1,"), file("newer.json", r#"{"version":9,"title":"x","panels":[]}"#));
    let large = file("large.json", &format!("{{\"version\":1,\"title\":\"{}\"}}", "x".repeat(10 << 20)));
    for (dashboard, more, part) in [
        ("nobody", &[][..], "no dashboard \"nobody\""),
        (&broken, &[], "not a dashboard"),
        (&newer, &[], "use a newer spanlake"),
        (&large, &[], "larger than 4 MiB"),
        ("services", &["--from", "yesterday"], "not a moment"),
        ("services", &["--from", "now"], "--from must lie before --to"),
        ("services", &["--var", "planet=mars"], "no such variable"),
    ] {
        let output = report(&server, dashboard, &out, more);
        assert!(!output.status.success() && said(&output).contains(part), "{dashboard} {more:?}: {}", said(&output));
    }
    let url = format!("http://{}", server.ports().listen);
    server.kill();
    let output = run(&["report", "services", "--url", &url, "-o", &out.display().to_string()], &[]);
    assert!(said(&output).contains("no server answers"), "{}", said(&output));
    assert!(!out.exists());
}

/// Scenario: a client sends every other trace, and says so; a table counts, and has a statement with weights.
/// Guarantee: the report shows the estimate and not the count of what was kept.
#[test]
fn a_sample_is_not_shown_as_the_whole() {
    let server = TestServer::start();
    let now = spanlake_bench::now_nanos();
    let spans = (1..=17).map(|trace| Span { trace_state: "ot=th:8".to_owned(), ..span(trace, 1, 0, "half", now) });
    server.send(TRACES, &traces("half", spans.collect()));
    let of_half = "from spans where service_name = 'half'";
    let query = json!({
        "sql": format!("select count(*) as spans {of_half}"),
        "estimated": format!("select get_field(approx_count(), 'value') as spans {of_half}"),
    });
    let board = json!({ "version": 1, "title": "Half", "panels": [
        { "id": "n", "title": "n", "kind": "table", "x": 0, "y": 0, "w": 12, "h": 6, "queries": [query] },
    ]});
    put(&server, "half", &board);
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("half.html");
    let output = report(&server, "half", &out, &[]);
    assert!(output.status.success(), "{}", said(&output));
    let page = std::fs::read_to_string(&out).expect("the page is written");
    assert!(page.contains(">34<") && !page.contains(">17<"), "{page}");
}
