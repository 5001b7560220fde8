//! The bytes of a frame and its records.
//!
//! Owns the format (version 1, little endian). Never does I/O.
//!
//! ```text
//! frame : magic u32 | crc32c u32 (of all that follows) | body_bytes u32 | records u32 | first_lsn u64 | records…
//! record: payload_bytes u32 | signal u8 | encoding u8 | codec u8 | filing u8 | tenant u16 | parts u16
//!         | attributes_per_item_max u32 | value_depth_max u32 | inflated_bytes_max u64 | received_at i64 | digest u128
//!         | [door] | [overflow] | payload
//! ```
//!
//! `[door]`, where `parts` has bit 0, is [`super::door`]'s: which thresholds held back a part of the request's rows.
//! `[overflow]`, where it has bit 1, is [`super::overflow`]'s: which series were one too many.

use spanlake_schemas::door::DoorThresholds;
use spanlake_schemas::ingest::{DecodeLimits, Encoding, Filing, Signal};

use super::{LogSequence, door, overflow};

/// `SLF1`.
pub const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"SLF1");
pub const FRAME_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 52;
/// Bits of `parts`; one that is not known is of a newer version.
const HAS_DOOR: u16 = 1;
const HAS_OVERFLOW: u16 = 2;
/// No frame is larger: one group holds at most a few MiB and one request at most 64 MiB of body.
pub const FRAME_BODY_BYTES_MAX: usize = 256 << 20;
/// The one tenant there is for now.
const TENANT_DEFAULT: u16 = 0;

/// How a payload is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Codec {
    Plain = 0,
    Gzip = 1,
    Zstd = 2,
    Lz4 = 3,
}

/// What the log keeps of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    pub signal: Signal,
    pub encoding: Encoding,
    pub codec: Codec,
    pub limits: DecodeLimits,
    /// What held back a part of its rows.
    pub door: DoorThresholds,
    /// Series whose points went to overflow series.
    pub overflowed: Vec<[u8; 16]>,
    /// Nanoseconds since the epoch.
    pub received_at: i64,
    /// Of the body as received; a retry has the same.
    pub digest: u128,
}

/// Builds one frame after another in a buffer that is used again.
#[derive(Debug, Default)]
pub struct FrameBuilder {
    bytes: Vec<u8>,
    records: u32,
}

impl FrameBuilder {
    /// Forgets the last frame.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.resize(FRAME_HEADER_BYTES, 0);
        self.records = 0;
    }

    /// Bytes so far, header included.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Number of records so far.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.records
    }

    /// Becomes a frame that stands for so many records that are lost: numbers go on behind it without a gap.
    pub fn stand_for(&mut self, records: u32) {
        self.clear();
        self.records = records;
    }

    /// Appends a record.
    pub fn push(&mut self, header: &RecordHeader, payload: &[u8]) {
        let payload_bytes = u32::try_from(payload.len()).expect("a payload is at most a body, far below 4 GiB");
        let out = &mut self.bytes;
        out.extend_from_slice(&payload_bytes.to_le_bytes());
        out.extend_from_slice(&[
            header.signal as u8,
            header.encoding as u8,
            header.codec as u8,
            header.limits.filing as u8,
        ]);
        out.extend_from_slice(&TENANT_DEFAULT.to_le_bytes());
        let has_door = header.door != DoorThresholds::default();
        let has_overflow = !header.overflowed.is_empty();
        let parts = u16::from(has_door) * HAS_DOOR + u16::from(has_overflow) * HAS_OVERFLOW;
        out.extend_from_slice(&parts.to_le_bytes());
        out.extend_from_slice(&header.limits.attributes_per_item_max.to_le_bytes());
        out.extend_from_slice(&header.limits.value_depth_max.to_le_bytes());
        out.extend_from_slice(&header.limits.inflated_bytes_max.to_le_bytes());
        out.extend_from_slice(&header.received_at.to_le_bytes());
        out.extend_from_slice(&header.digest.to_le_bytes());
        if has_door {
            door::write(&header.door, out);
        }
        if has_overflow {
            overflow::write(&header.overflowed, out);
        }
        out.extend_from_slice(payload);
        self.records += 1;
    }

    /// Writes the frame header and gives the whole frame.
    pub fn finish(&mut self, first_lsn: LogSequence) -> &[u8] {
        let body_bytes = u32::try_from(self.bytes.len() - FRAME_HEADER_BYTES).expect("a group is far below 4 GiB");
        self.bytes[0..4].copy_from_slice(&FRAME_MAGIC.to_le_bytes());
        self.bytes[8..12].copy_from_slice(&body_bytes.to_le_bytes());
        self.bytes[12..16].copy_from_slice(&self.records.to_le_bytes());
        self.bytes[16..24].copy_from_slice(&first_lsn.to_le_bytes());
        let crc = crc32c::crc32c(&self.bytes[8..]);
        self.bytes[4..8].copy_from_slice(&crc.to_le_bytes());
        &self.bytes
    }
}

/// The fixed part of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    pub crc: u32,
    pub body_bytes: usize,
    pub records: u32,
    pub first_lsn: LogSequence,
}

