//! Spans and log records under their scope and resource: what the two signals share.
//!
//! Never looks into an item.

use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use super::columns::{Columns, NumberColumn};
use super::dimensions::{DimensionLookup, Headers};
use super::tree::{LevelId, Tree, Written};
use super::{EncodeError, Tally};
use crate::tables::Table;

/// The numbers, in all three signals: of `resource_spans` in a request, of `scope_spans` in it, of `spans` in that.
pub(super) const RESOURCE_ITEMS: u32 = 1;
pub(super) const SCOPE_ITEMS: u32 = 2;
pub(super) const ITEMS: u32 = 2;

/// The columns of a batch of spans or log records.
pub(super) trait ItemColumns<'b>: Sized {
    fn new(columns: &Columns<'b>) -> Result<Self, EncodeError>;

    /// Writes a row as the content of its message.
    fn put(&self, out: &mut Vec<u8>, row: usize, tally: &mut Tally);
}

/// Where an item is: the batch and the row.
#[derive(Clone, Copy)]
struct Item {
    batch: usize,
    row: usize,
}

/// Writes the rows of one table.
pub(super) fn write<'b, C: ItemColumns<'b>>(
    table: Table,
    tables: &'b [(Table, RecordBatch)],
    lookup: &dyn DimensionLookup,
    request_bytes_max: Option<usize>,
    tally: &mut Tally,
) -> Result<Written, EncodeError> {
    let mut grouping = Grouping { tree: Tree::new(), headers: Headers::new(lookup), last: None };
    let mut batches = Vec::new();
    for (_, batch) in tables.iter().filter(|(of, _)| *of == table) {
        let columns = Columns::of_batch(table, batch);
        let (resource_id, scope_id) = (columns.numbers("resource_id")?, columns.numbers("scope_id")?);
        for row in 0..batch.num_rows() {
            let scope = grouping.scope_of(&resource_id, &scope_id, row, tally)?;
            grouping.tree.add(scope, ITEMS, Item { batch: batches.len(), row });
        }
        batches.push(C::new(&columns)?);
    }
    Ok(grouping.tree.write(request_bytes_max, |out, item| batches[item.batch].put(out, item.row, tally)))
}

struct Grouping<'l> {
    tree: Tree<Option<i64>, Item>,
    headers: Headers<'l>,
    /// Of the row before, which has mostly the same origin.
    last: Option<([Option<i64>; 2], LevelId)>,
}

impl Grouping<'_> {
    fn scope_of(
        &mut self,
        resource_id: &NumberColumn<'_, Int64Type>,
        scope_id: &NumberColumn<'_, Int64Type>,
        row: usize,
        tally: &mut Tally,
    ) -> Result<LevelId, EncodeError> {
        let origin = [resource_id.get(row), scope_id.get(row)];
        if let Some((of, scope)) = self.last
            && of == origin
        {
            return Ok(scope);
        }
        let header = self.headers.resource(origin[0], tally)?;
        let resource = self.tree.level(None, origin[0], RESOURCE_ITEMS, &header);
        let header = self.headers.scope(origin[1], tally)?;
        let scope = self.tree.level(Some(resource), origin[1], SCOPE_ITEMS, &header);
        self.last = Some((origin, scope));
        Ok(scope)
    }
}
