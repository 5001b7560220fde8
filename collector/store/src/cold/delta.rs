//! The Delta Lake tables that mirror the cold tier: a commit a table and change, made of our own edit alone.
//!
//! Owns the actions and their checkpoints, as <https://github.com/delta-io/delta/blob/master/PROTOCOL.md> says. A
//! commit can be written again after a crash and comes out the same. Nothing of ours ever reads it back.

use std::collections::BTreeMap;

use arrow::datatypes::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spanlake_schemas::tables::Table;

use super::form::cold_schema;
use super::log::{ColdEdit, ColdLogError, ColdState};
use super::place::{Place, Put};
use crate::seal::order::{NANOS_PER_MILLI, civil_time, milli};
use crate::version::FileEntry;

/// Commits between two checkpoints: readers open no more than these.
const CHECKPOINT_EVERY: u64 = 50;

/// Where a Delta table stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaHead {
    pub version: u64,
    /// Of the table, for ever.
    pub id: String,
    /// CRC-32C of the schema's text: a commit that changes it says the new one.
    pub schema: u32,
    /// Whether this commit says the schema.
    pub describes: bool,
}

/// Sets, in a draft, the commits of every table that it touches.
pub fn assign(edit: &mut ColdEdit, state: &ColdState) {
    let touched = edit.adds.iter().map(|entry| entry.table.as_str());
    let removed = edit.removes.iter().map(|entry| entry.table.as_str());
    let mut heads = BTreeMap::new();
    for name in touched.chain(removed) {
        let Some(table) = Table::by_name(name) else { continue };
        let schema = crc32c::crc32c(schema_text(table).as_bytes());
        let head = match state.delta.get(name) {
            Some(old) => {
                DeltaHead { version: old.version + 1, id: old.id.clone(), schema, describes: old.schema != schema }
            }
            None => DeltaHead { version: 0, id: table_id(&edit.installation, name), schema, describes: true },
        };
        heads.insert(name.to_owned(), head);
    }
    edit.delta = heads;
}

/// Writes an edit's commits that are not there yet.
///
/// # Errors
/// When one could not be written, or another's is in its place.
pub fn mirror(place: &Place, edit: &ColdEdit) -> Result<(), ColdLogError> {
    for (name, head) in &edit.delta {
        let Some(table) = Table::by_name(name) else { continue };
        let actions = actions(table, head, edit);
        let lines: Vec<String> = actions.iter().map(Value::to_string).collect();
        let key = format!("{name}/_delta_log/{:020}.json", head.version);
        if place.create(&key, lines.join("\n").as_bytes())? == Put::Taken {
            let reason = format!("it is not what edit {} says", edit.number);
            return Err(ColdLogError::Damaged { place: place.to_string(), key, reason });
        }
    }
    Ok(())
}

/// Checkpoints of the tables whose turn it is. A checkpoint only saves readers time: a failure is no failure.
pub fn checkpoint(place: &Place, edit: &ColdEdit, state: &ColdState) {
    let due = |head: &DeltaHead| head.version > 0 && head.version.is_multiple_of(CHECKPOINT_EVERY);
    for (name, head) in edit.delta.iter().filter(|(_, head)| due(head)) {
        let Some(table) = Table::by_name(name) else { continue };
        if let Err(error) = write_checkpoint(place, table, head, edit, state) {
            tracing::warn!(error, table = name, "no checkpoint of the Delta table; readers open more commits");
        }
    }
}

