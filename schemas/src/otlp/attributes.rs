//! `KeyValue` and `AnyValue`: read from the wire, checked, and filed as an attribute map with its types.
//!
//! A value is looked at once and whole before anything of its item is stored, so that an item can still be
//! refused. How a value is written as text is `value_text`'s.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, MapArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;

use super::columns::{Column, ColumnError, Finished, SparseText, Text};
use super::value_text;
use super::wire::{Reader, Singular, Wire};

/// Values are followed to this depth at most, whatever the limit says: the stack is finite.
pub(super) const VALUE_DEPTH_HARD_MAX: u32 = 64;

/// One attribute, not copied.
#[derive(Debug)]
pub(super) struct Attribute<'a> {
    pub key: &'a [u8],
    pub value: Value<'a>,
}

/// An `AnyValue`, not copied.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Empty,
    Text(&'a [u8]),
    Bool(bool),
    Integer(i64),
    Double(f64),
    Bytes(&'a [u8]),
    /// `ArrayValue`s that merge.
    Array(Box<Singular<'a>>),
    /// `KeyValueList`s that merge.
    KeyValues(Box<Singular<'a>>),
}

impl Attribute<'_> {
    /// About the bytes of its key and value.
    pub(super) fn wire_bytes(&self) -> usize {
        let value = match &self.value {
            Value::Text(bytes) | Value::Bytes(bytes) => bytes.len(),
            Value::Array(parts) | Value::KeyValues(parts) => parts.parts().iter().map(|part| part.len()).sum(),
            Value::Empty | Value::Bool(_) | Value::Integer(_) | Value::Double(_) => 8,
        };
        self.key.len() + value
    }
}

impl Value<'_> {
    /// The letter of `attribute_types`.
    #[inline(always)]
    pub(super) fn tag(&self) -> u8 {
        match self {
            Self::Text(_) => b's',
            Self::Integer(_) => b'i',
            Self::Double(_) => b'd',
            Self::Bool(_) => b'b',
            Self::Bytes(_) => b'x',
            Self::Array(_) => b'a',
            Self::KeyValues(_) => b'k',
            Self::Empty => b'n',
        }
    }
}

/// What is noticed while values are read.
#[derive(Default)]
pub(super) struct Scan {
    pub unknown_fields: u64,
    /// The deepest nesting since it was last set to zero.
    deepest: u32,
}

impl Scan {
    /// Passes over an unknown field and counts it.
    #[cold]
    pub(super) fn skip(&mut self, reader: &mut Reader<'_>, key: u32, known: u32) -> Wire<()> {
        self.unknown_fields += 1;
        reader.skip(key, known)
    }
}

/// Reads an `AnyValue` from its occurrences. `depth` is how many lists it lies in.
#[inline]
pub(super) fn read_value<'a>(scan: &mut Scan, parts: &[&'a [u8]], depth: u32) -> Wire<Value<'a>> {
    let mut value = Value::Empty;
    for part in parts {
        let mut reader = Reader::new(part);
        while let Some(key) = reader.key()? {
            value = match key {
                0x0a => Value::Text(reader.bytes()?),
                0x10 => Value::Bool(reader.varint()? != 0),
                0x18 => Value::Integer(reader.varint()?.cast_signed()),
                0x21 => Value::Double(reader.double()?),
                0x2a | 0x32 => read_list(scan, &mut reader, key, value, depth + 1)?,
                0x3a => Value::Bytes(reader.bytes()?),
                // A reference to a string table, which only profiles have.
                0x40 => {
                    reader.varint()?;
                    Value::Empty
                }
                other => {
                    scan.skip(&mut reader, other, 0x1fe)?;
                    value
                }
            };
        }
    }
    Ok(value)
}

/// Reads an array or key-value list as the next member of the oneof: merged if the last was of the same kind.
#[inline(never)]
fn read_list<'a>(scan: &mut Scan, reader: &mut Reader<'a>, key: u32, before: Value<'a>, depth: u32) -> Wire<Value<'a>> {
    let list = reader.bytes()?;
    scan.deepest = scan.deepest.max(depth);
    if depth <= VALUE_DEPTH_HARD_MAX {
        check_list(scan, list, key == 0x32, depth)?;
    }
    Ok(match (key, before) {
        (0x2a, Value::Array(mut parts)) => {
            parts.push(list);
            Value::Array(parts)
        }
        (0x32, Value::KeyValues(mut parts)) => {
            parts.push(list);
            Value::KeyValues(parts)
        }
        (0x2a, _) => Value::Array(Box::new(Singular::one(list))),
        _ => Value::KeyValues(Box::new(Singular::one(list))),
    })
}

fn check_list(scan: &mut Scan, list: &[u8], of_key_values: bool, depth: u32) -> Wire<()> {
    let mut reader = Reader::new(list);
    while let Some(key) = reader.key()? {
        match key {
            0x0a if of_key_values => {
                read_key_value(scan, reader.bytes()?, depth)?;
            }
            0x0a => {
                read_value(scan, &[reader.bytes()?], depth)?;
            }
            other => scan.skip(&mut reader, other, 0b10)?,
        }
    }
    Ok(())
}

/// Reads a `KeyValue`.
#[inline]
pub(super) fn read_key_value<'a>(scan: &mut Scan, message: &'a [u8], depth: u32) -> Wire<Attribute<'a>> {
    let mut reader = Reader::new(message);
    let mut name: &[u8] = &[];
    let mut value = Singular::default();
    while let Some(key) = reader.key()? {
        match key {
            0x0a => name = reader.bytes()?,
            0x12 => value.push(reader.bytes()?),
            // A reference to a string table, which only profiles have.
            0x18 => {
                reader.varint()?;
            }
            other => scan.skip(&mut reader, other, 0b1110)?,
        }
    }
    Ok(Attribute { key: name, value: read_value(scan, value.parts(), depth)? })
}

