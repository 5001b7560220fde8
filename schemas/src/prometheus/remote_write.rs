//! Prometheus remote write, versions 1.0 and 2.0: inflated bodies to OTLP requests.
//!
//! Owns the two messages as published (`prompb/remote.proto`, `prompb/types.proto` and
//! `prompb/io/prometheus/write/v2/types.proto` of Prometheus), read straight from the wire: a few bytes can stand for a
//! large struct, so nothing is built of what has not been looked at. A series that may not be is left out and
//! counted; only bytes that are no protobuf refuse a whole body.

mod histogram;
mod series;
mod symbols;

use crate::otlp::wire::{Malformed, Reader, Wire};
use crate::prometheus::{FamiliesMemory, Family, MetricType, RequestBuilder};

/// The version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `prometheus.WriteRequest`
    One,
    /// `io.prometheus.write.v2.Request`
    Two,
}

/// Why a whole body is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {message}: {reason} at byte {offset}")]
pub struct RemoteWriteError {
    message: &'static str,
    reason: String,
    offset: usize,
}

impl Version {
    /// The message's full name, as a content type's `proto=` has it.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::One => "prometheus.WriteRequest",
            Self::Two => "io.prometheus.write.v2.Request",
        }
    }

    fn error(self, malformed: Malformed, body: &[u8]) -> RemoteWriteError {
        RemoteWriteError {
            message: self.message(),
            reason: malformed.fault.reason().to_owned(),
            offset: malformed.address.saturating_sub(body.as_ptr().addr()),
        }
    }
}

/// What 1.0 tells of families beside its samples, handed to `learn` one by one.
///
/// # Errors
/// When the body is no protobuf.
pub fn each_family(body: &[u8], learn: impl FnMut(&Family<'_>)) -> Result<(), RemoteWriteError> {
    read_families(body, learn).map_err(|malformed| Version::One.error(malformed, body))
}

fn read_families(body: &[u8], mut learn: impl FnMut(&Family<'_>)) -> Wire<()> {
    let mut reader = Reader::new(body);
    while let Some(key) = reader.key()? {
        let 0x1a = key else {
            reader.skip(key, 0b1000)?;
            continue;
        };
        let mut family = Reader::new(reader.bytes()?);
        let (mut kind, mut texts) = (0, [&[][..]; 3]);
        while let Some(key) = family.key()? {
            match key {
                0x08 => kind = family.varint()?,
                0x12 => texts[0] = family.bytes()?,
                0x22 => texts[1] = family.bytes()?,
                0x2a => texts[2] = family.bytes()?,
                other => family.skip(other, 0b11_0110)?,
            }
        }
        let [name, help, unit] = texts.map(|text| std::str::from_utf8(text).unwrap_or_default());
        if !name.is_empty() {
            learn(&Family { name, kind: MetricType::of_number(kind), help, unit });
        }
    }
    Ok(())
}

/// Puts a body's series into a request. `families` describes the series of 1.0; 2.0 brings its own descriptions.
///
/// # Errors
/// When the body is no protobuf.
pub fn convert(
    version: Version,
    body: &[u8],
    families: &FamiliesMemory,
    into: &mut RequestBuilder,
) -> Result<(), RemoteWriteError> {
    let read = match version {
        Version::One => read_one(body, families, into),
        Version::Two => read_two(body, into),
    };
    read.map_err(|malformed| version.error(malformed, body))
}

fn read_one(body: &[u8], families: &FamiliesMemory, into: &mut RequestBuilder) -> Wire<()> {
    let mut reader = Reader::new(body);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => series::read_one(reader.bytes()?, families, into)?,
            0x1a => drop(reader.bytes()?),
            other => reader.skip(other, 0b1010)?,
        }
    }
    Ok(())
}

fn read_two(body: &[u8], into: &mut RequestBuilder) -> Wire<()> {
    // Symbols may come after the series that mean them.
    let symbols = symbols::read(body)?;
    let mut reader = Reader::new(body);
    while let Some(key) = reader.key()? {
        match key {
            0x2a => series::read_two(reader.bytes()?, &symbols, into)?,
            0x22 => drop(reader.bytes()?),
            other => reader.skip(other, 0b11_0000)?,
        }
    }
    Ok(())
}
