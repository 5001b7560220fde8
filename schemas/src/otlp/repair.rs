//! Rewrites a request so that all of its text is UTF-8, and checks messages that are not stored.
//!
//! Off the hot path: a request comes here only once a column of it proved not to be UTF-8.

use super::attributes::VALUE_DEPTH_HARD_MAX;
use super::descriptors::{self, Field, FieldType, Message};
use super::wire::{Reader, WIRE_LENGTH, Wire};
use super::wire_writer;
use crate::ingest::Signal;

/// The request with invalid sequences replaced by U+FFFD, and how many texts that changed.
pub(super) fn repair(signal: Signal, body: &[u8]) -> Wire<(Vec<u8>, u32)> {
    let mut repaired = Repair { out: Vec::with_capacity(body.len() + body.len() / 8), replaced: 0 };
    repaired.message(descriptors::request(signal), body, 0)?;
    Ok((repaired.out, repaired.replaced))
}

/// Whether a message is well formed.
pub(super) fn check(message: &Message, bytes: &[u8]) -> Wire<()> {
    Repair { out: Vec::new(), replaced: 0 }.message(message, bytes, 0)
}

struct Repair {
    out: Vec<u8>,
    replaced: u32,
}

impl Repair {
    fn message(&mut self, message: &Message, bytes: &[u8], depth: u32) -> Wire<()> {
        let mut reader = Reader::new(bytes);
        loop {
            let before = reader;
            let Some(key) = reader.key()? else {
                return Ok(());
            };
            match message.by_number(key >> 3) {
                Some(field) => self.field(field, before, &mut reader, key, depth)?,
                None => {
                    reader.skip(key, 0)?;
                    self.out.extend_from_slice(before.until(&reader));
                }
            }
        }
    }

    fn field(&mut self, field: &Field, before: Reader<'_>, reader: &mut Reader<'_>, key: u32, depth: u32) -> Wire<()> {
        let wire_type = field.field_type.wire_type();
        match field.field_type {
            FieldType::Text if key & 7 == WIRE_LENGTH => self.text(field, reader.bytes()?),
            FieldType::Message(of) if key & 7 == WIRE_LENGTH => {
                let content = reader.bytes()?;
                let depth = depth + u32::from(of.is_list);
                let open = wire_writer::open(&mut self.out, field.number);
                if depth <= VALUE_DEPTH_HARD_MAX {
                    self.message(of, content, depth)?;
                } else {
                    // Nobody stores what lies this deep.
                    self.out.extend_from_slice(content);
                }
                wire_writer::close(&mut self.out, open);
            }
            _ if key & 7 == WIRE_LENGTH && wire_type != WIRE_LENGTH && field.repeated => {
                let mut packed = Reader::new(reader.bytes()?);
                while !packed.is_empty() {
                    packed.skip(wire_type, 0)?;
                }
                self.out.extend_from_slice(before.until(reader));
            }
            _ => {
                // Known with another wire type is malformed.
                let refused = if key & 7 == wire_type { 0 } else { u32::MAX };
                reader.skip(key, refused)?;
                self.out.extend_from_slice(before.until(reader));
            }
        }
        Ok(())
    }

    fn text(&mut self, field: &Field, text: &[u8]) {
        if std::str::from_utf8(text).is_err() {
            self.replaced = self.replaced.saturating_add(1);
        }
        wire_writer::put_bytes(&mut self.out, field.number, String::from_utf8_lossy(text).as_bytes());
    }
}
