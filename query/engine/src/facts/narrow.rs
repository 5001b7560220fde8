//! What filters say about ids: whole traces asked for by id, and the sets of resources and series that filters
//! on their columns leave.
//!
//! Owns that reading of filters. A filter stays in the plan whatever is found here.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, col, lit};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;

use super::id_literal;
use crate::attributes::{Attribute, PromotedValue};
use crate::dimensions::{Dimension, OfDimension, StatementDimensions};

/// More traces than this are scanned for.
const TRACES_MAX: usize = 64;
/// A longer list of ids is not given to Parquet; the filter itself still holds.
const IDS_MAX: usize = 1024;

/// The traces that these filters leave, where that are few.
pub(super) fn trace_ids(table: Table, filters: &[Expr]) -> Option<Vec<TraceId>> {
    if !matches!(table, Table::Spans | Table::Logs) {
        return None;
    }
    let ids = filters.iter().find_map(ids_of_filter)?;
    (ids.len() <= TRACES_MAX).then(|| ids.into_iter().collect())
}

fn ids_of_filter(filter: &Expr) -> Option<BTreeSet<TraceId>> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let id = match (is_trace_id(left), is_trace_id(right)) {
                (true, _) => id_of(right)?,
                (_, true) => id_of(left)?,
                _ => return None,
            };
            Some(BTreeSet::from([id]))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let mut ids = ids_of_filter(left)?;
            ids.extend(ids_of_filter(right)?);
            Some(ids)
        }
        Expr::InList(InList { expr, list, negated: false }) if is_trace_id(expr) => list.iter().map(id_of).collect(),
        _ => None,
    }
}

fn is_trace_id(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(column) if column.name == "trace_id")
}

fn id_of(expr: &Expr) -> Option<TraceId> {
    match expr {
        Expr::Literal(ScalarValue::FixedSizeBinary(16, Some(bytes)), _) => TraceId::from_slice(bytes),
        _ => None,
    }
}

/// Whether a filter asks for a key of a map of attributes. The optimiser does not give such to files, which may have a
/// column for the key.
pub(super) fn asks_attribute(filter: &Expr) -> bool {
    let asks = |expr: &Expr| match expr {
        Expr::ScalarFunction(ScalarFunction { func, .. }) => {
            func.inner().downcast_ref::<Attribute>().is_some() || func.inner().downcast_ref::<PromotedValue>().is_some()
        }
        _ => false,
    };
    !filter.is_volatile() && filter.exists(|expr| Ok(asks(expr))).unwrap_or(false)
}

/// Whether few rows may be expected to pass: one text is asked for.
pub(super) fn is_selective(filter: &Expr) -> bool {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else { return false };
    let is_text = |expr: &Expr| matches!(expr, Expr::Literal(value, _) if value.try_as_str().flatten().is_some());
    matches!(left.as_ref(), Expr::Column(_)) && is_text(right)
        || matches!(right.as_ref(), Expr::Column(_)) && is_text(left)
}

/// What is left of a scan.
#[derive(Default)]
pub(super) struct Narrowed {
    /// Filters on ids that Parquet can prune by.
    pub(super) predicates: Vec<Expr>,
    /// The series that are left, ascending; `None`: no filter on them.
    pub(super) series: Option<Vec<[u8; 16]>>,
}

