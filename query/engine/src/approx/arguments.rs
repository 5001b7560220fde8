//! The arguments that nobody writes: the row's trace and its probability, and whether rows were left out.
//!
//! Owns the change of a statement. Whoever writes the first two, in a join of two tables that have them, keeps them.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value};

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

/// The same statement with both weights at every call of a function of these; `over_sample` where it reads what sampling left
/// of more: a number of rows that were certain to be kept is then no count still, as nobody knows of those that were not.
pub(crate) fn with_weights(statement: Statement, over_sample: bool) -> Statement {
    with_calls(statement, |function| complete_call(function, over_sample))
}

fn complete_call(function: &mut Function, over_sample: bool) {
    let name = function.name.0.last().and_then(|part| part.as_ident()).map(|ident| ident.value.as_str());
    let Some(kind) = name.and_then(Kind::by_name) else { return };
    let FunctionArguments::List(list) = &mut function.args else { return };
    // `approx_count(*)`, as one writes `count(*)`.
    if kind == Kind::Count && matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) {
        list.args.clear();
    }
    let argument = |expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr));
    if list.args.len() == kind.written() {
        list.args.extend(WEIGHTS.map(|column| argument(Expr::Identifier(Ident::new(column)))));
    }
    if over_sample && list.args.len() == kind.written() + WEIGHTS.len() {
        list.args.push(argument(Expr::value(Value::Boolean(true))));
    }
}
