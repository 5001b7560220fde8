//! Packing and unpacking what a record carries.
//!
//! Owns the choice of codec: a compressed body stays as received, a plain one becomes lz4. Never inflates
//! past the limit that was in force when the request was accepted.

use std::borrow::Cow;
use std::io::Read;

use spanlake_schemas::ingest::Compression;

use super::frame::Codec;

/// Below this, lz4 costs more than it saves.
const PLAIN_BYTES_MAX: usize = 64;

/// The bytes to log and how they are packed.
#[must_use]
pub fn pack(compression: Compression, body: &[u8]) -> (Codec, Cow<'_, [u8]>) {
    match compression {
        Compression::Gzip => (Codec::Gzip, Cow::Borrowed(body)),
        Compression::Zstd => (Codec::Zstd, Cow::Borrowed(body)),
        Compression::None if body.len() <= PLAIN_BYTES_MAX => (Codec::Plain, Cow::Borrowed(body)),
        Compression::None => (Codec::Lz4, Cow::Owned(lz4_flex::block::compress_prepend_size(body))),
    }
}

/// The body as the decoder wants it.
///
/// # Errors
/// When the payload is not what its label says or grows past `bytes_max`.
pub fn unpack(codec: Codec, payload: &[u8], bytes_max: u64) -> std::io::Result<Cow<'_, [u8]>> {
    match codec {
        Codec::Plain => Ok(Cow::Borrowed(payload)),
        Codec::Lz4 => lz4_flex::block::decompress_size_prepended(payload)
            .map(Cow::Owned)
            .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error)),
        Codec::Gzip => inflate(flate2::read::MultiGzDecoder::new(payload), bytes_max),
        Codec::Zstd => inflate(zstd::stream::read::Decoder::with_buffer(payload)?, bytes_max),
    }
}

fn inflate<'a>(reader: impl Read, bytes_max: u64) -> std::io::Result<Cow<'a, [u8]>> {
    let mut body = Vec::new();
    reader.take(bytes_max + 1).read_to_end(&mut body)?;
    if u64::try_from(body.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "inflates past its limit"));
    }
    Ok(Cow::Owned(body))
}