fn write_checkpoint(
    place: &Place,
    table: Table,
    head: &DeltaHead,
    edit: &ColdEdit,
    state: &ColdState,
) -> Result<(), String> {
    let name = table.name();
    let mut actions = vec![protocol(), metadata(table, head, edit.at), transaction(edit)];
    actions.extend(
        state.files.values().filter(|entry| entry.table == name).map(|entry| add(table, entry, edit.at, false)),
    );
    let below = format!("{name}/");
    let removed = state.removed.iter().filter(|(key, _)| key.starts_with(&below));
    actions.extend(removed.map(|(key, at)| remove(key, None, *at, false)));
    let content = checkpoint_file(&actions).map_err(|error| error.to_string())?;
    let prefix = format!("{name}/_delta_log");
    let write = || {
        place.create(&format!("{prefix}/{:020}.checkpoint.parquet", head.version), &content)?;
        let last = json!({ "version": head.version, "size": actions.len(), "sizeInBytes": content.len() });
        place.replace(&format!("{prefix}/_last_checkpoint"), last.to_string().as_bytes())?;
        for (key, _) in place.list(&prefix)? {
            let number = key.rsplit('/').next().and_then(|file| file.split('.').next()?.parse::<u64>().ok());
            if number.is_some_and(|number| number + CHECKPOINT_EVERY < head.version) {
                place.remove(&key)?;
            }
        }
        Ok::<_, super::place::PlaceError>(())
    };
    write().map_err(|error| error.to_string())
}

fn actions(table: Table, head: &DeltaHead, edit: &ColdEdit) -> Vec<Value> {
    let operation = match (edit.adds.is_empty(), edit.removes.is_empty()) {
        (false, true) => "WRITE",
        (true, _) => "DELETE",
        (false, false) if edit.is_data_change => "DELETE",
        (false, false) => "OPTIMIZE",
    };
    let engine = concat!("Spanlake ", env!("CARGO_PKG_VERSION"));
    let mut actions = vec![json!({ "commitInfo": {
        "timestamp": milli(edit.at), "operation": operation, "operationParameters": {}, "engineInfo": engine,
    }})];
    if head.version == 0 {
        actions.push(protocol());
    }
    if head.describes {
        actions.push(metadata(table, head, edit.at));
    }
    actions.push(transaction(edit));
    let removed = edit.removes.iter().filter(|entry| entry.table == table.name());
    actions.extend(removed.map(|entry| remove(&entry.path, Some(entry), edit.at, edit.is_data_change)));
    let added = edit.adds.iter().filter(|entry| entry.table == table.name());
    actions.extend(added.map(|entry| add(table, entry, edit.at, edit.is_data_change)));
    actions
}

fn protocol() -> Value {
    json!({ "protocol": { "minReaderVersion": 1, "minWriterVersion": 2 } })
}

fn metadata(table: Table, head: &DeltaHead, at: i64) -> Value {
    json!({ "metaData": {
        "id": head.id, "name": table.name(), "format": { "provider": "parquet", "options": {} },
        "schemaString": schema_text(table), "partitionColumns": [], "configuration": {}, "createdTime": milli(at),
    }})
}

/// A reader's proof that an edit is in the table once.
fn transaction(edit: &ColdEdit) -> Value {
    json!({ "txn": { "appId": "spanlake", "version": edit.number, "lastUpdated": milli(edit.at) } })
}

fn add(table: Table, entry: &FileEntry, at: i64, is_data_change: bool) -> Value {
    json!({ "add": {
        "path": below_table(&entry.path), "partitionValues": {}, "size": entry.bytes, "modificationTime": milli(at),
        "dataChange": is_data_change, "stats": statistics(table, entry),
    }})
}

fn remove(key: &str, entry: Option<&FileEntry>, at: i64, is_data_change: bool) -> Value {
    let mut action = json!({
        "path": below_table(key), "deletionTimestamp": milli(at), "dataChange": is_data_change,
        "extendedFileMetadata": entry.is_some(),
    });
    if let Some(entry) = entry {
        action["partitionValues"] = json!({});
        action["size"] = json!(entry.bytes);
    }
    json!({ "remove": action })
}

/// Only times: ids, names and attributes would name what a person may ask to be forgotten.
fn statistics(table: Table, entry: &FileEntry) -> String {
    let column = table.time_column();
    // Readers take milliseconds: the range is widened to whole ones.
    let max = milli(entry.time_max).saturating_add(1).saturating_mul(NANOS_PER_MILLI);
    let range = |time| json!({ column: civil_time(time) });
    json!({ "numRecords": entry.rows, "minValues": range(entry.time_min), "maxValues": range(max) }).to_string()
}

