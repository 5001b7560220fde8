//! `/api/sql`: formats, limits, errors, cancellation.

use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::ipc::reader::StreamReader;
use axum::body::Body;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use serde_json::json;
use spanlake_schemas::ingest::Signal;
use tower::ServiceExt;

use super::lake::{Lake, span, spans};

#[tokio::test]
async fn an_answer_has_columns_rows_and_stats() {
    let lake = Lake::new();
    lake.send(Signal::Traces, &spans("shop", &[span(0xabc, 1, 0, "GET /cart", 1_732_165_200_000_000_001)])).await;
    let answer = lake.sql("select service_name, duration, trace_id, start_time, parent_span_id from spans").await;
    assert_eq!(answer["columns"][0], json!({"name": "service_name", "type": "Utf8"}));
    assert_eq!(answer["columns"][1], json!({"name": "duration", "type": "Int64"}));
    let row = json!(["shop", 1_000_000, "00000000000000000000000000000abc", "2024-11-21T05:00:00.000000001Z", null]);
    assert_eq!(answer["rows"], json!([row]));
    assert_eq!((&answer["stats"]["rows"], &answer["stats"]["truncated"]), (&json!(1), &json!(false)));
    assert!(answer["stats"]["elapsed_ms"].is_number());
    let none = lake.sql("select name from spans where name = 'none'").await;
    assert_eq!((&none["rows"], &none["columns"][0]["name"]), (&json!([]), &json!("name")));
}

#[tokio::test]
async fn json_is_cut_at_the_limit_and_says_so() {
    let lake = Lake::with(|config| config.json_rows_max = 10, |_| {});
    let many = "select unnest(range(0, 50)) as n";
    for (limit, rows, truncated) in [(None, 10, true), (Some(7), 7, true), (Some(1000), 10, true)] {
        let answer = lake.post_sql(&json!({"query": many, "limit": limit})).await.json();
        assert_eq!(answer["rows"].as_array().unwrap().len(), rows);
        assert_eq!(
            answer["stats"],
            json!({"rows": rows, "truncated": truncated, "elapsed_ms": answer["stats"]["elapsed_ms"],
            "files_read": 0, "files_total": 0, "bytes_scanned": 0, "row_groups_pruned": 0, "cache_hits": 0,
            "cache_misses": 0, "sampled_files": 0})
        );
    }
    let exact = lake.post_sql(&json!({"query": "select unnest(range(0, 7)) as n", "limit": 7})).await.json();
    assert_eq!((exact["rows"].as_array().unwrap().len(), &exact["stats"]["truncated"]), (7, &json!(false)));
}

#[tokio::test]
async fn streams_read_back() {
    let lake = Lake::new();
    let query = "select n, concat('row ', n) as label from (select unnest(range(0, 150000)) as n) order by n";
    let csv = lake.post_sql(&json!({"query": query, "format": "csv"})).await;
    assert!(csv.header(header::CONTENT_TYPE).starts_with("text/csv"));
    let text = csv.text();
    assert!(text.starts_with("n,label\n0,row 0\n") && text.ends_with("149999,row 149999\n"));
    let arrow = lake.post_sql(&json!({"query": query, "format": "arrow"})).await;
    assert_eq!(arrow.header(header::CONTENT_TYPE), "application/vnd.apache.arrow.stream");
    let batches = StreamReader::try_new(&arrow.body[..], None).unwrap().map(Result::unwrap);
    let sum: i64 = batches.map(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().sum::<i64>()).sum();
    assert_eq!(sum, 149_999 * 150_000 / 2);
    let file = lake.post_sql(&json!({"query": query, "format": "parquet"})).await;
    assert_eq!(file.header(header::CONTENT_TYPE), "application/vnd.apache.parquet");
    let rows: usize =
        ParquetRecordBatchReader::try_new(file.body, 65_536).unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 150_000);
}

#[tokio::test]
async fn streams_take_a_limit_and_may_be_empty() {
    let lake = Lake::new();
    let some =
        lake.post_sql(&json!({"query": "select unnest(range(0, 20000)) as n", "format": "csv", "limit": 3})).await;
    assert_eq!(some.text(), "n\n0\n1\n2\n");
    for format in ["csv", "arrow", "parquet"] {
        let none = lake.post_sql(&json!({"query": "select name from spans", "format": format})).await;
        assert_eq!(none.status, StatusCode::OK, "{format}");
        let rows = match format {
            "csv" => none.text().lines().count() - 1,
            "arrow" => StreamReader::try_new(&none.body[..], None).unwrap().count(),
            _ => ParquetRecordBatchReader::try_new(none.body, 1024).unwrap().count(),
        };
        assert_eq!(rows, 0, "{format}");
    }
}

