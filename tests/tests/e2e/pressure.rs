//! The memory cap.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use spanlake_bench::corpus::text;
use spanlake_bench::load::PROTOBUF;
use spanlake_tests::requests::{TRACES, some_spans, span, traces};
use spanlake_tests::server::{PATIENCE, Setup, TestServer, eventually};
use spanlake_tests::settings::{HTTP_BODY_BYTES_MAX, LOG_SEGMENT_BYTES, MEMORY_BYTES_MAX, SEAL_BYTES};

/// Two thirds of the memory are for rows and requests: four of the large ones.
const TINY: &[(&str, &str)] =
    &[(MEMORY_BYTES_MAX, "24MiB"), (SEAL_BYTES, "4MiB"), (HTTP_BODY_BYTES_MAX, "16MiB"), (LOG_SEGMENT_BYTES, "8MiB")];

/// One span of about 4 MB.
fn large_request(trace: u128) -> Vec<u8> {
    let mut large = span(trace, 1, 0, "large", spanlake_bench::now_nanos());
    large.attributes = (0..64)
        .map(|index| text(&format!("blob.{index}"), format!("{trace}{index}").repeat(30_000)[..60_000].to_owned()))
        .collect();
    traces("e2e", vec![large])
}

/// A request of which all but the last bytes were sent, so that the server holds its memory.
struct Held {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Held {
    fn begin(address: SocketAddr, body: &[u8]) -> Self {
        let mut stream = TcpStream::connect(address).expect("the server takes connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout can be set");
        let head = format!(
            "POST {TRACES} HTTP/1.1\r\nHost: {address}\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("the head can be sent");
        let split = body.len() - 10;
        stream.write_all(&body[..split]).expect("the server reads what it admitted");
        Self { stream, rest: body[split..].to_vec() }
    }

    fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).expect("the rest can be sent");
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).expect("the server answers");
        answer.lines().next().unwrap_or_default().to_owned()
    }
}

/// Scenario: requests in flight hold all memory that the server may use, and one more comes.
/// Guarantee: the one more gets 503 with Retry-After before its body is read; the others are stored; then it is taken too.
#[test]
fn at_the_memory_cap_senders_are_told_to_wait() {
    let server = Setup::default().env(TINY).start();
    let address = server.ports().otlp_http;
    let mut held: Vec<Held> = (1..=3).map(|trace| Held::begin(address, &large_request(trace))).collect();
    eventually("three bodies are held", || server.metric("spanlake_in_flight_bytes") > 11e6);
    held.push(Held::begin(address, &large_request(4)));
    eventually("four bodies are held", || server.metric("spanlake_in_flight_bytes") > 15e6);
    let refused = server.post_otlp(TRACES, &large_request(5));
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(refused.retry_after.is_some_and(|delay| !delay.is_zero()), "503 without Retry-After");
    assert_eq!(refused.content_type, PROTOBUF, "a google.rpc.Status in the request's encoding");
    assert!(!refused.body.is_empty());
    for one in held {
        let status = one.finish();
        assert!(status.contains(" 200 "), "{status}");
    }
    eventually("it is taken", || server.post_otlp(TRACES, &large_request(5)).status == 200);
    assert_eq!(server.count("select count(*) from spans"), 5);
}

/// Scenario: eight clients send far more than the cap without pause.
/// Guarantee: no answer but 200 and 503, everything acknowledged is there once, and memory comes back.
#[test]
fn far_more_than_the_cap_goes_through_in_the_end() {
    let mut server = Setup::default().env(TINY).start();
    let sent = |server: &TestServer, client: u128| {
        for request in 0..6 {
            let body = large_request(client * 100 + request);
            eventually("a large request is taken", || match server.post_otlp(TRACES, &body) {
                answer if answer.status == 503 => {
                    std::thread::sleep(Duration::from_millis(50));
                    false
                }
                answer => {
                    assert_eq!(answer.status, 200, "{}", answer.text());
                    true
                }
            });
        }
    };
    std::thread::scope(|scope| {
        for client in 1..=8 {
            let server = &server;
            scope.spawn(move || sent(server, client));
        }
    });
    assert_eq!(server.count("select count(*) from spans"), 48);
    assert_eq!(server.count("select count(*) from (select distinct trace_id from spans)"), 48);
    server.seal();
    eventually("all memory is given back", || {
        server.metric("spanlake_in_flight_bytes") + server.metric("spanlake_hot_bytes") < 1.0
    });
    server.send(TRACES, &some_spans(9_999, 3));
    assert!(server.stop().success());
    server.restart();
    assert_eq!(server.count("select count(*) from spans"), 51);
}
