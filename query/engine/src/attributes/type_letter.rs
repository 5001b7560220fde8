//! `attribute_type(map, types, key)`: the letter of the type of a key's value, or null where the key is missing.
//!
//! Reads the columns `other_attributes` and `other_attribute_types` and their like; null types: all values are text.

use std::sync::Arc;

use arrow::array::{Array, AsArray, MapArray, StringArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ExpressionPlacement, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

use super::is_attribute_map;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct AttributeType {
    signature: Signature,
}

impl Default for AttributeType {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for AttributeType {
    fn name(&self) -> &str {
        "attribute_type"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [map, letters, key]
                if is_attribute_map(map) && (letters.is_string() || letters.is_null()) && key.is_string() =>
            {
                // Letters as they are: a scan takes over only what is asked of its columns themselves.
                let letters = if letters.is_null() { DataType::Utf8 } else { letters.clone() };
                Ok(vec![map.clone(), letters, DataType::Utf8])
            }
            _ => plan_err!("attribute_type takes a map of attributes, their types and a key"),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        super::placement_of_access(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [map, letters, ColumnarValue::Scalar(key)] = args.args.as_slice() else {
            return plan_err!("attribute_type takes a map of attributes, their types and a key that is a literal");
        };
        let Some(key) = key.try_as_str().flatten() else { return plan_err!("the key of attribute_type is null") };
        let map = map.to_array(args.number_rows)?;
        let letters = cast(&letters.to_array(args.number_rows)?, &DataType::Utf8)?;
        Ok(ColumnarValue::Array(Arc::new(letters_of(map.as_map(), letters.as_string(), key))))
    }
}

fn letters_of(map: &MapArray, letters: &StringArray, key: &str) -> arrow::array::StringViewArray {
    let keys = map.keys().as_string::<i32>();
    let mut found = StringViewBuilder::with_capacity(map.len());
    for row in 0..map.len() {
        let offsets = map.value_offsets();
        let (first, end) = (offsets[row].max(0) as usize, offsets[row + 1].max(0) as usize);
        let position = (first..end).filter(|_| map.is_valid(row)).position(|entry| keys.value(entry) == key);
        found.append_option(position.map(|position| {
            if letters.is_null(row) { "s" } else { letters.value(row).get(position..=position).unwrap_or("s") }
        }));
    }
    found.finish()
}
