//! Search by filters and TraceQL, natively and through Tempo's API: the same traces from memory, files and the cold tier.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span::Event};
use prost::Message;
use serde_json::{Value, json};
use spanlake_bench::corpus::{integer, text};
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, encoded, eventually};
use spanlake_tests::settings::{HOT_BYTES_MAX, NO_SEALS};

fn at(trace: u128, id: u64, parent: u64, name: &str, millis: u64) -> Span {
    // Newest first is the order of numbers, downwards.
    let start =
        spanlake_bench::now_nanos() / 60_000_000_000 * 60_000_000_000 - 60_000_000_000 + trace as u64 * 1_000_000;
    let mut one = span(trace, id, parent, name, start + id * 1000);
    one.end_time_unix_nano = one.start_time_unix_nano + millis * 1_000_000;
    one
}

fn failed(mut one: Span) -> Span {
    one.status = Some(Status { code: 2, message: "boom".to_owned() });
    one.events = vec![Event {
        time_unix_nano: one.start_time_unix_nano,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", "Timeout")],
        ..Event::default()
    }];
    one
}

fn with(mut one: Span, route: &str, code: i64) -> Span {
    one.attributes = vec![text("http.route", route), integer("http.response.status_code", code), text("tenant", route)];
    one
}

/// Four traces: 1 fine, 2 slow, 3 with an error below checkout, 4 with an error elsewhere.
fn a_server() -> TestServer {
    let server = Setup::default().env(NO_SEALS).env(&[(HOT_BYTES_MAX, "0")]).start();
    server.send(
        TRACES,
        &traces("shop", vec![with(at(1, 1, 0, "GET /cart", 20), "/cart", 200), at(1, 2, 1, "select", 5)]),
    );
    server.send(
        TRACES,
        &traces("shop", vec![with(at(2, 1, 0, "GET /cart", 900), "/cart", 200), at(2, 2, 1, "select", 850)]),
    );
    let checkout = vec![with(at(3, 1, 0, "POST /checkout", 300), "/checkout", 500), at(3, 2, 1, "charge", 200)];
    server.send(TRACES, &traces("shop", checkout));
    server.send(TRACES, &traces("bank", vec![failed(at(3, 3, 2, "authorize", 100))]));
    server.send(TRACES, &traces("bank", vec![failed(at(4, 1, 0, "nightly", 50))]));
    server
}

fn found(server: &TestServer, parameters: &str) -> Vec<u64> {
    let answer = server.get(&format!("/api/traces?{parameters}"));
    assert_eq!(answer.status, 200, "{parameters}: {}", answer.text());
    let ids = answer.json()["traces"].as_array().expect("a list").clone();
    ids.iter()
        .map(|trace| u64::from_str_radix(trace["trace_id"].as_str().expect("an id"), 16).expect("small"))
        .collect()
}

const FILTERS: &[(&str, &[u64])] = &[
    ("", &[4, 3, 2, 1]),
    ("name = \"GET /cart\"", &[2, 1]),
    ("{ name = \"GET /cart\" && duration > 500ms }", &[2]),
    ("{ status = error }", &[4, 3]),
    ("{ resource.service.name = \"bank\" } && { resource.service.name = \"shop\" }", &[3]),
    ("{ name = \"POST /checkout\" } >> { status = error }", &[3]),
    ("{ name = \"POST /checkout\" } > { status = error }", &[]),
    ("{ span.http.response.status_code >= 500 }", &[3]),
    ("{ .tenant = \"/cart\" }", &[2, 1]),
    ("{ span.tenant =~ \"/c.*t\" }", &[3, 2, 1]),
    ("{ event.exception.type = \"Timeout\" }", &[4, 3]),
    ("{ statusMessage = \"boom\" && nestedSetParent < 0 }", &[4]),
    ("{ } | count() > 2", &[3]),
    ("{ duration > 150ms } | avg(duration) > 800ms", &[2]),
    ("{ traceDuration < 60ms }", &[4, 1]),
    ("resource.service.name = \"shop\" and not (duration > 100ms)", &[1]),
    ("{ span.nothing = \"here\" }", &[]),
];

