//! A body to batches: inflated into a buffer that the thread keeps, decoded there, large ones off the runtime.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use spanlake_schemas::door::DoorThresholds;
use spanlake_schemas::ingest::{Compression, DecodeLimits, Decoded, Encoding, Filing, Refusal, Signal};

use crate::admission::{Admission, inflated_bytes_guess};
use crate::doors::Doors;
use crate::fault::Fault;
use crate::inflate::{InflateError, Output, inflate, inflated_bytes_told};

/// Larger buffers are not kept by a thread.
const SCRATCH_BYTES_MAX: usize = 4 << 20;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is to be decoded. Cheap to clone: the body is shared.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) compression: Compression,
    pub(crate) body: Bytes,
    pub(crate) received_at: i64,
    pub(crate) limits: DecodeLimits,
}

/// A decoded body, less what is held back.
pub(crate) struct Taken {
    pub(crate) decoded: Decoded,
    pub(crate) door: DoorThresholds,
}

/// Decodes where it does no harm: here if the body is small, else on a thread that may block.
pub(crate) async fn decode(
    doors: &Arc<Doors>,
    job: &Job,
    mut admission: Admission,
) -> Result<(Taken, Admission), Fault> {
    let here_bytes_max = doors.config.offload_bytes_min;
    if job.inflated_bytes_likely() < here_bytes_max {
        // A body may turn out larger than it said. It is then given up here, and begun anew over there.
        let limit = here_bytes_max.saturating_mul(4).min(job.limits.inflated_bytes_max);
        match run(doors, job, limit, &mut admission) {
            Err(Fault::TooLarge { .. }) if limit < job.limits.inflated_bytes_max => {}
            result => return result.map(|taken| (taken, admission)),
        }
    }
    let _turn = doors.large_turns.acquire().await.map_err(|_| Fault::Bug)?;
    let (doors, job) = (Arc::clone(doors), job.clone());
    let decoding = tokio::task::spawn_blocking(move || {
        let taken = run(&doors, &job, job.limits.inflated_bytes_max, &mut admission)?;
        Ok((taken, admission))
    });
    // Panics are caught within; what is left is a runtime that stops.
    decoding.await.map_err(|_| Fault::Refused(Refusal::ShuttingDown))?
}

fn run(doors: &Doors, job: &Job, bytes_max: u64, admission: &mut Admission) -> Result<Taken, Fault> {
    if job.compression == Compression::None {
        return decode_plain(doors, job, &job.body);
    }
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let mut ask = |bytes| admission.cover(&*doors.ingest, bytes);
    let output = Output { into: &mut scratch, bytes_max, ask: &mut ask };
    let result = match inflate(job.compression, &job.body, output) {
        Ok(()) => decode_plain(doors, job, &scratch),
        Err(InflateError::TooLarge) => Err(Fault::TooLarge { what: "inflated body", limit: bytes_max }),
        Err(InflateError::Malformed(reason)) => Err(Fault::Malformed(reason)),
        Err(InflateError::Refused(refusal)) => Err(Fault::Refused(refusal)),
    };
    if scratch.capacity() <= SCRATCH_BYTES_MAX {
        SCRATCH.set(scratch);
    }
    result
}

fn decode_plain(doors: &Doors, job: &Job, plain: &[u8]) -> Result<Taken, Fault> {
    let known = doors.ingest.known_series();
    // A panic over one body is answered for that body, and does not take the other requests of its connection along.
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        (doors.decode)(job.signal, job.encoding, plain, job.received_at, &job.limits, known)
    }));
    let mut decoded = decoded.map_err(|_| Fault::Bug)?.map_err(|error| Fault::Malformed(error.to_string()))?;
    // What an operator brings is not held back.
    let door = doors.door.as_ref().filter(|_| job.limits.filing == Filing::Receipt);
    let door = door.map(|door| door.admit(&mut decoded.batches, job.body.len() as u64)).transpose();
    let door = door.map_err(|error| {
        tracing::error!(%error, "a request's rows could not be held back");
        Fault::Bug
    })?;
    Ok(Taken { decoded, door: door.unwrap_or_default() })
}

impl Job {
    /// What the body tells of its size, or a guess where it tells less than is likely.
    pub(crate) fn inflated_bytes_likely(&self) -> u64 {
        let compressed = self.compression != Compression::None;
        let bytes = self.body.len() as u64;
        let told = inflated_bytes_told(self.compression, &self.body);
        told.unwrap_or_else(|| inflated_bytes_guess(bytes, compressed, self.limits.inflated_bytes_max)).max(bytes)
    }
}
