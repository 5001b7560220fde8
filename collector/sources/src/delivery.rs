//! From an OTLP message to durable rows, as a door does it: admit, decode, store.
//!
//! Owns a short backlog of messages that the store refused. Never blocks its poller past a given instant; what does
//! not fit the backlog is dropped, oldest first, and counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use spanlake_schemas::door::DoorThresholds;
use spanlake_schemas::ingest::{
    Compression, DecodeLimits, Decoded, Encoding, Ingest, KnownSeries, Refusal, Request, Signal, receipt,
};
use spanlake_schemas::otlp::DecodeError;
use tokio::time::Instant;

/// Messages kept for a store that refuses: a minute of polls at one a second.
const BACKLOG_MESSAGES_MAX: usize = 60;

/// Bytes of them; one message may be larger alone.
const BACKLOG_BYTES_MAX: usize = 8 << 20;

/// Larger messages are decoded off the runtime's threads.
const OFFLOAD_BYTES_MIN: usize = 256 << 10;

/// The decoder, `spanlake_schemas::otlp::decode` but in tests.
pub(crate) type Decode =
    fn(Signal, Encoding, &[u8], i64, &DecodeLimits, &dyn KnownSeries) -> Result<Decoded, DecodeError>;

/// Hands metrics and logs to the store, in order.
pub(crate) struct Delivery {
    ingest: Arc<dyn Ingest>,
    decode: Decode,
    limits: DecodeLimits,
    backlog: VecDeque<Message>,
    /// Messages given up since the start.
    pub(crate) dropped: u64,
}

#[derive(Clone)]
struct Message {
    signal: Signal,
    body: Bytes,
    received_at: i64,
}

/// How a delivery went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    All,
    /// The store refuses or is slow; this many messages wait.
    Waiting {
        messages: usize,
        reason: &'static str,
    },
}

impl Delivery {
    pub(crate) fn new(ingest: Arc<dyn Ingest>, decode: Decode) -> Self {
        Self { ingest, decode, limits: DecodeLimits::default(), backlog: VecDeque::new(), dropped: 0 }
    }

    /// Delivers what waits and then this message of metrics, until `deadline`.
    pub(crate) async fn send(&mut self, body: Bytes, deadline: Instant) -> Delivered {
        self.send_signal(Signal::Metrics, body, deadline).await
    }

    /// The same for any signal.
    pub(crate) async fn send_signal(&mut self, signal: Signal, body: Bytes, deadline: Instant) -> Delivered {
        let mut bytes = body.len() + self.backlog.iter().map(|message| message.body.len()).sum::<usize>();
        while self.backlog.len() == BACKLOG_MESSAGES_MAX || (bytes > BACKLOG_BYTES_MAX && !self.backlog.is_empty()) {
            bytes -= self.backlog.pop_front().map_or(0, |oldest| oldest.body.len());
            self.dropped += 1;
        }
        self.backlog.push_back(Message { signal, body, received_at: receipt(now_nanoseconds()) });
        self.drain(deadline).await
    }

    async fn drain(&mut self, deadline: Instant) -> Delivered {
        while let Some(message) = self.backlog.front().cloned() {
            // A message that is cut off here may be stored all the same: the retry is byte-equal and so stored once.
            let reason = match tokio::time::timeout_at(deadline, self.store(message)).await {
                Ok(Ok(())) => {
                    self.backlog.pop_front();
                    continue;
                }
                Ok(Err(refusal)) => refusal.reason(),
                Err(_) => "late",
            };
            return Delivered::Waiting { messages: self.backlog.len(), reason };
        }
        Delivered::All
    }

    /// Delivers what waits, until `deadline`.
    pub(crate) async fn retry(&mut self, deadline: Instant) -> Delivered {
        self.drain(deadline).await
    }

    async fn store(&self, message: Message) -> Result<(), Refusal> {
        let Message { signal, body, received_at } = message;
        let _permit = self.ingest.admit(body.len() as u64)?;
        let _room = self.ingest.room(body.len() as u64).await?;
        let encoding = Encoding::Protobuf;
        let (ingest, decode, limits, shared) = (Arc::clone(&self.ingest), self.decode, self.limits, body.clone());
        let work = move || decode(signal, encoding, &shared, received_at, &limits, ingest.known_series());
        let decoded = match body.len() < OFFLOAD_BYTES_MIN {
            true => work(),
            // What is left of errors is a runtime that stops.
            false => tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::ShuttingDown)?,
        };
        let decoded = match decoded {
            Ok(decoded) => decoded,
            Err(error) => {
                tracing::error!(%error, "a message of our own making could not be decoded");
                return Ok(());
            }
        };
        if decoded.accepted == 0 {
            return Ok(());
        }
        let (compression, limits) = (Compression::None, self.limits);
        let door = DoorThresholds::default();
        self.ingest.store(Request { signal, encoding, compression, body, received_at, limits, door, decoded }).await
    }
}

pub(crate) fn now_nanoseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The same in whole milliseconds, as polls are told.
pub(crate) fn now_milliseconds() -> i64 {
    now_nanoseconds() / 1_000_000
}
