//! The list of tables as documentation: `docs/tables.md`, and what a page may show beside a query.

use std::fmt::Write as _;

use arrow::datatypes::{DataType, Field, Schema};

use super::facts;
use super::written::VIEWS;
use crate::dimensions::Dimension;

/// One table as the documentation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDoc {
    pub name: String,
    pub about: String,
    pub columns: Vec<ColumnDoc>,
}

/// One column as the documentation shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDoc {
    pub name: String,
    pub data_type: String,
    pub about: String,
}

/// What is said of a table whose columns have these types.
pub(crate) fn table_doc(name: &str, schema: &Schema) -> TableDoc {
    let columns = schema.fields().iter().map(|field| column_doc(name, field)).collect();
    TableDoc { name: name.to_owned(), about: about_table(name).to_owned(), columns }
}

fn column_doc(table: &str, field: &Field) -> ColumnDoc {
    let about = about_column(table, field.name()).unwrap_or_default();
    ColumnDoc { name: field.name().clone(), data_type: type_words(field.data_type()), about: about.to_owned() }
}

fn about_table(name: &str) -> &'static str {
    if let Some(view) = facts::fact_view(name) {
        return view.about;
    }
    if let Some(view) = super::written_view(name) {
        return view.about;
    }
    match Dimension::by_name(name) {
        Some(Dimension::Series) => "A row a metric series: one metric with one set of attributes of one resource.",
        Some(Dimension::Resources) => "A row a resource: what sent telemetry.",
        Some(Dimension::Scopes) => "A row an instrumentation scope.",
        None => "",
    }
}

fn about_column(table: &str, column: &str) -> Option<&'static str> {
    if let Some(view) = VIEWS.iter().find(|view| view.name == table) {
        return view.columns.iter().find(|(name, _)| *name == column).map(|(_, about)| *about);
    }
    let of_facts = |table: &str| {
        let view = facts::fact_view(table)?;
        view.columns.iter().find(|known| known.name == column).map(|known| known.about)
    };
    match (Dimension::by_name(table), column) {
        (None, _) => of_facts(table),
        (Some(Dimension::Resources), "resource_id") => Some("The key: a hash of the resource."),
        (Some(Dimension::Resources), "attributes") => Some("All attributes of the resource, as text."),
        (Some(Dimension::Resources), "entity_refs") => Some("Entities that the resource names, as JSON."),
        (Some(Dimension::Scopes), "scope_id") => Some("The key: a hash of the scope."),
        (Some(Dimension::Scopes), "name") => Some("The instrumentation."),
        (Some(Dimension::Scopes), "version") => Some("Its version."),
        (Some(Dimension::Scopes), "attributes") => Some("All attributes of the scope, as text."),
        (Some(Dimension::Series), "series_id") => Some("The key: a hash of the series, metric first."),
        (Some(_), "schema_url") => Some("Schema URL as it was sent."),
        (Some(_), "received_time") => Some("When it was first seen."),
        (Some(_), "attribute_types") => Some("Types of the values, one letter an entry; null: all are text."),
        (Some(_), "dropped_attributes_count") => Some("Attributes that were lost before they arrived."),
        (Some(_), _) => of_facts("metrics"),
    }
}

/// A type as people say it.
fn type_words(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Int32 | DataType::Int64 => "integer".into(),
        DataType::UInt32 | DataType::UInt64 => "unsigned integer".into(),
        DataType::Float64 => "double".into(),
        DataType::Timestamp(..) => "timestamp, ns, UTC".into(),
        DataType::FixedSizeBinary(bytes) => format!("id, {bytes} bytes"),
        DataType::Map(..) => "map of text to text".into(),
        DataType::List(item) => format!("list of {}", type_words(item.data_type())),
        DataType::Struct(fields) => {
            let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
            format!("struct ({})", names.join(", "))
        }
        other => other.to_string(),
    }
}

/// `docs/tables.md`.
#[must_use]
pub fn tables_markdown(tables: &[TableDoc]) -> String {
    let mut text = String::from(
        "# Tables\n\n\
         What SQL sees. This page is made from the code by a test of `spanlake-engine`; \
         `UPDATE_DOCS=1 cargo test -p spanlake-engine` writes it anew.\n\n\
         Ids are bytes and compare with hex text (`trace_id = '5b8e…'`); `hex(trace_id)` prints one. \
         Times are UTC with nanoseconds. `attributes['key']` finds a value whether it has a column of its own or not.\n",
    );
    for table in tables {
        let _ =
            writeln!(text, "\n## {}\n{}\n\n| column | type | what it says |\n|---|---|---|", table.name, table.about);
        for column in &table.columns {
            let _ = writeln!(text, "| {} | {} | {} |", column.name, column.data_type, column.about.replace('|', "\\|"));
        }
    }
    text
}
