//! Stored rows: one table provider over unsealed batches and sealed files of one pinned version.
//!
//! Owns what a scan reads and what it leaves out. Plans are made of DataFusion's stock nodes, so that its
//! optimiser pushes filters, limits and TopK through them. Never computes a column: see [`crate::logical`].

mod attribute_columns;
mod counted_footers;
mod file_columns;
mod files;
mod hot;
mod narrow;
mod prune;
mod reading;
mod value_filters;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::{PhysicalExpr, conjunction};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use spanlake_schemas::tables::Table;
use spanlake_store::{ReadHalf, Version};

use crate::dimensions::StatementDimensions;

pub(crate) use files::BUCKET;
pub(crate) use reading::Reading;

/// What every fact table of a statement shares.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) store: ReadHalf,
    pub(crate) version: Arc<Version>,
    pub(crate) reading: Arc<Reading>,
    pub(crate) filters: FilterPlace,
}

/// Where rows of files are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FilterPlace {
    /// Where it should be cheaper, by the columns of the scan.
    Chosen,
    /// Within the Parquet reader.
    #[cfg(test)]
    Reader,
    /// Above it.
    #[cfg(test)]
    Plan,
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Facts").field("version", &self.version.sequence()).finish_non_exhaustive()
    }
}

/// The type in which a scan gives a stored column: text as views, which DataFusion groups and joins fastest.
pub(crate) fn view_type(stored: &DataType) -> DataType {
    if stored == &DataType::Utf8 { DataType::Utf8View } else { stored.clone() }
}

/// The schema that scans of a table give.
pub(crate) fn view_schema(table: Table) -> SchemaRef {
    let stored = table.schema();
    let fields = stored.fields().iter();
    let fields: Vec<Field> =
        fields.map(|field| Field::new(field.name(), view_type(field.data_type()), field.is_nullable())).collect();
    Arc::new(Schema::new(fields))
}

/// Where rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Files,
}

/// One table's rows.
#[derive(Debug)]
pub(crate) struct FactTable {
    table: Table,
    /// Only those of one place.
    only: Option<Place>,
    schema: SchemaRef,
    facts: Facts,
    dimensions: Arc<StatementDimensions>,
}

impl FactTable {
    pub(crate) fn new(table: Table, facts: Facts, dimensions: Arc<StatementDimensions>) -> Self {
        Self { table, only: None, schema: view_schema(table), facts, dimensions }
    }

    /// The rows of one place.
    pub(crate) fn only(self, place: Place) -> Self {
        Self { only: Some(place), ..self }
    }
}

/// A scan under construction.
struct Scan<'a> {
    table: Table,
    schema: &'a SchemaRef,
    facts: &'a Facts,
    projection: Vec<usize>,
    /// Columns that are read only to filter.
    filter_columns: Vec<String>,
    /// Whether a filter asks for one text.
    is_selective: bool,
    limit: Option<usize>,
}

impl Scan<'_> {
    fn output(&self) -> Result<SchemaRef> {
        Ok(Arc::new(self.schema.project(&self.projection)?))
    }
}

#[async_trait]
impl TableProvider for FactTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let projection = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let filter_columns = filters.iter().flat_map(Expr::column_refs).map(|column| column.name.clone()).collect();
        let limit = limit.filter(|_| filters.is_empty());
        let is_selective = filters.iter().any(narrow::is_selective);
        let scan = Scan {
            table: self.table,
            schema: &self.schema,
            facts: &self.facts,
            projection,
            filter_columns,
            is_selective,
            limit,
        };
        if let Some(ids) = narrow::trace_ids(self.table, filters).filter(|_| self.only.is_none()) {
            return self.rows_of_traces(&scan, &ids).await;
        }
        let possible = narrow::without_impossible(&self.dimensions, &self.schema, filters, state)?;
        let filters = possible.as_slice();
        let df_schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let physical = |filter: &Expr| state.create_physical_expr(filter.clone(), &df_schema);
        let mut predicates: Vec<Arc<dyn PhysicalExpr>> = filters.iter().map(physical).collect::<Result<_>>()?;
        let Some(narrowed) = narrow::by_dimensions(&self.dimensions, &self.schema, filters, state)? else {
            return Ok(Arc::new(EmptyExec::new(scan.output()?)));
        };
        let added: Vec<_> = narrowed.predicates.iter().map(physical).collect::<Result<_>>()?;
        let asks_attribute = filters.iter().map(narrow::asks_attribute);
        let by_attributes: Vec<_> =
            predicates.iter().zip(asks_attribute).filter(|(_, asks)| *asks).map(|(one, _)| Arc::clone(one)).collect();
        let asked = files::Asked {
            values: value_filters::wanted(filters),
            by_attributes: !by_attributes.is_empty(),
            predicates: added.iter().cloned().chain(by_attributes).collect(),
        };
        predicates.extend(added);
        let predicate = conjunction(predicates);
        let mut pruned = prune::prune(&self.facts.version, self.table, &self.schema, predicate, &narrowed)?;
        match self.only {
            Some(Place::Memory) => pruned.files.clear(),
            Some(Place::Files) => pruned.hot.clear(),
            None => {}
        }
        let hot = hot::exec(&scan, pruned.hot, state.config().target_partitions())?;
        let mut plans = files::exec(&scan, pruned.files, &asked, state).await?;
        plans.splice(..0, hot);
        match plans.len() {
            0 => Ok(Arc::new(EmptyExec::new(scan.output()?))),
            1 => Ok(plans.remove(0)),
            _ => UnionExec::try_new(plans),
        }
    }
}

impl FactTable {
    /// A few traces come by the store's index, not by a scan.
    async fn rows_of_traces(
        &self,
        scan: &Scan<'_>,
        ids: &[spanlake_schemas::ids::TraceId],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let output = scan.output()?;
        let mut columns: Vec<&str> = output.fields().iter().map(|field| field.name().as_str()).collect();
        if columns.is_empty() {
            columns.push("trace_id");
        }
        let found = self.facts.store.trace_rows(&self.facts.version, self.table, ids, Some(&columns)).await;
        let found = found.map_err(|error| datafusion::error::DataFusionError::External(Box::new(error)))?;
        self.facts.reading.add_lookup(&found);
        hot::rows(found.batches, &output)
    }
}

/// A 16-byte id as a literal.
fn id_literal(id: &[u8]) -> ScalarValue {
    ScalarValue::FixedSizeBinary(i32::try_from(id.len()).expect("ids are short"), Some(id.to_vec()))
}