fn check_all(server: &TestServer) {
    for (filter, expected) in FILTERS {
        assert_eq!(&found(server, &format!("filter={}", encoded(filter))), expected, "{filter}");
    }
    assert_eq!(found(server, "attr=http.route%3D%2Fcart&attr=tenant%3D%2Fcart&min_duration=100ms"), [2]);
    assert_eq!(found(server, "attr=service.name%3Dbank&limit=1"), [4]);
    assert_eq!(found(server, &format!("service=shop&filter={}&limit=1", encoded("{ status != error }"))), [3]);
}

/// Scenario: filters of every kind, asked in memory, in files, and in the cold tier.
/// Guarantee: the same traces in the same order each time.
#[test]
fn filters_find_the_same_everywhere() {
    let server = a_server();
    check_all(&server);
    server.seal();
    check_all(&server);
    eventually("it is cold", || {
        let status = server.get("/api/status").json();
        status["cold"]["rows"].as_u64() > Some(0) && status["cold"]["waiting_bytes"] == 0
    });
    check_all(&server);
}

fn tagged(trace: u128, value: any_value::Value) -> Vec<u8> {
    let mut one = at(trace, 1, 0, "tagged", 5);
    one.attributes =
        vec![KeyValue { key: "tags".to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }];
    traces("shop", vec![one])
}

/// Scenario: a key with texts only, and one with texts, lists and numbers, in memory, in files and in the cold tier.
/// Guarantee: a list is found by its elements, a text that looks like one is not; nothing is lost where files know the type.
#[test]
fn lists_are_found_by_their_elements() {
    let text = |text: &str| any_value::Value::StringValue(text.to_owned());
    let list = |texts: &[&str]| {
        let values = texts.iter().map(|one| AnyValue { value: Some(text(one)) }).collect();
        any_value::Value::ArrayValue(ArrayValue { values })
    };
    for has_lists in [false, true] {
        let server = Setup::default().env(NO_SEALS).env(&[(HOT_BYTES_MAX, "0")]).start();
        for (trace, value) in [(1, text("a")), (2, text("b")), (3, text("[\"a\"]"))] {
            server.send(TRACES, &tagged(trace, value));
        }
        let mut of_a = vec![1];
        if has_lists {
            for (trace, value) in
                [(4, list(&["b", "a"])), (5, list(&["c"])), (6, list(&[])), (7, any_value::Value::IntValue(7))]
            {
                server.send(TRACES, &tagged(trace, value));
            }
            of_a = vec![4, 1];
        }
        let check = |place: &str| {
            for (filter, expected) in [
                ("{ span.tags = \"a\" }", of_a.as_slice()),
                ("{ .tags = \"a\" }", of_a.as_slice()),
                ("{ span.tags =~ \"a|x\" }", of_a.as_slice()),
                ("{ span.tags = \"absent\" }", &[]),
                ("{ span.tags = \"[\\\"a\\\"]\" }", &[3]),
                ("{ span.tags = 7 }", if has_lists { &[7] } else { &[] }),
            ] {
                let found = found(&server, &format!("filter={}", encoded(filter)));
                assert_eq!(found, expected, "{place}, with lists: {has_lists}: {filter}");
            }
            assert_eq!(found(&server, "attr=tags%3Da"), [1], "{place}");
        };
        check("memory");
        server.seal();
        check("files");
        eventually("it is cold", || {
            let status = server.get("/api/status").json();
            status["cold"]["rows"].as_u64() > Some(0) && status["cold"]["waiting_bytes"] == 0
        });
        check("cold");
    }
}

