//! Where a column of a plan comes from: through filters, sorts, joins, aliases and plain projections down to
//! the table that defines it.

use std::collections::HashMap;

use datafusion::catalog::default_table_source::DefaultTableSource;
use datafusion::common::Column;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, Projection};

use crate::facts::FactTable;

/// One table's place in a plan: two of the same table are two.
type Place = *const Projection;

/// How the columns of a plan's inputs are defined.
pub(crate) struct Origins<'a> {
    /// By column, the table and the expression over its stored rows.
    defined: HashMap<Column, (Place, &'a Expr)>,
}

impl<'a> Origins<'a> {
    /// For the expressions of a node with these inputs.
    pub(crate) fn of(inputs: &[&'a LogicalPlan]) -> Self {
        let mut defined = HashMap::new();
        for input in inputs {
            for column in input.schema().columns() {
                if let Some(found) = resolve(input, &column) {
                    defined.insert(column, found);
                }
            }
        }
        Self { defined }
    }

    /// The definition of a column over stored columns.
    pub(crate) fn definition(&self, column: &Column) -> Option<&'a Expr> {
        self.defined.get(column).map(|(_, expr)| *expr)
    }

    /// The column that shows a stored column of the same table as `beside` comes from.
    pub(crate) fn showing(&self, stored: &Expr, beside: &Column) -> Option<Column> {
        let Expr::Column(stored) = stored else { return None };
        let (place, _) = self.defined.get(beside)?;
        let shows =
            |(of, expr): &(Place, &Expr)| of == place && matches!(expr, Expr::Column(column) if column == stored);
        let mut showing: Vec<&Column> =
            self.defined.iter().filter(|(_, definition)| shows(definition)).map(|(column, _)| column).collect();
        // The same plan every time, whatever the map's order.
        showing.sort();
        showing.first().map(|column| (*column).clone())
    }
}

fn resolve<'a>(plan: &'a LogicalPlan, column: &Column) -> Option<(Place, &'a Expr)> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => {
            let index = alias.schema.maybe_index_of_column(column)?;
            resolve(&alias.input, &column_at(&alias.input, index))
        }
        LogicalPlan::Projection(projection) => {
            let index = projection.schema.maybe_index_of_column(column)?;
            let expr = bare(&projection.expr[index]);
            if is_table(projection) {
                return Some((std::ptr::from_ref(projection), expr));
            }
            match expr {
                Expr::Column(inner) => resolve(&projection.input, inner),
                _ => None,
            }
        }
        LogicalPlan::Join(join) => {
            let left = join.left.schema().has_column(column).then(|| resolve(&join.left, column)).flatten();
            left.or_else(|| join.right.schema().has_column(column).then(|| resolve(&join.right, column)).flatten())
        }
        LogicalPlan::Filter(filter) => resolve(&filter.input, column),
        LogicalPlan::Sort(sort) => resolve(&sort.input, column),
        LogicalPlan::Limit(limit) => resolve(&limit.input, column),
        LogicalPlan::Distinct(Distinct::All(input)) => resolve(input, column),
        _ => None,
    }
}

fn column_at(plan: &LogicalPlan, index: usize) -> Column {
    Column::from(plan.schema().qualified_field(index))
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        other => other,
    }
}

/// Whether this is the projection that makes a table of stored rows.
fn is_table(projection: &Projection) -> bool {
    let LogicalPlan::TableScan(scan) = projection.input.as_ref() else { return false };
    let source = scan.source.downcast_ref::<DefaultTableSource>();
    source.is_some_and(|source| source.table_provider.downcast_ref::<FactTable>().is_some())
}
