//! Attribute maps in SQL: `attributes['key']`, and the map that shows promoted columns and the rest as one.
//!
//! Owns the functions over maps. Never knows which keys are promoted: the tables say so.

mod access;
mod merge;
mod merge_types;
mod type_letter;

pub(crate) use access::{Attribute, is_attribute_map, values_of_key};
pub(crate) use merge::MergeAttributes;
pub(crate) use merge_types::MergeAttributeTypes;

use datafusion::logical_expr::ScalarUDF;

use type_letter::AttributeType;

/// Functions that people may call by name.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    vec![ScalarUDF::new_from_impl(Attribute::default()), ScalarUDF::new_from_impl(AttributeType::default())]
}
