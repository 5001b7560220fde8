//! What a row is taken to be long, without reading all of it.
//!
//! Owns typical lengths by operation (of logs, by service), learnt from some of an hour's rows; and the exact ones, for
//! whoever shows whole rows. Lengths are before compression: what they are worth in bytes of files is known of the hour as
//! a whole.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

use crate::span::{AsItIs, OperationHash};

/// Ids, times and words of a row, about.
const FIXED: usize = 48;
/// Operations of which so many rows were seen are known; of fewer, they are mixed with what is typical of all.
const FIRM_ROWS: u64 = 8;

/// Typical lengths of a table's rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Lengths {
    by_kind: HashMap<OperationHash, Sum, BuildHasherDefault<AsItIs>>,
    all: Sum,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    rows: u64,
    length: u64,
}

impl Lengths {
    /// Learns from whole rows.
    pub(super) fn learn(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let kinds = Kinds::of(batch)?;
        for (row, length) in row_lengths(batch).into_iter().enumerate() {
            self.by_kind.entry(kinds.kind(row)).or_default().add(length);
            self.all.add(length);
        }
        Ok(())
    }

    /// Whether nothing was learnt.
    pub(super) const fn is_empty(&self) -> bool {
        self.all.rows == 0
    }

    /// What a row of that kind is taken to be long.
    pub(super) fn typical(&self, kind: OperationHash) -> u64 {
        let own = self.by_kind.get(&kind).copied().unwrap_or_default();
        let common = self.all.length / self.all.rows.max(1);
        if own.rows >= FIRM_ROWS {
            return own.length / own.rows;
        }
        (own.length + (FIRM_ROWS - own.rows) * common) / FIRM_ROWS
    }
}

impl Sum {
    fn add(&mut self, length: u64) {
        self.rows += 1;
        self.length += length;
    }
}

/// By which rows are alike: service and name; of logs, the service.
struct Kinds<'a> {
    services: &'a StringArray,
    names: Option<&'a StringArray>,
}

impl<'a> Kinds<'a> {
    fn of(batch: &'a RecordBatch) -> Result<Self, ArrowError> {
        let text = |name: &str| batch.column_by_name(name).and_then(|texts| texts.as_string_opt());
        let lacks = || ArrowError::SchemaError("a batch lacks its column service_name".to_owned());
        Ok(Self { services: text("service_name").ok_or_else(lacks)?, names: text("name") })
    }

    fn kind(&self, row: usize) -> OperationHash {
        OperationHash::of(self.services.value(row), self.names.map_or("", |names| names.value(row)))
    }
}

/// What each row of a whole batch is long: what varies in length, and a fixed part.
pub(super) fn row_lengths(batch: &RecordBatch) -> Vec<u64> {
    let mut lengths = vec![FIXED; batch.num_rows()];
    for column in batch.columns() {
        if !matches!(column.data_type(), DataType::Utf8 | DataType::Map(_, _) | DataType::List(_)) {
            continue;
        }
        for (row, length) in lengths.iter_mut().enumerate() {
            *length += extent(column, row, row + 1);
        }
    }
    lengths.into_iter().map(|length| length as u64).collect()
}

/// Bytes of the values from a row up to another.
fn extent(array: &dyn Array, from: usize, to: usize) -> usize {
    let between = |offsets: &[i32]| {
        let at = |row: usize| usize::try_from(offsets[row]).unwrap_or(0);
        (at(from), at(to))
    };
    match array.data_type() {
        DataType::Utf8 => {
            let (from, to) = between(array.as_string::<i32>().value_offsets());
            to - from
        }
        DataType::Map(_, _) => {
            let map = array.as_map();
            let (from, to) = between(map.value_offsets());
            extent(map.keys(), from, to) + extent(map.values(), from, to)
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (from, to) = between(list.value_offsets());
            extent(list.values(), from, to)
        }
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| extent(column, from, to)).sum(),
        _ => (to - from) * 8,
    }
}