/// The attributes of one item at a time (or of several parts of one item, one after the other).
#[derive(Default)]
pub(super) struct AttributeList<'a> {
    pub entries: Vec<Attribute<'a>>,
    /// Where the current part began.
    start: usize,
    /// Left out of the current part because there are too many.
    pub over_limit: u32,
    /// Left out since [`Self::clear`] because their values are nested too deep.
    pub too_deep: u32,
}

/// The two limits that concern attributes.
#[derive(Clone, Copy)]
pub(super) struct AttributeLimits {
    pub count_max: usize,
    pub depth_max: u32,
}

impl<'a> AttributeList<'a> {
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.too_deep = 0;
        self.begin();
    }

    /// Begins the next part.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        self.start = self.entries.len();
        self.over_limit = 0;
    }

    /// Where the current part lies among the entries.
    #[inline(always)]
    pub(super) fn part(&self) -> std::ops::Range<usize> {
        self.start..self.entries.len()
    }

    #[inline]
    pub(super) fn read(&mut self, scan: &mut Scan, limits: AttributeLimits, message: &'a [u8]) -> Wire<()> {
        scan.deepest = 0;
        let attribute = read_key_value(scan, message, 0)?;
        if scan.deepest > limits.depth_max.min(VALUE_DEPTH_HARD_MAX) {
            self.too_deep += 1;
        } else if self.entries.len() - self.start >= limits.count_max {
            self.over_limit = self.over_limit.saturating_add(1);
        } else {
            self.entries.push(attribute);
        }
        Ok(())
    }
}

/// Reads a value that is no attribute; `None` where it is nested too deep.
pub(super) fn read_bounded_value<'a>(scan: &mut Scan, parts: &[&'a [u8]], depth_max: u32) -> Wire<Option<Value<'a>>> {
    scan.deepest = 0;
    let value = read_value(scan, parts, 0)?;
    Ok((scan.deepest <= depth_max.min(VALUE_DEPTH_HARD_MAX)).then_some(value))
}

/// A map column and the column of its types.
#[derive(Default)]
pub(super) struct AttributeColumns {
    keys: Text,
    values: Text,
    null_values: Vec<usize>,
    ends: Vec<i32>,
    types: SparseText,
    /// Letters of the row that is being written.
    row_types: Vec<u8>,
    row_has_types: bool,
}

impl AttributeColumns {
    pub(super) fn with_capacity(rows: usize, attributes_per_row: usize) -> Self {
        let entries = rows * attributes_per_row;
        Self {
            keys: Text::with_capacity(entries, entries * 16),
            values: Text::with_capacity(entries, entries * 16),
            ends: Vec::with_capacity(rows + 1),
            ..Self::default()
        }
    }

    #[inline]
    pub(super) fn push(&mut self, attribute: &Attribute<'_>) {
        self.keys.push(attribute.key);
        if let Value::Text(text) = attribute.value {
            self.row_types.push(b's');
            self.values.push(text);
            return;
        }
        if matches!(attribute.value, Value::Empty) {
            self.null_values.push(self.values.len());
        }
        self.row_has_types = true;
        self.row_types.push(attribute.value.tag());
        value_text::write_text(self.values.open(), &attribute.value);
        self.values.end_value();
    }

    /// Closes the row.
    #[inline]
    pub(super) fn end_row(&mut self) {
        if self.row_has_types {
            self.types.set(self.ends.len(), &self.row_types);
            self.row_has_types = false;
        }
        self.row_types.clear();
        self.ends.push(self.keys.len() as i32);
    }

    /// Writes a whole row.
    #[inline]
    pub(super) fn push_row(&mut self, attributes: &[Attribute<'_>]) {
        for attribute in attributes {
            self.push(attribute);
        }
        self.end_row();
    }

    /// The two columns, to be added one after the other.
    pub(super) fn into_columns(self) -> (MapColumn, SparseText) {
        let map = MapColumn { keys: self.keys, values: self.values, null_values: self.null_values, ends: self.ends };
        (map, self.types)
    }
}

/// The map half of [`AttributeColumns`].
pub(super) struct MapColumn {
    keys: Text,
    values: Text,
    null_values: Vec<usize>,
    ends: Vec<i32>,
}

impl Column for MapColumn {
    fn finish(self, _rows: usize, data_type: &DataType) -> Finished {
        let shape = |error: arrow::error::ArrowError| ColumnError::Shape(error.to_string());
        let DataType::Map(entries, _) = data_type else {
            return Err(ColumnError::Shape(format!("{data_type} is no map")));
        };
        let DataType::Struct(fields) = entries.data_type() else {
            return Err(ColumnError::Shape(format!("{} is no struct", entries.data_type())));
        };
        let count = self.keys.len();
        let nulls = (!self.null_values.is_empty()).then(|| {
            let mut valid = vec![true; count];
            for position in self.null_values {
                valid[position] = false;
            }
            NullBuffer::from(valid)
        });
        let keys: ArrayRef = Arc::new(self.keys.into_array(None)?);
        let values: ArrayRef = Arc::new(self.values.into_array(nulls)?);
        debug_assert_eq!(keys.len(), values.len());
        let pairs = StructArray::try_new(fields.clone(), vec![keys, values], None).map_err(shape)?;
        let mut offsets = self.ends;
        offsets.insert(0, 0);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, None, false).map_err(shape)?;
        Ok(Some(Arc::new(map)))
    }
}
