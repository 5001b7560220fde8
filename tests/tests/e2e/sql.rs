//! `POST /api/sql`: formats, values, errors, limits.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value as Any};
use serde_json::{Value, json};
use spanlake_bench::corpus::{integer, text};
use spanlake_tests::requests::{A_TIME, LOGS, METRICS, TRACES, gauge, log, logs, some_spans, span, traces};
use spanlake_tests::server::{Setup, TestServer};
use spanlake_tests::settings::QUERY_TIMEOUT;

const TRACE: u128 = 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c;

fn attribute(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn a_server_with_a_span() -> TestServer {
    let server = TestServer::start();
    let mut one = span(TRACE, 0xeee1_9b7e_c3c1_b174, 0, "GET /cart", A_TIME);
    one.attributes = vec![
        text("http.request.method", "GET"),
        integer("http.response.status_code", 500),
        integer("big", i64::MAX),
        attribute("ratio", Any::DoubleValue(0.25)),
        attribute("is_new", Any::BoolValue(true)),
        attribute("list", Any::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(Any::IntValue(1)) }] })),
    ];
    server.send(TRACES, &traces("shop", vec![one]));
    server
}

/// Scenario: values of every kind, as literals and from a table.
/// Guarantee: JSON renders them as docs/api.md says.
#[test]
fn values_are_rendered_as_documented() {
    let server = a_server_with_a_span();
    let cases = [
        ("select 9007199254740992", json!(9_007_199_254_740_992_i64)),
        ("select 9007199254740993", json!("9007199254740993")),
        ("select -9007199254740993", json!("-9007199254740993")),
        ("select cast(7 as bigint unsigned)", json!(7)),
        ("select 1.5", json!(1.5)),
        ("select cast('NaN' as double)", json!("NaN")),
        ("select cast('Infinity' as double)", json!("Infinity")),
        ("select cast('-Infinity' as double)", json!("-Infinity")),
        ("select true", json!(true)),
        ("select null", Value::Null),
        ("select 'text \"quoted\" ü'", json!("text \"quoted\" ü")),
        ("select [1, 2, null]", json!([1, 2, null])),
        ("select named_struct('a', 1, 'b', 'x')", json!({"a": 1, "b": "x"})),
        ("select decode('6869ff', 'hex')", json!("aGn/")),
        ("select trace_id from spans", json!("5b8efff798038103d269b633813fc60c")),
        ("select span_id from spans", json!("eee19b7ec3c1b174")),
        ("select parent_span_id from spans", Value::Null),
        ("select start_time from spans", json!("2026-11-21T05:00:00.123456789Z")),
        ("select duration from spans", json!(1_000_000)),
        ("select kind from spans", json!("server")),
        ("select http_response_status_code from spans", json!(500)),
        ("select service_name from spans", json!("shop")),
        ("select resource_attributes['service.name'] from spans", json!("shop")),
        ("select attributes['http.request.method'] from spans", json!("GET")),
        ("select attributes['absent'] from spans", Value::Null),
    ];
    for (query, expected) in cases {
        assert_eq!(server.value(query), expected, "{query}");
    }
    let map = server.value("select attributes from spans");
    assert!(map.is_object() && map["is_new"].is_string(), "a map of text is an object: {map}");
}

/// Scenario: a plain answer.
/// Guarantee: columns with names and types, rows, and stats that add up.
#[test]
fn an_answer_has_columns_rows_and_stats() {
    let server = a_server_with_a_span();
    let answer = server.sql("select service_name, duration from spans");
    assert_eq!(answer["columns"][0], json!({"name": "service_name", "type": "Utf8"}));
    assert_eq!(answer["columns"][1], json!({"name": "duration", "type": "Int64"}));
    assert_eq!(answer["rows"], json!([["shop", 1_000_000]]));
    assert_eq!((&answer["stats"]["rows"], &answer["stats"]["truncated"]), (&json!(1), &json!(false)));
    for number in ["elapsed_ms", "files_read", "files_total", "bytes_scanned"] {
        assert!(answer["stats"][number].is_number(), "{number}: {answer}");
    }
    let empty = server.sql("select name from spans where name = 'none'");
    assert_eq!((&empty["rows"], &empty["columns"][0]["name"]), (&json!([]), &json!("name")));
}

