//! Protobuf's writing, straight into one growing vector: the counterpart of `wire`.
//!
//! Knows no OTLP message. What has `non_default` in its name leaves out zero and empty, as proto3 does for a field
//! whose absence means just that; the others write what they are given.

use super::wire::{WIRE_FIXED32, WIRE_FIXED64, WIRE_LENGTH, WIRE_VARINT};

pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(crate) fn put_key(out: &mut Vec<u8>, number: u32, wire_type: u32) {
    put_varint(out, u64::from(number << 3 | wire_type));
}

pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    put_key(out, number, WIRE_LENGTH);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A text or bytes unless empty.
pub(crate) fn put_non_default_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    if !bytes.is_empty() {
        put_bytes(out, number, bytes);
    }
}

/// A varint unless zero.
pub(crate) fn put_non_default_varint(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_key(out, number, WIRE_VARINT);
        put_varint(out, value);
    }
}

/// An `int32` or enum unless zero; negative ones are ten bytes long, as protobuf has it.
pub(crate) fn put_non_default_int32(out: &mut Vec<u8>, number: u32, value: i32) {
    put_non_default_varint(out, number, i64::from(value).cast_unsigned());
}

/// A `sint32` unless zero.
pub(crate) fn put_non_default_sint32(out: &mut Vec<u8>, number: u32, value: i32) {
    put_non_default_varint(out, number, u64::from(zigzag(value)));
}

/// How `sint32` makes a number of either sign a short one.
pub(crate) const fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

/// Four bytes unless zero.
pub(crate) fn put_non_default_fixed32(out: &mut Vec<u8>, number: u32, value: u32) {
    if value != 0 {
        put_key(out, number, WIRE_FIXED32);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Eight bytes unless zero.
pub(crate) fn put_non_default_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    if value != 0 {
        put_fixed64(out, number, value);
    }
}

/// Eight bytes.
pub(crate) fn put_fixed64(out: &mut Vec<u8>, number: u32, value: u64) {
    put_key(out, number, WIRE_FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// Where a message's content begins whose length is not known yet.
#[derive(Clone, Copy)]
pub(crate) struct Open {
    start: usize,
}

/// Begins a message; one byte is kept for its length, as most are short.
pub(crate) fn open(out: &mut Vec<u8>, number: u32) -> Open {
    put_key(out, number, WIRE_LENGTH);
    out.push(0);
    Open { start: out.len() }
}

/// Ends a message: writes its length, moving the content where that takes more than the byte kept.
pub(crate) fn close(out: &mut Vec<u8>, open: Open) {
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
