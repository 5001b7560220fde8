//! Stored attributes as `KeyValue` messages: text and type letter back to an `AnyValue`.
//!
//! Promoted columns come first, in the order of their list, then the map in its own order: so the decoder finds the
//! same value for a promoted column where a key came twice.

use arrow::datatypes::Int64Type;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::columns::{Columns, MapColumn, NumberColumn, TextColumn};
use super::{EncodeError, Tally};
use crate::otlp::attribute_value::AttributeValue;
use crate::otlp::wire::WIRE_VARINT;
use crate::otlp::wire_writer::{close, open, put_bytes, put_fixed64, put_key, put_varint};
use crate::tables::promoted::{PromotedAttribute, PromotedType};

/// The numbers of `KeyValue`'s fields, and of the one field of `ArrayValue` and `KeyValueList`.
const KEY: u32 = 1;
const VALUE: u32 = 2;
const VALUES: u32 = 1;

/// A map with the column of its types, and the promoted columns that the batch has.
pub(super) struct AttributeColumns<'b> {
    map: Option<MapColumn<'b>>,
    types: TextColumn<'b>,
    promoted: Vec<(&'static str, Promoted<'b>)>,
}

enum Promoted<'b> {
    Text(TextColumn<'b>),
    Integer(NumberColumn<'b, Int64Type>),
}

impl<'b> AttributeColumns<'b> {
    /// The columns `attributes` and `attribute_types`.
    pub(super) fn new(columns: &Columns<'b>) -> Result<Self, EncodeError> {
        Self::named(columns, "attributes", "attribute_types")
    }

    pub(super) fn named(columns: &Columns<'b>, map: &str, types: &str) -> Result<Self, EncodeError> {
        Ok(Self { map: columns.maps(map)?, types: columns.text(types)?, promoted: Vec::new() })
    }

    pub(super) fn with_promoted(
        columns: &Columns<'b>,
        attributes: &'static [PromotedAttribute],
    ) -> Result<Self, EncodeError> {
        let mut promoted = Vec::new();
        for attribute in attributes {
            let column = match attribute.value_type {
                PromotedType::Text => Promoted::Text(columns.text(attribute.column)?),
                PromotedType::Integer => Promoted::Integer(columns.numbers(attribute.column)?),
            };
            if !column.is_missing() {
                promoted.push((attribute.key, column));
            }
        }
        Ok(Self { promoted, ..Self::new(columns)? })
    }

    /// Writes the row's attributes as fields of this number.
    pub(super) fn put(&self, out: &mut Vec<u8>, number: u32, row: usize, tally: &mut Tally) {
        for (key, column) in &self.promoted {
            column.put(out, number, key, row);
        }
        let Some(map) = &self.map else {
            return;
        };
        let mut types = self.types.bytes(row).iter();
        for (key, text) in map.entries(row) {
            let tag = types.next().copied().unwrap_or(b's');
            put_attribute(out, number, key, |out| put_stored(out, text, tag, tally));
        }
    }
}

impl Promoted<'_> {
    fn is_missing(&self) -> bool {
        match self {
            Self::Text(column) => column.is_missing(),
            Self::Integer(column) => column.is_missing(),
        }
    }

    fn put(&self, out: &mut Vec<u8>, number: u32, key: &str, row: usize) {
        match self {
            Self::Text(column) => {
                if let Some(text) = column.get(row) {
                    put_attribute(out, number, key, |out| put_text(out, text));
                }
            }
            Self::Integer(column) => {
                if let Some(integer) = column.get(row) {
                    put_attribute(out, number, key, |out| put_integer(out, integer));
                }
            }
        }
    }
}

/// Writes a `KeyValue`; key and value are there even when they say nothing, as many readers of JSON expect.
fn put_attribute(out: &mut Vec<u8>, number: u32, key: &str, put_value: impl FnOnce(&mut Vec<u8>)) {
    let attribute = open(out, number);
    put_bytes(out, KEY, key.as_bytes());
    let value = open(out, VALUE);
    put_value(out);
    close(out, value);
    close(out, attribute);
}

/// Writes the content of an `AnyValue` from its stored form. A text that is no value of its type comes back as text,
/// and is counted.
pub(super) fn put_stored(out: &mut Vec<u8>, text: Option<&str>, tag: u8, tally: &mut Tally) {
    let Some(text) = text else {
        return;
    };
    match tag {
        // The common ones without a value in between.
        b's' => put_text(out, text),
        b'i' if let Ok(integer) = text.parse() => put_integer(out, integer),
        b'x' if let Ok(bytes) = STANDARD.decode(text) => put_bytes(out, 7, &bytes),
        _ => match AttributeValue::parse(Some(text), char::from(tag)) {
            Ok(value) => put_value(out, &value),
            Err(_) => {
                tally.malformed_values += 1;
                put_text(out, text);
            }
        },
    }
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, 1, text.as_bytes());
}

fn put_integer(out: &mut Vec<u8>, integer: i64) {
    put_key(out, 3, WIRE_VARINT);
    put_varint(out, integer.cast_unsigned());
}

/// Writes the content of an `AnyValue`. A member of a oneof is written even if it is zero or empty.
fn put_value(out: &mut Vec<u8>, value: &AttributeValue) {
    match value {
        AttributeValue::Text(text) => put_text(out, text),
        AttributeValue::Bool(truth) => {
            put_key(out, 2, WIRE_VARINT);
            put_varint(out, u64::from(*truth));
        }
        AttributeValue::Integer(integer) => put_integer(out, *integer),
        AttributeValue::Double(double) => put_fixed64(out, 4, double.to_bits()),
        AttributeValue::Array(values) => {
            let array = open(out, 5);
            for value in values {
                let element = open(out, VALUES);
                put_value(out, value);
                close(out, element);
            }
            close(out, array);
        }
        AttributeValue::KeyValues(entries) => {
            let list = open(out, 6);
            for (key, value) in entries {
                put_attribute(out, VALUES, key, |out| put_value(out, value));
            }
            close(out, list);
        }
        AttributeValue::Bytes(bytes) => put_bytes(out, 7, bytes),
        AttributeValue::Empty => {}
    }
}
