//! What SQL sees of a dimension: which columns, and how they are made of the catalog's rows.
//!
//! Owns that list. Never caches.

use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, AsArray, UInt32Array};
use arrow::compute::{cast, concat_batches, take};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use datafusion::common::Result;
use spanlake_schemas::tables::{Table, promoted};
use spanlake_store::{Catalog, DimensionRows};

use super::{Dimension, Snapshot};
use crate::attributes::values_of_key;
use crate::facts::view_type;

/// Where a column comes from.
#[derive(Clone, Copy)]
enum Piece {
    /// A stored column.
    Own(&'static str),
    /// The value of a key of the stored map `attributes`.
    Key(&'static str),
    /// A column of the row's resource or scope.
    Of(Dimension, &'static str),
}

fn pieces(dimension: Dimension) -> Vec<(&'static str, Piece)> {
    let own = |name| (name, Piece::Own(name));
    let promoted = promoted::RESOURCE.iter();
    match dimension {
        Dimension::Resources => {
            let mut all = vec![own("resource_id"), own("service_name")];
            all.extend(promoted.map(|attribute| (attribute.column, Piece::Key(attribute.key))));
            all.extend(
                ["attributes", "attribute_types", "dropped_attributes_count", "schema_url", "entity_refs"].map(own),
            );
            all.push(own("received_time"));
            all
        }
        Dimension::Scopes => {
            ["scope_id", "name", "version", "attributes", "attribute_types", "dropped_attributes_count", "schema_url"]
                .map(own)
                .into_iter()
                .chain([own("received_time")])
                .collect()
        }
        Dimension::Series => {
            let mut all: Vec<_> =
                ["series_id", "name", "description", "unit", "type", "temporality", "is_monotonic", "service_name"]
                    .map(own)
                    .into();
            all.extend(["attributes", "attribute_types", "metadata", "metadata_types", "resource_id"].map(own));
            let of = |dimension, column| Piece::Of(dimension, column);
            all.extend(promoted.map(|attribute| (attribute.column, of(Dimension::Resources, attribute.column))));
            all.extend([
                ("resource_attributes", of(Dimension::Resources, "attributes")),
                ("resource_attribute_types", of(Dimension::Resources, "attribute_types")),
                ("resource_schema_url", of(Dimension::Resources, "schema_url")),
                own("scope_id"),
                ("scope_name", of(Dimension::Scopes, "name")),
                ("scope_version", of(Dimension::Scopes, "version")),
                ("scope_attributes", of(Dimension::Scopes, "attributes")),
                ("scope_attribute_types", of(Dimension::Scopes, "attribute_types")),
                ("scope_schema_url", of(Dimension::Scopes, "schema_url")),
                own("received_time"),
            ]);
            all
        }
    }
}

fn field(dimension: Dimension, name: &str, piece: Piece) -> Field {
    let stored = |table: Table, column: &str| {
        let schema = table.schema();
        let field = schema.field_with_name(column).expect("a piece names a stored column").clone();
        let data_type = view_type(field.data_type());
        Field::new(name, data_type, field.is_nullable())
    };
    match piece {
        Piece::Own(column) => stored(dimension.table(), column),
        Piece::Key(_) => Field::new(name, DataType::Utf8View, true),
        Piece::Of(other, column) => {
            let of = schema(other);
            of.field_with_name(column)
                .expect("a piece names a column of the other")
                .clone()
                .with_name(name)
                .with_nullable(true)
        }
    }
}

/// The columns that SQL sees.
pub(super) fn schema(dimension: Dimension) -> SchemaRef {
    static SCHEMAS: LazyLock<[SchemaRef; 2]> =
        LazyLock::new(|| [build_schema(Dimension::Resources), build_schema(Dimension::Scopes)]);
    static SERIES: LazyLock<SchemaRef> = LazyLock::new(|| build_schema(Dimension::Series));
    match dimension {
        Dimension::Series => Arc::clone(&SERIES),
        other => Arc::clone(&SCHEMAS[other as usize]),
    }
}

fn build_schema(dimension: Dimension) -> SchemaRef {
    let fields: Vec<Field> = pieces(dimension).into_iter().map(|(name, piece)| field(dimension, name, piece)).collect();
    Arc::new(Schema::new(fields))
}

/// All rows of the catalog, with the columns that SQL sees.
pub(super) fn rows(
    catalog: &Catalog,
    dimension: Dimension,
    stored: &DimensionRows,
    resources: Option<&Snapshot>,
    scopes: Option<&Snapshot>,
) -> Result<RecordBatch> {
    let all = concat_batches(&dimension.table().schema(), &stored.batches)?;
    let schema = schema(dimension);
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for ((_, piece), field) in pieces(dimension).into_iter().zip(schema.fields()) {
        let column = |name: &str| all.column_by_name(name).expect("a piece names a stored column");
        columns.push(match piece {
            Piece::Own(name) => cast(column(name), field.data_type())?,
            Piece::Key(key) => Arc::new(values_of_key(column("attributes").as_map(), key)?),
            Piece::Of(other, name) => {
                let snapshot = if other == Dimension::Resources { resources } else { scopes };
                let snapshot = snapshot.expect("series are shaped after resources and scopes");
                let ids = column(other.id_column()).as_primitive::<Int64Type>();
                let found = catalog.dimension(other.table()).expect("there is one").rows_of_int64(ids.values());
                let there = snapshot.rows().num_rows();
                let found: UInt32Array =
                    found.into_iter().map(|row| row.filter(|row| (*row as usize) < there)).collect();
                let values = snapshot.rows().column_by_name(name).expect("a piece names a column of the other");
                take(values, &found, None)?
            }
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(all.num_rows()));
    Ok(RecordBatch::try_new_with_options(schema, columns, &options)?)
}
