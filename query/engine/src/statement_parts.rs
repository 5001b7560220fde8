//! Parts of a parsed statement that are changed before it is planned.
//!
//! Owns the way to them: into a statement that is to be explained too. Never decides what becomes of a part.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Function, Statement as SqlStatement, visit_expressions_mut};

/// The SQL of a statement, also of one that is to be explained; of nothing else is anything changed.
pub(crate) fn sql_of(statement: &mut Statement) -> Option<&mut SqlStatement> {
    match statement {
        Statement::Statement(sql) => Some(sql),
        Statement::Explain(explain) => match explain.statement.as_mut() {
            Statement::Statement(sql) => Some(sql),
            _ => None,
        },
        _ => None,
    }
}

/// The same statement with every call of a function changed.
pub(crate) fn with_calls(mut statement: Statement, change: impl Fn(&mut Function)) -> Statement {
    if let Some(sql) = sql_of(&mut statement) {
        let _ = visit_expressions_mut(sql, |expr| {
            if let Expr::Function(function) = expr {
                change(function);
            }
            ControlFlow::<()>::Continue(())
        });
    }
    statement
}