/// Scenario: more rows than JSON takes, and fewer asked for.
/// Guarantee: cut at 100,000 or at the limit asked for, and said.
#[test]
fn json_is_limited_and_says_so() {
    let server = TestServer::start();
    let many = "select unnest(range(0, 150000)) as n";
    let answer = server.sql(many);
    assert_eq!((answer["rows"].as_array().map(Vec::len), &answer["stats"]["truncated"]), (Some(100_000), &json!(true)));
    let few = server.post_sql(&json!({"query": many, "limit": 7})).json();
    assert_eq!((few["rows"].as_array().map(Vec::len), &few["stats"]["truncated"]), (Some(7), &json!(true)));
    let exact = server.post_sql(&json!({"query": "select unnest(range(0, 7)) as n", "limit": 7})).json();
    assert_eq!((exact["rows"].as_array().map(Vec::len), &exact["stats"]["truncated"]), (Some(7), &json!(false)));
}

/// Scenario: the same statement as CSV, Arrow stream and Parquet file, with more rows than JSON takes.
/// Guarantee: each reads back whole with its own reader.
#[test]
fn csv_arrow_and_parquet_read_back() {
    let server = TestServer::start();
    let query = "select n, concat('row ', n) as label from (select unnest(range(0, 150000)) as n) order by n";
    let ask = |format: &str| {
        let answer = server.post_sql(&json!({"query": query, "format": format}));
        assert_eq!(answer.status, 200, "{format}: {}", answer.text());
        answer
    };
    let csv = ask("csv");
    assert!(csv.content_type.starts_with("text/csv"), "{}", csv.content_type);
    let text = csv.text();
    let mut lines = text.lines();
    assert_eq!(
        (lines.next(), lines.next(), lines.next_back()),
        (Some("n,label"), Some("0,row 0"), Some("149999,row 149999"))
    );

    let arrow = ask("arrow");
    assert_eq!(arrow.content_type, "application/vnd.apache.arrow.stream");
    let batches: Vec<_> = StreamReader::try_new(arrow.body.as_slice(), None)
        .expect("an Arrow stream")
        .map(|batch| batch.expect("a batch"))
        .collect();
    let sum: i64 = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).sum();
    assert_eq!(sum, 149_999 * 150_000 / 2);

    let parquet = ask("parquet");
    assert!(parquet.content_type.contains("parquet"), "{}", parquet.content_type);
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(arrow_bytes(parquet.body), 65_536)
        .expect("a Parquet file");
    let rows: usize = reader.map(|batch| batch.expect("a batch").column(1).len()).sum();
    assert_eq!(rows, 150_000);
}

fn arrow_bytes(body: Vec<u8>) -> bytes::Bytes {
    body.into()
}

/// Scenario: statements with mistakes.
/// Guarantee: 400 as JSON with a message and the place of the mistake.
#[test]
fn mistakes_are_400_with_their_place() {
    let server = TestServer::start();
    let cases = [
        ("selec 1", 1, 1),
        ("select 1 +", 1, 11),
        ("select nope from spans", 1, 8),
        ("select name,\n       nope\nfrom spans", 2, 8),
        ("select * from nowhere", 1, 15),
    ];
    for (query, line, column) in cases {
        let answer = server.post_sql(&json!({"query": query}));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        let error = &answer.json()["error"];
        assert_eq!(error["code"], "invalid_query", "{query}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{query}: {error}");
        assert_eq!((&error["line"], &error["column"]), (&json!(line), &json!(column)), "{query}: {error}");
    }
    for query in ["select foo(1)", "select 1; select 2", "", "select cast('x' as int)"] {
        let answer = server.post_sql(&json!({"query": query}));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{query}");
    }
    for body in ["", "{", "[]", "{\"query\": 5}", "{\"query\": \"select 1\", \"format\": \"xml\"}"] {
        let head =
            format!("POST /api/sql HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json", server.ports().listen);
        let answer = server.raw(&head, body.as_bytes());
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.status);
        assert!(answer.json()["error"]["message"].is_string(), "{body}");
    }
}

/// Scenario: statements that would write, change settings or read files.
/// Guarantee: refused, and nothing has changed.
#[test]
fn statements_only_read() {
    let server = a_server_with_a_span();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let target = folder.path().join("out.csv");
    std::fs::write(folder.path().join("secret.csv"), "a\n1\n").expect("a file can be written");
    let statements = [
        "insert into spans select * from spans".to_owned(),
        "delete from spans".to_owned(),
        "update spans set name = 'x'".to_owned(),
        "create table t as select 1".to_owned(),
        "create view v as select 1".to_owned(),
        "drop table spans".to_owned(),
        "set datafusion.execution.batch_size = 1".to_owned(),
        format!("copy (select 1) to '{}' stored as csv", target.display()),
        format!("create external table t stored as csv location '{}'", folder.path().join("secret.csv").display()),
        format!("select * from '{}'", folder.path().join("secret.csv").display()),
    ];
    for statement in statements {
        let answer = server.post_sql(&json!({"query": statement}));
        assert_eq!(answer.status, 400, "{statement}: {}", answer.text());
    }
    assert!(!target.exists());
    assert_eq!(server.count("select count(*) from spans"), 1);
}

