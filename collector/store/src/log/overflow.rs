//! The series of a request that were one too many, as bytes of a record.
//!
//! Owns the form: `count u32 | series_id…`. Never judges which these are.

/// Appends them.
pub fn write(series: &[[u8; 16]], out: &mut Vec<u8>) {
    let count = u32::try_from(series.len()).expect("series of one request, of which each takes some bytes of its body");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(series.as_flattened());
}

/// What [`write`] wrote, and what follows it; `None` for anything else.
pub fn split(bytes: &[u8]) -> Option<(Vec<[u8; 16]>, &[u8])> {
    let (count, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(16)?;
    let (ids, after) = rest.split_at_checked(length)?;
    let (ids, _) = ids.as_chunks::<16>();
    Some((ids.to_vec(), after))
}
