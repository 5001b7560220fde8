//! The doors' settings, and their defaults. Plain values, checked by whoever parses them; never read from a global.

use std::fmt;
use std::time::Duration;

use spanlake_schemas::ingest::{DecodeLimits, Signal};

/// Limits and times of both doors.
#[derive(Clone, Debug)]
pub struct ReceiverConfig {
    /// Largest HTTP body, as received and once inflated (OTLP recommends 64 MiB).
    pub http_body_bytes_max: u64,
    /// Largest gRPC message, as received and once inflated.
    pub grpc_message_bytes_max: u64,
    /// From the first byte of a request (or the end of the one before) to the end of its headers. On HTTP/1.1 this
    /// is the keep-alive time too.
    pub header_read_timeout: Duration,
    /// What a body may take however small; on top comes a second per `body_bytes_per_second_min` received.
    pub body_read_timeout: Duration,
    /// Slower bodies are cut off.
    pub body_bytes_per_second_min: u64,
    /// A connection without a request in flight for so long is told to go.
    pub idle_timeout: Duration,
    /// How often HTTP/2 peers are pinged, to notice the ones that are gone.
    pub http2_keep_alive_interval: Duration,
    /// HTTP/2 flow control, per request and per connection. Bodies are read as they come, into admitted memory, so
    /// this bounds what is on its way rather than what is held.
    pub http2_stream_window_bytes: u32,
    pub http2_connection_window_bytes: u32,
    pub http2_concurrent_streams_max: u32,
    /// Connections per door; more wait in the kernel's queue.
    pub connections_max: usize,
    /// How long requests in flight may take after a shutdown was asked for.
    pub shutdown_grace: Duration,
    /// How much of a body that was refused is read and thrown away, so that the client sees the answer.
    pub drain_bytes_max: u64,
    pub drain_timeout: Duration,
    /// `*`, an exact origin, or one with a `*`; `:*` at the end is any port or none.
    pub cors_allowed_origins: Vec<String>,
    pub cors_max_age: Duration,
    /// Signals that are taken; the others are 404 and UNIMPLEMENTED.
    pub signals: Vec<Signal>,
    pub decode_limits: DecodeLimits,
    /// Said with refusals that the store gives no delay for.
    pub retry_after: Duration,
    /// If set, requests without `Authorization: Bearer <token>` are refused.
    pub bearer_token: Option<BearerToken>,
    /// Bodies of this size and more are decoded off the runtime's threads.
    pub offload_bytes_min: u64,
}

impl Default for ReceiverConfig {
    fn default() -> Self {
        Self {
            http_body_bytes_max: 64 << 20,
            grpc_message_bytes_max: 16 << 20,
            // Longer than the usual export interval of metrics (60 s), so that keep-alive helps those clients.
            header_read_timeout: Duration::from_secs(75),
            body_read_timeout: Duration::from_secs(30),
            body_bytes_per_second_min: 16 << 10,
            idle_timeout: Duration::from_secs(300),
            http2_keep_alive_interval: Duration::from_secs(60),
            http2_stream_window_bytes: 8 << 20,
            http2_connection_window_bytes: 16 << 20,
            http2_concurrent_streams_max: 1000,
            connections_max: 4096,
            shutdown_grace: Duration::from_secs(10),
            drain_bytes_max: 128 << 20,
            drain_timeout: Duration::from_secs(5),
            cors_allowed_origins: vec!["http://localhost:*".to_owned(), "http://127.0.0.1:*".to_owned()],
            cors_max_age: Duration::from_secs(7200),
            signals: Signal::ALL.to_vec(),
            decode_limits: DecodeLimits::default(),
            retry_after: Duration::from_secs(1),
            bearer_token: None,
            offload_bytes_min: 256 << 10,
        }
    }
}

/// A secret that is compared in constant time and never printed.
#[derive(Clone)]
pub struct BearerToken(String);

impl BearerToken {
    #[must_use]
    pub fn new(token: impl Into<String>) -> Self {
        Self(token.into())
    }

    /// Whether the value of an `Authorization` header carries this token.
    pub(crate) fn is_in(&self, authorization: &[u8]) -> bool {
        let Some((scheme, token)) = authorization.split_at_checked("bearer ".len()) else { return false };
        let different = token.len() != self.0.len()
            || token.iter().zip(self.0.as_bytes()).fold(0, |sum, (left, right)| sum | (left ^ right)) != 0;
        scheme.eq_ignore_ascii_case(b"bearer ") && !different
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("BearerToken(…)")
    }
}
