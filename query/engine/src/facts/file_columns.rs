//! Columns of files as the tables have them, file by file: the last step before rows are decoded.
//!
//! Owns the rewrite of what is asked of a column of a cold file, and of attributes with columns of their own. Comparisons of times keep a form by which row groups and pages are
//! pruned. Never touches a file that has the table's own types.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, Operator, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::expressions::{BinaryExpr, Column, DynamicFilterPhysicalExpr, Literal};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use spanlake_store::cold::form::{nanos_column, restored};

use super::attribute_columns::FileAttributes;

const NANOS_PER_MICRO: i64 = 1000;

/// Makes an adapter a file; files of the hot tier get DataFusion's own.
#[derive(Debug)]
pub(super) struct FileColumns;

impl PhysicalExprAdapterFactory for FileColumns {
    fn create(&self, logical: SchemaRef, physical: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let stock = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&logical), Arc::clone(&physical))?;
        let differs = |field: &Arc<Field>| needs_restoring(&logical, &physical, field.name());
        let is_cold = physical.fields().iter().any(differs);
        let attributes = FileAttributes::of(&physical, is_cold);
        if !is_cold && attributes.is_none() {
            return Ok(stock);
        }
        Ok(Arc::new(FileAdapter { logical, physical, attributes, stock }))
    }
}

/// Whether a column of the file has another type than the table's, beyond the kinds of text.
fn needs_restoring(logical: &SchemaRef, physical: &SchemaRef, name: &str) -> bool {
    let (Ok(table), Ok(file)) = (logical.field_with_name(name), physical.field_with_name(name)) else { return false };
    let is_text = matches!(table.data_type(), DataType::Utf8 | DataType::Utf8View);
    !is_text && table.data_type() != file.data_type()
}

