//! Requests that are no client's: files of old ones, which an operator brings.
//!
//! Owns what an importer is answered. They go the way of every request, but rows are filed under their own hours, and
//! nobody's credentials are asked for: whoever calls this has asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use spanlake_schemas::ingest::{Compression, Encoding, Filing, Signal};

use crate::doors::Doors;
use crate::intake::{Arrival, Received, admit, take};
use crate::metrics::Transport;

/// One request to import.
#[derive(Clone, Debug)]
pub struct Import {
    pub signal: Signal,
    pub encoding: Encoding,
    pub compression: Compression,
    pub body: Bytes,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Items taken.
    pub accepted: u64,
    /// Items not taken.
    pub rejected: u64,
    /// Why not, or what else should be known.
    pub message: Option<String>,
}

/// Why it was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRefusal {
    pub status: StatusCode,
    pub message: String,
    /// When to try again; `None` is never.
    pub retry_after: Option<Duration>,
}

/// Takes a request; `Ok` once it is durable and visible.
///
/// # Errors
/// When it is malformed or too large, or the store takes nothing now.
pub async fn import(doors: &Arc<Doors>, import: Import) -> Result<Imported, ImportRefusal> {
    let Import { signal, encoding, compression, body } = import;
    doors.metrics.request(signal, Transport::Http, false);
    let arrival = Arrival { signal, transport: Transport::Http, own: false, filing: Filing::OwnTime };
    let is_compressed = compression != Compression::None;
    let taken = match admit(doors, Transport::Http, Some(body.len() as u64), is_compressed) {
        Ok(admission) => take(doors, arrival, Received { encoding, compression, body }, admission).await,
        Err(fault) => Err(fault),
    };
    match taken {
        Ok(outcome) => {
            Ok(Imported { accepted: outcome.accepted, rejected: outcome.rejected, message: outcome.message })
        }
        Err(fault) => {
            arrival.refused(doors, &fault);
            let retry_after = fault.retry_after(Duration::from_secs(1));
            Err(ImportRefusal { status: fault.to_http(), message: fault.to_string(), retry_after })
        }
    }
}
