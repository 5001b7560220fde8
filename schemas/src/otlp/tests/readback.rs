//! Batches read back as OTLP structs, so that what was stored can be compared with what was sent.

use std::collections::HashMap;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, MapArray, RecordBatch, StringArray, StructArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, TimestampNanosecondType, UInt32Type, UInt64Type,
};
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value};

use crate::ingest::Batches;
use crate::otlp::AttributeValue;
use crate::tables::Table;
use crate::tables::promoted::{PromotedAttribute, PromotedType};

/// A table with the columns that its batch has, each looked up by name; what is missing is null.
pub struct Rows<'b> {
    pub len: usize,
    columns: HashMap<&'b str, &'b ArrayRef>,
}

impl<'b> Rows<'b> {
    pub fn of_table(batches: &'b Batches, table: Table) -> Self {
        match batches.get(table) {
            Some(batch) => {
                check_schema(batch, table);
                let fields = batch.schema_ref().fields();
                let columns = fields.iter().map(|field| field.name().as_str()).zip(batch.columns()).collect();
                Self { len: batch.num_rows(), columns }
            }
            None => Self { len: 0, columns: HashMap::new() },
        }
    }

    pub fn of_struct(array: &'b StructArray) -> Self {
        let columns = array.fields().iter().map(|field| field.name().as_str()).zip(array.columns()).collect();
        Self { len: array.len(), columns }
    }

    fn cell(&self, name: &str, row: usize) -> Option<&'b ArrayRef> {
        self.columns.get(name).copied().filter(|column| column.is_valid(row))
    }

    pub fn text(&self, name: &str, row: usize) -> Option<String> {
        self.cell(name, row).map(|column| column.as_any().downcast_ref::<StringArray>().unwrap().value(row).to_owned())
    }

    pub fn id(&self, name: &str, row: usize) -> Option<Vec<u8>> {
        let column = self.cell(name, row)?;
        Some(column.as_any().downcast_ref::<FixedSizeBinaryArray>().unwrap().value(row).to_vec())
    }

    fn number<T: ArrowPrimitiveType>(&self, name: &str, row: usize) -> Option<T::Native> {
        self.cell(name, row).map(|column| column.as_primitive::<T>().value(row))
    }

    pub fn time(&self, name: &str, row: usize) -> Option<u64> {
        self.number::<TimestampNanosecondType>(name, row).map(|time| time as u64)
    }

    pub fn int(&self, name: &str, row: usize) -> Option<i64> {
        self.number::<Int64Type>(name, row)
    }

    pub fn int32(&self, name: &str, row: usize) -> Option<i32> {
        self.number::<Int32Type>(name, row)
    }

    pub fn uint32(&self, name: &str, row: usize) -> u32 {
        self.number::<UInt32Type>(name, row).unwrap()
    }

    pub fn uint64(&self, name: &str, row: usize) -> u64 {
        self.number::<UInt64Type>(name, row).unwrap()
    }

    pub fn double(&self, name: &str, row: usize) -> Option<f64> {
        self.number::<Float64Type>(name, row)
    }

    pub fn bool(&self, name: &str, row: usize) -> Option<bool> {
        self.cell(name, row).map(|column| column.as_any().downcast_ref::<BooleanArray>().unwrap().value(row))
    }

    pub fn list(&self, name: &str, row: usize) -> Option<ArrayRef> {
        self.cell(name, row).map(|column| column.as_list::<i32>().value(row))
    }

    pub fn doubles(&self, name: &str, row: usize) -> Vec<f64> {
        self.list(name, row).unwrap().as_primitive::<Float64Type>().values().to_vec()
    }

    pub fn uints(&self, name: &str, row: usize) -> Vec<u64> {
        self.list(name, row).unwrap().as_primitive::<UInt64Type>().values().to_vec()
    }

    /// The map as attributes, sorted, with those of promoted columns.
    pub fn attributes(&self, row: usize, promoted: &[PromotedAttribute]) -> Vec<KeyValue> {
        let mut attributes = self.map("attributes", "attribute_types", row);
        for attribute in promoted {
            let value = match attribute.value_type {
                PromotedType::Text => self.text(attribute.column, row).map(Value::StringValue),
                PromotedType::Integer => self.int(attribute.column, row).map(Value::IntValue),
            };
            if let Some(value) = value {
                let value = Some(AnyValue { value: Some(value) });
                attributes.push(KeyValue { key: attribute.key.into(), value, key_strindex: 0 });
            }
        }
        attributes.sort_by_cached_key(|attribute| format!("{attribute:?}"));
        attributes
    }

    pub fn map(&self, name: &str, types: &str, row: usize) -> Vec<KeyValue> {
        let entries = self.cell(name, row).unwrap().as_any().downcast_ref::<MapArray>().unwrap().value(row);
        let (keys, values) = (entries.column(0).as_string::<i32>(), entries.column(1).as_string::<i32>());
        let types = self.text(types, row).unwrap_or_else(|| "s".repeat(entries.len()));
        assert_eq!(types.len(), entries.len());
        let attributes = types.chars().enumerate().map(|(entry, tag)| {
            let text = values.is_valid(entry).then(|| values.value(entry));
            let value = Some(any_value(AttributeValue::parse(text, tag).unwrap()));
            KeyValue { key: keys.value(entry).to_owned(), value, key_strindex: 0 }
        });
        attributes.collect()
    }
}

/// Every batch is a projection of its table's schema.
fn check_schema(batch: &RecordBatch, table: Table) {
    let schema = table.schema();
    let mut left = schema.fields().iter();
    for field in batch.schema_ref().fields() {
        assert!(left.any(|expected| expected == field), "{field:?} is not in its place in {table:?}");
    }
    for field in schema.fields().iter().filter(|field| !field.is_nullable()) {
        assert!(batch.column_by_name(field.name()).is_some(), "{field:?} is missing in {table:?}");
    }
    assert!(batch.num_rows() > 0);
}

pub fn any_value(value: AttributeValue) -> AnyValue {
    let value = match value {
        AttributeValue::Text(text) => Value::StringValue(text),
        AttributeValue::Integer(integer) => Value::IntValue(integer),
        AttributeValue::Double(double) => Value::DoubleValue(double),
        AttributeValue::Bool(truth) => Value::BoolValue(truth),
        AttributeValue::Bytes(bytes) => Value::BytesValue(bytes),
        AttributeValue::Array(values) => {
            Value::ArrayValue(ArrayValue { values: values.into_iter().map(any_value).collect() })
        }
        AttributeValue::KeyValues(entries) => Value::KvlistValue(KeyValueList {
            values: entries
                .into_iter()
                .map(|(key, value)| KeyValue { key, value: Some(any_value(value)), key_strindex: 0 })
                .collect(),
        }),
        AttributeValue::Empty => return AnyValue { value: None },
    };
    AnyValue { value: Some(value) }
}