/// Scenario: a statement that would run for hours.
/// Guarantee: 504 `timeout` soon after the time limit, and the next statement is answered.
#[test]
fn a_statement_over_the_time_limit_is_504() {
    let server = Setup::default().env(&[(QUERY_TIMEOUT, "500ms")]).start();
    let endless = "with n as (select unnest(range(0, 3000000)) as v) select sum(a.v % 7 * b.v % 5) from n a cross join n b where a.v + b.v <> 4";
    let began = std::time::Instant::now();
    let answer = server.post_sql(&json!({"query": endless}));
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (504, &json!("timeout")), "{}", answer.text());
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
    assert_eq!(server.count("select 1"), 1);
}

/// Scenario: newcomers ask what there is.
/// Guarantee: `describe`, `show tables` and information_schema explain every table.
#[test]
fn tables_explain_themselves() {
    let server = TestServer::start();
    let tables = [
        "spans",
        "span_events",
        "span_links",
        "logs",
        "metrics",
        "histograms",
        "exp_histograms",
        "summaries",
        "exemplars",
        "series",
    ];
    let listed = server.rows("select table_name from information_schema.tables");
    for table in tables {
        assert!(listed.iter().any(|row| row[0] == table), "{table} in information_schema");
        assert!(!server.rows(&format!("describe {table}")).is_empty(), "describe {table}");
        let _ = server.sql(&format!("select * from {table} limit 1"));
    }
    let described = server.rows("describe spans");
    for column in [
        "trace_id",
        "span_id",
        "start_time",
        "duration",
        "service_name",
        "attributes",
        "resource_attributes",
        "http_route",
        "k8s_pod_name",
    ] {
        assert!(described.iter().any(|row| row[0] == column), "{column} in describe spans: {described:?}");
    }
    let columns = server.count("select count(*) from information_schema.columns where table_name = 'spans'");
    assert_eq!(columns, u64::try_from(described.len()).expect("few"));
}

/// Scenario: all three signals of a service, before and after a seal.
/// Guarantee: SQL sees the same rows, joins them, and filters by hex id, by time and by attributes.
#[test]
fn memory_and_files_answer_alike() {
    let server = TestServer::start();
    let now = spanlake_bench::now_nanos();
    server.send(TRACES, &traces("shop", vec![span(1, 1, 0, "GET /cart", now), span(1, 2, 1, "query", now + 5)]));
    server.send(LOGS, &logs("shop", vec![log(1, 2, "slow query", now + 6)]));
    server.send(METRICS, &gauge("shop", "queue.length", "{item}", &[(now, 2.0), (now + 1_000_000_000, 3.5)]));
    let hex = format!("{:032x}", 1);
    let queries = [
        "select service_name, count(*) from spans group by 1".to_owned(),
        format!("select name from spans where trace_id = '{hex}' order by start_time"),
        "select count(*) from spans where start_time > now() - interval '1 hour'".to_owned(),
        "select count(*) from spans where start_time < now() - interval '1 hour'".to_owned(),
        "select l.body, s.name from logs l join spans s on l.trace_id = s.trace_id and l.span_id = s.span_id"
            .to_owned(),
        "select name, unit, type, max(value) from metrics where service_name = 'shop' group by 1, 2, 3".to_owned(),
        "select count(*) from spans where resource_attributes['service.name'] = 'shop'".to_owned(),
    ];
    let ask =
        |server: &TestServer| -> Vec<Value> { queries.iter().map(|query| server.sql(query)["rows"].clone()).collect() };
    let in_memory = ask(&server);
    assert_eq!(in_memory[0], json!([["shop", 2]]));
    assert_eq!(in_memory[1], json!([["GET /cart"], ["query"]]));
    assert_eq!((&in_memory[2], &in_memory[3]), (&json!([[2]]), &json!([[0]])));
    assert_eq!(in_memory[4], json!([["slow query", "query"]]));
    assert_eq!(in_memory[5], json!([["queue.length", "{item}", "gauge", 3.5]]));
    server.seal();
    assert!(server.metric("spanlake_unsealed_rows").abs() < 0.5);
    assert_eq!(ask(&server), in_memory);
    server.send(TRACES, &some_spans(5, 3));
    assert_eq!(server.count("select count(*) from spans"), 5, "a file and memory together");
}
