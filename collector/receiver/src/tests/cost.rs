//! What the doors cost beside decoding and storing: processor time of the server's thread per request, printed, and
//! held to a bound that only an accident exceeds, as these tests run unoptimised and beside others.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use tokio::net::TcpStream;
use tonic::transport::Endpoint;

use super::fake::server;
use super::http::gzip;
use super::raw::{answer, send};

const REQUESTS: u32 = 300;
/// A batch of 512 spans.
const BODY_BYTES: usize = 200 << 10;

struct Alone {
    http: SocketAddr,
    grpc: SocketAddr,
    thread: String,
}

/// Servers on a thread of their own, which stays until the process ends.
fn alone() -> Alone {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = server().await;
            let thread = std::fs::read_link("/proc/thread-self").unwrap().display().to_string();
            sender.send(Alone { http: server.http, grpc: server.grpc, thread }).unwrap();
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                // What is recorded is memory.
                server.store.requests.lock().clear();
            }
        });
    });
    receiver.recv().unwrap()
}

impl Alone {
    fn nanoseconds(&self) -> u64 {
        let path = format!("/proc/{}/schedstat", self.thread);
        std::fs::read_to_string(path).unwrap().split(' ').next().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn the_doors_cost_little() {
    let alone = alone();
    // The first word is all that the decoder of these tests looks at.
    let mut words = b"spans ".to_vec();
    for n in 0..BODY_BYTES as u32 / 8 {
        words.extend_from_slice(format!("{:08x}", n.wrapping_mul(2_654_435_761)).as_bytes());
    }
    for (name, headers, body) in [
        ("http plain", "", words.clone()),
        ("http gzip", "content-encoding: gzip\r\n", gzip(&words)),
        ("http zstd", "content-encoding: zstd\r\n", zstd::bulk::compress(&words, 1).unwrap()),
    ] {
        let headers = format!("content-type: application/x-protobuf\r\n{headers}content-length: {}\r\n", body.len());
        let mut stream = TcpStream::connect(alone.http).await.unwrap();
        let before = alone.nanoseconds();
        for _ in 0..REQUESTS {
            send(&mut stream, "POST /v1/traces", &headers, &body).await;
            assert_eq!(answer(&mut stream).await.status, 200);
        }
        told(name, alone.nanoseconds() - before);
    }
    let channel = Endpoint::from_shared(format!("http://{}", alone.grpc)).unwrap().connect().await.unwrap();
    let mut client = TraceServiceClient::new(channel);
    let resource = ResourceSpans { schema_url: String::from_utf8(words).unwrap(), ..ResourceSpans::default() };
    let request = ExportTraceServiceRequest { resource_spans: vec![resource] };
    let before = alone.nanoseconds();
    for _ in 0..REQUESTS {
        client.export(request.clone()).await.unwrap();
    }
    told("grpc plain", alone.nanoseconds() - before);
}

fn told(name: &str, nanoseconds: u64) {
    let per_request = nanoseconds / u64::from(REQUESTS);
    println!("{name}: {} µs a request of 512 spans, {} ns a span", per_request / 1000, per_request / 512);
    assert!(per_request < 20_000_000, "{name}");
}
