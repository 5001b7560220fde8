//! What a query asks, where it asks no more of each span than a sketch knows of a whole series.
//!
//! Owns that judgement, of the text alone: anything that is not plainly understood is no such question. Never looks at
//! data.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Query,
    Select, SelectItem, SetExpr, TableFactor, Value, visit_expressions, visit_expressions_mut,
};

use crate::approx::Kind;

/// What else does, where it is asked whether it is there: spans without a parent are counted apart.
pub(super) const PARENT: &str = "parent_span_id";
/// What distinguishes the series of sketches.
pub(super) const CELLS: [&str; 4] = ["service_name", "name", "kind", "status_code"];
/// Other columns that rows have once sketches stand beside spans.
const OTHERS: [&str; 4] = ["start_time", "duration", "trace_id", "sampling_probability"];

/// A query that sketches can answer.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// By which name its columns are called.
    pub(super) alias: String,
    /// Conditions on what distinguishes series.
    pub(super) cells: Vec<Expr>,
    /// Conditions on `start_time`, as written.
    pub(super) times: Vec<Expr>,
    pub(super) bounds: Vec<Bound>,
    /// Intervals by which it groups time.
    pub(super) steps: Vec<Expr>,
    pub(super) asks_quantile: bool,
    /// Whether it asks for spans with, or without, a parent.
    pub(super) asks_parent: bool,
    has_unnamed: bool,
}

/// A constant that `start_time` is compared with.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) moment: Expr,
    /// From then on; otherwise until then.
    pub(super) is_start: bool,
    /// Whether the moment itself belongs to the range.
    pub(super) is_included: bool,
}

/// What is asked of a span.
pub(super) enum Asked {
    /// Something of its service, operation, kind and status.
    OfCell(Expr),
    /// Its duration, times a constant.
    Duration(Expr),
}

impl Question {
    /// The question, if it is one. `is_scalar` knows functions of single rows.
    pub(super) fn of(query: &Query, is_scalar: &dyn Fn(&str) -> bool) -> Option<Self> {
        let select = plain_select(query)?;
        let mut question = Self {
            alias: table_alias(select)?,
            cells: Vec::new(),
            times: Vec::new(),
            bounds: Vec::new(),
            steps: Vec::new(),
            asks_quantile: false,
            asks_parent: names_parent(query, &table_alias(select)?),
            has_unnamed: false,
        };
        question.read_conditions(select.selection.as_ref(), is_scalar)?;
        question.read_output(query, select, is_scalar)?;
        Some(question)
    }

    /// Whether every number that it asks for has a name of its own.
    pub(super) fn names_all(&self) -> bool {
        !self.has_unnamed
    }

    fn read_conditions(&mut self, selection: Option<&Expr>, is_scalar: &dyn Fn(&str) -> bool) -> Option<()> {
        for condition in selection.map(conjuncts).unwrap_or_default() {
            if is_known(condition, &self.alias, &|name| CELLS.contains(&name), is_scalar) {
                self.cells.push(condition.clone());
            } else {
                self.bounds.extend(time_bounds(condition, &self.alias, is_scalar)?);
                self.times.push(condition.clone());
            }
        }
        Some(())
    }

    fn read_output(&mut self, query: &Query, select: &Select, is_scalar: &dyn Fn(&str) -> bool) -> Option<()> {
        let mut aliases = HashSet::new();
        let mut output = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    self.has_unnamed |= !calls(expr).1.is_empty();
                    output.push(expr);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    aliases.insert(alias.value.as_str());
                    output.push(expr);
                }
                _ => return None,
            }
        }
        if aliases.iter().any(|alias| OTHERS.contains(alias)) {
            return None;
        }
        let GroupByExpr::Expressions(groups, modifiers) = &select.group_by else { return None };
        let order = match query.order_by.as_ref().map(|order| &order.kind) {
            None => Vec::new(),
            Some(datafusion::sql::sqlparser::ast::OrderByKind::Expressions(by)) => {
                by.iter().map(|by| &by.expr).collect()
            }
            Some(_) => return None,
        };
        let mut asks = false;
        for expr in output.into_iter().chain(groups).chain(&select.having).chain(order) {
            let (rest, found) = calls(expr);
            let is_column = |name: &str| CELLS.contains(&name) || aliases.contains(name);
            if !is_known(&rest, &self.alias, &is_column, is_scalar) {
                return None;
            }
            for call in &found {
                asks |= self.read_call(call, is_scalar)?;
            }
        }
        (asks && modifiers.is_empty()).then_some(())
    }

    /// Whether the call asks for an estimate, if it is understood.
    fn read_call(&mut self, call: &Function, is_scalar: &dyn Fn(&str) -> bool) -> Option<bool> {
        if let Some(step) = step(call, &self.alias) {
            self.steps.push(step);
            return Some(false);
        }
        let (kind, arguments) = estimate(call)?;
        let is_of_cell = |expr: &Expr| is_known(expr, &self.alias, &|name| CELLS.contains(&name), is_scalar);
        if call.over.is_some() || call.filter.as_deref().is_some_and(|filter| !is_of_cell(filter)) {
            return None;
        }
        if kind == Kind::Quantile {
            self.asks_quantile = true;
            return is_linear(arguments.first()?, &self.alias).then_some(true);
        }
        let is_understood = arguments.iter().all(|argument| is_of_cell(argument) || is_linear(argument, &self.alias));
        is_understood.then_some(true)
    }
}