/// Evaluates filters on columns of resources, scopes and series over the catalog. `None`: no row can pass.
pub(super) fn by_dimensions(
    dimensions: &Arc<StatementDimensions>,
    schema: &SchemaRef,
    filters: &[Expr],
    state: &dyn Session,
) -> Result<Option<Narrowed>> {
    let mut narrowed = Narrowed::default();
    for dimension in Dimension::ALL {
        let of: Vec<&Expr> = filters.iter().filter(|filter| asks_only(filter, dimension)).collect();
        if of.is_empty() || schema.index_of(dimension.id_column()).is_err() {
            continue;
        }
        let ids = passing_ids(dimensions, dimension, &of, state)?;
        if ids.is_empty() {
            return Ok(None);
        }
        if dimension == Dimension::Series {
            let series = ids.as_fixed_size_binary();
            let mut sorted: Vec<[u8; 16]> = series.iter().flatten().filter_map(|id| id.try_into().ok()).collect();
            sorted.sort_unstable();
            narrowed.predicates.extend(between(dimension.id_column(), &sorted));
            narrowed.series = Some(sorted);
        }
        if ids.len() <= IDS_MAX {
            let values: Result<Vec<Expr>> =
                (0..ids.len()).map(|row| Ok(lit(ScalarValue::try_from_array(&ids, row)?))).collect();
            narrowed.predicates.push(col(dimension.id_column()).in_list(values?, false));
        }
    }
    Ok(Some(narrowed))
}

/// What the filters leave, said without alternatives that no resource, scope or series fulfils: what remains may be
/// answered by a column of a file.
pub(super) fn without_impossible(
    dimensions: &Arc<StatementDimensions>,
    schema: &SchemaRef,
    filters: &[Expr],
    state: &dyn Session,
) -> Result<Vec<Expr>> {
    filters.iter().map(|filter| possible(dimensions, schema, filter, state)).collect()
}

fn possible(
    dimensions: &Arc<StatementDimensions>,
    schema: &SchemaRef,
    filter: &Expr,
    state: &dyn Session,
) -> Result<Expr> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) = filter else { return Ok(filter.clone()) };
    for dimension in Dimension::ALL {
        if schema.index_of(dimension.id_column()).is_err() {
            continue;
        }
        for (one, other) in [(left, right), (right, left)] {
            if asks_only(one, dimension) && passing_ids(dimensions, dimension, &[one], state)?.is_empty() {
                return possible(dimensions, schema, other, state);
            }
        }
    }
    Ok(filter.clone())
}

fn between(column: &str, sorted: &[[u8; 16]]) -> Option<Expr> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    Some(col(column).gt_eq(lit(id_literal(first))).and(col(column).lt_eq(lit(id_literal(last)))))
}

/// Whether a filter is about the id column of a dimension alone, through at least one of its columns.
fn asks_only(filter: &Expr, dimension: Dimension) -> bool {
    let id: &Column = &Column::from_name(dimension.id_column());
    let columns = filter.column_refs();
    if columns.len() != 1 || !columns.iter().all(|column| column.name == id.name) {
        return false;
    }
    let mut found = false;
    let walked = filter.apply(|expr| {
        if let Expr::ScalarFunction(ScalarFunction { func, .. }) = expr
            && func.inner().downcast_ref::<OfDimension>().is_some_and(|of| of.dimension() == dimension)
        {
            found = true;
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.is_ok() && found && !filter.is_volatile()
}

fn passing_ids(
    dimensions: &StatementDimensions,
    dimension: Dimension,
    filters: &[&Expr],
    state: &dyn Session,
) -> Result<arrow::array::ArrayRef> {
    let snapshot = dimensions.snapshot(dimension)?;
    let all = snapshot.rows();
    let id_field = all.schema().field(0).clone();
    let only_ids: SchemaRef = Arc::new(Schema::new(vec![id_field]));
    let batch = RecordBatch::try_new(Arc::clone(&only_ids), vec![Arc::clone(all.column(0))])?;
    let df_schema = DFSchema::try_from(only_ids)?;
    let mut left = Arc::clone(batch.column(0));
    for wanted in filters {
        let expr = state.create_physical_expr((*wanted).clone(), &df_schema)?;
        let rows = RecordBatch::try_new(batch.schema(), vec![Arc::clone(&left)])?;
        let passes = expr.evaluate(&rows)?.into_array(rows.num_rows())?;
        let passes: &BooleanArray = passes.as_boolean();
        left = filter(&left, passes)?;
    }
    Ok(left)
}
