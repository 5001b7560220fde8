//! The two arguments that nobody writes: the row's trace and its probability.
//!
//! Owns the change of a statement. Whoever writes both, in a join of two tables that have them, is left alone.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident};

use super::Kind;
use crate::statement_parts::with_calls;

const WEIGHTS: [&str; 2] = ["trace_id", "sampling_probability"];

/// Whether a mistake is that of a function of these without its columns.
pub(crate) fn needs_weights(message: &str) -> bool {
    message.starts_with("there is no column") && WEIGHTS.iter().any(|column| message.contains(column))
        || message.contains("mbiguous") && WEIGHTS.iter().any(|column| message.contains(column))
}

/// Whether a statement takes into account that rows may be sampled.
pub(crate) fn weighs(sql: &str) -> bool {
    let sql = sql.to_ascii_lowercase();
    sql.contains(WEIGHTS[1]) || Kind::ALL.into_iter().any(|kind| sql.contains(kind.name()))
}

/// The same statement with both arguments at every call of a function of these.
pub(crate) fn with_weights(statement: Statement) -> Statement {
    with_calls(statement, complete_call)
}

fn complete_call(function: &mut Function) {
    let name = function.name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.as_str());
    let Some(kind) = name.and_then(Kind::by_name) else { return };
    let FunctionArguments::List(list) = &mut function.args else { return };
    // `approx_count(*)`, as one writes `count(*)`.
    if kind == Kind::Count && matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) {
        list.args.clear();
    }
    if list.args.len() == kind.written() {
        list.args.extend(
            WEIGHTS.map(|column| FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(Ident::new(column))))),
        );
    }
}
