//! Health, the page, the guard before the routes, compression, and a real socket.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Method, Request, StatusCode, header};
use serde_json::json;
use spanlake_schemas::ingest::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::lake::{Lake, span, spans};

fn get(address: &str) -> http::request::Builder {
    Request::get(address).header(header::HOST, "localhost:4300")
}

#[tokio::test]
async fn health_tells_of_the_rooms() {
    let lake = Lake::new();
    assert_eq!((lake.get("/healthz").await.status, lake.get("/readyz").await.status), (StatusCode::OK, StatusCode::OK));
    lake.rooms.ready.store(false, Ordering::Relaxed);
    assert_eq!(
        (lake.get("/healthz").await.status, lake.get("/readyz").await.status),
        (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
    );
    let status = lake.json("/api/status").await;
    assert_eq!(
        status,
        json!({
            "version": env!("CARGO_PKG_VERSION"), "ready": false, "uptime_seconds": 12, "otlp_grpc": "127.0.0.1:4317", "otlp_http": "127.0.0.1:4317",
            "data_dir": "./data", "accepted": {"spans": 1, "logs": 2, "points": 3}, "hot_bytes": 5, "log_bytes": 6, "hot_file_bytes": 7, "cold": null, "files": 0, "empty": true,
        })
    );
    lake.send(Signal::Traces, &spans("spanlake", &[span(1, 1, 0, "own", 5)])).await;
    assert_eq!(lake.json("/api/status").await["empty"], true);
    lake.send(Signal::Traces, &spans("shop", &[span(2, 1, 0, "x", 5)])).await;
    lake.store.seal().await;
    let status = lake.json("/api/status").await;
    assert_eq!(status["empty"], false);
    assert!(status["files"].as_u64().unwrap() > 0);
    let metrics = lake.get("/metrics").await;
    assert!(metrics.header(header::CONTENT_TYPE).starts_with("text/plain"));
    let text = metrics.text();
    for name in ["other", "spanlake_queries_total", "spanlake_query_seconds", "spanlake_api_refused_requests_total"] {
        assert!(text.contains(&format!("# TYPE {name} ")), "{name}");
    }
}

#[tokio::test]
async fn sealing_is_for_this_machine_or_the_token() {
    let lake = Lake::new();
    let seal = || Request::post("/api/admin/seal").header(header::HOST, "localhost");
    let peer = |address: [u8; 4]| ConnectInfo(std::net::SocketAddr::from((address, 5)));
    assert_eq!(lake.ask(seal().body(Body::empty()).unwrap()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(
        lake.ask(seal().extension(peer([10, 0, 0, 1])).body(Body::empty()).unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        lake.ask(seal().extension(peer([127, 0, 0, 1])).body(Body::empty()).unwrap()).await.status,
        StatusCode::OK
    );
    assert_eq!(lake.rooms.seals.load(Ordering::Relaxed), 1);
    let lake = Lake::with(|config| config.token = Some("secret".into()), |_| {});
    let with_token = seal().header(header::AUTHORIZATION, "Bearer secret").extension(peer([10, 0, 0, 1]));
    assert_eq!(lake.ask(with_token.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
    assert_eq!(
        lake.ask(seal().extension(peer([127, 0, 0, 1])).body(Body::empty()).unwrap()).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn the_page_stands_in_frames_of_sites_that_may_and_answers_in_none() {
    let lake = Lake::with(|config| config.frame_ancestors = vec!["https://wiki.example".into()], |_| {});
    let page = lake.get("/trace/1?embed=1").await;
    assert!(page.header(header::CONTENT_SECURITY_POLICY).ends_with("; frame-ancestors https://wiki.example"));
    assert_eq!(page.header(header::X_FRAME_OPTIONS), "");
    let answer = lake.get("/api/status").await;
    assert!(answer.header(header::CONTENT_SECURITY_POLICY).ends_with("; frame-ancestors 'none'"));
    assert_eq!(answer.header(header::X_FRAME_OPTIONS), "DENY");
}

#[tokio::test]
async fn the_page_is_shown_where_there_is_no_route() {
    let lake = Lake::new();
    for path in ["/", "/index.html", "/trace/5b8efff798038103d269b633813fc60c", "/sql?query=1"] {
        let page = lake.get(path).await;
        assert_eq!(
            (page.status, page.header(header::CONTENT_TYPE)),
            (StatusCode::OK, "text/html; charset=utf-8"),
            "{path}"
        );
        assert!(page.text().contains("<html") && page.header(header::CACHE_CONTROL) == "no-cache");
        assert!(page.header(header::CONTENT_SECURITY_POLICY).contains("frame-ancestors 'none'"));
        assert_eq!(page.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        let again = lake
            .ask(get(path).header(header::IF_NONE_MATCH, page.header(header::ETAG)).body(Body::empty()).unwrap())
            .await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
    }
    let packed = lake.ask(get("/").header(header::ACCEPT_ENCODING, "br, gzip").body(Body::empty()).unwrap()).await;
    assert_eq!((packed.header(header::CONTENT_ENCODING), &packed.body[..2]), ("gzip", &[0x1f, 0x8b][..]));
    for path in ["/api", "/api/", "/api/nothing", "/api/traces/1/2", "/assets/none.js"] {
        let none = lake.get(path).await;
        assert_eq!(
            (none.status, none.json()["error"]["code"].as_str()),
            (StatusCode::NOT_FOUND, Some("not_found")),
            "{path}"
        );
    }
    for (method, path) in [(Method::POST, "/"), (Method::DELETE, "/api/sql"), (Method::POST, "/api/traces")] {
        let request = Request::builder().method(&method).uri(path).header(header::HOST, "localhost");
        let answer = lake.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (StatusCode::METHOD_NOT_ALLOWED, Some("method_not_allowed")),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn foreign_hosts_origins_and_tokens_are_refused() {
    let lake = Lake::with(|config| config.token = Some("secret".into()), |_| {});
    let foreign = Request::get("/").header(header::HOST, "evil.example").body(Body::empty()).unwrap();
    let foreign = lake.ask(foreign).await;
    assert_eq!((foreign.status, foreign.json()["error"]["code"].as_str()), (StatusCode::FORBIDDEN, Some("forbidden")));
    for path in ["/api/status", "/metrics", "/api/nothing"] {
        let answer = lake.get(path).await;
        assert_eq!(
            (answer.status, answer.header(header::WWW_AUTHENTICATE)),
            (StatusCode::UNAUTHORIZED, "Bearer realm=\"spanlake\""),
            "{path}"
        );
        let wrong =
            lake.ask(get(path).header(header::AUTHORIZATION, "Bearer secreT").body(Body::empty()).unwrap()).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    }
    let right =
        lake.ask(get("/api/status").header(header::AUTHORIZATION, "bearer secret").body(Body::empty()).unwrap()).await;
    assert_eq!(right.status, StatusCode::OK);
    for open in ["/", "/healthz", "/readyz"] {
        assert_eq!(lake.get(open).await.status, StatusCode::OK, "{open}");
    }
}

#[tokio::test]
async fn large_json_is_compressed_and_streams_are_not() {
    let lake = Lake::new();
    let ask = |query: &str, format: &str| {
        let body = json!({"query": query, "format": format}).to_string();
        let request = Request::post("/api/sql")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json");
        request.header(header::ACCEPT_ENCODING, "gzip").body(Body::from(body)).unwrap()
    };
    let large = lake.ask(ask("select unnest(range(0, 5000)) as n", "json")).await;
    assert_eq!(large.header(header::CONTENT_ENCODING), "gzip");
    for (query, format) in [("select 1", "json"), ("select unnest(range(0, 5000)) as n", "arrow")] {
        assert_eq!(lake.ask(ask(query, format)).await.header(header::CONTENT_ENCODING), "", "{format}");
    }
}

/// Scenario: a client hangs up in the middle of a statement, over a real socket; then the server is told to stop.
/// Guarantee: the statement is cancelled; the stop ends.
#[tokio::test]
async fn a_client_that_hangs_up_cancels_and_a_stop_ends() {
    let lake = Lake::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let served = tokio::spawn(crate::serve(listener, lake.routes.clone(), stop.clone()));
    let endless = "with n as (select unnest(range(0, 3000000)) as v) select sum(a.v % 7 * b.v % 5) from n a cross join n b where a.v + b.v <> 4";
    let body = json!({ "query": endless }).to_string();
    let head = format!(
        "POST /api/sql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all((head + &body).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(client);
    let mut cancelled = false;
    for _ in 0..100 {
        cancelled = lake.get("/metrics").await.text().contains("outcome=\"cancelled\"} 1");
        if cancelled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(cancelled);
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let mut start = [0; 15];
    client.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 200 OK");
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap().unwrap();
}
