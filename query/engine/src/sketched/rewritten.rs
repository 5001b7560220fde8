//! The query that asks sketches.
//!
//! Owns its text: where its rows come from and what its calls become. Never decides whether it is asked.

use std::ops::ControlFlow;

use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Function, Ident, OrderByKind, Query, SelectItem, SetExpr, Statement as SqlStatement, TableFactor,
    visit_expressions_mut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use spanlake_sampler::estimate::sketched::Part;

use super::question::{Asked, CELLS, PARENT, Question, asked, estimate};
use super::range::{Known, RESOLUTION_MAX, Range, moment};
use crate::approx::{Kind, SKETCHED};
use crate::session::{SEALED_SPANS, UNSEALED_SPANS};

/// Sums over rows of spans and sketches are weighed by it.
const WEIGHT: &str = "sketch_weight";
const PART: &str = "sketch_part";
/// What a sketch says of durations, in the order in which quantiles take it.
const HISTOGRAM: [&str; 7] =
    ["scale", "zero_count", "bucket_offset", "bucket_counts", "count", "duration_min", "duration_max"];

/// Puts sketches into the query. `names` are those of its columns where it is the outermost.
pub(super) fn rewrite(query: &mut Query, question: &Question, known: &Known, names: &[String]) -> ControlFlow<()> {
    let Some(rows) = parsed(&format!("SELECT * FROM ({}) AS {}", rows(question, known), question.alias)) else {
        return ControlFlow::Break(());
    };
    let SetExpr::Select(select) = query.body.as_mut() else { return ControlFlow::Break(()) };
    for (position, item) in select.projection.iter_mut().enumerate() {
        let before = item.to_string();
        let _ = visit_expressions_mut(item, |expr| call(expr, question));
        if let SelectItem::UnnamedExpr(expr) = item
            && expr.to_string() != before
            && let Some(name) = names.get(position)
        {
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
        }
    }
    if let Some(having) = &mut select.having {
        let _ = visit_expressions_mut(having, |expr| call(expr, question));
    }
    if let Some(OrderByKind::Expressions(order)) = query.order_by.as_mut().map(|order| &mut order.kind) {
        for by in order {
            let _ = visit_expressions_mut(&mut by.expr, |expr| call(expr, question));
        }
    }
    select.selection = None;
    match select.from.first_mut() {
        Some(table) => table.relation = rows,
        None => return ControlFlow::Break(()),
    }
    ControlFlow::Continue(())
}

/// All of the conditions.
pub(super) fn all(conditions: &[Expr]) -> String {
    let each: Vec<String> = conditions.iter().map(|condition| format!("({condition})")).collect();
    if each.is_empty() { "true".to_owned() } else { each.join(" AND ") }
}

/// Spans that no sketch counts, sketches in the range, those at its ends, and kept spans there.
fn rows(question: &Question, known: &Known) -> String {
    let (cells, times) = (all(&question.cells), all(&question.times));
    let covered = within("start_time", known.covered);
    let mut rows = vec![
        spans(question, UNSEALED_SPANS, Part::Uncounted, &format!("{times} AND {cells}")),
        sketches(question, Part::Whole, "time", &format!("{} AND {cells}", within("time", known.covered))),
    ];
    if known.asked != known.covered {
        let at_ends = format!("{times} AND {cells} AND NOT ({covered})");
        rows.push(spans(question, SEALED_SPANS, Part::AtCut, &at_ends));
        // It belongs to the step of time in which the range begins.
        let start = known.asked.start.map(|start| format!("greatest(time, {})", moment(start)));
        let start = start.as_deref().unwrap_or("time");
        rows.push(sketches(question, Part::Cut, start, &format!("({}) AND {cells}", cut(known.asked))));
    }
    if question.asks_quantile {
        let counted = format!("{times} AND {cells} AND {covered}");
        rows.push(spans(question, SEALED_SPANS, Part::Counted, &counted));
    }
    rows.join(" UNION ALL ")
}

/// The columns that conditions and groups may name, of spans or of sketches.
fn cells(question: &Question) -> String {
    let mut cells = CELLS.join(", ");
    if question.asks_parent {
        cells += &format!(", CASE WHEN {PARENT} IS NULL THEN NULL ELSE 1 END AS {PARENT}");
    }
    cells
}

fn spans(question: &Question, table: &str, part: Part, conditions: &str) -> String {
    let histogram: String = if question.asks_quantile {
        HISTOGRAM.map(|column| format!(", NULL AS {}", hidden(column))).concat()
    } else {
        String::new()
    };
    format!(
        "SELECT {}, start_time, CAST(duration AS DOUBLE) AS duration, CAST(1 AS DOUBLE) AS {WEIGHT}, \
         {} AS {PART}, trace_id, sampling_probability{histogram} FROM {table} AS {} WHERE {conditions}",
        cells(question),
        part.code(),
        question.alias
    )
}