/// Scenario: filters that SQL decides alone, and the same with a condition on the number of spans, which it cannot.
/// Guarantee: both find the same, in memory and in files.
#[test]
fn what_is_decided_is_what_is_evaluated() {
    let server = a_server();
    for place in ["memory", "files"] {
        for filter in [
            "status = error",
            "status != error",
            "kind = server",
            "name = \"select\" && duration > 100ms",
            "name =~ \".*cart\"",
            "name !~ \".*cart\"",
            "!(name = \"select\") && resource.service.name = \"shop\"",
            "duration >= 0.2",
            "duration > 1s || status = error",
            "resource.service.name = \"\"",
        ] {
            let one = found(&server, &format!("filter={}", encoded(&format!("{{ {filter} }}"))));
            let other = found(&server, &format!("filter={}", encoded(&format!("{{ {filter} }} | count() > 0"))));
            assert_eq!(one, other, "{place}: {filter}");
        }
        server.seal();
    }
}

/// Scenario: a range query with exemplars as a hint, as a parameter, and without, counted in SQL and evaluated.
/// Guarantee: the earliest span of each interval, with its ids; none where nobody asks.
#[test]
fn series_have_exemplars() {
    let server = a_server();
    for place in ["memory", "files"] {
        let series = |query: &str, parameters: &str| {
            let answer =
                tempo(&server, &format!("metrics/query_range?since=1h&step=1h{parameters}&q={}", encoded(query)));
            answer["series"].as_array().expect("series").clone()
        };
        let exemplars = |query: &str, parameters: &str| -> Vec<Value> {
            let all = series(query, parameters);
            all.iter().flat_map(|one| one["exemplars"].as_array().expect("a list").clone()).collect()
        };
        let ids = |exemplar: &Value| -> (String, String) {
            let label = |at: usize, key: &str| {
                assert_eq!(exemplar["labels"][at]["key"], key, "{exemplar}");
                let text = exemplar["labels"][at]["value"]["stringValue"].as_str().expect("an id");
                text.trim_start_matches('0').to_owned()
            };
            (label(0, "trace:id"), label(1, "span:id"))
        };
        for query in ["{ status = error } | rate()", "{ status = error } | rate() with (exemplars=true)"] {
            let found = exemplars(query, if query.contains("with") { "" } else { "&exemplars=5" });
            assert_eq!(found.iter().map(ids).collect::<Vec<_>>(), [("3".to_owned(), "3".to_owned())], "{place}");
            assert!(found[0]["value"].as_f64() > Some(0.0) && found[0]["timestampMs"].is_string(), "{}", found[0]);
        }
        let slow = exemplars("{ } | max_over_time(duration) by (resource.service.name) with (exemplars=10)", "");
        assert_eq!(slow.len(), 2, "{place}: {slow:?}");
        assert_eq!(slow.iter().map(ids).map(|(trace, _)| trace).collect::<Vec<_>>(), ["3", "1"], "{place}");
        assert_eq!(slow[1]["value"], 0.02, "{place}: the value is the span's own");
        let evaluated = exemplars("{ name = \"POST /checkout\" } >> { status = error } | rate()", "&exemplars=5");
        assert_eq!(evaluated.len(), 1, "{place}: {evaluated:?}");
        for (query, parameters) in [
            ("{ } | rate()", ""),
            ("{ } | rate()", "&exemplars=0"),
            ("{ } | rate() with (exemplars=false)", "&exemplars=5"),
            ("{ } | rate() with (exemplars=0)", "&exemplars=5"),
        ] {
            assert_eq!(exemplars(query, parameters), Vec::<Value>::new(), "{place}: {query} {parameters}");
        }
        server.seal();
    }
    assert_eq!(server.get("/tempo/api/metrics/query_range?q=%7B%7D%7Crate()&exemplars=many").status, 400);
}

/// All pages of two traces each.
fn pages(server: &TestServer, parameters: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = server.get(&format!("/api/traces?{parameters}&limit=2{cursor}"));
        assert_eq!(answer.status, 200, "{parameters}: {}", answer.text());
        let list = answer.json();
        let traces = list["traces"].as_array().expect("a list");
        ids.push(traces.iter().filter_map(|trace| trace["trace_id"].as_str()).collect::<Vec<_>>().join(" "));
        match list["next_cursor"].as_str() {
            Some(text) => cursor = format!("&cursor={text}"),
            None => return ids,
        }
    }
}

