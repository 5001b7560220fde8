//! The one path behind both doors: a body that has arrived is decoded, stored, and only then acknowledged; what
//! happens is counted here and nowhere else.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;
use spanlake_schemas::ingest::{Compression, DecodeLimits, Encoding, Filing, Request, Signal, receipt};
use tracing::Span;

use crate::admission::{Admission, inflated_bytes_guess};
use crate::answer::Outcome;
use crate::decoding::{Job, Taken, decode};
use crate::doors::Doors;
use crate::fault::Fault;
use crate::metrics::Transport;

/// Marks the server's own telemetry: neither counted nor traced, else each export would cause the next one.
pub(crate) const OWN_HEADER: &str = "x-spanlake-self";
/// Asked for where a sender does not tell the size of a body.
const UNTOLD_BYTES: u64 = 64 << 10;

/// One request as it stands before its body is read.
#[derive(Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) signal: Signal,
    pub(crate) transport: Transport,
    pub(crate) own: bool,
    pub(crate) filing: Filing,
}

/// A body as received, and how to read it.
pub(crate) struct Received {
    pub(crate) encoding: Encoding,
    pub(crate) compression: Compression,
    pub(crate) body: Bytes,
}

impl Arrival {
    /// Notes that a request came.
    pub(crate) fn of(doors: &Doors, signal: Signal, transport: Transport, headers: &HeaderMap) -> Self {
        let own = headers.get(OWN_HEADER).is_some_and(|value| value == "1");
        doors.metrics.request(signal, transport, own);
        Self { signal, transport, own, filing: Filing::Receipt }
    }

    /// The span of this request; none for the server's own telemetry.
    pub(crate) fn span(self) -> Span {
        if self.own {
            return Span::none();
        }
        match self.transport {
            Transport::Http => tracing::debug_span!(
                "export",
                otel.kind = "server",
                http.request.method = "POST",
                url.path = crate::http::path(self.signal),
            ),
            Transport::Grpc => tracing::debug_span!(
                "export",
                otel.kind = "server",
                rpc.system = "grpc",
                rpc.service = crate::grpc::service(self.signal),
                rpc.method = "Export",
            ),
        }
    }

    /// Notes that a request was refused.
    pub(crate) fn refused(self, doors: &Doors, fault: &Fault) {
        if !self.own {
            doors.metrics.refused(self.signal, fault.reason());
            tracing::debug!(signal = self.signal.name(), reason = fault.reason().name(), %fault, "export refused");
        }
    }
}

/// Asks the store for room, before the body is read. `told` is the body's size on the wire.
pub(crate) fn admit(
    doors: &Doors,
    transport: Transport,
    told: Option<u64>,
    compressed: bool,
) -> Result<Admission, Fault> {
    let limit = doors.limits(transport).inflated_bytes_max;
    let bytes = told.map_or(UNTOLD_BYTES, |told| inflated_bytes_guess(told, compressed, limit));
    Ok(Admission::ask(&*doors.ingest, bytes)?)
}

/// Takes a received body; `Ok` once it is durable and visible.
pub(crate) async fn take(
    doors: &Arc<Doors>,
    arrival: Arrival,
    received: Received,
    admission: Admission,
) -> Result<Outcome, Fault> {
    let Received { encoding, compression, body } = received;
    let signal = arrival.signal;
    let limits = DecodeLimits { filing: arrival.filing, ..doors.limits(arrival.transport) };
    if !arrival.own {
        doors.metrics.body(signal, body.len() as u64);
    }
    let received_at = receipt(nanoseconds_since_epoch());
    let job = Job { signal, encoding, compression, body, received_at, limits };
    let _room = doors.ingest.room(job.inflated_bytes_likely()).await?;
    let (Taken { mut decoded, door }, _admission) = decode(doors, &job, admission).await?;
    let outcome = Outcome { accepted: decoded.accepted, rejected: decoded.rejected, message: decoded.message.take() };
    let (accepted, unknown_fields) = (decoded.accepted, decoded.unknown_fields);
    // Nothing to keep is nothing to wait for.
    if !decoded.batches.tables.is_empty() {
        let Job { body, received_at, .. } = job;
        doors.ingest.store(Request { signal, encoding, compression, body, received_at, limits, door, decoded }).await?;
    }
    if !arrival.own {
        doors.metrics.stored(signal, accepted, outcome.rejected, unknown_fields);
    }
    Ok(outcome)
}

pub(crate) fn nanoseconds_since_epoch() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
