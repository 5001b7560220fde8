//! One template of a session, built once, and a session a statement, pinned to one version of the store.
//!
//! Owns DataFusion's settings: memory pool, spill folder, caches, rules and functions. Never runs anything.

mod tables;

use std::num::NonZeroUsize;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, SchemaProvider,
};
use datafusion::config::ConfigOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use datafusion::execution::{FunctionRegistry, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use spanlake_store::{ReadHalf, Version};

use crate::dimensions::DimensionCache;
use crate::explain_error::explain;
use crate::facts::{BUCKET, Facts, FilterPlace, Reading};
use crate::logical::{TableDoc, table_doc};
use crate::named_columns::NamedColumns;
use crate::{EngineError, EngineLimits, approx, attributes, critical_path, ids, rules};
use tables::{Named, StatementTables};
pub(crate) use tables::{SEALED_SPANS, UNSEALED_SPANS};

/// Footers and page indexes of this many bytes are kept between statements.
const FOOTER_CACHE_BYTES: usize = 128 << 20;
/// How many holders of memory an out-of-memory message names.
const CONSUMERS_NAMED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2);

const CATALOG: &str = "spanlake";
const SCHEMA: &str = "public";

/// Makes sessions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sessions {
    store: ReadHalf,
    template: Arc<SessionState>,
    dimensions: Arc<DimensionCache>,
    filters: FilterPlace,
    /// Instead of the newest version.
    pinned: Option<Arc<Version>>,
    /// Statements see the stored tables instead of what people see.
    are_stored: bool,
}

/// What one statement is planned in.
pub(crate) struct Session {
    pub(crate) state: SessionState,
    pub(crate) reading: Arc<Reading>,
    named: Arc<Named>,
}

impl Session {
    /// The plan of a statement over tables that have only the columns it names. Where that fails, over whole ones, whose columns
    /// the message tells.
    pub(crate) async fn logical(&self, statement: Statement) -> datafusion::error::Result<LogicalPlan> {
        let named = NamedColumns::of(&statement);
        if named != NamedColumns::All {
            self.named.set(named);
            let planned = self.state.statement_to_plan(statement.clone()).await;
            self.named.set(NamedColumns::All);
            if planned.is_ok() {
                return planned;
            }
        }
        self.state.statement_to_plan(statement).await
    }
}

impl Sessions {
    pub(crate) fn new(store: ReadHalf, limits: &EngineLimits) -> Result<Self, EngineError> {
        let runtime = runtime(limits).map_err(|error| {
            let place = limits.spill_dir.display();
            EngineError::Failed { message: format!("cannot use {place} for spills: {error}") }
        })?;
        if let Some(bucket) = store.bucket() {
            let url = url::Url::parse(BUCKET).expect("a constant that is a URL");
            runtime.register_object_store(&url, Arc::clone(bucket));
        }
        let mut template = SessionStateBuilder::new()
            .with_config(config(limits.thread_count()))
            .with_runtime_env(Arc::new(runtime))
            .with_default_features()
            .build();
        let failed = |error| EngineError::Failed { message: format!("cannot set up the query engine: {error}") };
        template = rules::install(template).map_err(failed)?;
        for function in ids::functions().into_iter().chain(attributes::functions()) {
            template.register_udf(Arc::new(function)).map_err(failed)?;
        }
        for function in approx::functions().into_iter().chain([critical_path::function()]) {
            template.register_udaf(Arc::new(function)).map_err(failed)?;
        }
        let dimensions = Arc::new(DimensionCache::new(Arc::clone(store.catalog())));
        Ok(Self {
            store,
            template: Arc::new(template),
            dimensions,
            filters: FilterPlace::Chosen,
            pinned: None,
            are_stored: false,
        })
    }

    /// Sessions that see the stored tables, of the version that is newest now, instead of what statements see.
    pub(crate) fn of_stored_rows(&self) -> Self {
        Self { are_stored: true, ..self.of_version(self.store.pin()) }
    }

    /// Sessions that all see one version.
    pub(crate) fn of_version(&self, version: Arc<Version>) -> Self {
        Self { pinned: Some(version), ..self.clone() }
    }

    /// The same, with filters of files always in one place: for tests that compare.
    #[cfg(test)]
    pub(crate) fn with_filters(self, filters: FilterPlace) -> Self {
        Self { filters, ..self }
    }

    pub(crate) fn store(&self) -> &ReadHalf {
        &self.store
    }

    /// Every table as it is now.
    pub(crate) async fn table_docs(&self) -> Result<Vec<TableDoc>, EngineError> {
        let tables = self.tables().0;
        let mut docs = Vec::new();
        for name in tables.table_names() {
            let table = tables.table(&name).await.map_err(|error| explain(&error))?;
            docs.extend(table.map(|table| table_doc(&name, &table.schema())));
        }
        Ok(docs)
    }

    /// The version that statements see: the newest, where none is pinned.
    pub(crate) fn version(&self) -> Arc<Version> {
        self.pinned.clone().unwrap_or_else(|| self.store.pin())
    }

    fn tables(&self) -> (StatementTables, Arc<Reading>) {
        let version = self.version();
        let reading = Arc::new(Reading::of(Arc::clone(&version)));
        let facts = Facts { store: self.store.clone(), version, reading: Arc::clone(&reading), filters: self.filters };
        let (template, dimensions) = (Arc::clone(&self.template), Arc::clone(&self.dimensions));
        (StatementTables::new(template, facts, dimensions, self.are_stored), reading)
    }

    /// A session over the newest version. Every table of the statement reads that one.
    pub(crate) fn open(&self) -> Session {
        let (tables, reading) = self.tables();
        let named = Arc::clone(tables.named());
        let mut state = SessionState::clone(&self.template);
        state.register_catalog_list(catalog_list(Arc::new(tables)));
        state.mark_start_execution();
        Session { state, reading, named }
    }
}

/// A list of one catalog of one schema.
fn catalog_list(tables: Arc<StatementTables>) -> Arc<dyn CatalogProviderList> {
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, tables).expect("a new catalog takes a schema");
    let list = MemoryCatalogProviderList::new();
    list.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Arc::new(list)
}

fn config(partitions: usize) -> SessionConfig {
    let mut options = ConfigOptions::new();
    options.catalog.create_default_catalog_and_schema = false;
    options.catalog.default_catalog = CATALOG.to_owned();
    options.catalog.default_schema = SCHEMA.to_owned();
    options.catalog.information_schema = true;
    options.execution.target_partitions = partitions.max(1);
    options.execution.time_zone = Some("+00:00".to_owned());
    options.sql_parser.collect_spans = true;
    options.execution.parquet.pushdown_filters = false;
    SessionConfig::from(options)
}

fn runtime(limits: &EngineLimits) -> datafusion::error::Result<RuntimeEnv> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(limits.memory_bytes_max), CONSUMERS_NAMED);
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![limits.spill_dir.clone()]))
        .with_max_temp_directory_size(limits.spill_bytes_max);
    std::fs::create_dir_all(&limits.spill_dir)?;
    RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_disk_manager_builder(disk)
        .with_metadata_cache_limit(FOOTER_CACHE_BYTES)
        .build()
}
