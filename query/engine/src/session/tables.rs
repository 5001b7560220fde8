//! The tables of one statement, made when the statement names them.
//!
//! Owns the way from a name to a table. Never reads rows.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use datafusion::catalog::{MemTable, SchemaProvider, TableProvider};
use datafusion::common::Result;
use datafusion::execution::session_state::SessionState;
use spanlake_schemas::tables::Table;

use crate::dimensions::{Dimension, DimensionCache, StatementDimensions};
use crate::facts::{FactTable, Facts, Place};
use crate::logical::{self, LogicalView};
use crate::named_columns::NamedColumns;

/// Spans in files: no name that a person finds in a list.
pub(crate) const SEALED_SPANS: &str = "_spans_sealed";
/// Spans that no sketch counts yet, as they are in no file.
pub(crate) const UNSEALED_SPANS: &str = "_spans_unsealed";

/// What a statement sees.
#[derive(Debug)]
pub(super) struct StatementTables {
    template: Arc<SessionState>,
    facts: Facts,
    cache: Arc<DimensionCache>,
    dimensions: Arc<StatementDimensions>,
    /// Names are those of stored tables.
    are_stored: bool,
    named: Arc<Named>,
}

/// What the statement that is planned now names.
#[derive(Debug, Default)]
pub(super) struct Named(RwLock<Arc<NamedColumns>>);

impl Named {
    fn get(&self) -> Arc<NamedColumns> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set(&self, named: NamedColumns) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(named);
    }
}

impl StatementTables {
    pub(super) fn new(template: Arc<SessionState>, facts: Facts, cache: Arc<DimensionCache>, are_stored: bool) -> Self {
        let dimensions = Arc::new(StatementDimensions::new(Arc::clone(&cache)));
        Self { template, facts, cache, dimensions, are_stored, named: Arc::default() }
    }

    pub(super) fn named(&self) -> &Arc<Named> {
        &self.named
    }

    fn fact(&self, table: Table) -> Arc<dyn TableProvider> {
        self.facts.reading.count_files(table, self.facts.version.files(table).len());
        Arc::new(FactTable::new(table, self.facts.clone(), Arc::clone(&self.dimensions)))
    }

    /// The spans that are in files, or those that are not.
    fn spans_of(&self, place: Place) -> Result<Arc<dyn TableProvider>> {
        let rows = FactTable::new(Table::Spans, self.facts.clone(), Arc::clone(&self.dimensions)).only(place);
        let view = logical::fact_view(Table::Spans.name()).expect("spans are a table");
        Ok(Arc::new(LogicalView::new(view.plan(Arc::new(rows), &self.dimensions, &self.named.get())?)))
    }

    fn dimension(&self, dimension: Dimension) -> Result<Arc<dyn TableProvider>> {
        let rows = self.dimensions.snapshot(dimension)?.listed()?;
        Ok(Arc::new(MemTable::try_new(rows.schema(), vec![vec![rows]])?))
    }

    /// A view written in SQL over the other tables.
    async fn written(&self, sql: &str) -> Result<Arc<dyn TableProvider>> {
        let mut state = SessionState::clone(&self.template);
        let inner = Self {
            template: Arc::clone(&self.template),
            facts: self.facts.clone(),
            cache: Arc::clone(&self.cache),
            dimensions: Arc::clone(&self.dimensions),
            are_stored: false,
            named: Arc::default(),
        };
        let statement = state.sql_to_statement(sql, &state.config_options().sql_parser.dialect)?;
        inner.named.set(NamedColumns::of(&statement));
        state.register_catalog_list(super::catalog_list(Arc::new(inner)));
        let plan = state.statement_to_plan(statement).await?;
        Ok(Arc::new(LogicalView::new(plan)))
    }
}

#[async_trait]
impl SchemaProvider for StatementTables {
    fn table_names(&self) -> Vec<String> {
        logical::table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if self.are_stored {
            return Ok(Table::by_name(name).filter(|table| !table.is_dimension()).map(|table| self.fact(table)));
        }
        if let Some(view) = logical::fact_view(name) {
            let plan = view.plan(self.fact(view.table), &self.dimensions, &self.named.get())?;
            return Ok(Some(Arc::new(LogicalView::new(plan))));
        }
        if let Some(dimension) = Dimension::by_name(name) {
            return Ok(Some(self.dimension(dimension)?));
        }
        match name {
            SEALED_SPANS => return Ok(Some(self.spans_of(Place::Files)?)),
            UNSEALED_SPANS => return Ok(Some(self.spans_of(Place::Memory)?)),
            _ => {}
        }
        match logical::written_view(name) {
            Some(view) => Ok(Some(self.written(view.sql).await?)),
            None => Ok(None),
        }
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|known| known == name)
    }
}