#[tokio::test]
async fn a_download_is_a_get() {
    let lake = Lake::new();
    let file = lake.get("/api/sql?query=select%201%20as%20one&format=csv").await;
    assert_eq!((file.status, file.text().as_str()), (StatusCode::OK, "one\n1\n"));
    assert_eq!(file.header(header::CONTENT_DISPOSITION), "attachment; filename=\"spanlake.csv\"");
    assert_eq!(lake.get("/api/sql").await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn mistakes_have_a_status_and_a_place() {
    let lake = Lake::new();
    let wrong = lake.post_sql(&json!({"query": "select nope from spans"})).await;
    let error = &wrong.json()["error"];
    assert_eq!((wrong.status, &error["code"]), (StatusCode::BAD_REQUEST, &json!("invalid_query")));
    assert_eq!((&error["line"], &error["column"]), (&json!(1), &json!(8)), "{error}");
    for format in ["json", "csv", "arrow", "parquet"] {
        let late = lake.post_sql(&json!({"query": "select cast(concat('x', name) as int) from (values ('y')) t(name)", "format": format})).await;
        assert_eq!(late.status, StatusCode::BAD_REQUEST, "{format}: {}", late.text());
    }
    let writes = lake.post_sql(&json!({"query": "delete from spans"})).await;
    assert_eq!((writes.status, &writes.json()["error"]["code"]), (StatusCode::BAD_REQUEST, &json!("unsupported")));
    let bodies = ["", "{", "[]", "{\"query\": 5}", "{\"query\": \"select 1\", \"format\": \"xml\"}"];
    for body in bodies {
        let request = Request::post("/api/sql")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json");
        let answer = lake.ask(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_request")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_body_must_be_json_of_a_bounded_size() {
    let lake = Lake::new();
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        let request =
            Request::post("/api/sql").header(header::HOST, "localhost").header(header::CONTENT_TYPE, content_type);
        let answer = lake.ask(request.body(Body::from("{\"query\":\"select 1\"}")).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
        assert!(answer.json()["error"]["message"].is_string());
    }
    let large = lake.post_sql(&json!({"query": "x".repeat(2 << 20)})).await;
    assert_eq!((large.status, &large.json()["error"]["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
}

const ENDLESS: &str = "with n as (select unnest(range(0, 3000000)) as v) \
     select sum(a.v % 7 * b.v % 5) from n a cross join n b where a.v + b.v <> 4";

#[tokio::test]
async fn a_late_statement_is_504_and_one_too_many_503() {
    let lake = Lake::with(
        |_| {},
        |limits| {
            limits.timeout = Duration::from_millis(400);
            limits.queue_wait = Duration::from_millis(50);
            limits.concurrency = 1;
        },
    );
    let endless = json!({"query": ENDLESS});
    let (late, busy) = tokio::join!(lake.post_sql(&endless), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        lake.post_sql(&json!({"query": "select 1"})).await
    });
    assert_eq!((late.status, &late.json()["error"]["code"]), (StatusCode::GATEWAY_TIMEOUT, &json!("timeout")));
    assert_eq!((busy.status, &busy.json()["error"]["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("busy")));
    assert_eq!(busy.header(header::RETRY_AFTER), "1");
}

/// How many statements ended this way, as `/metrics` tells.
async fn ended(lake: &Lake, outcome: &str) -> String {
    let text = lake.get("/metrics").await.text();
    let name = format!("spanlake_queries_total{{outcome=\"{outcome}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&name)).unwrap().to_owned()
}

#[tokio::test]
async fn who_goes_cancels() {
    // A statement stops where it next yields, which a busy machine may bring late.
    let lake = Lake::with(|_| {}, |limits| (limits.concurrency, limits.queue_wait) = (1, Duration::from_secs(20)));
    let gone = tokio::time::timeout(Duration::from_millis(300), lake.post_sql(&json!({"query": ENDLESS}))).await;
    assert!(gone.is_err());
    assert_eq!(ended(&lake, "cancelled").await, "1");
    lake.sql("select 1").await;

    // In the middle of a stream.
    let request =
        Request::post("/api/sql").header(header::HOST, "localhost").header(header::CONTENT_TYPE, "application/json");
    let endless = json!({"query": "select a.v, b.v as w from (select unnest(range(0, 100000)) as v) a cross join (select unnest(range(0, 100000)) as v) b", "format": "csv"});
    let response = lake.routes.clone().oneshot(request.body(Body::from(endless.to_string())).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    for _ in 0..3 {
        assert!(body.frame().await.unwrap().unwrap().into_data().is_ok());
    }
    drop(body);
    assert_eq!(ended(&lake, "cancelled").await, "2");
    lake.sql("select 1").await;
}

#[tokio::test]
async fn an_error_in_the_middle_breaks_the_stream_off() {
    let lake = Lake::with(|_| {}, |limits| limits.timeout = Duration::from_millis(500));
    let request =
        Request::post("/api/sql").header(header::HOST, "localhost").header(header::CONTENT_TYPE, "application/json");
    let endless = json!({"query": "select a.v, b.v as w from (select unnest(range(0, 100000)) as v) a cross join (select unnest(range(0, 100000)) as v) b", "format": "arrow"});
    let response = lake.routes.clone().oneshot(request.body(Body::from(endless.to_string())).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    let broken = loop {
        match body.frame().await {
            Some(Ok(_)) => {}
            Some(Err(_)) => break true,
            None => break false,
        }
    };
    assert!(broken);
    assert_eq!(ended(&lake, "timeout").await, "1");
}