/// What the argument of a call asks, which a question has.
pub(super) fn asked(argument: &Expr, alias: &str) -> Asked {
    if is_linear(argument, alias) { Asked::Duration(argument.clone()) } else { Asked::OfCell(argument.clone()) }
}

/// Which estimate a call is, and its arguments without the trace and its probability.
pub(super) fn estimate(call: &Function) -> Option<(Kind, Vec<Expr>)> {
    let kind = Kind::by_name(&single_name(call)?)?;
    let arguments = arguments(call)?;
    let (written, weights) = arguments.split_at_checked(kind.written())?;
    let are_own = weights.iter().map(ToString::to_string).eq(["trace_id", "sampling_probability"]);
    are_own.then(|| (kind, written.to_vec()))
}

/// An expression with a number in the place of each estimate and of each step of time, and those.
fn calls(expr: &Expr) -> (Expr, Vec<Function>) {
    let mut rest = expr.clone();
    let mut found = Vec::new();
    let _ = visit_expressions_mut(&mut rest, |expr| {
        if let Expr::Function(function) = expr {
            let name = single_name(function).unwrap_or_default();
            if Kind::by_name(&name).is_some() || name == "date_bin" || name == "date_trunc" {
                found.push(function.clone());
                *expr = Expr::value(Value::Number("1".into(), false));
            }
        }
        ControlFlow::<()>::Continue(())
    });
    (rest, found)
}

/// `date_bin(interval, start_time)` and `date_trunc('hour', start_time)`: the interval.
fn step(call: &Function, alias: &str) -> Option<Expr> {
    let arguments = arguments(call)?;
    let [first, time] = arguments.as_slice() else { return None };
    if column(time, alias).as_deref() != Some("start_time") || has_columns(first) {
        return None;
    }
    match single_name(call)?.as_str() {
        "date_bin" => Some(first.clone()),
        "date_trunc" => {
            let Expr::Value(unit) = first else { return None };
            let unit = unit.value.clone().into_string()?.to_ascii_lowercase();
            ["minute", "hour", "day"].contains(&unit.as_str()).then(|| interval(&unit))
        }
        _ => None,
    }
}

fn interval(unit: &str) -> Expr {
    // As a cast, which needs no form of the interval of its own.
    Expr::Cast {
        kind: datafusion::sql::sqlparser::ast::CastKind::Cast,
        expr: Box::new(Expr::value(Value::SingleQuotedString(format!("1 {unit}")))),
        data_type: DataType::Interval { fields: None, precision: None },
        array: false,
        format: None,
    }
}

/// A SELECT with no more than columns, one table, WHERE, GROUP BY, HAVING, ORDER BY and LIMIT.
fn plain_select(query: &Query) -> Option<&Select> {
    let SetExpr::Select(select) = query.body.as_ref() else { return None };
    let mut bare = select.as_ref().clone();
    bare.projection = vec![SelectItem::UnnamedExpr(Expr::value(Value::Null))];
    (bare.from, bare.selection, bare.having) = (Vec::new(), None, None);
    bare.group_by = GroupByExpr::Expressions(Vec::new(), Vec::new());
    let mut around = query.clone();
    (around.with, around.order_by, around.limit_clause) = (None, None, None);
    *around.body = SetExpr::Select(Box::new(bare));
    let names_spans = query.with.iter().flat_map(|with| &with.cte_tables).any(|cte| cte.alias.name.value == "spans");
    (around.to_string() == "SELECT NULL" && !names_spans).then_some(select)
}

/// The name by which the query calls its only table, `spans`.
fn table_alias(select: &Select) -> Option<String> {
    let [table] = select.from.as_slice() else { return None };
    let TableFactor::Table { name, alias, .. } = &table.relation else { return None };
    let mut bare = table.clone();
    if let TableFactor::Table { alias, .. } = &mut bare.relation {
        *alias = None;
    }
    let [part] = name.0.as_slice() else { return None };
    let is_spans = part.as_ident()?.value.eq_ignore_ascii_case("spans");
    let is_bare = bare.to_string() == name.to_string() && alias.as_ref().is_none_or(|alias| alias.columns.is_empty());
    let alias = alias.as_ref().map_or_else(|| "spans".to_owned(), |alias| alias.name.to_string());
    (is_spans && is_bare).then_some(alias)
}

