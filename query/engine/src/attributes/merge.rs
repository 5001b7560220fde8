//! `merge_attributes(rest, promoted…)`: the whole map of an item, promoted columns first.
//!
//! Built only where a statement asks for the map itself; `attributes['key']` never comes here.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, MapBuilder, MapFieldNames, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use spanlake_schemas::tables::attribute_map;
use spanlake_schemas::tables::promoted::PromotedAttribute;

/// The function, with the keys of its columns.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct MergeAttributes {
    signature: Signature,
    keys: Vec<&'static str>,
}

impl MergeAttributes {
    pub(crate) fn new(promoted: &[PromotedAttribute]) -> Self {
        let keys = promoted.iter().map(|attribute| attribute.key).collect();
        Self { signature: Signature::variadic_any(Volatility::Immutable), keys }
    }

    /// Which argument holds a key.
    pub(crate) fn argument_of(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|known| *known == key).map(|position| position + 1)
    }
}

impl ScalarUDFImpl for MergeAttributes {
    fn name(&self) -> &str {
        "merge_attributes"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        if types.len() != self.keys.len() + 1 {
            return plan_err!("merge_attributes takes a map and {} columns", self.keys.len());
        }
        Ok(attribute_map())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let Some((rest, promoted)) = arrays.split_first() else { return plan_err!("merge_attributes takes a map") };
        let texts: Vec<ArrayRef> =
            promoted.iter().map(|column| cast(column, &DataType::Utf8)).collect::<Result<_, _>>()?;
        Ok(ColumnarValue::Array(Arc::new(self.merge(rest.as_map(), &texts)?)))
    }
}

impl MergeAttributes {
    fn merge(&self, rest: &MapArray, promoted: &[ArrayRef]) -> Result<MapArray> {
        let names = MapFieldNames { entry: "entries".into(), key: "keys".into(), value: "values".into() };
        let mut merged = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        let rest_keys = rest.keys().as_string::<i32>();
        let rest_values = rest.values().as_string::<i32>();
        // Columns that are empty in this batch need no look at every row.
        let columns: Vec<_> = self
            .keys
            .iter()
            .zip(promoted)
            .filter(|(_, column)| column.null_count() < column.len())
            .map(|(key, column)| (*key, column.as_string::<i32>()))
            .collect();
        for row in 0..rest.len() {
            for (key, column) in &columns {
                if column.is_valid(row) {
                    merged.keys().append_value(key);
                    merged.values().append_value(column.value(row));
                }
            }
            let entries =
                if rest.is_valid(row) { rest.value_offsets()[row]..rest.value_offsets()[row + 1] } else { 0..0 };
            for entry in entries {
                let entry = usize::try_from(entry).expect("offsets are not negative");
                merged.keys().append_value(rest_keys.value(entry));
                merged.values().append_option(rest_values.is_valid(entry).then(|| rest_values.value(entry)));
            }
            merged.append(true)?;
        }
        Ok(merged.finish())
    }
}
