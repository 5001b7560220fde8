//! gzip and zstd bodies to plain bytes, never more of them than allowed: output grows step by step, each step asked
//! for first, so a bomb costs what the limit allows and not what it claims.

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use spanlake_schemas::ingest::{Compression, Refusal};
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};
use zstd::zstd_safe::{DParameter, find_frame_compressed_size, get_frame_content_size};

/// First step of the output where the body does not tell its size.
const FIRST_STEP_BYTES: usize = 64 << 10;
/// No deflate stream grows more than this; a claim beyond it is a lie.
const DEFLATE_RATIO_MAX: u64 = 1032;

/// Why a body cannot be inflated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    TooLarge,
    Malformed(String),
    Refused(Refusal),
}

/// The output so far, its limit, and whom to ask before it grows.
pub(crate) struct Output<'a> {
    pub(crate) into: &'a mut Vec<u8>,
    pub(crate) bytes_max: u64,
    /// Called with the bytes that the output is about to take in all.
    pub(crate) ask: &'a mut dyn FnMut(u64) -> Result<(), Refusal>,
}

/// Inflates a whole body into an empty output.
pub(crate) fn inflate(compression: Compression, body: &Bytes, output: Output<'_>) -> Result<(), InflateError> {
    if inflated_bytes_told(compression, body).is_some_and(|told| told > output.bytes_max) {
        return Err(InflateError::TooLarge);
    }
    match compression {
        Compression::None => {
            output.into.extend_from_slice(body);
            output.check()
        }
        Compression::Gzip => inflate_gzip(body, output),
        Compression::Zstd => inflate_zstd(body, output),
    }
}

/// What the body says of its inflated size: gzip in its trailer, zstd mostly in its header. Not to be trusted.
pub(crate) fn inflated_bytes_told(compression: Compression, body: &[u8]) -> Option<u64> {
    match compression {
        Compression::None => Some(body.len() as u64),
        Compression::Gzip => {
            let told = u32::from_le_bytes(*body.last_chunk::<4>()?).into();
            (told <= body.len() as u64 * DEFLATE_RATIO_MAX).then_some(told)
        }
        Compression::Zstd => get_frame_content_size(body).ok().flatten(),
    }
}

fn inflate_gzip(body: &[u8], mut output: Output<'_>) -> Result<(), InflateError> {
    let told = inflated_bytes_told(Compression::Gzip, body).unwrap_or_default() as usize;
    // One byte more than told, so that a truthful stream never finds its output full.
    output.reserve(told + 1)?;
    let mut rest = body;
    // Several members in a row are one stream.
    while !rest.is_empty() {
        let mut member = Decompress::new_gzip(15);
        loop {
            let (read, written) = (member.total_in(), member.total_out());
            let status = member
                .decompress_vec(rest, output.into, FlushDecompress::None)
                .map_err(|error| InflateError::Malformed(format!("not valid gzip: {error}")))?;
            rest = &rest[(member.total_in() - read) as usize..];
            match status {
                Status::StreamEnd => break,
                _ if output.is_full() => output.grow()?,
                _ if member.total_in() == read && member.total_out() == written => {
                    return Err(InflateError::Malformed("not valid gzip: it ends early".to_owned()));
                }
                _ => {}
            }
        }
    }
    output.check()
}

thread_local! {
    /// Kept per thread, as its tables are large; without a window, as it writes straight to the output.
    static WHOLE_FRAMES: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

fn inflate_zstd(body: &[u8], mut output: Output<'_>) -> Result<(), InflateError> {
    let malformed = |error: &dyn std::fmt::Display| InflateError::Malformed(format!("not valid zstd: {error}"));
    let told = inflated_bytes_told(Compression::Zstd, body);
    if let (Some(told), Ok(frame)) = (told, find_frame_compressed_size(body))
        && frame == body.len()
    {
        output.reserve(told as usize)?;
        return WHOLE_FRAMES.with_borrow_mut(|kept| {
            let decompressor = match kept {
                Some(decompressor) => decompressor,
                None => kept.insert(zstd::bulk::Decompressor::new().map_err(|error| malformed(&error))?),
            };
            decompressor.decompress_to_buffer(body, output.into).map_err(|error| malformed(&error))?;
            output.check()
        });
    }
    let mut decoder = Decoder::new().map_err(|error| malformed(&error))?;
    // A window larger than the output may be is of no use, and it is memory.
    let window_log = (u64::BITS - output.bytes_max.leading_zeros()).clamp(10, 27);
    decoder.set_parameter(DParameter::WindowLogMax(window_log)).map_err(|error| malformed(&error))?;
    output.reserve(FIRST_STEP_BYTES)?;
    let (mut input, mut frame_open) = (InBuffer::around(body), false);
    loop {
        let (read, written) = (input.pos(), output.into.len());
        let mut target = OutBuffer::around_pos(output.into, written);
        let hint = decoder.run(&mut input, &mut target).map_err(|error| malformed(&error))?;
        frame_open = if input.pos() > read || output.into.len() > written { hint > 0 } else { frame_open };
        if output.is_full() {
            output.grow()?;
        } else if input.pos() == body.len() && !frame_open {
            return output.check();
        } else if input.pos() == read && output.into.len() == written {
            return Err(malformed(&"it ends early"));
        }
    }
}

// === impl Output ===

impl Output<'_> {
    fn is_full(&self) -> bool {
        self.into.len() == self.into.capacity()
    }

    /// Twice the room, at most one byte over the limit, which then tells that there is more.
    fn grow(&mut self) -> Result<(), InflateError> {
        self.check()?;
        self.reserve((self.into.capacity() * 2).max(FIRST_STEP_BYTES))
    }

    /// Room for `bytes` in all.
    fn reserve(&mut self, bytes: usize) -> Result<(), InflateError> {
        let bytes = bytes.min(self.bytes_max as usize + 1);
        (self.ask)(bytes as u64).map_err(InflateError::Refused)?;
        self.into.reserve_exact(bytes.saturating_sub(self.into.len()));
        Ok(())
    }

    fn check(&self) -> Result<(), InflateError> {
        match self.into.len() as u64 > self.bytes_max {
            true => Err(InflateError::TooLarge),
            false => Ok(()),
        }
    }
}
