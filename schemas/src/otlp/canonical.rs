//! Content hashes: what makes two resources, scopes or series the same, however they were encoded.
//!
//! These ids are stored, so that what they are computed over never changes.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::attributes::{Attribute, Value};
use super::value_text;
use crate::ingest::NewLabel;

/// A hash of attributes that does not depend on their order.
#[inline]
pub(super) fn attributes_hash(attributes: &[Attribute<'_>], scratch: &mut Vec<u8>) -> u64 {
    attributes.iter().fold(0, |sum, attribute| sum.wrapping_add(attribute_hash(attribute, scratch)))
}

/// An attribute in short.
pub(super) fn label_hashes(attribute: &Attribute<'_>, scratch: &mut Vec<u8>) -> NewLabel {
    NewLabel { key: xxh3_64(attribute.key), value: attribute_hash(attribute, scratch) }
}

#[inline]
fn attribute_hash(attribute: &Attribute<'_>, scratch: &mut Vec<u8>) -> u64 {
    let seed = xxh3_64(attribute.key).wrapping_add(u64::from(attribute.value.tag()));
    match &attribute.value {
        Value::Text(bytes) | Value::Bytes(bytes) => xxh3_64_with_seed(bytes, seed),
        Value::Integer(integer) => xxh3_64_with_seed(&integer.to_le_bytes(), seed),
        Value::Double(double) => {
            let canonical = if double.is_nan() { f64::NAN } else { *double };
            xxh3_64_with_seed(&canonical.to_bits().to_le_bytes(), seed)
        }
        Value::Bool(truth) => xxh3_64_with_seed(&[u8::from(*truth)], seed),
        Value::Empty => xxh3_64_with_seed(&[], seed),
        Value::Array(_) | Value::KeyValues(_) => {
            scratch.clear();
            value_text::write_text(scratch, &attribute.value);
            xxh3_64_with_seed(scratch, seed)
        }
    }
}

/// Hashes a sequence of parts, each told from the next by its length.
#[derive(Default)]
pub(super) struct PartsHash {
    bytes: Vec<u8>,
}

impl PartsHash {
    pub(super) fn text(mut self, text: &[u8]) -> Self {
        self.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(text);
        self
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.bytes.extend_from_slice(&number.to_le_bytes());
        self
    }

    pub(super) fn finish(self) -> u64 {
        xxh3_64(&self.bytes)
    }
}

/// Four bytes that order ids by what they stand for.
pub(super) fn short_hash(bytes: &[u8]) -> [u8; 4] {
    let [_, _, _, _, a, b, c, d] = xxh3_64(bytes).to_be_bytes();
    [a, b, c, d]
}

/// The last eight bytes of a series id: one hash a metric, mixed with the attributes' of each point.
#[inline(always)]
pub(super) fn series_hash(metric_hash: u64, attributes_hash: u64) -> [u8; 8] {
    xxh3_64_with_seed(&attributes_hash.to_le_bytes(), metric_hash).to_be_bytes()
}