impl FrameHeader {
    /// Reads it; `None` where the magic or the length cannot be a frame's.
    #[must_use]
    pub fn parse(bytes: &[u8; FRAME_HEADER_BYTES]) -> Option<Self> {
        let body_bytes = usize::try_from(u32_at(bytes, 8)).ok()?;
        if u32_at(bytes, 0) != FRAME_MAGIC || body_bytes > FRAME_BODY_BYTES_MAX {
            return None;
        }
        Some(Self { crc: u32_at(bytes, 4), body_bytes, records: u32_at(bytes, 12), first_lsn: u64_at(bytes, 16) })
    }

    /// Whether the checksum over header and body holds.
    #[must_use]
    pub fn matches(&self, header: &[u8; FRAME_HEADER_BYTES], body: &[u8]) -> bool {
        crc32c::crc32c_append(crc32c::crc32c(&header[8..]), body) == self.crc
    }
}

/// The records of a frame's body whose checksum held; `None` in the place of one that does not parse.
pub fn records(body: &[u8]) -> impl Iterator<Item = Option<(RecordHeader, &[u8])>> {
    let mut rest = body;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        match split_record(rest) {
            Some((header, payload, after)) => {
                rest = after;
                Some(Some((header, payload)))
            }
            None => {
                rest = &[];
                Some(None)
            }
        }
    })
}

fn split_record(bytes: &[u8]) -> Option<(RecordHeader, &[u8], &[u8])> {
    let (fixed, rest) = bytes.split_at_checked(RECORD_HEADER_BYTES)?;
    let payload_bytes = usize::try_from(u32_at(fixed, 0)).ok()?;
    let parts = u16::from_le_bytes(array_at(fixed, 10));
    if parts & !(HAS_DOOR | HAS_OVERFLOW) != 0 {
        return None;
    }
    let (door, rest) = if parts & HAS_DOOR != 0 { door::split(rest)? } else { (DoorThresholds::default(), rest) };
    let (overflowed, rest) = if parts & HAS_OVERFLOW != 0 { overflow::split(rest)? } else { (Vec::new(), rest) };
    let (payload, after) = rest.split_at_checked(payload_bytes)?;
    let header = RecordHeader {
        signal: Signal::ALL.into_iter().find(|signal| *signal as u8 == fixed[4])?,
        encoding: [Encoding::Protobuf, Encoding::Json].into_iter().find(|encoding| *encoding as u8 == fixed[5])?,
        codec: [Codec::Plain, Codec::Gzip, Codec::Zstd, Codec::Lz4]
            .into_iter()
            .find(|codec| *codec as u8 == fixed[6])?,
        limits: DecodeLimits {
            attributes_per_item_max: u32_at(fixed, 12),
            value_depth_max: u32_at(fixed, 16),
            inflated_bytes_max: u64_at(fixed, 20),
            filing: [Filing::Receipt, Filing::OwnTime].into_iter().find(|filing| *filing as u8 == fixed[7])?,
        },
        door,
        overflowed,
        received_at: i64::from_le_bytes(array_at(fixed, 28)),
        digest: u128::from_le_bytes(array_at(fixed, 36)),
    };
    Some((header, payload, after))
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the slice has N bytes")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

#[cfg(test)]
mod tests {
    use spanlake_schemas::door::{DoorCause, DoorThreshold};

    use super::*;

    #[test]
    fn a_frame_reads_back_as_written_and_any_flipped_bit_is_seen() {
        let overload = DoorThreshold { bits: (1 << 56) - 5, cause: DoorCause::Overload };
        let services = vec![("shop".to_owned(), DoorThreshold { bits: 1 << 55, cause: DoorCause::Setting })];
        let header = RecordHeader {
            signal: Signal::Logs,
            encoding: Encoding::Json,
            codec: Codec::Zstd,
            limits: DecodeLimits::default(),
            door: DoorThresholds { everyone: overload, services },
            overflowed: vec![[1; 16], [9; 16]],
            received_at: -5,
            digest: u128::MAX - 3,
        };
        let mut builder = FrameBuilder::default();
        builder.clear();
        builder.push(&header, b"hello");
        let header_of_all = RecordHeader { door: DoorThresholds::default(), overflowed: Vec::new(), ..header.clone() };
        builder.push(&header_of_all, b"");
        let header_of_metrics = RecordHeader { door: DoorThresholds::default(), ..header.clone() };
        builder.push(&header_of_metrics, b"m");
        let mut bytes = builder.finish(42).to_vec();
        let (head, body) = bytes.split_at(FRAME_HEADER_BYTES);
        let head: [u8; FRAME_HEADER_BYTES] = head.try_into().unwrap();
        let frame = FrameHeader::parse(&head).unwrap();
        assert_eq!((frame.first_lsn, frame.records, frame.body_bytes), (42, 3, body.len()));
        assert!(frame.matches(&head, body));
        let read: Vec<_> = records(body).map(Option::unwrap).collect();
        assert_eq!(read, vec![(header, &b"hello"[..]), (header_of_all, &b""[..]), (header_of_metrics, &b"m"[..])]);
        for bit in 32..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (head, body) = bytes.split_at(FRAME_HEADER_BYTES);
            let head: [u8; FRAME_HEADER_BYTES] = head.try_into().unwrap();
            assert!(!FrameHeader::parse(&head).is_some_and(|frame| frame.matches(&head, body)), "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
