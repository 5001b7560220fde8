//! The little of protobuf's writing that the JSON transcoder and the repair of text need.

use super::wire::WIRE_LENGTH;

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn put_key(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_varint(out, u64::from(number << 3 | wire_type));
}

pub(super) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_key(out, number, WIRE_LENGTH);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Where a message's content begins whose length is not known yet.
#[derive(Clone, Copy)]
pub(super) struct Open {
    start: usize,
}

/// Begins a message; one byte is kept for its length, as most are short.
pub(super) fn open(out: &mut Vec<u8>, number: u32) -> Open {
    put_key(out, number, WIRE_LENGTH);
    out.push(0);
    Open { start: out.len() }
}

/// Ends a message: writes its length, moving the content where that takes more than the byte kept.
pub(super) fn close(out: &mut Vec<u8>, open: Open) {
    let length = out.len() - open.start;
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        out[open.start - 1] = short;
        return;
    }
    let mut prefix = Vec::with_capacity(10);
    put_varint(&mut prefix, length as u64);
    let end = out.len();
    out.resize(end + prefix.len() - 1, 0);
    out.copy_within(open.start..end, open.start + prefix.len() - 1);
    out[open.start - 1..open.start - 1 + prefix.len()].copy_from_slice(&prefix);
}
