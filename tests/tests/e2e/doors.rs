//! Who may ask on port 4300.

use spanlake_tests::requests::{TRACES, some_spans};
use spanlake_tests::server::{Answer, Setup, TestServer};

fn post_sql(server: &TestServer, host: &str, headers: &str) -> Answer {
    let headers = if headers.is_empty() { String::new() } else { format!("\r\n{headers}") };
    let has_type = headers.contains("Content-Type");
    let content_type = if has_type { "" } else { "\r\nContent-Type: application/json" };
    server.raw(&format!("POST /api/sql HTTP/1.1\r\nHost: {host}{content_type}{headers}"), b"{\"query\": \"select 1\"}")
}

/// Scenario: a foreign page in a browser on the same machine, by its own name (DNS rebinding) or across origins.
/// Guarantee: refused with a JSON error, whatever the route; the own page and plain clients are let in.
#[test]
fn foreign_hosts_and_origins_are_refused() {
    let server = TestServer::start();
    let own = server.ports().listen.to_string();
    let port = server.ports().listen.port();
    for (host, headers) in [
        (own.clone(), String::new()),
        (format!("localhost:{port}"), String::new()),
        (own.clone(), format!("Origin: http://{own}")),
        (format!("localhost:{port}"), format!("Origin: http://localhost:{port}")),
    ] {
        assert_eq!(post_sql(&server, &host, &headers).status, 200, "{host} {headers}");
    }
    for (host, headers) in [
        ("evil.example".to_owned(), String::new()),
        (format!("evil.example:{port}"), format!("Origin: http://evil.example:{port}")),
        (own.clone(), "Origin: http://evil.example".to_owned()),
        (own.clone(), "Origin: null".to_owned()),
        (own.clone(), "Content-Type: text/plain".to_owned()),
    ] {
        let answer = post_sql(&server, &host, &headers);
        assert!((400..500).contains(&answer.status), "{host} {headers}: {} {}", answer.status, answer.text());
        assert!(answer.json()["error"]["message"].is_string(), "{host} {headers}: {}", answer.text());
    }
    let listed = server.raw("GET /api/services HTTP/1.1\r\nHost: evil.example", b"");
    assert!((400..500).contains(&listed.status), "{}", listed.text());
}

/// Scenario: a server with a token, open to the network.
/// Guarantee: every `/api` route wants the token; health does not; OTLP is taken as before.
#[test]
fn with_a_token_file_the_api_wants_the_token() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "s3cret-t0ken\n").expect("a file can be written");
    let server = Setup::default().arguments(&["--token-file", &token_file.display().to_string()]).start();
    let own = server.ports().listen.to_string();
    for headers in ["", "Authorization: Bearer wrong", "Authorization: Basic s3cret-t0ken"] {
        let answer = post_sql(&server, &own, headers);
        assert_eq!(answer.status, 401, "{headers}: {}", answer.text());
        assert!(answer.json()["error"]["message"].is_string());
    }
    assert_eq!(post_sql(&server, &own, "Authorization: Bearer s3cret-t0ken").status, 200);
    for path in ["/api/traces", "/api/services", "/api/status", "/api/metrics"] {
        assert_eq!(server.get(path).status, 401, "{path}");
    }
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));
    let _ = server.post_otlp(TRACES, &some_spans(1, 1));
    assert!(!server.output().contains("s3cret-t0ken"), "the token is not written anywhere");
}