/// Scenario: a list is read page by page, from memory, sealed, after a restart, with small files merged.
/// Guarantee: the same pages each time; a cursor of before is still good.
#[test]
fn pages_are_the_same_everywhere() {
    let mut server = Setup::default().env(NO_SEALS).start();
    let queries = ["service=shop".to_owned(), format!("filter={}", encoded("{ name = \"late\" }"))];
    let both = |server: &TestServer| queries.each_ref().map(|query| pages(server, query));
    let send = |server: &TestServer, trace: u128| {
        server.send(TRACES, &traces("shop", vec![at(trace, 1, 0, "early", 20)]));
        server.send(TRACES, &traces("shop", vec![at(trace, 10_000_000 * (trace as u64 % 3 + 1), 1, "late", 5)]));
    };
    for trace in 1..=5 {
        send(&server, trace);
    }
    let in_memory = both(&server);
    assert_eq!(in_memory[0].len(), 3);
    server.seal();
    assert_eq!(both(&server), in_memory, "sealed");
    server.stop();
    server.restart();
    assert_eq!(both(&server), in_memory, "restarted");
    let files = |server: &TestServer| server.get("/api/status").json()["files"].as_u64();
    let mut most = None;
    for trace in 6..=16 {
        send(&server, trace);
        server.seal();
        most = most.max(files(&server));
    }
    let first = server.get("/api/traces?service=shop&limit=2").json();
    let second = format!("/api/traces?service=shop&limit=2&cursor={}", first["next_cursor"].as_str().expect("more"));
    let (all, then) = (both(&server), server.get(&second).json()["traces"].clone());
    eventually("small files are merged", || files(&server) < most);
    assert_eq!(both(&server), all, "merged");
    assert_eq!(server.get(&second).json()["traces"], then, "a cursor of before");
}

/// Scenario: half a filter, one of the wrong types, a metrics query, an attribute without a value.
/// Guarantee: 400 with what is wrong and where.
#[test]
fn wrong_filters_are_explained() {
    let server = TestServer::start();
    for (filter, column) in
        [("{ name = ", 10), ("{ duration > \"slow\" }", 12), ("{ nam = 1 }", 3), ("{ } | rate()", 1)]
    {
        let answer = server.get(&format!("/api/traces?filter={}", encoded(filter)));
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status, error["code"].as_str()), (400, Some("invalid_query")), "{filter}: {error}");
        assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(1), Some(column)), "{filter}: {error}");
    }
    let answer = server.get("/api/traces?attr=nothing");
    assert_eq!(answer.status, 400, "{}", answer.text());
}

