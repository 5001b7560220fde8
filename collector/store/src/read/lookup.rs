//! Finding the rows of some traces in one file: bloom, page index, one column, then only the rows that match.
//!
//! Owns no state. Never reads a page that cannot hold a match.

use std::fs::File;
use std::iter;
use std::ops::Range;

use arrow::array::BooleanArray;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::data_type::FixedLenByteArray;
use parquet::errors::ParquetError;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use spanlake_schemas::ids::TraceId;

use super::resident::ResidentFile;
use super::{ReadError, trace_mask};
use crate::version::DataFile;

/// All rows of the file with one of the ids.
pub fn rows_in_file(
    resident: &ResidentFile,
    file: &DataFile,
    ids: &[TraceId],
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, ReadError> {
    let mut found = Vec::new();
    for group in 0..resident.metadata.metadata().num_row_groups() {
        let wanted = bloom_hits(resident, group, ids);
        if wanted.is_empty() {
            continue;
        }
        let pages = page_ranges(resident, group, &wanted);
        if pages.is_empty() {
            continue;
        }
        found.extend(rows_in_group(resident, file, group, pages, &wanted, columns)?);
    }
    Ok(found)
}

fn bloom_hits(resident: &ResidentFile, group: usize, ids: &[TraceId]) -> Vec<TraceId> {
    match &resident.trace_blooms[group] {
        Some(bloom) => ids.iter().copied().filter(|id| bloom.check(&FixedLenByteArray::from(id.0.to_vec()))).collect(),
        None => ids.to_vec(),
    }
}

/// Row ranges of the pages whose trace ids reach over a wanted one; the whole group where there is no index.
fn page_ranges(resident: &ResidentFile, group: usize, ids: &[TraceId]) -> Vec<Range<usize>> {
    let metadata = resident.metadata.metadata();
    let rows = usize::try_from(metadata.row_group(group).num_rows()).unwrap_or(0);
    let whole: Vec<Range<usize>> = iter::once(0..rows).collect();
    let position =
        resident.metadata.parquet_schema().columns().iter().position(|column| column.path().parts() == ["trace_id"]);
    let Some(position) = position else { return Vec::new() };
    let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else { return whole };
    let ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) = &columns[group][position] else { return whole };
    let starts: Vec<usize> = offsets[group][position]
        .page_locations()
        .iter()
        .map(|page| usize::try_from(page.first_row_index).unwrap_or(0))
        .collect();
    (0..starts.len())
        .filter(|page| match (index.min_value(*page), index.max_value(*page)) {
            (Some(min), Some(max)) => ids.iter().any(|id| min <= id.0.as_slice() && id.0.as_slice() <= max),
            _ => !index.is_null_page(*page),
        })
        .map(|page| starts[page]..starts.get(page + 1).copied().unwrap_or(rows))
        .collect()
}

fn rows_in_group(
    resident: &ResidentFile,
    file: &DataFile,
    group: usize,
    pages: Vec<Range<usize>>,
    ids: &[TraceId],
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, ReadError> {
    let rows = usize::try_from(resident.metadata.metadata().row_group(group).num_rows()).unwrap_or(0);
    let selection = RowSelection::from_consecutive_ranges(pages.iter().cloned(), rows);
    let narrow = read(resident, file, group, selection, Some(&["trace_id"]))?;
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
    read(resident, file, group, exact, columns)
}

fn read(
    resident: &ResidentFile,
    file: &DataFile,
    group: usize,
    selection: RowSelection,
    columns: Option<&[&str]>,
) -> Result<Vec<RecordBatch>, ReadError> {
    let path = || file.path.display().to_string();
    let parquet_error = |source: ParquetError| ReadError::Parquet { path: path(), source };
    let handle = File::open(&file.path).map_err(|source| ReadError::Io { path: path(), source })?;
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(handle, resident.metadata.clone());
    let mask = match columns {
        Some(names) => {
            let present: Vec<usize> = builder
                .schema()
                .fields()
                .iter()
                .enumerate()
                .filter(|(_, field)| names.contains(&field.name().as_str()))
                .map(|(index, _)| index)
                .collect();
            ProjectionMask::roots(builder.parquet_schema(), present)
        }
        None => ProjectionMask::all(),
    };
    let reader = builder
        .with_row_groups(vec![group])
        .with_row_selection(selection)
        .with_projection(mask)
        .with_batch_size(8192)
        .build()
        .map_err(parquet_error)?;
    Ok(reader.collect::<Result<_, _>>()?)
}
