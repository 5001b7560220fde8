//! The thresholds of the door as bytes of a record.
//!
//! Owns the form: `bytes u32 | entry… `, an entry being `cause u8 | name_bytes u16 | threshold u64 | name`; the first one
//! is everyone's and has no name. Never judges a threshold.

use spanlake_schemas::door::{DoorCause, DoorThreshold, DoorThresholds};

const ENTRY_BYTES: usize = 11;

/// Appends them.
pub fn write(door: &DoorThresholds, out: &mut Vec<u8>) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write_entry("", door.everyone, out);
    for (service, threshold) in &door.services {
        write_entry(service, *threshold, out);
    }
    let bytes = u32::try_from(out.len() - at - 4).expect("names of a request's services, which is below 4 GiB");
    out[at..at + 4].copy_from_slice(&bytes.to_le_bytes());
}

fn write_entry(service: &str, threshold: DoorThreshold, out: &mut Vec<u8>) {
    // Names longer than that have no threshold of their own.
    let Ok(name_bytes) = u16::try_from(service.len()) else { return };
    out.push(threshold.cause as u8);
    out.extend_from_slice(&name_bytes.to_le_bytes());
    out.extend_from_slice(&threshold.bits.to_le_bytes());
    out.extend_from_slice(service.as_bytes());
}

/// What [`write`] wrote, and what follows it; `None` for anything else.
pub fn split(bytes: &[u8]) -> Option<(DoorThresholds, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (mut entries, after) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let (_, everyone) = split_entry(&mut entries)?;
    let mut door = DoorThresholds { everyone, services: Vec::new() };
    while !entries.is_empty() {
        door.services.push(split_entry(&mut entries)?);
    }
    Some((door, after))
}

fn split_entry(bytes: &mut &[u8]) -> Option<(String, DoorThreshold)> {
    let (fixed, rest) = bytes.split_first_chunk::<ENTRY_BYTES>()?;
    let [cause, name_0, name_1, threshold @ ..] = *fixed;
    let (name, after) = rest.split_at_checked(usize::from(u16::from_le_bytes([name_0, name_1])))?;
    *bytes = after;
    let cause = DoorCause::ALL.into_iter().find(|known| *known as u8 == cause)?;
    let bits = u64::from_le_bytes(threshold);
    Some((std::str::from_utf8(name).ok()?.to_owned(), DoorThreshold { bits, cause }))
}
