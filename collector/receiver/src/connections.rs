//! Sockets: accepting them, watching that they are used, and letting them go when the server stops.
//!
//! A connection ends when its peer goes, when nothing was in flight on it for long, or at shutdown: then it is told
//! (`Connection: close`, GOAWAY), finishes what is in flight, and is dropped once the grace is over.

mod activity;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ReceiverConfig;
use crate::doors::Doors;
use crate::metrics::Transport;
use activity::Activity;

/// Pause after a failed accept, which is mostly for want of file descriptors, and how many in a row are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const ACCEPT_FAILURES_MAX: u32 = 600;
/// What a connection reads at once. It keeps a buffer of that size for as long as it is open, even while it waits to be refused:
/// hyper's own limit, 408 KiB, was 75 MB of 128 senders. No request's head may be larger.
const HTTP1_READ_BYTES: usize = 32 << 10;
/// Largest DATA frame: fewer of them are less work per byte, and each connection buffers one.
const HTTP2_FRAME_BYTES: u32 = 256 << 10;
const HTTP2_KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a door stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("no connection could be accepted for a minute")]
    Accept(#[source] io::Error),
}

/// Serves OTLP/HTTP (HTTP/1.1, and HTTP/2 with prior knowledge) until `shutdown`; returns when the last request in
/// flight is answered or the grace is over.
pub async fn serve_http(
    listener: TcpListener,
    doors: Arc<Doors>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let service = TowerToHyperService::new(crate::http::http_router(Arc::clone(&doors)));
    let door =
        Door { transport: Transport::Http, builder: builder(&doors.config), doors, stop: shutdown.child_token() };
    Arc::new(door).serve(listener, service).await
}

/// Serves OTLP/gRPC (HTTP/2 with prior knowledge) until `shutdown`; returns when the last call in flight is answered
/// or the grace is over.
pub async fn serve_grpc(
    listener: TcpListener,
    doors: Arc<Doors>,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let called = Arc::clone(&doors);
    let service = service_fn(move |request| {
        let doors = Arc::clone(&called);
        async move { Ok::<_, Infallible>(crate::grpc::call(doors, request).await) }
    });
    let builder = builder(&doors.config).http2_only();
    let door = Door { transport: Transport::Grpc, builder, doors, stop: shutdown.child_token() };
    Arc::new(door).serve(listener, service).await
}

/// One listening socket's share.
struct Door {
    transport: Transport,
    builder: Builder<TokioExecutor>,
    doors: Arc<Doors>,
    stop: CancellationToken,
}

fn builder(config: &ReceiverConfig) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_read_timeout)
        .max_buf_size(HTTP1_READ_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(config.http2_keep_alive_interval)
        .keep_alive_timeout(HTTP2_KEEP_ALIVE_TIMEOUT)
        .initial_stream_window_size(config.http2_stream_window_bytes)
        .initial_connection_window_size(config.http2_connection_window_bytes)
        .max_concurrent_streams(config.http2_concurrent_streams_max)
        .max_frame_size(HTTP2_FRAME_BYTES);
    builder
}

/// Counts a connection for as long as it is open, however it ends.
struct OpenConnection<'a>(&'a Door);

impl<'a> OpenConnection<'a> {
    fn new(door: &'a Door) -> Self {
        door.doors.metrics.connected(door.transport);
        Self(door)
    }
}

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.doors.metrics.disconnected(self.0.transport);
    }
}

// === impl Door ===

impl Door {
    async fn serve<S, B>(self: Arc<Self>, listener: TcpListener, service: S) -> Result<(), ServeError>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let connections = TaskTracker::new();
        let room = Arc::new(Semaphore::new(self.doors.config.connections_max));
        let result = loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => break Ok(()),
                // The semaphore is never closed.
                Ok(slot) = Arc::clone(&room).acquire_owned() => tokio::select! {
                    () = self.stop.cancelled() => break Ok(()),
                    stream = accept(&listener) => stream.map(|stream| (slot, stream)),
                },
            };
            let (slot, stream) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => break Err(error),
            };
            let (door, service) = (Arc::clone(&self), service.clone());
            connections.spawn(async move {
                let _open = OpenConnection::new(&door);
                door.connection(stream, service).await;
                drop(slot);
            });
        };
        drop(listener);
        self.stop.cancel();
        connections.close();
        connections.wait().await;
        result
    }

    /// One connection, to its end.
    async fn connection<S, B>(&self, stream: TcpStream, service: S)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
        S::Future: Send,
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
    {
        let config = &self.doors.config;
        let activity = Arc::new(Activity::new());
        let counted = Arc::clone(&activity);
        let service = service_fn(move |request| Activity::during(Arc::clone(&counted), service.call(request)));
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            // What went wrong on a connection is its peer's to know.
            _ = connection.as_mut() => return,
            () = self.stop.cancelled() => {}
            () = activity.idle_for(config.header_read_timeout, config.idle_timeout) => {}
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection => {}
            () = sleep_until(Instant::now() + config.shutdown_grace) => {
                tracing::debug!(transport = self.transport.name(), "connection dropped after the grace");
            }
        }
    }
}

/// The next connection; failures are waited out for a minute.
async fn accept(listener: &TcpListener) -> Result<TcpStream, ServeError> {
    let mut failures = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small, and someone waits for them. Failing means that the peer is gone already.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                if failures % 100 == 0 {
                    tracing::warn!(%error, failures, "no connection could be accepted");
                }
                failures += 1;
                if failures == ACCEPT_FAILURES_MAX {
                    return Err(ServeError::Accept(error));
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
