//! The form of rows in cold files: only types that Delta Lake has; and back, losing nothing.
//!
//! Owns the mapping. Ids are `binary`, unsigned numbers signed ones, lists and maps have the names of the Parquet
//! specification, and a time is microseconds with what is left of its nanoseconds in a column beside it, `<name>_ns`
//! (0 to 999). Never reads or writes a file.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int16Array, Int64Array, ListArray, MapArray, RecordBatchOptions, StructArray,
    TimestampMicrosecondArray, TimestampNanosecondArray, UInt64Array,
};
use arrow::compute::{cast, kernels::arity};
use arrow::datatypes::{
    DataType, Field, FieldRef, Fields, Int16Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
    TimestampNanosecondType, UInt64Type,
};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

const NANOS_PER_MICRO: i64 = 1000;

/// The column beside a time that holds its last three digits.
#[must_use]
pub fn nanos_column(name: &str) -> String {
    format!("{name}_ns")
}

fn is_time(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Nanosecond, _))
}

/// Columns as cold files have them.
#[must_use]
pub fn cold_fields(fields: &Fields) -> Fields {
    let pairs = fields.iter().flat_map(|field| {
        let cold = Field::new(field.name(), cold_type(field.data_type()), field.is_nullable());
        let nanos = is_time(field.data_type())
            .then(|| Field::new(nanos_column(field.name()), DataType::Int16, field.is_nullable()));
        std::iter::once(cold).chain(nanos)
    });
    pairs.collect()
}

/// The same of a schema.
#[must_use]
pub fn cold_schema(schema: &SchemaRef) -> SchemaRef {
    Arc::new(Schema::new(cold_fields(schema.fields())))
}

fn cold_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        DataType::Struct(fields) => DataType::Struct(cold_fields(fields)),
        DataType::List(item) => {
            DataType::List(Arc::new(Field::new("element", cold_type(item.data_type()), item.is_nullable())))
        }
        DataType::Map(entries, sorted) => {
            let DataType::Struct(pair) = entries.data_type() else { return data_type.clone() };
            let named = ["key", "value"].iter().zip(pair).map(|(name, field)| field.as_ref().clone().with_name(*name));
            let entries = Field::new("key_value", DataType::Struct(named.collect()), false);
            DataType::Map(Arc::new(entries), *sorted)
        }
        other => other.clone(),
    }
}

/// Rows of a table, or of some of its columns, in the form of cold files.
///
/// # Errors
/// Never for a table of ours.
pub fn to_cold(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = cold_schema(&batch.schema());
    let columns = cold_columns(batch.schema().fields(), batch.columns())?;
    RecordBatch::try_new_with_options(schema, columns, &with_rows(batch))
}

fn with_rows(batch: &RecordBatch) -> RecordBatchOptions {
    RecordBatchOptions::new().with_row_count(Some(batch.num_rows()))
}

fn cold_columns(fields: &Fields, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>, ArrowError> {
    let mut cold = Vec::with_capacity(columns.len());
    for (field, column) in fields.iter().zip(columns) {
        if is_time(field.data_type()) {
            let nanos = column.as_primitive::<TimestampNanosecondType>();
            let micros: TimestampMicrosecondArray = nanos.unary(|time| time.div_euclid(NANOS_PER_MICRO));
            let rest: Int16Array =
                nanos.unary(|time| i16::try_from(time.rem_euclid(NANOS_PER_MICRO)).expect("less than 1000"));
            cold.push(Arc::new(micros.with_timezone_opt(nanos.timezone())) as ArrayRef);
            cold.push(Arc::new(rest));
        } else {
            cold.push(cold_column(field.data_type(), column)?);
        }
    }
    Ok(cold)
}

fn cold_column(data_type: &DataType, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let target = cold_type(data_type);
    if target == *data_type {
        return Ok(Arc::clone(column));
    }
    match (data_type, &target) {
        (DataType::Struct(fields), DataType::Struct(cold)) => {
            let of = column.as_struct();
            let columns = cold_columns(fields, of.columns())?;
            Ok(Arc::new(StructArray::try_new(cold.clone(), columns, of.nulls().cloned())?))
        }
        (DataType::List(item), DataType::List(cold)) => {
            let of = column.as_list::<i32>();
            list(cold, of, cold_column(item.data_type(), of.values())?)
        }
        (DataType::Map(_, _), DataType::Map(cold, _)) => renamed_map(cold, column.as_map()),
        (DataType::UInt64, _) => {
            let of = column.as_primitive::<UInt64Type>();
            Ok(Arc::new(Int64Array::new(of.values().inner().clone().into(), of.nulls().cloned())))
        }
        _ => cast(column, &target),
    }
}

fn list(item: &FieldRef, of: &ListArray, values: ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), of.offsets().clone(), values, of.nulls().cloned())?))
}

/// The same map with other names of its parts.
fn renamed_map(entries: &FieldRef, of: &MapArray) -> Result<ArrayRef, ArrowError> {
    let DataType::Struct(pair) = entries.data_type() else {
        return Err(ArrowError::SchemaError("a map's entries are no struct".to_owned()));
    };
    let rows = StructArray::try_new(pair.clone(), of.entries().columns().to_vec(), None)?;
    Ok(Arc::new(MapArray::try_new(Arc::clone(entries), of.offsets().clone(), rows, of.nulls().cloned(), false)?))
}

