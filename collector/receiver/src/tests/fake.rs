//! A store that records, refuses or waits, a decoder that obeys its body, and servers on port 0.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array};
use arrow::record_batch::RecordBatch;
use parking_lot::Mutex;
use spanlake_schemas::ingest::{
    Batches, DecodeLimits, Decoded, Encoding, Ingest, KnownSeries, NoKnownSeries, Permit, Refusal, Request, Signal,
};
use spanlake_schemas::otlp::DecodeError;
use spanlake_schemas::tables::Table;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{Doors, ReceiverConfig, ReceiverMetrics, ServeError, serve_grpc, serve_http};

/// The store behind the doors.
#[derive(Default)]
pub(super) struct Store {
    pub(super) requests: Mutex<Vec<Request>>,
    pub(super) admitted: Mutex<Vec<u64>>,
    pub(super) held: Arc<AtomicU64>,
    pub(super) cap: AtomicU64,
    pub(super) refusal: Mutex<Option<Refusal>>,
    pub(super) gate: Mutex<Option<Arc<Semaphore>>>,
    pub(super) waiting: AtomicU64,
}

struct Held(Arc<AtomicU64>, u64);

impl Permit for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, SeqCst);
    }
}

impl Ingest for Store {
    fn admit(&self, bytes: u64) -> Result<Box<dyn Permit>, Refusal> {
        let (held, cap) = (self.held.load(SeqCst), self.cap.load(SeqCst));
        if cap > 0 && held + bytes > cap {
            return Err(Refusal::Memory { held, cap });
        }
        self.admitted.lock().push(bytes);
        self.held.fetch_add(bytes, SeqCst);
        Ok(Box::new(Held(Arc::clone(&self.held), bytes)))
    }

    fn known_series(&self) -> &dyn KnownSeries {
        &NoKnownSeries
    }

    fn store(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + '_>> {
        Box::pin(async move {
            let gate = self.gate.lock().clone();
            self.waiting.fetch_add(1, SeqCst);
            if let Some(gate) = gate {
                gate.acquire().await.unwrap().forget();
            }
            if let Some(refusal) = self.refusal.lock().clone() {
                return Err(refusal);
            }
            self.requests.lock().push(request);
            Ok(())
        })
    }
}

/// Decodes by the first word of the body.
pub(super) fn obey(
    signal: Signal,
    _: Encoding,
    body: &[u8],
    _: i64,
    _: &DecodeLimits,
    _: &dyn KnownSeries,
) -> Result<Decoded, DecodeError> {
    if body.is_empty() {
        return Ok(Decoded::default());
    }
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
    let batches = Batches { tables: vec![(Table::Spans, batch)] };
    let taken = Decoded { batches, accepted: body.len() as u64, ..Decoded::default() };
    let word = body.split(|byte| *byte == b' ').next().unwrap_or_default();
    match word {
        b"bad" => Err(DecodeError::Malformed {
            signal: signal.name(),
            encoding: "protobuf",
            reason: "told so".to_owned(),
            offset: 7,
        }),
        b"panic" => panic!("told so"),
        b"partial" => {
            Ok(Decoded { rejected: 300, message: Some("too “odd”".to_owned()), unknown_fields: 2, ..taken })
        }
        b"warn" => Ok(Decoded { message: Some("shortened".to_owned()), ..taken }),
        _ => Ok(taken),
    }
}

/// Both doors, running.
pub(super) struct Server {
    pub(super) store: Arc<Store>,
    pub(super) metrics: Arc<ReceiverMetrics>,
    pub(super) doors: Arc<Doors>,
    pub(super) http: SocketAddr,
    pub(super) grpc: SocketAddr,
    pub(super) shutdown: CancellationToken,
    pub(super) tasks: Vec<JoinHandle<Result<(), ServeError>>>,
}

pub(super) async fn server() -> Server {
    server_with(|_| {}).await
}

/// With the decoder that ships.
pub(super) async fn decoding_server() -> Server {
    start(ReceiverConfig::default(), spanlake_schemas::otlp::decode).await
}

/// With the decoder that ships and other settings.
pub(super) async fn server_with_decoder(configure: impl FnOnce(&mut ReceiverConfig)) -> Server {
    let mut config = ReceiverConfig::default();
    configure(&mut config);
    start(config, spanlake_schemas::otlp::decode).await
}

pub(super) async fn server_with(configure: impl FnOnce(&mut ReceiverConfig)) -> Server {
    let mut config = ReceiverConfig { shutdown_grace: Duration::from_secs(2), ..ReceiverConfig::default() };
    configure(&mut config);
    start(config, obey).await
}

async fn start(config: ReceiverConfig, decode: crate::doors::Decode) -> Server {
    let (store, metrics) = (Arc::new(Store::default()), Arc::new(ReceiverMetrics::default()));
    let mut doors = Doors::new(Arc::clone(&store) as Arc<dyn Ingest>, config, Arc::clone(&metrics));
    doors.decode = decode;
    let doors = Arc::new(doors);
    let shutdown = CancellationToken::new();
    let http_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let grpc_listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (http, grpc) = (http_listener.local_addr().unwrap(), grpc_listener.local_addr().unwrap());
    let tasks = vec![
        tokio::spawn(serve_http(http_listener, Arc::clone(&doors), shutdown.clone())),
        tokio::spawn(serve_grpc(grpc_listener, Arc::clone(&doors), shutdown.clone())),
    ];
    Server { store, metrics, doors, http, grpc, shutdown, tasks }
}

/// Waits for something that happens soon.
pub(super) async fn soon(what: impl Fn() -> bool) {
    for _ in 0..500 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("did not happen within five seconds");
}
