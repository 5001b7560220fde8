//! OTLP/JSON to OTLP/protobuf, streaming: the JSON parser drives a writer by the table of messages.
//!
//! Builds no tree. What the fields mean is not looked at; the protobuf goes to the one decoder.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::attributes::VALUE_DEPTH_HARD_MAX;
use super::descriptors::{self, Field, FieldType, Message};
use super::wire::WIRE_LENGTH;
use super::wire_writer;
use crate::ingest::Signal;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Why a body is not OTLP/JSON, and where.
pub(super) struct JsonFault {
    pub reason: String,
    pub offset: usize,
}

/// A request as protobuf.
pub(super) struct Transcoded {
    pub protobuf: Vec<u8>,
    /// Whether invalid UTF-8 was replaced before.
    pub repaired: bool,
    pub unknown_fields: u64,
}

/// Rewrites a JSON body as the protobuf of the same request.
pub(super) fn transcode(signal: Signal, body: &[u8]) -> Result<Transcoded, JsonFault> {
    transcode_message(descriptors::request(signal), body)
}

/// Rewrites the JSON of any message.
pub(super) fn transcode_message(message: &'static Message, body: &[u8]) -> Result<Transcoded, JsonFault> {
    let text = String::from_utf8_lossy(body);
    let repaired = matches!(text, Cow::Owned(_));
    let mut writer = Writer { out: Vec::with_capacity(body.len() / 2), unknown_fields: 0 };
    let mut deserializer = serde_json::Deserializer::from_str(&text);
    // Nesting is bounded by `ValueSeed`, and what is ignored is passed over without recursion.
    deserializer.disable_recursion_limit();
    let seed = MessageSeed { writer: &mut writer, message, depth: 0 };
    seed.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(|error| fault(&text, &error))?;
    Ok(Transcoded { protobuf: writer.out, repaired, unknown_fields: writer.unknown_fields })
}

fn fault(text: &str, error: &serde_json::Error) -> JsonFault {
    let lines_before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = (lines_before + error.column().saturating_sub(1)).min(text.len());
    let reason = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    JsonFault { reason: reason.strip_suffix(&place).unwrap_or(&reason).to_owned(), offset }
}

struct Writer {
    out: Vec<u8>,
    unknown_fields: u64,
}

/// Reads an object into the fields of a message, whose key and length are the caller's.
struct MessageSeed<'w> {
    writer: &'w mut Writer,
    message: &'static Message,
    /// Arrays and key-value lists around this.
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for MessageSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MessageSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(KeySeed(self.message))? {
            match field {
                Some(field) => map.next_value_seed(ValueSeed {
                    writer: &mut *self.writer,
                    field,
                    depth: self.depth,
                    is_element: false,
                })?,
                None => {
                    self.writer.unknown_fields += 1;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

struct KeySeed(&'static Message);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Option<&'static Field>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.by_name(name))
    }
}

/// Reads a field's value, or one element of a repeated field.
struct ValueSeed<'w> {
    writer: &'w mut Writer,
    field: &'static Field,
    depth: u32,
    is_element: bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if let FieldType::Message(message) = self.field.field_type
            && message.is_list
            && self.depth >= VALUE_DEPTH_HARD_MAX
        {
            // An empty list at this depth is enough for the decoder to refuse the item.
            wire_writer::put_bytes(&mut self.writer.out, self.field.number, &[]);
            return deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ());
        }
        deserializer.deserialize_any(self)
    }
}

