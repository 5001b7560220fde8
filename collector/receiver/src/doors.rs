//! What both doors share: the store behind them, the settings, the counters and the turns at decoding.

use std::sync::Arc;

use parking_lot::Mutex;
use spanlake_schemas::door::Door;
use spanlake_schemas::ingest::{DecodeLimits, Decoded, Encoding, Ingest, KnownSeries, Signal};
use spanlake_schemas::otlp::{self, DecodeError};
use spanlake_schemas::prometheus::FamiliesMemory;
use tokio::sync::Semaphore;

use crate::config::ReceiverConfig;
use crate::fault::Fault;
use crate::metrics::{ReceiverMetrics, Transport};

/// The decoder's signature, [`otlp::decode`].
pub(crate) type Decode =
    fn(Signal, Encoding, &[u8], i64, &DecodeLimits, &dyn KnownSeries) -> Result<Decoded, DecodeError>;

/// Shared by every connection of both doors.
pub struct Doors {
    pub(crate) ingest: Arc<dyn Ingest>,
    pub(crate) config: ReceiverConfig,
    pub(crate) metrics: Arc<ReceiverMetrics>,
    /// Held while a large body is decoded off the runtime, so that not more of them run than there are cores.
    pub(crate) large_turns: Semaphore,
    pub(crate) decode: Decode,
    /// Holds back a part of the traces, where somebody asked for that.
    pub(crate) door: Option<Arc<dyn Door>>,
    /// What senders of remote write 1.0 told of metric families; swapped whole, as readers are many and news are rare.
    pub(crate) families: Mutex<Arc<FamiliesMemory>>,
}

impl Doors {
    /// `metrics` is shared with whoever shows them.
    #[must_use]
    pub fn new(ingest: Arc<dyn Ingest>, config: ReceiverConfig, metrics: Arc<ReceiverMetrics>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            ingest,
            config,
            metrics,
            large_turns: Semaphore::new(cores),
            decode: otlp::decode,
            door: None,
            families: Mutex::default(),
        }
    }

    /// With somebody who holds back a part of the traces before they are stored.
    #[must_use]
    pub fn with_door(self, door: Arc<dyn Door>) -> Self {
        Self { door: Some(door), ..self }
    }

    /// The counters of these doors.
    #[must_use]
    pub fn metrics(&self) -> &Arc<ReceiverMetrics> {
        &self.metrics
    }

    /// Largest body of a door, on the wire.
    pub(crate) const fn body_bytes_max(&self, transport: Transport) -> u64 {
        match transport {
            Transport::Http => self.config.http_body_bytes_max,
            Transport::Grpc => self.config.grpc_message_bytes_max,
        }
    }

    /// The decoder's limits at a door: the smaller of the two says how large an inflated body may be.
    pub(crate) fn limits(&self, transport: Transport) -> DecodeLimits {
        let mut limits = self.config.decode_limits;
        limits.inflated_bytes_max = limits.inflated_bytes_max.min(self.body_bytes_max(transport));
        limits
    }

    /// Who may send what: the token first, so that strangers learn nothing.
    pub(crate) fn check(&self, signal: Signal, headers: &http::HeaderMap) -> Result<(), Fault> {
        if let Some(token) = &self.config.bearer_token {
            let sent = headers.get(http::header::AUTHORIZATION).map(http::HeaderValue::as_bytes);
            if !sent.is_some_and(|sent| token.is_in(sent)) {
                return Err(Fault::Unauthenticated);
            }
        }
        match self.config.signals.contains(&signal) {
            true => Ok(()),
            false => Err(Fault::Disabled(signal.name())),
        }
    }
}
