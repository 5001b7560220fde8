//! The memory that one request holds of the store's, asked for before it is used and given back on drop.

use spanlake_schemas::ingest::{Ingest, Permit, Refusal};

/// How many times larger a compressed body is taken to be until it is inflated. OTLP usually shrinks five to ten
/// times.
const INFLATION_GUESS: u64 = 8;

/// Permits of one request.
pub(crate) struct Admission {
    permits: Vec<Box<dyn Permit>>,
    bytes: u64,
}

impl Admission {
    /// Asks before anything of the body is read.
    pub(crate) fn ask(ingest: &dyn Ingest, bytes: u64) -> Result<Self, Refusal> {
        Ok(Self { permits: vec![ingest.admit(bytes)?], bytes })
    }

    /// Asks for what is missing to hold `bytes` in all.
    pub(crate) fn cover(&mut self, ingest: &dyn Ingest, bytes: u64) -> Result<(), Refusal> {
        if bytes > self.bytes {
            self.permits.push(ingest.admit(bytes - self.bytes)?);
            self.bytes = bytes;
        }
        Ok(())
    }
}

/// What a body will take once inflated, as far as its size on the wire tells.
pub(crate) fn inflated_bytes_guess(body_bytes: u64, compressed: bool, inflated_bytes_max: u64) -> u64 {
    match compressed {
        true => body_bytes.saturating_mul(INFLATION_GUESS).min(inflated_bytes_max).max(body_bytes),
        false => body_bytes,
    }
}
