//! `promoted_attribute(column, map, key)`: the value of a key that has a column of the table, as text. The column
//! holds values of the usual type, the map the odd ones.
//!
//! One function and not two, so that a scan recognises it and leaves the map alone in files that have no odd ones.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ExpressionPlacement, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use std::sync::Arc;

use super::access::values_of_key;

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct PromotedValue {
    signature: Signature,
}

impl Default for PromotedValue {
    fn default() -> Self {
        Self { signature: Signature::any(3, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for PromotedValue {
    fn name(&self) -> &str {
        "promoted_attribute"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        super::placement_of_access(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [column, map, ColumnarValue::Scalar(key)] = args.args.as_slice() else {
            return plan_err!("promoted_attribute takes a column, a map and a key that is a literal");
        };
        let Some(key) = key.try_as_str().flatten() else { return plan_err!("the key of promoted_attribute is null") };
        let column = cast(&column.to_array(args.number_rows)?, &DataType::Utf8View)?;
        let map = map.to_array(args.number_rows)?;
        let odd = values_of_key(map.as_map(), key)?;
        if odd.null_count() == odd.len() {
            return Ok(ColumnarValue::Array(column));
        }
        if column.null_count() == column.len() {
            return Ok(ColumnarValue::Array(Arc::new(odd)));
        }
        let is_usual = arrow::compute::is_not_null(&column)?;
        Ok(ColumnarValue::Array(zip(&is_usual, &column, &odd)?))
    }
}