fn below_table(key: &str) -> &str {
    key.split_once('/').map_or(key, |(_, path)| path)
}

fn table_id(installation: &str, table: &str) -> String {
    let digits = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(format!("{installation}/{table}").as_bytes()));
    let part = |from: usize, to: usize| &digits[from..to];
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn schema_text(table: Table) -> String {
    let cold = cold_schema(&table.schema());
    json!({ "type": "struct", "fields": fields_json(cold.fields()) }).to_string()
}

fn fields_json(fields: &Fields) -> Vec<Value> {
    let field = |field: &std::sync::Arc<Field>| json!({ "name": field.name(), "type": type_json(field.data_type()), "nullable": true, "metadata": {} });
    fields.iter().map(field).collect()
}

fn type_json(data_type: &DataType) -> Value {
    match data_type {
        DataType::Boolean => json!("boolean"),
        DataType::Int16 => json!("short"),
        DataType::Int32 => json!("integer"),
        DataType::Int64 => json!("long"),
        DataType::Float64 => json!("double"),
        DataType::Utf8 => json!("string"),
        DataType::Timestamp(_, _) => json!("timestamp"),
        DataType::List(item) => {
            json!({ "type": "array", "elementType": type_json(item.data_type()), "containsNull": item.is_nullable() })
        }
        DataType::Map(_, _) => {
            json!({ "type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": true })
        }
        DataType::Struct(fields) => json!({ "type": "struct", "fields": fields_json(fields) }),
        _ => json!("binary"),
    }
}

/// The actions as the columns of a Parquet file.
fn checkpoint_file(actions: &[Value]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let schema = std::sync::Arc::new(checkpoint_schema());
    let mut decoder = arrow::json::ReaderBuilder::new(std::sync::Arc::clone(&schema))
        .with_batch_size(actions.len().max(1))
        .build_decoder()?;
    decoder.serialize(actions)?;
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, None)?;
    if let Some(batch) = decoder.flush()? {
        writer.write(&batch)?;
    }
    Ok(writer.into_inner()?)
}

fn checkpoint_schema() -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let long = |name: &str| Field::new(name, DataType::Int64, true);
    let int = |name: &str| Field::new(name, DataType::Int32, true);
    let flag = |name: &str| Field::new(name, DataType::Boolean, true);
    let map = |name: &str| {
        let pair = vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)];
        let entries = Field::new("key_value", DataType::Struct(pair.into()), false);
        Field::new(name, DataType::Map(std::sync::Arc::new(entries), false), true)
    };
    let list = |name: &str| {
        Field::new(name, DataType::List(std::sync::Arc::new(Field::new("element", DataType::Utf8, true))), true)
    };
    let part = |name: &str, fields: Vec<Field>| Field::new(name, DataType::Struct(fields.into()), true);
    let format = part("format", vec![text("provider"), map("options")]);
    Schema::new(vec![
        part("txn", vec![text("appId"), long("version"), long("lastUpdated")]),
        part(
            "add",
            vec![
                text("path"),
                map("partitionValues"),
                long("size"),
                long("modificationTime"),
                flag("dataChange"),
                text("stats"),
            ],
        ),
        part(
            "remove",
            vec![
                text("path"),
                long("deletionTimestamp"),
                flag("dataChange"),
                flag("extendedFileMetadata"),
                map("partitionValues"),
                long("size"),
            ],
        ),
        part(
            "metaData",
            vec![
                text("id"),
                text("name"),
                format,
                text("schemaString"),
                list("partitionColumns"),
                map("configuration"),
                long("createdTime"),
            ],
        ),
        part("protocol", vec![int("minReaderVersion"), int("minWriterVersion")]),
    ])
}
