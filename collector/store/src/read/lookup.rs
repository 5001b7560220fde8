//! Finding the rows of some traces in one file: bloom, page index, one column, then only the rows that match.
//!
//! Owns no state. Never reads a page that cannot hold a match.

use std::collections::BTreeSet;
use std::iter;
use std::ops::Range;

use arrow::array::BooleanArray;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::{ArrowReaderBuilder, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::data_type::FixedLenByteArray;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::tables::Table;

use super::resident::ResidentFile;
use super::{ReadError, trace_mask};
use crate::blocks::{CheckedFile, KeptBlocks};
use crate::stored_form::StoredForm;
use crate::version::DataFile;

/// Least and greatest value of a page, and whether it holds only nulls.
type Bounds<'a> = (Option<&'a [u8]>, Option<&'a [u8]>, bool);

/// All rows of the file with one of the ids.
pub fn rows_in_file(
    resident: &ResidentFile,
    file: &DataFile,
    blocks: &KeptBlocks,
    ids: &[TraceId],
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, ReadError> {
    let mut found = Vec::new();
    let opened = Opened { resident, file, blocks };
    for group in 0..resident.metadata.metadata().num_row_groups() {
        let wanted = bloom_hits(resident, group, ids);
        if wanted.is_empty() {
            continue;
        }
        let is_wanted =
            |min: &[u8], max: &[u8]| wanted.iter().any(|id| min <= id.0.as_slice() && id.0.as_slice() <= max);
        let pages = page_ranges(resident, group, "trace_id", is_wanted);
        if pages.is_empty() {
            continue;
        }
        found.extend(rows_in_group(&opened, group, pages, &wanted, columns)?);
    }
    Ok(found)
}

fn bloom_hits(resident: &ResidentFile, group: usize, ids: &[TraceId]) -> Vec<TraceId> {
    match &resident.trace_blooms[group] {
        Some(bloom) => ids.iter().copied().filter(|id| bloom.check(&FixedLenByteArray::from(id.0.to_vec()))).collect(),
        None => ids.to_vec(),
    }
}

/// Row ranges of the pages of a column whose least and greatest id pass; the whole group where there is no index.
pub(super) fn page_ranges(
    resident: &ResidentFile,
    group: usize,
    column: &str,
    may_hold: impl Fn(&[u8], &[u8]) -> bool,
) -> Vec<Range<usize>> {
    let metadata = resident.metadata.metadata();
    let rows = usize::try_from(metadata.row_group(group).num_rows()).unwrap_or(0);
    let whole: Vec<Range<usize>> = iter::once(0..rows).collect();
    let position = resident.metadata.parquet_schema().columns().iter().position(|leaf| leaf.path().parts() == [column]);
    let Some(position) = position else { return Vec::new() };
    let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else { return whole };
    let bounds = |page: usize| -> Bounds<'_> {
        match &columns[group][position] {
            ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) => {
                (index.min_value(page), index.max_value(page), index.is_null_page(page))
            }
            ColumnIndexMetaData::BYTE_ARRAY(index) => {
                (index.min_value(page), index.max_value(page), index.is_null_page(page))
            }
            _ => (None, None, false),
        }
    };
    let starts: Vec<usize> = offsets[group][position]
        .page_locations()
        .iter()
        .map(|page| usize::try_from(page.first_row_index).unwrap_or(0))
        .collect();
    (0..starts.len())
        .filter(|page| match bounds(*page) {
            (Some(min), Some(max), _) => may_hold(min, max),
            (_, _, is_null) => !is_null,
        })
        .map(|page| starts[page]..starts.get(page + 1).copied().unwrap_or(rows))
        .collect()
}

/// A file that rows are read of.
pub(super) struct Opened<'a> {
    pub(super) resident: &'a ResidentFile,
    pub(super) file: &'a DataFile,
    pub(super) blocks: &'a KeptBlocks,
}

fn rows_in_group(
    opened: &Opened<'_>,
    group: usize,
    pages: Vec<Range<usize>>,
    ids: &[TraceId],
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, ReadError> {
    let rows = usize::try_from(opened.resident.metadata.metadata().row_group(group).num_rows()).unwrap_or(0);
    let selection = RowSelection::from_consecutive_ranges(pages.iter().cloned(), rows);
    let narrow = read(opened, group, selection, Some(&["trace_id"]))?;
    let positions: Vec<usize> = pages.into_iter().flatten().collect();
    let mut matching = Vec::new();
    let mut seen = 0;
    for batch in &narrow {
        let mask = trace_mask(batch, ids).unwrap_or_else(|| BooleanArray::from(vec![false; batch.num_rows()]));
        matching.extend(mask.values().set_indices().map(|row| positions[seen + row]));
        seen += batch.num_rows();
    }
    if matching.is_empty() {
        return Ok(Vec::new());
    }
    let exact = RowSelection::from_consecutive_ranges(matching.into_iter().map(|row| row..row + 1), rows);
    read(opened, group, exact, columns)
}

/// Rows as the table has them, whatever form and place the file has.
pub(super) fn read(
    opened: &Opened<'_>,
    group: usize,
    selection: RowSelection,
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, ReadError> {
    let Opened { resident, file, blocks } = opened;
    // The manifest names no other tables.
    let Some(table) = Table::by_name(&file.entry.table) else { return Ok(Vec::new()) };
    let form = StoredForm::of(file, table, resident.metadata.schema());
    let wanted = columns.map(|names| form.needed(names));
    let batches = match &resident.object {
        None => {
            let handle = CheckedFile::open(file, Some(blocks)).map_err(|source| ReadError::parquet(file, source))?;
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, resident.metadata.clone());
            let reader = narrowed(builder, group, selection, wanted.as_ref()).build();
            reader.map_err(|source| ReadError::parquet(file, source))?.collect::<Result<Vec<_>, _>>()?
        }
        Some(object) => {
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(object.clone(), resident.metadata.clone());
            let stream = narrowed(builder, group, selection, wanted.as_ref()).build();
            let stream = stream.map_err(|source| ReadError::parquet(file, source))?;
            let read = tokio::runtime::Handle::current().block_on(stream.try_collect());
            read.map_err(|source| ReadError::parquet(file, source))?
        }
    };
    batches.into_iter().map(|batch| Ok(form.restore(batch)?)).collect()
}

fn narrowed<T>(
    builder: ArrowReaderBuilder<T>,
    group: usize,
    selection: RowSelection,
    columns: Option<&BTreeSet<String>>,
) -> ArrowReaderBuilder<T> {
    let mask = match columns {
        Some(names) => {
            let fields = builder.schema().fields().iter().enumerate();
            let present: Vec<usize> =
                fields.filter(|(_, field)| names.contains(field.name())).map(|(index, _)| index).collect();
            ProjectionMask::roots(builder.parquet_schema(), present)
        }
        None => ProjectionMask::all(),
    };
    builder.with_row_groups(vec![group]).with_row_selection(selection).with_projection(mask).with_batch_size(8192)
}