/// Rows of a cold file as the table has them: of the table's columns those that the file has.
///
/// # Errors
/// When a column has not the type that it should have.
pub fn from_cold(cold: &RecordBatch, table: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let mut fields = Vec::with_capacity(cold.num_columns());
    let mut columns = Vec::with_capacity(cold.num_columns());
    for field in table.fields() {
        let Some(column) = cold.column_by_name(field.name()) else { continue };
        let nanos = cold.column_by_name(&nanos_column(field.name()));
        columns.push(restored(field.data_type(), column, nanos)?);
        fields.push(Arc::clone(field));
    }
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &with_rows(cold))
}

/// One column as the table has it; of a time with its nanoseconds, where there are any.
///
/// # Errors
/// When the column has not the type that cold files give it.
pub fn restored(target: &DataType, column: &ArrayRef, nanos: Option<&ArrayRef>) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == target {
        return Ok(Arc::clone(column));
    }
    let mismatch = || ArrowError::CastError(format!("a cold column is {}, not {target}", column.data_type()));
    match target {
        DataType::Timestamp(TimeUnit::Nanosecond, _) => restored_time(column, nanos).ok_or_else(mismatch),
        DataType::Struct(fields) => {
            let of = column.as_struct_opt().ok_or_else(mismatch)?;
            let child = |field: &FieldRef| {
                let values = of.column_by_name(field.name()).ok_or_else(mismatch)?;
                restored(field.data_type(), values, of.column_by_name(&nanos_column(field.name())))
            };
            let columns = fields.iter().map(child).collect::<Result<_, _>>()?;
            Ok(Arc::new(StructArray::try_new(fields.clone(), columns, of.nulls().cloned())?))
        }
        DataType::List(item) => {
            let of = column.as_list_opt::<i32>().ok_or_else(mismatch)?;
            list(item, of, restored(item.data_type(), of.values(), None)?)
        }
        DataType::Map(entries, _) => renamed_map(entries, column.as_map_opt().ok_or_else(mismatch)?),
        DataType::UInt64 => {
            let of = column.as_primitive_opt::<Int64Type>().ok_or_else(mismatch)?;
            Ok(Arc::new(UInt64Array::new(of.values().inner().clone().into(), of.nulls().cloned())))
        }
        _ => cast(column, target),
    }
}

fn restored_time(column: &ArrayRef, nanos: Option<&ArrayRef>) -> Option<ArrayRef> {
    let micros = column.as_primitive_opt::<TimestampMicrosecondType>()?;
    let zone = micros.timezone().map(Arc::from);
    let times: TimestampNanosecondArray = match nanos.and_then(|nanos| nanos.as_primitive_opt::<Int16Type>()) {
        Some(rest) => arity::binary(micros, rest, |micros, rest| {
            micros.saturating_mul(NANOS_PER_MICRO).saturating_add(i64::from(rest))
        })
        .ok()?,
        None => micros.unary(|micros| micros.saturating_mul(NANOS_PER_MICRO)),
    };
    Some(Arc::new(times.with_timezone_opt(zone)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlake_schemas::tables::Table;

    /// Delta's primitive types that cold files may have.
    fn is_of_delta(data_type: &DataType) -> bool {
        match data_type {
            DataType::Binary | DataType::Utf8 | DataType::Boolean | DataType::Float64 => true,
            DataType::Int16 | DataType::Int32 | DataType::Int64 => true,
            DataType::Timestamp(unit, zone) => *unit == TimeUnit::Microsecond && zone.as_deref() == Some("UTC"),
            DataType::List(item) => is_of_delta(item.data_type()),
            DataType::Map(entries, _) => is_of_delta(entries.data_type()),
            DataType::Struct(fields) => fields.iter().all(|field| is_of_delta(field.data_type())),
            _ => false,
        }
    }

    #[test]
    fn every_table_has_only_types_of_delta_and_no_name_twice() {
        for table in Table::ALL {
            let cold = cold_schema(&table.schema());
            let mut names = std::collections::HashSet::new();
            for field in cold.fields() {
                assert!(is_of_delta(field.data_type()), "{}.{}: {}", table.name(), field.name(), field.data_type());
                assert!(names.insert(field.name()), "{}.{} twice", table.name(), field.name());
            }
        }
    }

    #[test]
    fn what_comes_back_is_what_went() {
        for (table, batch) in crate::cold::samples::every_table() {
            let cold = to_cold(&batch).unwrap();
            let back = from_cold(&cold, &table.schema()).unwrap();
            assert_eq!(back, batch, "{}", table.name());
        }
    }

    #[test]
    fn times_before_1970_and_the_last_nanosecond_survive() {
        let times =
            TimestampNanosecondArray::from(vec![Some(-1), Some(i64::MIN + 808), None, Some(i64::MAX), Some(999)])
                .with_timezone("UTC");
        let schema = Schema::new(vec![Field::new("time", times.data_type().clone(), true)]);
        let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(times)]).unwrap();
        let back = from_cold(&to_cold(&batch).unwrap(), &batch.schema()).unwrap();
        assert_eq!(back, batch);
    }
}
