//! How a column of SQL is made of stored columns.

use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::Column;
use datafusion::functions::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, ScalarUDF, cast};
use spanlake_schemas::tables::promoted::PromotedAttribute;

use crate::attributes::{MergeAttributeTypes, MergeAttributes};
use crate::dimensions::{Dimension, OfDimension, StatementDimensions};

/// The name by which plans call the stored rows under a table.
pub(super) const STORED: &str = "stored";

/// Where a column comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A stored column.
    Stored(&'static str),
    /// The start plus the duration.
    EndTime,
    /// The number of a point, whichever type it came with.
    Value,
    /// Promoted columns and the stored map as one.
    Attributes(&'static [PromotedAttribute]),
    /// The types of that map's values.
    AttributeTypes(&'static [PromotedAttribute]),
    /// A column of what the row points to.
    Of(Dimension, &'static str),
}

/// A column of SQL.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogicalColumn {
    pub(super) name: &'static str,
    pub(super) source: Source,
    /// What it says, for `docs/tables.md`.
    pub(super) about: &'static str,
}

pub(super) fn stored(name: &str) -> Expr {
    Expr::Column(Column::new(Some(STORED), name))
}

impl Source {
    /// The expression over the stored columns.
    pub(super) fn expr(self, dimensions: &Arc<StatementDimensions>) -> Expr {
        match self {
            Self::Stored(name) => stored(name),
            Self::EndTime => stored("start_time") + cast(stored("duration"), DataType::Duration(TimeUnit::Nanosecond)),
            Self::Value => coalesce(vec![stored("value_double"), cast(stored("value_int"), DataType::Float64)]),
            Self::Attributes(promoted) => {
                let columns = promoted.iter().map(|attribute| stored(attribute.column));
                let args = std::iter::once(stored("attributes")).chain(columns).collect();
                ScalarUDF::new_from_impl(MergeAttributes::new(promoted)).call(args)
            }
            Self::AttributeTypes(promoted) => {
                let columns = promoted.iter().map(|attribute| stored(attribute.column));
                let args = ["attributes", "attribute_types"].map(stored).into_iter().chain(columns).collect();
                ScalarUDF::new_from_impl(MergeAttributeTypes::new(promoted)).call(args)
            }
            Self::Of(dimension, column) => {
                OfDimension::call(dimensions, dimension, column, stored(dimension.id_column()))
            }
        }
    }
}
