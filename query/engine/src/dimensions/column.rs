//! A function from an id to a column of what it points to: `k8s_pod_name_of(resource_id)`.
//!
//! Filters on such columns reach the scan as filters on the id, where they become a set of ids.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, AsArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{Dimension, StatementDimensions, column_index, shape};

/// The function.
#[derive(Debug)]
pub(crate) struct OfDimension {
    name: String,
    signature: Signature,
    dimension: Dimension,
    column: usize,
    key: Option<String>,
    dimensions: Arc<StatementDimensions>,
}

impl OfDimension {
    /// A column of what the id points to.
    pub(crate) fn call(dimensions: &Arc<StatementDimensions>, dimension: Dimension, column: &str, id: Expr) -> Expr {
        let index = column_index(dimension, column);
        Self::new(dimensions, dimension, index, format!("{column}_of"), None).apply(id)
    }

    /// The value of a key of this column of maps.
    pub(crate) fn call_key(&self, key: &str, id: Expr) -> Expr {
        let name = format!("{}[{key}]", self.name);
        Self::new(&self.dimensions, self.dimension, self.column, name, Some(key.to_owned())).apply(id)
    }

    fn new(
        dimensions: &Arc<StatementDimensions>,
        dimension: Dimension,
        column: usize,
        name: String,
        key: Option<String>,
    ) -> Self {
        let id = shape::schema(dimension).field(0).data_type().clone();
        let signature = Signature::exact(vec![id], Volatility::Immutable);
        Self { name, signature, dimension, column, key, dimensions: Arc::clone(dimensions) }
    }

    fn apply(self, id: Expr) -> Expr {
        ScalarUDF::new_from_impl(self).call(vec![id])
    }

    pub(crate) fn dimension(&self) -> Dimension {
        self.dimension
    }

    fn positions(&self, ids: &dyn Array, rows: usize) -> UInt32Array {
        let catalog = self.dimensions.catalog();
        let dimension = catalog.dimension(self.dimension.table()).expect("a dimension has rows in the catalog");
        let there = |row: &u32| (*row as usize) < rows;
        if let Some(ids) = ids.as_primitive_opt::<Int64Type>() {
            return dimension.rows_of_int64(ids.values()).into_iter().map(|row| row.filter(there)).collect();
        }
        let ids = ids.as_fixed_size_binary();
        // Points lie sorted by series, so that the same id mostly comes again.
        let mut last: Option<(&[u8], Option<u32>)> = None;
        (0..ids.len())
            .map(|row| {
                let id = ids.value(row);
                if let Some((known, position)) = last.filter(|(known, _)| *known == id) {
                    last = Some((known, position));
                    return position;
                }
                let position = id.try_into().ok().and_then(|id: &[u8; 16]| dimension.row_of(id)).filter(there);
                last = Some((id, position));
                position
            })
            .collect()
    }
}

impl ScalarUDFImpl for OfDimension {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        if self.key.is_some() {
            return Ok(DataType::Utf8View);
        }
        Ok(shape::schema(self.dimension).field(self.column).data_type().clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [ids] = args.args.as_slice() else { return plan_err!("{} takes one id", self.name) };
        let ids = ids.to_array(args.number_rows)?;
        let snapshot = self.dimensions.snapshot(self.dimension)?;
        let values = snapshot.values(self.column, self.key.as_deref())?;
        let positions = self.positions(ids.as_ref(), values.len());
        Ok(ColumnarValue::Array(take(&values, &positions, None)?))
    }
}

impl PartialEq for OfDimension {
    fn eq(&self, other: &Self) -> bool {
        self.dimension == other.dimension
            && self.column == other.column
            && self.key == other.key
            && Arc::ptr_eq(&self.dimensions, &other.dimensions)
    }
}

impl Eq for OfDimension {}

impl Hash for OfDimension {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.dimension, self.column, &self.key).hash(state);
    }
}
