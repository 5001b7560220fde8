//! OTLP protobuf: one message, or one after the other, each with its length in four bytes before it (as the
//! Collector's file exporter writes them).
//!
//! Owns the outermost level of the wire format. Never looks below it.

use std::io::{BufRead, Read};

use crate::commands::{CommandError, EXIT_FAILURE};

/// Tag of the first field, of wire type LEN: `resource_spans` and its likes, the only field of a request.
const ENTRY_TAG: u8 = 0x0a;
/// A message that is larger is none.
const MESSAGE_BYTES_MAX: u64 = 1 << 30;

/// Gives every entry of every message, with its tag and length.
pub(super) fn read(
    reader: &mut dyn BufRead,
    mut give: impl FnMut(Vec<u8>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let unreadable = |error: std::io::Error| CommandError::new(EXIT_FAILURE, format!("cannot be read: {error}"));
    let first = reader.fill_buf().map_err(unreadable)?.first().copied();
    if first == Some(ENTRY_TAG) {
        let mut message = Vec::new();
        reader.take(MESSAGE_BYTES_MAX).read_to_end(&mut message).map_err(unreadable)?;
        return entries(&message, 1, &mut give);
    }
    for number in 1.. {
        let mut length = [0; 4];
        if reader.fill_buf().map_err(unreadable)?.is_empty() {
            break;
        }
        let cut = || CommandError::new(EXIT_FAILURE, format!("message {number} is cut short, or this is no OTLP"));
        reader.read_exact(&mut length).map_err(|_| cut())?;
        let length = u64::from(u32::from_be_bytes(length));
        if length > MESSAGE_BYTES_MAX {
            return Err(cut());
        }
        let mut message = Vec::new();
        (&mut *reader).take(length).read_to_end(&mut message).map_err(unreadable)?;
        if message.len() as u64 != length {
            return Err(cut());
        }
        entries(&message, number, &mut give)?;
    }
    Ok(())
}

fn entries(
    message: &[u8],
    number: u64,
    give: &mut impl FnMut(Vec<u8>) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let mut rest = message;
    while !rest.is_empty() {
        let whole = entry_bytes(rest).filter(|bytes| *bytes <= rest.len()).ok_or_else(|| {
            let at = message.len() - rest.len();
            CommandError::new(EXIT_FAILURE, format!("message {number} is no OTLP request at byte {at}"))
        })?;
        let (entry, after) = rest.split_at(whole);
        give(entry.to_vec())?;
        rest = after;
    }
    Ok(())
}

/// Bytes of the entry that stands first, tag and length included.
fn entry_bytes(bytes: &[u8]) -> Option<usize> {
    let length = bytes.strip_prefix(&[ENTRY_TAG])?;
    let mut value: u64 = 0;
    for (index, byte) in length.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(index * 7).ok()?)?;
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok()?.checked_add(index + 2);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
        let mut found = Vec::new();
        let mut reader = bytes;
        read(&mut reader, |entry| {
            found.push(entry);
            Ok(())
        })
        .map_err(|error| error.message)?;
        Ok(found)
    }

    #[test]
    fn one_message_and_many_are_read() {
        let entry = [&[ENTRY_TAG, 0x80, 0x01][..], &[7; 128]].concat();
        let two = [&entry[..], &entry].concat();
        assert_eq!(all(&two), Ok(vec![entry.clone(), entry.clone()]));
        let framed = [&131_u32.to_be_bytes()[..], &entry, &0_u32.to_be_bytes(), &262_u32.to_be_bytes(), &two].concat();
        assert_eq!(all(&framed), Ok(vec![entry; 3]));
    }

    #[test]
    fn what_is_cut_is_told() {
        assert_eq!(all(&[ENTRY_TAG, 5, 1]), Err("message 1 is no OTLP request at byte 0".into()));
        assert_eq!(all(&[0, 0, 0, 9, 1]), Err("message 1 is cut short, or this is no OTLP".into()));
        assert_eq!(all(b"PAR1"), Err("message 1 is cut short, or this is no OTLP".into()));
        assert!(all(&[ENTRY_TAG, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).is_err());
    }
}
