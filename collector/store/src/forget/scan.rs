//! How many rows of a file are looked for: reads the columns that tell, and only these.
//!
//! Owns nothing. Of a file where only trace ids are asked for, row groups whose bloom says no are not read. Objects of
//! a bucket are read past the cache, which is not to be filled with what is about to go. Never changes a byte.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::RecordBatchReader;
use arrow::record_batch::RecordBatch;
use futures::StreamExt;
use parquet::arrow::arrow_reader::{ArrowReaderBuilder, ParquetRecordBatchReaderBuilder};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::bloom_filter::Sbbf;
use parquet::data_type::FixedLenByteArray;
use parquet::errors::ParquetError;
use parquet::schema::types::SchemaDescriptor;
use spanlake_schemas::tables::Table;

use super::subject::Subject;
use crate::blocks::{CheckedFile, CheckedReader};
use crate::cold::place::Place;
use crate::read::ReadError;
use crate::read::object::{ObjectReader, object_of};
use crate::stored_form::StoredForm;
use crate::version::DataFile;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Rows that go.
    pub rows: u64,
    /// Links of other rows that go.
    pub links: u64,
}

impl Found {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.links += other.links;
    }
}

/// What is looked for.
pub trait Wanted {
    /// Columns of a table that tell; none: the table holds nothing of it.
    fn columns(&self, table: Table) -> Vec<String>;

    /// What a batch in the table's own form has, with a subset of these columns.
    fn count(&self, table: Table, batch: &RecordBatch) -> Found;

    /// The trace ids, where rows are looked for by nothing else.
    fn only_traces(&self) -> Option<&HashSet<[u8; 16]>> {
        None
    }
}

impl Wanted for Subject {
    fn columns(&self, table: Table) -> Vec<String> {
        Self::columns(self, table)
    }

    fn count(&self, table: Table, batch: &RecordBatch) -> Found {
        let gone = self.rows(table, batch);
        let links = self.links(batch, &gone);
        Found { rows: gone.into_iter().filter(|is_gone| *is_gone).count() as u64, links }
    }

    fn only_traces(&self) -> Option<&HashSet<[u8; 16]>> {
        Self::only_traces(self)
    }
}

/// What of a file is looked for. `place` is where objects are read from.
///
/// # Errors
/// When the file cannot be read.
pub fn scan(
    file: &Arc<DataFile>,
    table: Table,
    wanted: &dyn Wanted,
    place: Option<&Place>,
) -> Result<Found, ReadError> {
    let asked = wanted.columns(table);
    if asked.is_empty() {
        return Ok(Found::default());
    }
    let scan = Scan { file, table, wanted, asked };
    let bucket = place.and_then(Place::bucket).map(|(bucket, _)| bucket);
    match (place, object_of(file, bucket.as_ref(), None)) {
        (Some(place), Some(object)) => place.block_on(scan.object(object)),
        _ => scan.local(),
    }
}

struct Scan<'a> {
    file: &'a DataFile,
    table: Table,
    wanted: &'a dyn Wanted,
    asked: Vec<String>,
}

impl Scan<'_> {
    fn local(&self) -> Result<Found, ReadError> {
        let damaged = |source| ReadError::parquet(self.file, source);
        let handle = CheckedFile::open(self.file, None).map_err(damaged)?;
        let mut builder = ParquetRecordBatchReaderBuilder::try_new(handle).map_err(damaged)?;
        if let Some(column) = self.bloom_column(&builder) {
            let mut groups = Vec::new();
            for group in 0..builder.metadata().num_row_groups() {
                if self.may_hold(builder.get_row_group_column_bloom_filter(group, column).map_err(damaged)?.as_ref()) {
                    groups.push(group);
                }
            }
            builder = builder.with_row_groups(groups);
        }
        let form = StoredForm::of(self.file, self.table, builder.schema());
        let mask = self.projection(&builder, &form);
        let reader = builder.with_projection(mask).build().map_err(damaged)?;
        if reader.schema().fields().is_empty() {
            return Ok(Found::default());
        }
        let mut found = Found::default();
        for batch in reader {
            self.count(&mut found, &form, batch?)?;
        }
        Ok(found)
    }

    async fn object(&self, object: CheckedReader<ObjectReader>) -> Result<Found, ReadError> {
        let damaged = |source: ParquetError| ReadError::parquet(self.file, source);
        let mut builder = ParquetRecordBatchStreamBuilder::new(object).await.map_err(damaged)?;
        if let Some(column) = self.bloom_column(&builder) {
            let mut groups = Vec::new();
            for group in 0..builder.metadata().num_row_groups() {
                let bloom = builder.get_row_group_column_bloom_filter(group, column).await.map_err(damaged)?;
                if self.may_hold(bloom.as_ref()) {
                    groups.push(group);
                }
            }
            builder = builder.with_row_groups(groups);
        }
        let form = StoredForm::of(self.file, self.table, builder.schema());
        let mask = self.projection(&builder, &form);
        let mut batches = builder.with_projection(mask).build().map_err(damaged)?;
        let mut found = Found::default();
        while let Some(batch) = batches.next().await {
            self.count(&mut found, &form, batch.map_err(damaged)?)?;
        }
        Ok(found)
    }

    fn count(&self, found: &mut Found, form: &StoredForm, batch: RecordBatch) -> Result<(), ReadError> {
        found.add(self.wanted.count(self.table, &form.restore(batch)?));
        Ok(())
    }

    fn projection<T>(&self, builder: &ArrowReaderBuilder<T>, form: &StoredForm) -> ProjectionMask {
        let asked: Vec<&str> = self.asked.iter().map(String::as_str).collect();
        let needed = form.needed(&asked);
        let fields = builder.schema().fields().iter().enumerate();
        let asked = fields.filter(|(_, field)| needed.contains(field.name())).map(|(index, _)| index);
        ProjectionMask::roots(builder.parquet_schema(), asked.collect::<Vec<_>>())
    }

    /// The leaf with the blooms, where they alone tell: not where links may lead to the traces.
    fn bloom_column<T>(&self, builder: &ArrowReaderBuilder<T>) -> Option<usize> {
        self.wanted.only_traces()?;
        if builder.schema().column_with_name("links").is_some() {
            return None;
        }
        trace_leaf(builder.parquet_schema())
    }

    fn may_hold(&self, bloom: Option<&Sbbf>) -> bool {
        let (Some(bloom), Some(traces)) = (bloom, self.wanted.only_traces()) else { return true };
        traces.iter().any(|id| bloom.check(&FixedLenByteArray::from(id.to_vec())))
    }
}

fn trace_leaf(schema: &SchemaDescriptor) -> Option<usize> {
    schema.columns().iter().position(|column| column.path().parts() == ["trace_id"])
}