impl ValueSeed<'_> {
    fn wrong<E: Error>(&self, what: &str) -> E {
        E::custom(format_args!("{}: {what}", self.field.name))
    }

    /// A scalar where an array is due is refused.
    fn expect_single<E: Error>(&self) -> Result<(), E> {
        if self.field.repeated && !self.is_element { Err(self.wrong("an array is expected")) } else { Ok(()) }
    }

    fn put_integer<E: Error>(self, integer: i128) -> Result<(), E> {
        self.expect_single()?;
        let out_of_range = |_| self.wrong::<E>("number out of range");
        let number = match self.field.field_type {
            FieldType::Int32 => i64::from(i32::try_from(integer).map_err(out_of_range)?).cast_unsigned(),
            FieldType::SInt32 => {
                let number = i32::try_from(integer).map_err(out_of_range)?;
                u64::from(wire_writer::zigzag(number))
            }
            FieldType::UInt32 | FieldType::Fixed32 => u64::from(u32::try_from(integer).map_err(out_of_range)?),
            FieldType::Int64 | FieldType::SFixed64 => i64::try_from(integer).map_err(out_of_range)?.cast_unsigned(),
            FieldType::UInt64 | FieldType::Fixed64 => u64::try_from(integer).map_err(out_of_range)?,
            FieldType::Double => (integer as f64).to_bits(),
            _ => return Err(self.wrong("a number is not expected")),
        };
        self.put_number(number);
        Ok(())
    }

    fn put_double<E: Error>(self, double: f64) -> Result<(), E> {
        self.expect_single()?;
        if matches!(self.field.field_type, FieldType::Double) {
            self.put_number(double.to_bits());
            return Ok(());
        }
        // Some writers put integers as 1e3 or 5.0.
        if double.fract() == 0.0 && double.abs() < 1.9e19 {
            return self.put_integer(double as i128);
        }
        Err(self.wrong("an integer is expected"))
    }

    fn put_number(self, number: u64) {
        let wire_type = self.field.field_type.wire_type();
        let out = &mut self.writer.out;
        wire_writer::put_key(out, self.field.number, wire_type);
        match self.field.field_type {
            FieldType::Fixed32 => out.extend_from_slice(&(number as u32).to_le_bytes()),
            FieldType::Fixed64 | FieldType::SFixed64 | FieldType::Double => {
                out.extend_from_slice(&number.to_le_bytes());
            }
            _ => wire_writer::put_varint(out, number),
        }
    }

    fn put_id<E: Error>(self, hex: &str, length: usize) -> Result<(), E> {
        if hex.is_empty() {
            return Ok(());
        }
        let digits = hex.as_bytes();
        if digits.len() != length * 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.wrong(&format!("{} hex digits are expected", length * 2)));
        }
        let out = &mut self.writer.out;
        wire_writer::put_key(out, self.field.number, WIRE_LENGTH);
        wire_writer::put_varint(out, length as u64);
        let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
        out.extend(digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
        Ok(())
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a value of {}", self.field.name)
    }

    /// `null` is as good as absent; as an element it keeps its place.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.field.field_type {
            _ if !self.is_element => Ok(()),
            FieldType::Message(_) => {
                wire_writer::put_bytes(&mut self.writer.out, self.field.number, &[]);
                Ok(())
            }
            _ => Err(self.wrong("null is not expected")),
        }
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.expect_single()?;
        if !matches!(self.field.field_type, FieldType::Bool) {
            return Err(self.wrong("a boolean is not expected"));
        }
        self.put_number(u64::from(truth));
        Ok(())
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<(), E> {
        self.put_integer(i128::from(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<(), E> {
        self.put_integer(i128::from(integer))
    }

    fn visit_f64<E: Error>(self, double: f64) -> Result<(), E> {
        self.put_double(double)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.expect_single()?;
        match self.field.field_type {
            FieldType::Text => wire_writer::put_bytes(&mut self.writer.out, self.field.number, text.as_bytes()),
            FieldType::Id(length) => return self.put_id(text, length),
            FieldType::Bytes => {
                let bytes = BASE64.decode(text).or_else(|_| BASE64_URL.decode(text));
                let bytes = bytes.map_err(|_| self.wrong::<E>("not base64"))?;
                wire_writer::put_bytes(&mut self.writer.out, self.field.number, &bytes);
            }
            FieldType::Bool | FieldType::Message(_) => return Err(self.wrong("a string is not expected")),
            FieldType::Double => {
                // Rust reads `Infinity` and `NaN` as well, in any case and with signs, which does no harm.
                let double = text.parse().map_err(|_| self.wrong::<E>("not a number"))?;
                return self.put_double(double);
            }
            _ => match text.parse::<i128>() {
                Ok(integer) => return self.put_integer(integer),
                Err(_) => return Err(self.wrong("not an integer")),
            },
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if !self.field.repeated || self.is_element {
            return Err(self.wrong("an array is not expected"));
        }
        while elements
            .next_element_seed(ValueSeed {
                writer: &mut *self.writer,
                field: self.field,
                depth: self.depth,
                is_element: true,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.expect_single()?;
        let FieldType::Message(message) = self.field.field_type else {
            return Err(self.wrong("an object is not expected"));
        };
        let open = wire_writer::open(&mut self.writer.out, self.field.number);
        let depth = self.depth + u32::from(message.is_list);
        MessageSeed { writer: &mut *self.writer, message, depth }.visit_map(map)?;
        wire_writer::close(&mut self.writer.out, open);
        Ok(())
    }
}
