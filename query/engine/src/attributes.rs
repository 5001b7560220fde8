//! Attribute maps in SQL: `attributes['key']`, and the map that shows promoted columns and the rest as one.
//!
//! Owns the functions over maps. Never knows which keys are promoted: the tables say so.

mod access;
mod merge;
mod merge_types;
mod promoted;
mod type_letter;

pub(crate) use access::{Attribute, is_attribute_map, values_of_key};
pub(crate) use merge::MergeAttributes;
pub(crate) use merge_types::MergeAttributeTypes;
pub(crate) use promoted::PromotedValue;
pub(crate) use type_letter::AttributeType;

use datafusion::logical_expr::{ExpressionPlacement, ScalarUDF};

/// Functions that people may call by name.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    vec![ScalarUDF::new_from_impl(Attribute::default()), ScalarUDF::new_from_impl(AttributeType::default())]
}

/// Access to a key of a stored map is best done by the scan, which may have a column for it.
fn placement_of_access(args: &[ExpressionPlacement]) -> ExpressionPlacement {
    let is_stored = |place: &ExpressionPlacement| matches!(place, ExpressionPlacement::Column);
    match args.split_last() {
        Some((ExpressionPlacement::Literal, columns)) if columns.iter().all(is_stored) => {
            ExpressionPlacement::MoveTowardsLeafNodes
        }
        _ => ExpressionPlacement::KeepInPlace,
    }
}
