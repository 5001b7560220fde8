//! Snappy's block format to plain bytes. The block tells its size first; a claim that is over the limit, or more than
//! the format can make of so few bytes, is refused before anything is set aside for it.

use crate::fault::Fault;

/// Three bytes of a block copy 64 at most.
const RATIO_MAX: usize = 22;

/// What a block says of its inflated size, checked against the limit and what the format can do.
pub(crate) fn inflated_bytes(block: &[u8], bytes_max: u64) -> Result<usize, Fault> {
    let told = snap::raw::decompress_len(block).map_err(|error| malformed(&error))?;
    if told as u64 > bytes_max {
        return Err(Fault::TooLarge { what: "inflated body", limit: bytes_max });
    }
    if told > block.len().saturating_mul(RATIO_MAX) {
        return Err(Fault::Malformed(format!(
            "not valid snappy: {} bytes cannot be {told} bytes once inflated",
            block.len()
        )));
    }
    Ok(told)
}

/// Inflates a block of which [`inflated_bytes`] was asked.
pub(crate) fn inflate(block: &[u8]) -> Result<Vec<u8>, Fault> {
    snap::raw::Decoder::new().decompress_vec(block).map_err(|error| malformed(&error))
}

fn malformed(error: &snap::Error) -> Fault {
    Fault::Malformed(format!("not valid snappy in block format: {error}"))
}
