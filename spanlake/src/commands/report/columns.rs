//! What a table makes of its columns: which are shown, in which order, under which names, and by which its rows are sorted.
//!
//! Pure, and the same as the page's (`ui/src/model/boardColumns.ts`). A table without such wishes stays as it is.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;

use super::rows::{Column, Rows, cell_number, cell_text};

/// A wish for one column.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ColumnRule {
    /// As the answer calls it: a label, a column of SQL, a query's legend or letter.
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) hidden: bool,
    /// Columns with an order come first, the least at first; others keep theirs.
    pub(super) order: Option<f64>,
    /// Of its numbers, in place of the panel's.
    pub(super) unit: Option<String>,
}

/// By which column rows are sorted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ColumnSort {
    pub(super) name: String,
    pub(super) descending: bool,
}

/// The table as wished.
pub(super) fn with_columns(mut rows: Rows, rules: &[ColumnRule], sort: Option<&ColumnSort>) -> Rows {
    let by = sort.and_then(|sort| Some((rows.columns.iter().position(|column| column.name == sort.name)?, sort)));
    if let Some((place, sort)) = by {
        rows.cells.sort_by(|left, right| compared(&left[place], &right[place], sort.descending));
    }
    if rules.is_empty() {
        return rows;
    }
    let rule = |place: usize| rules.iter().find(|rule| rule.name == rows.columns[place].name);
    let mut shown: Vec<(f64, usize)> = (0..rows.columns.len())
        .filter(|place| rule(*place).is_none_or(|rule| !rule.hidden))
        .map(|place| (rule(place).and_then(|rule| rule.order).unwrap_or(f64::INFINITY), place))
        .collect();
    // Stable: of one order, as they stood.
    shown.sort_by(|left, right| left.0.total_cmp(&right.0));
    let columns = shown.iter().map(|(_, place)| {
        let column = &rows.columns[*place];
        let rule = rule(*place);
        Column {
            name: rule.and_then(|rule| rule.title.clone()).unwrap_or_else(|| column.name.clone()),
            role: column.role,
            unit: rule.and_then(|rule| rule.unit.clone()),
        }
    });
    let cells = rows.cells.iter().map(|row| shown.iter().map(|(_, place)| row[*place].clone()).collect());
    Rows { columns: columns.collect(), cells: cells.collect() }
}

/// Numbers by size, texts by letters; what is missing after all, whichever way.
fn compared(left: &Value, right: &Value, is_descending: bool) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (false, false) => {}
        (is_left, is_right) => return is_left.cmp(&is_right),
    }
    let order = match (cell_number(left), cell_number(right)) {
        (Some(left), Some(right)) => left.total_cmp(&right),
        _ => cell_text(left).cmp(&cell_text(right)),
    };
    if is_descending { order.reverse() } else { order }
}