fn sketches(question: &Question, part: Part, start: &str, conditions: &str) -> String {
    let histogram: String = if question.asks_quantile {
        HISTOGRAM.map(|column| format!(", {column} AS {}", hidden(column))).concat()
    } else {
        String::new()
    };
    format!(
        "SELECT {}, {start} AS start_time, duration_sum AS duration, \"count\" AS {WEIGHT}, {} AS {PART}, \
         NULL AS trace_id, NULL AS sampling_probability{histogram} FROM {} AS {} WHERE {conditions}",
        cells(question),
        part.code(),
        sketch_rows(question),
        question.alias
    )
}

/// Sketches as a relation with the columns that conditions name.
pub(super) fn sketch_rows(question: &Question) -> String {
    match question.asks_parent {
        true => format!("(SELECT *, CASE WHEN is_root THEN NULL ELSE 1 END AS {PARENT} FROM span_red)"),
        false => "span_red".to_owned(),
    }
}

/// The name of a histogram's column beside those of spans.
fn hidden(column: &str) -> String {
    format!("sketch_{column}")
}

fn within(column: &str, range: Range) -> String {
    let start = range.start.map(|start| format!("{column} >= {}", moment(start)));
    let end = range.end.map(|end| format!("{column} < {}", moment(end)));
    let both: Vec<String> = start.into_iter().chain(end).collect();
    if both.is_empty() { "true".to_owned() } else { both.join(" AND ") }
}

/// Whether a rollup has an end of the range inside.
fn cut(asked: Range) -> String {
    // The bounds of `time` alone leave out files.
    let at = |at: i64| {
        let (first, last) = (moment(at.saturating_sub(RESOLUTION_MAX)), moment(at));
        format!("time > {first} AND time < {last} AND CAST(time AS BIGINT) + resolution * 1000000000 > {at}")
    };
    let ends: Vec<String> = asked.start.into_iter().chain(asked.end).map(|end| format!("({})", at(end))).collect();
    ends.join(" OR ")
}

/// An estimate's call becomes one that knows parts.
fn call(expr: &mut Expr, question: &Question) -> ControlFlow<()> {
    if let Expr::Function(function) = expr
        && let Some((kind, arguments)) = estimate(function)
        && let Some(changed) = parsed_call(&text_of_call(kind, &arguments, question))
    {
        let filter = function.filter.take();
        *expr = Expr::Function(Function { filter, ..changed });
    }
    ControlFlow::Continue(())
}

fn text_of_call(kind: Kind, arguments: &[Expr], question: &Question) -> String {
    let [total, ratio, quantile] = SKETCHED;
    let rest = format!("{PART}, trace_id, sampling_probability");
    let sum = |argument: &Expr| match asked(argument, &question.alias) {
        Asked::OfCell(expr) => format!("CAST(({expr}) AS DOUBLE) * {WEIGHT}"),
        Asked::Duration(expr) => format!("CAST(({expr}) AS DOUBLE)"),
    };
    match (kind, arguments) {
        (Kind::Sum, [of]) => format!("{total}({}, {rest})", sum(of)),
        (Kind::Avg, [of]) => {
            format!("{ratio}({}, CASE WHEN ({of}) IS NULL THEN NULL ELSE {WEIGHT} END, {rest})", sum(of))
        }
        (Kind::Ratio, [a, b]) => format!("{ratio}({}, {}, {rest})", sum(a), sum(b)),
        (Kind::Quantile, [of, q]) => {
            let mut factor = of.clone();
            let _ = visit_expressions_mut(&mut factor, |expr| {
                if matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    *expr = Expr::value(datafusion::sql::sqlparser::ast::Value::Number("1.0".into(), false));
                }
                ControlFlow::<()>::Continue(())
            });
            let histogram = HISTOGRAM.map(hidden).join(", ");
            format!("{quantile}(duration, {q}, CAST({factor} AS DOUBLE), {histogram}, {rest})")
        }
        _ => format!("{total}({WEIGHT}, {rest})"),
    }
}

fn parsed_call(text: &str) -> Option<Function> {
    let query = parsed_query(&format!("SELECT {text}"))?;
    let SetExpr::Select(select) = *query.body else { return None };
    match select.projection.into_iter().next()? {
        SelectItem::UnnamedExpr(Expr::Function(function)) => Some(function),
        _ => None,
    }
}

/// The relation that a query takes its rows from.
fn parsed(text: &str) -> Option<TableFactor> {
    let query = parsed_query(text)?;
    let SetExpr::Select(select) = *query.body else { return None };
    select.from.into_iter().next().map(|table| table.relation)
}

fn parsed_query(text: &str) -> Option<Box<Query>> {
    let dialect = GenericDialect {};
    let mut parser = DFParserBuilder::new(text).with_dialect(&dialect).build().ok()?;
    match parser.parse_statement().ok()? {
        Statement::Statement(statement) => match *statement {
            SqlStatement::Query(query) => Some(query),
            _ => None,
        },
        _ => None,
    }
}
