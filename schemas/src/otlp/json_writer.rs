//! OTLP/protobuf to OTLP/JSON, as the specification writes it: the inverse of `json`, by the same table of messages.
//!
//! What the fields mean is not looked at. A field comes once, wherever its occurrences are on the wire: they merge as
//! protobuf defines it. Keys are in the order of the table.

use super::attributes::VALUE_DEPTH_HARD_MAX;
use super::descriptors::{self, Field, FieldType, Message};
use super::value_text::{write_base64, write_double, write_integer, write_json_string};
use super::wire::{Reader, WIRE_FIXED32, WIRE_FIXED64, WIRE_LENGTH, Wire, unzigzag};
use crate::ids::to_hex;
use crate::ingest::Signal;

/// An array or key-value list without elements. Many readers take the elements for granted.
const EMPTY_LIST: &[u8] = b"{\"values\":[]}";

/// Rewrites a protobuf body as the JSON of the same request.
pub(super) fn transcode(signal: Signal, body: &[u8]) -> Wire<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() * 3);
    write_message(&mut out, descriptors::request(signal), &[body], 0)?;
    Ok(out)
}

/// One occurrence of a known field.
struct Occurrence<'a> {
    field: &'static Field,
    value: Scalar<'a>,
}

#[derive(Clone, Copy)]
enum Scalar<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Writes an object from the occurrences of a message. `depth` is how many lists it lies in.
fn write_message(out: &mut Vec<u8>, message: &'static Message, parts: &[&[u8]], depth: u32) -> Wire<()> {
    let mut found = Vec::new();
    for part in parts {
        read_fields(message, part, &mut found)?;
    }
    if message.is_list && found.is_empty() {
        out.extend_from_slice(EMPTY_LIST);
        return Ok(());
    }
    drop_replaced(&mut found);
    found.sort_by_key(|occurrence| occurrence.field.number);
    out.push(b'{');
    let mut is_first = true;
    for occurrences in found.chunk_by(|one, next| one.field.number == next.field.number) {
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        let field = occurrences[0].field;
        write_json_string(out, field.name.as_bytes());
        out.push(b':');
        write_field(out, field, occurrences, depth)?;
    }
    out.push(b'}');
    Ok(())
}

fn read_fields<'a>(message: &'static Message, part: &'a [u8], found: &mut Vec<Occurrence<'a>>) -> Wire<()> {
    let mut reader = Reader::new(part);
    while let Some(key) = reader.key()? {
        let Some(field) = message.by_number(key >> 3) else {
            reader.skip(key, 0)?;
            continue;
        };
        let wire_type = field.field_type.wire_type();
        if key & 7 == wire_type {
            found.push(Occurrence { field, value: read_scalar(&mut reader, wire_type)? });
        } else if key & 7 == WIRE_LENGTH && field.repeated {
            let mut packed = Reader::new(reader.bytes()?);
            while !packed.is_empty() {
                found.push(Occurrence { field, value: read_scalar(&mut packed, wire_type)? });
            }
        } else {
            // Known with another wire type is malformed.
            reader.skip(key, u32::MAX)?;
        }
    }
    Ok(())
}

/// Leaves of a oneof the member that came last, with what merges with it: each other member replaces those before.
fn drop_replaced(found: &mut Vec<Occurrence<'_>>) {
    let Some(last) = found.iter().rfind(|occurrence| occurrence.field.is_choice) else {
        return;
    };
    let last = last.field.number;
    let is_other = |occurrence: &Occurrence<'_>| occurrence.field.is_choice && occurrence.field.number != last;
    if let Some(other) = found.iter().rposition(is_other) {
        let mut position = 0;
        found.retain(|occurrence| {
            position += 1;
            position > other + 1 || !occurrence.field.is_choice
        });
    }
}

fn read_scalar<'a>(reader: &mut Reader<'a>, wire_type: u32) -> Wire<Scalar<'a>> {
    Ok(match wire_type {
        WIRE_LENGTH => Scalar::Bytes(reader.bytes()?),
        WIRE_FIXED64 => Scalar::Number(reader.fixed64()?),
        WIRE_FIXED32 => Scalar::Number(u64::from(reader.fixed32()?)),
        _ => Scalar::Number(reader.varint()?),
    })
}

/// Writes a field of at least one occurrence.
fn write_field(out: &mut Vec<u8>, field: &Field, occurrences: &[Occurrence<'_>], depth: u32) -> Wire<()> {
    if field.repeated {
        out.push(b'[');
        for (position, occurrence) in occurrences.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_value(out, field, std::slice::from_ref(occurrence), depth)?;
        }
        out.push(b']');
        return Ok(());
    }
    write_value(out, field, occurrences, depth)
}

/// Writes a value: of messages all occurrences together, of anything else the last one.
fn write_value(out: &mut Vec<u8>, field: &Field, occurrences: &[Occurrence<'_>], depth: u32) -> Wire<()> {
    if let FieldType::Message(message) = field.field_type {
        if message.is_list && depth >= VALUE_DEPTH_HARD_MAX {
            out.extend_from_slice(EMPTY_LIST);
            return Ok(());
        }
        let parts: Vec<&[u8]> = occurrences
            .iter()
            .filter_map(|occurrence| match occurrence.value {
                Scalar::Bytes(part) => Some(part),
                Scalar::Number(_) => None,
            })
            .collect();
        return write_message(out, message, &parts, depth + u32::from(message.is_list));
    }
    match occurrences.last().map(|occurrence| occurrence.value) {
        Some(Scalar::Number(number)) => write_number(out, field.field_type, number),
        Some(Scalar::Bytes(bytes)) => write_bytes(out, field.field_type, bytes),
        None => out.extend_from_slice(b"null"),
    }
    Ok(())
}

fn write_bytes(out: &mut Vec<u8>, field_type: FieldType, bytes: &[u8]) {
    match field_type {
        FieldType::Bytes => quoted(out, |out| write_base64(out, bytes)),
        FieldType::Id(_) => quoted(out, |out| out.extend_from_slice(to_hex(bytes).as_bytes())),
        _ => write_json_string(out, String::from_utf8_lossy(bytes).as_bytes()),
    }
}

fn write_number(out: &mut Vec<u8>, field_type: FieldType, number: u64) {
    match field_type {
        FieldType::Bool => out.extend_from_slice(if number != 0 { b"true" } else { b"false" }),
        FieldType::Int32 => write_integer(out, i64::from(number as i32)),
        FieldType::SInt32 => write_integer(out, i64::from(unzigzag(number))),
        FieldType::UInt32 | FieldType::Fixed32 => write_integer(out, i64::from(number as u32)),
        FieldType::UInt64 | FieldType::Fixed64 => {
            quoted(out, |out| out.extend_from_slice(number.to_string().as_bytes()))
        }
        FieldType::Double => match f64::from_bits(number) {
            double if double.is_finite() => write_double(out, double),
            double => quoted(out, |out| write_double(out, double)),
        },
        _ => quoted(out, |out| write_integer(out, number.cast_signed())),
    }
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}
