//! Names for the columns of an answer where two would have the same: `count(*)`, then `count(*)_1`.
//!
//! Owns the renaming. Never touches a name that the statement gives: `1 as a, 2 as a` stays a mistake.

use std::collections::HashSet;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr, Statement as SqlStatement};

use crate::statement_parts::sql_of;

/// What DataFusion says of a projection that has one name twice.
const REFUSAL: &str = "Projections require unique expression names";

/// Whether other names may help.
pub(crate) fn is_about_names(message: &str) -> bool {
    message.contains(REFUSAL)
}

/// The same statement with a name of its own for each column that has none.
pub(crate) fn with_unique_names(mut statement: Statement) -> Statement {
    if let Some(sql) = sql_of(&mut statement) {
        name_statement(sql);
    }
    statement
}

fn name_statement(statement: &mut SqlStatement) {
    match statement {
        SqlStatement::Query(query) => name_query(query),
        SqlStatement::Explain { statement, .. } => name_statement(statement),
        _ => {}
    }
}

fn name_query(query: &mut Query) {
    for table in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
        name_query(&mut table.query);
    }
    name_body(&mut query.body);
}

fn name_body(body: &mut SetExpr) {
    match body {
        SetExpr::Select(select) => name_select(select),
        SetExpr::Query(query) => name_query(query),
        SetExpr::SetOperation { left, right, .. } => {
            name_body(left);
            name_body(right);
        }
        _ => {}
    }
}

fn name_select(select: &mut Select) {
    let given = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    });
    let mut names: HashSet<String> = given.collect();
    let has_all = select
        .projection
        .iter()
        .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let column = column_of(expr);
        let wanted = column.map_or_else(|| expr.to_string(), str::to_owned);
        // `*` has taken the columns' names.
        let is_taken = |name: &str| names.contains(name) || (has_all && column == Some(name));
        let numbered = (1..).map(|number| format!("{wanted}_{number}"));
        let name = std::iter::once(wanted.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default();
        names.insert(name.clone());
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
    }
}

fn column_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Identifier(ident) => Some(&ident.value),
        Expr::CompoundIdentifier(path) => path.last().map(|ident| ident.value.as_str()),
        _ => None,
    }
}
