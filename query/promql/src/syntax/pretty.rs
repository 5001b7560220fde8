//! Trees to text, over several lines where one would be too long.
//!
//! Owns where lines are broken and how far they are indented. What stands in a line is in [`super::print`].

use super::print::{aggregate_head, operator, subquery_suffix};
use super::tree::Expr;

/// A part of the query that fits in so many characters stays in one line.
pub const LINE_LENGTH: usize = 100;

/// The query over several lines, as `format_query` of the HTTP API answers.
#[must_use]
pub fn pretty(expr: &Expr) -> String {
    pretty_at(expr, 0, LINE_LENGTH)
}

/// The same for another length of lines.
#[must_use]
pub fn pretty_with_length(expr: &Expr, line_length: usize) -> String {
    pretty_at(expr, 0, line_length)
}

fn pretty_at(expr: &Expr, level: usize, length: usize) -> String {
    let indent = "  ".repeat(level);
    let line = expr.to_string();
    if line.len() <= length && !matches!(expr, Expr::Unary(_) | Expr::Subquery(_)) {
        return format!("{indent}{line}");
    }
    match expr {
        Expr::Aggregate(aggregate) => {
            let parameter = aggregate.parameter.as_ref();
            let parameter =
                parameter.map_or_else(String::new, |node| format!("{},\n", pretty_at(node, level + 1, length)));
            let inner = pretty_at(&aggregate.expr, level + 1, length);
            format!("{indent}{}(\n{parameter}{inner}\n{indent})", aggregate_head(aggregate))
        }
        Expr::Binary(binary) => {
            let left = pretty_at(&binary.left, level + 1, length);
            let right = pretty_at(&binary.right, level + 1, length);
            format!("{left}\n{indent}{}\n{right}", operator(binary))
        }
        Expr::Call(call) => {
            let args: Vec<String> = call.args.iter().map(|arg| pretty_at(arg, level + 1, length)).collect();
            format!("{indent}{}(\n{}\n{indent})", call.function.name, args.join(",\n"))
        }
        Expr::Paren(paren) => format!("{indent}(\n{}\n{indent})", pretty_at(&paren.expr, level + 1, length)),
        Expr::Unary(unary) => {
            let inner = pretty_at(&unary.expr, level, length);
            format!("{indent}{}{}", if unary.is_minus { '-' } else { '+' }, inner.trim())
        }
        Expr::Subquery(subquery) if line.len() > length => {
            format!("{}{}", pretty_at(&subquery.expr, level, length), subquery_suffix(subquery))
        }
        _ => format!("{indent}{line}"),
    }
}
