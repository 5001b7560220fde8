//! `merge_attribute_types(rest, rest_types, promoted…)`: the type letters of the whole map of an item, in the
//! order of `merge_attributes`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use spanlake_schemas::tables::promoted::{PromotedAttribute, PromotedType};

/// The function, with the types of its columns.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct MergeAttributeTypes {
    signature: Signature,
    letters: Vec<char>,
}

const TEXT: char = 's';
const INTEGER: char = 'i';

impl MergeAttributeTypes {
    pub(crate) fn new(promoted: &[PromotedAttribute]) -> Self {
        let letter = |attribute: &PromotedAttribute| match attribute.value_type {
            PromotedType::Text => TEXT,
            PromotedType::Integer => INTEGER,
        };
        Self {
            signature: Signature::variadic_any(Volatility::Immutable),
            letters: promoted.iter().map(letter).collect(),
        }
    }

    fn merge(&self, rest: &MapArray, types: &StringArray, promoted: &[ArrayRef]) -> StringArray {
        let columns: Vec<(char, &ArrayRef)> = self
            .letters
            .iter()
            .copied()
            .zip(promoted)
            .filter(|(_, column)| column.null_count() < column.len())
            .collect();
        let mut merged = StringBuilder::new();
        let mut letters = String::new();
        for row in 0..rest.len() {
            letters.clear();
            letters.extend(columns.iter().filter(|(_, column)| column.is_valid(row)).map(|(letter, _)| *letter));
            if types.is_valid(row) {
                letters.push_str(types.value(row));
            } else if rest.is_valid(row) {
                let entries = usize::try_from(rest.value_length(row)).expect("lengths are not negative");
                letters.extend(std::iter::repeat_n(TEXT, entries));
            }
            let all_text = letters.chars().all(|letter| letter == TEXT);
            merged.append_option((!all_text).then_some(&letters));
        }
        merged.finish()
    }
}

impl ScalarUDFImpl for MergeAttributeTypes {
    fn name(&self) -> &str {
        "merge_attribute_types"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if types.len() != self.letters.len() + 2 {
            return plan_err!("merge_attribute_types takes a map, its types and {} columns", self.letters.len());
        }
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [rest, types, promoted @ ..] = arrays.as_slice() else {
            return plan_err!("merge_attribute_types takes a map");
        };
        let types = cast(types, &DataType::Utf8)?;
        Ok(ColumnarValue::Array(Arc::new(self.merge(rest.as_map(), types.as_string::<i32>(), promoted))))
    }
}