fn tempo(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/tempo/api/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn jaeger(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/jaeger/api/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    let body = answer.json();
    assert!(body["errors"].is_null(), "{body}");
    body["data"].clone()
}

/// Scenario: what jaeger-ui asks: services, operations, a trace, searches, dependencies.
/// Guarantee: Jaeger's forms.
#[test]
fn jaeger_is_spoken() {
    let server = a_server();
    assert_eq!(jaeger(&server, "services"), json!(["bank", "shop"]));
    assert_eq!(jaeger(&server, "services/bank/operations"), json!(["authorize", "nightly"]));
    assert_eq!(
        jaeger(&server, "operations?service=bank&spanKind=server")[0],
        json!({"name": "authorize", "spanKind": "server"})
    );
    let traces = jaeger(&server, &format!("traces/{:032x}", 3));
    let trace = &traces[0];
    assert_eq!(trace["processes"]["p1"]["serviceName"], "shop");
    let failed = &trace["spans"][2];
    assert_eq!((failed["operationName"].as_str(), failed["processID"].as_str()), (Some("authorize"), Some("p2")));
    assert_eq!(failed["references"][0]["refType"], "CHILD_OF");
    assert_eq!(failed["duration"], 100_000);
    let tags = failed["tags"].as_array().expect("a list");
    assert!(tags.contains(&json!({"key": "error", "type": "bool", "value": true})), "{failed}");
    assert_eq!(failed["logs"][0]["fields"][1], json!({"key": "exception.type", "type": "string", "value": "Timeout"}));
    let ids = |found: Value| -> Vec<String> {
        let traces = found.as_array().expect("a list").clone();
        traces
            .iter()
            .map(|trace| trace["traceID"].as_str().expect("an id").trim_start_matches('0').to_owned())
            .collect()
    };
    assert_eq!(ids(jaeger(&server, "traces?service=shop&limit=2")), ["3", "2"]);
    assert_eq!(ids(jaeger(&server, "traces?service=bank&tags=%7B%22error%22%3A%22true%22%7D")), ["4", "3"]);
    let tags = encoded("{\"http.response.status_code\":\"500\"}");
    assert_eq!(ids(jaeger(&server, &format!("traces?service=shop&tags={tags}"))), ["3"]);
    assert_eq!(ids(jaeger(&server, "traces?service=shop&operation=select&minDuration=500ms")), ["2"]);
    assert_eq!(jaeger(&server, "dependencies"), json!([{"parent": "shop", "child": "bank", "callCount": 1}]));
    for (path, status) in
        [("traces", 400), ("traces/00000000000000000000000000000099", 404), ("traces?service=x&tags=a", 400)]
    {
        let answer = server.get(&format!("/jaeger/api/{path}"));
        assert_eq!(
            (answer.status, answer.json()["errors"][0]["code"].as_u64()),
            (status, Some(u64::from(status))),
            "{path}"
        );
    }
}

/// Scenario: what jaeger-ui's client of API v3 asks: services, operations, summaries, pages of them, a trace.
/// Guarantee: the forms that it reads.
#[test]
fn jaeger_is_spoken_in_its_third_version() {
    let server = a_server();
    let get = |path: &str| {
        let answer = server.get(&format!("/jaeger/api/v3/{path}"));
        (answer.status, answer.json())
    };
    assert_eq!(get("services"), (200, json!({"services": ["bank", "shop"]})));
    assert_eq!(get("operations?service=bank").1["operations"][0], json!({"name": "authorize", "spanKind": "server"}));
    // As `buildTraceSummariesParams` makes it.
    let now = spanlake_bench::now_nanos();
    let window = format!(
        "query.startTimeMin={}&query.startTimeMax={}",
        encoded(&iso_text(now - 3_600_000_000_000)),
        encoded(&iso_text(now + 60_000_000_000))
    );
    let attributes = encoded("{\"error\":\"true\"}");
    let found = get(&format!(
        "trace-summaries?query.serviceName=bank&query.attributes={attributes}&query.searchDepth=20&{window}"
    ));
    assert_eq!(found.0, 200, "{}", found.1);
    let first = &found.1["summaries"][1];
    assert_eq!((&first["traceId"], &first["rootServiceName"]), (&json!(format!("{:032x}", 3)), &json!("shop")));
    assert_eq!((&first["spanCount"], &first["errorSpanCount"]), (&json!(3), &json!(1)));
    assert_eq!(first["services"][0], json!({"name": "bank", "spanCount": 1, "errorSpanCount": 1}));
    assert!(first["minStartTimeUnixNano"].as_str().is_some_and(|text| text.parse::<u64>().is_ok()));
    let page = |token: &str| get(&format!("trace-summaries?query.pagination.pageSize=3{token}&{window}")).1;
    let one = page("");
    let other = page(&format!("&query.pagination.pageToken={}", one["nextPageToken"].as_str().expect("a token")));
    assert_eq!([&one, &other].map(|page| page["summaries"].as_array().map(Vec::len)), [Some(3), Some(1)]);
    let trace = get(&format!("traces/{:032x}", 3));
    let spans = &trace.1["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"];
    assert_eq!((trace.0, spans[0]["traceId"].as_str()), (200, Some(format!("{:032x}", 3).as_str())), "{}", trace.1);
    let all = get(&format!("traces?query.service_name=shop&query.num_traces=1&{window}"));
    assert_eq!((all.0, all.1["result"]["resourceSpans"].as_array().map(Vec::len)), (200, Some(2)), "{}", all.1);
    for (path, status) in [
        ("traces", 400),
        ("trace-summaries", 400),
        ("traces/99", 404),
        (&format!("traces?query.serviceName=no&{window}"), 404),
    ] {
        let answer = get(path);
        assert_eq!((answer.0, &answer.1["error"]["httpCode"]), (status, &json!(status)), "{path}: {}", answer.1);
    }
}

/// As JavaScript's `toISOString` writes it.
fn iso_text(nanos: u64) -> String {
    let nanos = i64::try_from(nanos).expect("before 2262");
    chrono::DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Scenario: what Grafana's Tempo data source asks: its test, a trace in both versions, searches, tags and values.
/// Guarantee: Tempo's forms.
#[test]
fn tempo_is_spoken() {
    let server = a_server();
    assert_eq!(server.get("/tempo/api/echo").text(), "echo");
    assert!(tempo(&server, "status/buildinfo")["version"].is_string());
    let id = format!("{:032x}", 3);
    let head = |version: &str| {
        format!(
            "GET /tempo/api/{version}traces/{id} HTTP/1.1\r\nHost: {}\r\nAccept: application/protobuf",
            server.ports().listen
        )
    };
    let v1 = server.raw(&head(""), b"");
    let trace = ExportTraceServiceRequest::decode(v1.body.as_slice()).expect("TracesData");
    let spans = trace.resource_spans.iter().flat_map(|one| &one.scope_spans).map(|one| one.spans.len()).sum::<usize>();
    assert_eq!((v1.status, v1.content_type.as_str(), spans), (200, "application/protobuf", 3));
    let v2 = server.raw(&head("v2/"), b"");
    assert!(v2.body.ends_with(&v1.body) && v2.body[0] == 0x0a, "the trace is its first field");
    let json = tempo(&server, &format!("v2/traces/{id}"));
    assert_eq!(json["status"], "COMPLETE");
    assert_eq!(json["trace"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"], "AAAAAAAAAAAAAAAAAAAAAw==");
    assert_eq!(server.get(&format!("/tempo/api/traces/{:032x}", 99)).status, 404);
    let query = encoded("{ name = \"POST /checkout\" } >> { status = error }");
    let search = tempo(&server, &format!("search?q={query}&limit=5"));
    let first = &search["traces"][0];
    assert_eq!((first["traceID"].as_str(), first["rootServiceName"].as_str()), (Some(id.as_str()), Some("shop")));
    assert_eq!(first["rootTraceName"], "POST /checkout");
    let set = &first["spanSets"][0];
    assert_eq!((set["matched"].as_u64(), set["spans"][0]["name"].as_str()), (Some(1), Some("authorize")), "{set}");
    assert_eq!(set["spans"][0]["attributes"], json!([{"key": "status", "value": {"stringValue": "error"}}]));
    let by_tags = tempo(&server, "search?tags=service.name%3Dbank%20status%3Derror&minDuration=60ms");
    assert_eq!(by_tags["traces"].as_array().map(Vec::len), Some(1), "{by_tags}");
    let scopes = tempo(&server, "v2/search/tags");
    let tags = |scope: &str| {
        let scopes = scopes["scopes"].as_array().expect("a list");
        scopes.iter().find(|one| one["name"] == scope).expect("a scope")["tags"].clone()
    };
    assert_eq!(tags("span"), json!(["http.response.status_code", "http.route", "tenant"]));
    assert_eq!(tags("resource"), json!(["service.name"]));
    assert!(tags("intrinsic").as_array().expect("a list").contains(&json!("trace:rootName")));
    let values = tempo(&server, "v2/search/tag/resource.service.name/values");
    assert_eq!(values["tagValues"], json!([{"type": "string", "value": "bank"}, {"type": "string", "value": "shop"}]));
    assert_eq!(tempo(&server, "search/tag/http.route/values")["tagValues"], json!(["/cart", "/checkout"]));
    assert_eq!(tempo(&server, "v2/search/tag/status/values?q=%7B")["tagValues"][0]["type"], "keyword");
}
