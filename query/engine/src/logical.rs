//! The tables that SQL sees: their names, columns and meaning.
//!
//! Owns that list, from which plans, `docs/tables.md` and hints in errors are made. A table is a projection
//! over stored rows, or a view written in SQL over other tables. Never reads rows.

mod column;
mod docs;
mod facts;
mod origin;
mod view;
mod written;

pub(crate) use docs::table_doc;
pub use docs::{ColumnDoc, TableDoc, tables_markdown};

pub(crate) use facts::fact_view;
pub(crate) use origin::Origins;
pub(crate) use view::LogicalView;
pub(crate) use written::written_view;

use crate::dimensions::Dimension;

/// Every table, in the order in which they are explained.
pub(crate) fn table_names() -> Vec<String> {
    let facts = facts::views().iter().map(|view| view.name);
    let written = written::VIEWS.iter().map(|view| view.name);
    let dimensions = [Dimension::Series, Dimension::Resources, Dimension::Scopes].map(Dimension::name);
    facts.chain(written).chain(dimensions).map(str::to_owned).collect()
}
