//! Attribute values as JSON, from the text and the type letter in which they are stored.

use spanlake_schemas::otlp::AttributeValue;
use spanlake_schemas::tables::promoted::{PromotedAttribute, PromotedType};

use crate::columns::{Maps, Named, Numbers, Texts};
use crate::render::{push_double, push_integer, push_string};
use arrow::datatypes::Int64Type;

/// A value; what is no value of its type is shown as the text it is.
pub(crate) fn push_value(out: &mut Vec<u8>, text: Option<&str>, tag: char) {
    let Some(text) = text else { return out.extend_from_slice(b"null") };
    match tag {
        's' => return push_string(out, text),
        'b' if matches!(text, "true" | "false") => return out.extend_from_slice(text.as_bytes()),
        'i' => {
            if let Ok(value) = text.parse() {
                return push_integer(out, value);
            }
        }
        'd' => {
            if let Ok(value) = text.parse() {
                return push_double(out, value);
            }
        }
        _ => {}
    }
    match AttributeValue::parse(Some(text), tag) {
        // Writing to memory does not fail.
        Ok(value) => drop(serde_json::to_writer(out, &value.to_json())),
        Err(_) => push_string(out, text),
    }
}

fn push_entries(out: &mut Vec<u8>, maps: &Maps<'_>, row: usize) {
    for (key, text, tag) in maps.entries(row) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        push_string(out, key);
        out.push(b':');
        push_value(out, text, tag);
    }
}

/// A map as an object.
pub(crate) fn push_attributes(out: &mut Vec<u8>, maps: &Maps<'_>, row: usize) {
    out.push(b'{');
    push_entries(out, maps, row);
    out.push(b'}');
}

enum Values<'a> {
    Text(Texts<'a>),
    Integer(Numbers<'a, Int64Type>),
}

/// The attributes of a span or log: columns of their own and the map of all others, as one object.
pub(super) struct ItemAttributes<'a> {
    /// The key as JSON, with its colon. Only columns that the batch has.
    promoted: Vec<(Vec<u8>, Values<'a>)>,
    others: Maps<'a>,
}

impl<'a> ItemAttributes<'a> {
    pub(super) fn of(columns: &'a impl Named, promoted: &[PromotedAttribute]) -> Self {
        let promoted = promoted.iter().filter_map(|attribute| {
            let values = match attribute.value_type {
                PromotedType::Text => {
                    Values::Text(Some(Texts::of(columns, attribute.column)).filter(|texts| !texts.is_missing())?)
                }
                PromotedType::Integer => Values::Integer(
                    Some(Numbers::of(columns, attribute.column)).filter(|numbers| !numbers.is_missing())?,
                ),
            };
            let mut key = Vec::with_capacity(attribute.key.len() + 3);
            push_string(&mut key, attribute.key);
            key.push(b':');
            Some((key, values))
        });
        Self { promoted: promoted.collect(), others: Maps::of(columns, "attributes", "attribute_types") }
    }

    pub(super) fn push(&self, out: &mut Vec<u8>, row: usize) {
        out.push(b'{');
        for (key, values) in &self.promoted {
            let start = out.len();
            if out.last() != Some(&b'{') {
                out.push(b',');
            }
            out.extend_from_slice(key);
            match values {
                Values::Text(texts) => match texts.at(row) {
                    Some(text) => push_string(out, text),
                    None => out.truncate(start),
                },
                Values::Integer(numbers) => match numbers.at(row) {
                    Some(number) => push_integer(out, number),
                    None => out.truncate(start),
                },
            }
        }
        push_entries(out, &self.others, row);
        out.push(b'}');
    }
}
