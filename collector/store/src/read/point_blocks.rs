//! Number points of a file: the pages that have the series asked for, decoded whole, and kept for the next who asks.
//!
//! Owns which rows make a block: those of one page of series. Never leaves a row out by its time: files have an hour or less of
//! each series, and the next question is of another part of it.

use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use parquet::arrow::arrow_reader::RowSelection;

use super::ReadError;
use super::lookup::{Opened, page_ranges, read};
use super::resident::ResidentFile;
use crate::kept_files::KeptFiles;
use crate::points::{COLUMNS, PointBlock, PointBlockBuilder};
use crate::version::DataFile;

/// Bytes that points of files may take together: some ten million.
const BYTES_MAX: usize = 64 << 20;

/// Blocks that were read lately, by the number of their first row in their file.
pub type KeptPoints = KeptFiles<Arc<PointBlock>, BYTES_MAX>;

type Ids<'a> = (&'a [u8; 16], &'a [u8; 16]);

/// Rows of a group, and the number of the group's first row in the file.
struct Pages {
    group: usize,
    before: u64,
    ranges: Vec<Range<usize>>,
}

impl Pages {
    /// What a block is kept as.
    fn part(&self, range: &Range<usize>) -> u64 {
        self.before + range.start as u64
    }
}

/// Pages that have series between two ids, group by group.
fn pages<'a>(resident: &'a ResidentFile, (first, last): Ids<'a>) -> impl Iterator<Item = Pages> + 'a {
    let mut before = 0;
    let groups = resident.metadata.metadata().row_groups().iter().enumerate();
    groups.map(move |(group, metadata)| {
        let may_hold = |min: &[u8], max: &[u8]| min <= last.as_slice() && first.as_slice() <= max;
        let pages = Pages { group, before, ranges: page_ranges(resident, group, "series_id", may_hold) };
        before += u64::try_from(metadata.num_rows()).unwrap_or(0);
        pages
    })
}

/// Blocks with series between two ids, and with some others; `None` where one is not in memory.
pub fn kept_blocks(
    resident: &ResidentFile,
    file: &DataFile,
    kept: &KeptPoints,
    ids: Ids<'_>,
) -> Option<Vec<Arc<PointBlock>>> {
    let mut blocks = Vec::new();
    for pages in pages(resident, ids) {
        for range in &pages.ranges {
            blocks.push(kept.get_part(&file.entry.path, pages.part(range))?);
        }
    }
    Some(blocks)
}

/// The same in any order, read where they are not in memory.
pub fn read_blocks(opened: &Opened<'_>, kept: &KeptPoints, ids: Ids<'_>) -> Result<Vec<Arc<PointBlock>>, ReadError> {
    let path = &opened.file.entry.path;
    let mut blocks = Vec::new();
    for pages in pages(opened.resident, ids) {
        let mut missing = Vec::new();
        for range in &pages.ranges {
            match kept.get_part(path, pages.part(range)) {
                Some(block) => blocks.push(block),
                None => missing.push(range.clone()),
            }
        }
        for (range, block) in missing.iter().zip(decoded(opened, pages.group, &missing)?) {
            let block = Arc::new(block);
            kept.keep_part(path, pages.part(range), Arc::clone(&block), block.memory_bytes());
            blocks.push(block);
        }
    }
    Ok(blocks)
}

/// A block of each of these ranges of a group's rows.
fn decoded(opened: &Opened<'_>, group: usize, ranges: &[Range<usize>]) -> Result<Vec<PointBlock>, ReadError> {
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let rows = usize::try_from(opened.resident.metadata.metadata().row_group(group).num_rows()).unwrap_or(0);
    let selection = RowSelection::from_consecutive_ranges(ranges.iter().cloned(), rows);
    let batches = read(opened, group, selection, Some(&COLUMNS))?;
    Ok(split(&batches, ranges.iter().map(ExactSizeIterator::len)))
}

/// Rows of batches that follow one another, so many to a block.
fn split(batches: &[RecordBatch], lengths: impl Iterator<Item = usize>) -> Vec<PointBlock> {
    let mut batches = batches.iter();
    let mut rest: Option<RecordBatch> = None;
    let blocks = lengths.map(|length| {
        let mut builder = PointBlockBuilder::default();
        let mut missing = length;
        while missing > 0 {
            let Some(batch) = rest.take().or_else(|| batches.next().cloned()) else { break };
            let taken = batch.num_rows().min(missing);
            builder.add(&batch.slice(0, taken));
            missing -= taken;
            rest = (taken < batch.num_rows()).then(|| batch.slice(taken, batch.num_rows() - taken));
        }
        builder.finish()
    });
    blocks.collect()
}

#[cfg(test)]
mod tests;
