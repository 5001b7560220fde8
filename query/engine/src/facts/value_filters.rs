//! Row groups that cannot hold a value of an attribute without a column of its own: the filter of the values of their
//! maps says so.
//!
//! Owns the look at those filters, before a scan begins. What cannot be looked at is read. Never decides on a row.

use std::sync::Arc;

use datafusion::common::{Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::{StreamExt, stream};
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::ParquetError;
use spanlake_store::attribute_columns::{AttributeNote, MAP, is_map_value};

use super::Reading;
use crate::attributes::{Attribute, AttributeType};

/// Files that are looked at together.
const AT_ONCE: usize = 8;

/// A value that a key must have in every row of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedValue {
    key: String,
    value: String,
    /// Or its type has this letter.
    or_letter: Option<String>,
}

/// The values that filters demand.
pub(super) fn wanted(filters: &[Expr]) -> Vec<WantedValue> {
    filters.iter().filter_map(wanted_by).collect()
}

fn wanted_by(filter: &Expr) -> Option<WantedValue> {
    if let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) = filter {
        let wanted = wanted_by(left)?;
        let (key, letter) = letter_asked(right)?;
        return (key == wanted.key && wanted.or_letter.is_none())
            .then_some(WantedValue { or_letter: Some(letter), ..wanted });
    }
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else { return None };
    let (access, value) = match (left.as_ref(), right.as_ref()) {
        (access, Expr::Literal(value, _)) | (Expr::Literal(value, _), access) => (access, text(value)?),
        _ => return None,
    };
    let Expr::ScalarFunction(ScalarFunction { func, args }) = access else { return None };
    func.inner().downcast_ref::<Attribute>()?;
    match args.as_slice() {
        [Expr::Column(map), Expr::Literal(key, _)] if map.name == MAP => {
            Some(WantedValue { key: text(key)?, value, or_letter: None })
        }
        _ => None,
    }
}

/// The key whose type is compared with a letter, and the letter.
fn letter_asked(filter: &Expr) -> Option<(String, String)> {
    let Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) = filter else { return None };
    let (Expr::ScalarFunction(ScalarFunction { func, args }), Expr::Literal(letter, _)) =
        (left.as_ref(), right.as_ref())
    else {
        return None;
    };
    func.inner().downcast_ref::<AttributeType>()?;
    match args.as_slice() {
        [Expr::Column(map), _, Expr::Literal(key, _)] if map.name == MAP => Some((text(key)?, text(letter)?)),
        _ => None,
    }
}

impl WantedValue {
    /// Whether every row of the answer has the value itself in this file, whatever its type.
    fn is_sure(&self, note: &AttributeNote) -> bool {
        let letter = note.key(&self.key).and_then(|noted| noted.letter);
        self.or_letter.as_ref().is_none_or(|or| letter.is_some_and(|letter| letter.to_string() != *or))
    }
}

fn text(value: &ScalarValue) -> Option<String> {
    value.try_as_str().flatten().map(str::to_owned)
}

/// The files without the row groups, and without the files, that cannot hold the values.
pub(super) async fn narrowed(
    parts: Vec<PartitionedFile>,
    wanted: &[WantedValue],
    files: &Arc<dyn ParquetFileReaderFactory>,
    reading: &Reading,
) -> Vec<PartitionedFile> {
    if wanted.is_empty() {
        return parts;
    }
    let looked = stream::iter(parts).map(|part| async move {
        let groups = row_groups(&part, wanted, files).await;
        if let Ok(Some(groups)) = &groups {
            reading.add_pruned_row_groups(groups.iter().filter(|may_hold| !**may_hold).count());
        }
        match groups {
            Ok(Some(groups)) if !groups.contains(&true) => None,
            Ok(Some(groups)) if groups.contains(&false) => Some(part.with_extension(access_plan(&groups))),
            // Damage is told by who reads the rows.
            Ok(_) | Err(_) => Some(part),
        }
    });
    looked.buffered(AT_ONCE).filter_map(|part| async { part }).collect().await
}

fn access_plan(groups: &[bool]) -> ParquetAccessPlan {
    let access = |may_hold: &bool| if *may_hold { RowGroupAccess::Scan } else { RowGroupAccess::Skip };
    ParquetAccessPlan::new(groups.iter().map(access).collect())
}

/// For each row group whether it may hold all values; `None` where the file has nothing to say.
async fn row_groups(
    part: &PartitionedFile,
    wanted: &[WantedValue],
    files: &Arc<dyn ParquetFileReaderFactory>,
) -> Result<Option<Vec<bool>>, ParquetError> {
    let metrics = ExecutionPlanMetricsSet::new();
    let reader = files.create_reader(0, part.clone(), None, &metrics);
    let reader: Box<dyn AsyncFileReader> = reader.map_err(|error| ParquetError::External(Box::new(error)))?;
    let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await?;
    let Some(note) = AttributeNote::of_schema(builder.schema()) else { return Ok(None) };
    let groups = builder.metadata().num_row_groups();
    if wanted.iter().any(|value| note.lacks(&value.key)) {
        return Ok(Some(vec![false; groups]));
    }
    let in_map =
        |value: &&WantedValue| value.is_sure(&note) && !note.key(&value.key).is_some_and(|noted| noted.has_column);
    let in_map: Vec<&WantedValue> = wanted.iter().filter(in_map).collect();
    let leaf = builder.parquet_schema().columns().iter().position(|leaf| is_map_value(leaf.path().parts()));
    let (Some(leaf), false) = (leaf, in_map.is_empty()) else { return Ok(None) };
    let mut may_hold = Vec::with_capacity(groups);
    for group in 0..groups {
        let filter = builder.get_row_group_column_bloom_filter(group, leaf).await?;
        may_hold.push(filter.is_none_or(|filter| in_map.iter().all(|value| filter.check(&value.value.as_str()))));
    }
    Ok(Some(may_hold))
}