fn conjuncts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Nested(inner) => conjuncts(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut both = conjuncts(left);
            both.extend(conjuncts(right));
            both
        }
        other => vec![other],
    }
}

/// The bounds that a comparison of `start_time` with constants sets.
fn time_bounds(expr: &Expr, alias: &str, is_scalar: &dyn Fn(&str) -> bool) -> Option<Vec<Bound>> {
    let is_time = |expr: &Expr| column(expr, alias).as_deref() == Some("start_time");
    let is_constant = |expr: &Expr| is_known(expr, alias, &|_| false, is_scalar);
    let bound = |moment: &Expr, is_start, is_included| Bound { moment: moment.clone(), is_start, is_included };
    match expr {
        Expr::Between { expr, negated: false, low, high } if is_time(expr) && is_constant(low) && is_constant(high) => {
            Some(vec![bound(low, true, true), bound(high, false, true)])
        }
        Expr::BinaryOp { left, op, right } => {
            let (moment, is_reversed) = match (is_time(left), is_time(right)) {
                (true, false) => (right, false),
                (false, true) => (left, true),
                _ => return None,
            };
            let (is_start, is_included) = match op {
                BinaryOperator::Gt => (true, false),
                BinaryOperator::GtEq => (true, true),
                BinaryOperator::Lt => (false, false),
                BinaryOperator::LtEq => (false, true),
                _ => return None,
            };
            is_constant(moment).then(|| vec![bound(moment, is_start != is_reversed, is_included)])
        }
        _ => None,
    }
}

/// Whether a part of the query names the column of a span's parent.
fn names_parent(query: &Query, alias: &str) -> bool {
    let names = |part: &Expr| column(part, alias).is_some_and(|name| name == PARENT);
    visit_expressions(query, |part| if names(part) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        .is_break()
}

/// The expression with a constant wherever it asks whether a span has a parent.
fn without_parent(expr: &Expr, alias: &str) -> Expr {
    let mut rest = expr.clone();
    let _ = visit_expressions_mut(&mut rest, |part| {
        if let Expr::IsNull(of) | Expr::IsNotNull(of) = part
            && column(of, alias).is_some_and(|name| name == PARENT)
        {
            *part = Expr::value(Value::Boolean(true));
        }
        ControlFlow::<()>::Continue(())
    });
    rest
}

/// Whether an expression is made of such columns, constants, functions of single rows, and the question whether a span has a
/// parent alone.
fn is_known(expr: &Expr, alias: &str, is_column: &dyn Fn(&str) -> bool, is_scalar: &dyn Fn(&str) -> bool) -> bool {
    visit_expressions(&without_parent(expr, alias), |part| {
        let is_understood = match part {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } | Expr::Wildcard(_) => false,
            Expr::Identifier(_) => column(part, alias).is_some_and(|name| is_column(&name)),
            Expr::CompoundIdentifier(_) => column(part, alias).is_some_and(|name| CELLS.contains(&name.as_str())),
            Expr::Function(function) => {
                function.over.is_none() && single_name(function).is_some_and(|name| is_scalar(&name))
            }
            _ => true,
        };
        if is_understood { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .is_continue()
}

fn has_columns(expr: &Expr) -> bool {
    !is_known(expr, "", &|_| false, &|_| true)
}

/// The duration, perhaps as a double, and perhaps times a number: sums of it are sums of durations.
fn is_linear(expr: &Expr, alias: &str) -> bool {
    match expr {
        Expr::Nested(inner) => is_linear(inner, alias),
        Expr::Cast { expr, data_type, .. } => is_double(data_type) && is_linear(expr, alias),
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => {
            is_linear(left, alias) && number(right).is_some() || number(left).is_some() && is_linear(right, alias)
        }
        // Whole numbers divide with a remainder, which a sum does not know.
        Expr::BinaryOp { left, op: BinaryOperator::Divide, right } => {
            is_linear(left, alias) && number(right).is_some_and(|number| number.contains(['.', 'e', 'E']))
        }
        other => column(other, alias).as_deref() == Some("duration"),
    }
}

fn is_double(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Double(_) | DataType::DoublePrecision | DataType::Float64)
}

fn number(expr: &Expr) -> Option<&str> {
    let Expr::Value(value) = expr else { return None };
    let Value::Number(number, _) = &value.value else { return None };
    Some(number)
}

/// The column that an expression names, of this table.
fn column(expr: &Expr, alias: &str) -> Option<String> {
    match expr {
        Expr::Nested(inner) => column(inner, alias),
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [table, name] if table.to_string() == alias => Some(name.value.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn single_name(call: &Function) -> Option<String> {
    let [part] = call.name.0.as_slice() else { return None };
    Some(part.as_ident()?.value.to_ascii_lowercase())
}

fn arguments(call: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let of = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    };
    (list.duplicate_treatment.is_none() && list.clauses.is_empty()).then(|| list.args.iter().map(of).collect())?
}
