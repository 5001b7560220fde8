//! `attribute(map, key)`: the value of a key, or null. What `attributes['key']` becomes.
//!
//! Copies no text: the answer points into the map's values.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, MapArray, StringViewArray, StringViewBuilder};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExpressionPlacement, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

/// Whether a type is a map from text to text.
pub(crate) fn is_attribute_map(data_type: &DataType) -> bool {
    let DataType::Map(entries, _) = data_type else { return false };
    let DataType::Struct(fields) = entries.data_type() else { return false };
    fields.iter().all(|field| field.data_type() == &DataType::Utf8)
}

/// The values of one key, row by row.
pub(crate) fn values_of_key(map: &MapArray, key: &str) -> Result<StringViewArray, ArrowError> {
    lookup(map, |_| Some(key))
}

fn lookup<'a>(map: &MapArray, key_of_row: impl Fn(usize) -> Option<&'a str>) -> Result<StringViewArray, ArrowError> {
    let keys = map.keys().as_string::<i32>();
    let values = map.values().as_string::<i32>();
    let starts = values.value_offsets();
    let mut found = StringViewBuilder::with_capacity(map.len());
    let block = found.append_block(values.values().clone());
    let position = |offset: i32| u32::try_from(offset).expect("offsets are not negative");
    for row in 0..map.len() {
        let hit = key_of_row(row).filter(|_| map.is_valid(row)).and_then(|key| {
            let entries = map.value_offsets()[row]..map.value_offsets()[row + 1];
            entries
                .map(|entry| usize::try_from(entry).expect("offsets are not negative"))
                .find(|entry| keys.value(*entry) == key)
        });
        match hit.filter(|entry| values.is_valid(*entry)) {
            Some(entry) => {
                let start = position(starts[entry]);
                found.try_append_view(block, start, position(starts[entry + 1]) - start)?;
            }
            None => found.append_null(),
        }
    }
    Ok(found.finish())
}

/// The function.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attribute {
    signature: Signature,
}

impl Default for Attribute {
    fn default() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Attribute {
    fn name(&self) -> &str {
        "attribute"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        match args {
            [map, Expr::Literal(key, _)] => Ok(format!("{}[{key}]", map.schema_name())),
            _ => Ok(format!("attribute({})", args.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))),
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [map, key] if is_attribute_map(map) && (key.is_string() || key.is_null()) => {
                Ok(vec![map.clone(), DataType::Utf8])
            }
            _ => plan_err!("attribute takes a map of attributes and a key"),
        }
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn placement(&self, args: &[ExpressionPlacement]) -> ExpressionPlacement {
        super::placement_of_access(args)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [map, key] = args.args.as_slice() else { return plan_err!("attribute takes two arguments") };
        let map = map.to_array(args.number_rows)?;
        let map = map.as_map();
        let found = match key {
            ColumnarValue::Scalar(key) => match text_of(key) {
                Some(key) => values_of_key(map, key)?,
                None => StringViewArray::new_null(map.len()),
            },
            ColumnarValue::Array(keys) => {
                let keys: ArrayRef = cast(keys, &DataType::Utf8)?;
                let keys = keys.as_string::<i32>();
                lookup(map, |row| keys.is_valid(row).then(|| keys.value(row)))?
            }
        };
        Ok(ColumnarValue::Array(Arc::new(found)))
    }
}

fn text_of(key: &ScalarValue) -> Option<&str> {
    key.try_as_str().flatten()
}