#[derive(Debug)]
struct FileAdapter {
    logical: SchemaRef,
    physical: SchemaRef,
    attributes: Option<FileAttributes>,
    stock: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for FileAdapter {
    fn rewrite(&self, expr: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        expr.transform_down(|node| self.rewrite_node(node)).data()
    }
}

impl FileAdapter {
    fn rewrite_node(&self, node: Arc<dyn PhysicalExpr>) -> Result<Transformed<Arc<dyn PhysicalExpr>>> {
        let done = |expr| Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump));
        if node.downcast_ref::<Column>().is_some() {
            return self.rewrite_column(node);
        }
        if node.downcast_ref::<DynamicFilterPhysicalExpr>().is_some() {
            return self.with_present_bound(&node).and_then(done);
        }
        if let Some(prunable) = self.prunable(&node)? {
            return done(prunable);
        }
        if let Some(attributes) = &self.attributes
            && let Some(rewritten) = attributes.rewritten(&node)?
        {
            return done(rewritten);
        }
        Ok(Transformed::no(node))
    }

    /// What is known of a filter that tightens as rows are found, in a form that prunes, and the filter itself.
    fn with_present_bound(&self, filter: &Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        let live = Arc::clone(filter).transform_down(|node| self.rewrite_column(node)).data()?;
        let Some(now) = filter.snapshot()? else { return Ok(live) };
        let now = now.transform_down(|node| self.rewrite_node(node)).data()?;
        Ok(Arc::new(BinaryExpr::new(now, Operator::And, live)))
    }

    /// A column in terms of the file's; what is no column stays. Never goes into what it made.
    fn rewrite_column(&self, node: Arc<dyn PhysicalExpr>) -> Result<Transformed<Arc<dyn PhysicalExpr>>> {
        let Some(column) = node.downcast_ref::<Column>() else { return Ok(Transformed::no(node)) };
        let whole = self.attributes.as_ref().map(|attributes| attributes.whole(column.name())).transpose()?.flatten();
        let expr = match whole {
            Some(expr) => expr,
            None => match self.restored_column(column)? {
                Some(expr) => expr,
                None => self.stock.rewrite(node)?,
            },
        };
        Ok(Transformed::new(expr, true, TreeNodeRecursion::Jump))
    }

    /// The column as the table has it; `None` where it is stored so.
    fn restored_column(&self, column: &Column) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let name = column.name();
        if !needs_restoring(&self.logical, &self.physical, name) {
            return Ok(None);
        }
        let field = Arc::new(self.logical.field_with_name(name)?.clone());
        let mut arguments: Vec<Arc<dyn PhysicalExpr>> = vec![self.stored(name)?];
        let nanos = nanos_column(name);
        if is_time(field.data_type()) && self.physical.index_of(&nanos).is_ok() {
            arguments.push(self.stored(&nanos)?);
        }
        let function = ScalarUDF::new_from_impl(Restored::to(field.data_type().clone()));
        let options = Arc::new(ConfigOptions::default());
        Ok(Some(Arc::new(ScalarFunctionExpr::new("restored", Arc::new(function), arguments, field, options))))
    }

    fn stored(&self, name: &str) -> Result<Arc<dyn PhysicalExpr>> {
        Ok(Arc::new(Column::new(name, self.physical.index_of(name)?)))
    }

    /// A comparison of a time with a literal, and before it one of its microseconds, which file statistics can answer.
    fn prunable(&self, node: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let Some(binary) = node.downcast_ref::<BinaryExpr>() else { return Ok(None) };
        let (column, operator, literal) = match (binary.left().downcast_ref(), binary.right().downcast_ref()) {
            (Some(column), None) => (column, Some(*binary.op()), binary.right()),
            (None, Some(column)) => (column, binary.op().swap(), binary.left()),
            _ => return Ok(None),
        };
        let Some(literal) = literal.downcast_ref::<Literal>() else { return Ok(None) };
        if let (ScalarValue::FixedSizeBinary(_, Some(id)), Some(operator)) = (literal.value(), operator) {
            return self.id_comparison(column, operator, id);
        }
        let (ScalarValue::TimestampNanosecond(Some(nanos), zone), Some(operator)) = (literal.value(), operator) else {
            return Ok(None);
        };
        let coarse = match operator {
            Operator::Gt | Operator::GtEq => Operator::GtEq,
            Operator::Lt | Operator::LtEq => Operator::LtEq,
            Operator::Eq => Operator::Eq,
            _ => return Ok(None),
        };
        let Some(exact) = self.restored_column(column)? else { return Ok(None) };
        let micros = ScalarValue::TimestampMicrosecond(Some(nanos.div_euclid(NANOS_PER_MICRO)), zone.clone());
        let coarse = BinaryExpr::new(self.stored(column.name())?, coarse, Arc::new(Literal::new(micros)));
        let exact = BinaryExpr::new(exact, operator, Arc::new(literal.clone()));
        Ok(Some(Arc::new(BinaryExpr::new(Arc::new(coarse), Operator::And, Arc::new(exact)))))
    }

    /// A comparison of an id with a literal, where ids are stored as bytes of any length: those are ordered alike.
    fn id_comparison(&self, column: &Column, operator: Operator, id: &[u8]) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let stored = self.physical.field_with_name(column.name()).map(Field::data_type);
        if !operator.supports_propagation() || !matches!(stored, Ok(DataType::Binary)) {
            return Ok(None);
        }
        let id = Literal::new(ScalarValue::Binary(Some(id.to_vec())));
        Ok(Some(Arc::new(BinaryExpr::new(self.stored(column.name())?, operator, Arc::new(id)))))
    }
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Nanosecond, _))
}

/// A stored column, and of a time its nanoseconds, as the table's type.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Restored {
    target: DataType,
    signature: Signature,
}

impl Restored {
    fn to(target: DataType) -> Self {
        Self { target, signature: Signature::variadic_any(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for Restored {
    fn name(&self) -> &str {
        "restored"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.target.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        Ok(ColumnarValue::Array(restored(&self.target, &arrays[0], arrays.get(1))?))
    }
}
