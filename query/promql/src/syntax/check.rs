//! The type check of a tree.
//!
//! Owns what may be combined with what, and Prometheus's messages where it may not. Set operators get their cardinality
//! here. Never runs on a tree with errors of syntax.

use crate::labels::METRIC_NAME;
use crate::number::quote;
use crate::position::Span;

use super::functions::{FunctionName, Variadic};
use super::parser::ParseError;
use super::tree::{Aggregate, AggregateOperator, Binary, Call, Cardinality, Expr, ValueType, VectorSelector};

/// All errors of types in a tree.
pub fn check(expr: &mut Expr) -> Vec<ParseError> {
    let mut checker = Checker { errors: Vec::new() };
    checker.check(expr, false);
    checker.errors
}

struct Checker {
    errors: Vec<ParseError>,
}

impl Checker {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(ParseError { span, message: message.into(), hint: None });
    }

    fn check(&mut self, expr: &mut Expr, is_label_selector: bool) -> ValueType {
        let span = expr.span();
        match expr {
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary, span),
            Expr::Call(call) => self.call(call),
            Expr::Paren(paren) => {
                self.check(&mut paren.expr, false);
            }
            Expr::Unary(unary) => {
                let inner = self.check(&mut unary.expr, false);
                if !matches!(inner, ValueType::Scalar | ValueType::Vector) {
                    let message = format!(
                        "unary expression only allowed on expressions of type scalar or instant vector, got {}",
                        quote(inner.documented())
                    );
                    self.error(span, message);
                }
            }
            Expr::Subquery(subquery) => {
                let inner = self.check(&mut subquery.expr, false);
                if inner != ValueType::Vector {
                    let name = if inner == ValueType::Matrix { "matrix" } else { inner.documented() };
                    self.error(span, format!("subquery is only allowed on instant vector, got {name} instead"));
                }
            }
            Expr::Matrix(matrix) => self.selector(&matrix.selector, false),
            Expr::Selector(selector) => self.selector(selector, is_label_selector),
            Expr::Number(_) | Expr::String(_) | Expr::Missing(_) => {}
        }
        expr.value_type()
    }

    fn expect(&mut self, expr: &mut Expr, wanted: ValueType, context: &str) {
        let found = self.check(expr, false);
        if found != wanted {
            let message = format!("expected type {} in {context}, got {}", wanted.documented(), found.documented());
            self.error(expr.span(), message);
        }
    }

    fn aggregate(&mut self, aggregate: &mut Aggregate) {
        self.expect(&mut aggregate.expr, ValueType::Vector, "aggregation expression");
        if let Some(parameter) = &mut aggregate.parameter {
            let is_label = aggregate.operator == AggregateOperator::CountValues;
            let wanted = if is_label { ValueType::String } else { ValueType::Scalar };
            self.expect(parameter, wanted, "aggregation parameter");
        }
    }

    fn selector(&mut self, selector: &VectorSelector, is_label_selector: bool) {
        if let Some(name) = &selector.name {
            let others = &selector.matchers[..selector.matchers.len().saturating_sub(1)];
            for matcher in others.iter().filter(|matcher| matcher.name == METRIC_NAME) {
                let message =
                    format!("metric name must not be set twice: {} or {}", quote(name), quote(&matcher.value));
                self.error(selector.span, message);
            }
        } else if !is_label_selector && selector.matchers.iter().all(|matcher| matcher.matches("")) {
            self.error(selector.span, "vector selector must contain at least one non-empty matcher");
        }
    }

    // === binary operators ===

    fn binary(&mut self, binary: &mut Binary, span: Span) {
        let left = self.check(&mut binary.left, false);
        let right = self.check(&mut binary.right, false);
        let operator = binary.operator;
        if binary.return_bool && !operator.is_comparison() {
            self.error(binary.operator_span, "bool modifier can only be used on comparison operators");
        }
        let both_scalar = left == ValueType::Scalar && right == ValueType::Scalar;
        if operator.is_comparison() && !binary.return_bool && both_scalar {
            self.error(binary.operator_span, "comparisons between scalars must use BOOL modifier");
        }
        let matching = &mut binary.matching;
        if operator.is_set_operator() && matching.cardinality == Cardinality::OneToOne {
            matching.cardinality = Cardinality::ManyToMany;
        }
        if matching.on {
            for label in matching.labels.iter().filter(|label| matching.include.contains(label)) {
                let message = format!("label {} must not occur in ON and GROUP clause at once", quote(label));
                self.error(binary.operator_span, message);
            }
        }
        for (side, value_type) in [(&binary.left, left), (&binary.right, right)] {
            if !matches!(value_type, ValueType::Scalar | ValueType::Vector) {
                self.error(side.span(), "binary expression must contain only scalar and instant vector types");
            }
        }
        self.matching(binary, span, left == ValueType::Vector && right == ValueType::Vector);
        if (left == ValueType::Scalar || right == ValueType::Scalar) && operator.is_set_operator() {
            let message = format!("set operator {} not allowed in binary scalar expression", quote(operator.as_str()));
            self.error(span, message);
        }
    }

    fn matching(&mut self, binary: &mut Binary, span: Span, between_vectors: bool) {
        let matching = &binary.matching;
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        if !between_vectors {
            if !matching.labels.is_empty() {
                self.error(span, "vector matching only allowed between instant vectors");
            }
            if has_fill {
                self.error(span, "filling in missing series only allowed between instant vectors");
            }
            binary.matching = super::tree::Matching::default();
        } else if binary.operator.is_set_operator() {
            if matches!(matching.cardinality, Cardinality::OneToMany | Cardinality::ManyToOne) {
                let message = format!("no grouping allowed for {} operation", quote(binary.operator.as_str()));
                self.error(span, message);
            }
            if matching.cardinality != Cardinality::ManyToMany {
                self.error(span, "set operations must always be many-to-many");
            }
            if has_fill {
                self.error(span, "filling in missing series not allowed for set operators");
            }
        }
    }

    // === calls ===

    fn call(&mut self, call: &mut Call) {
        let function = call.function;
        let (types, name, given) = (function.args, function.name, call.args.len());
        let least = if function.variadic == Variadic::No { types.len() } else { types.len() - 1 };
        match function.variadic {
            Variadic::No if given != least => {
                let message = format!("expected {least} argument(s) in call to {}, got {given}", quote(name));
                self.error(call.span, message);
            }
            Variadic::UpTo(_) | Variadic::Any if given < least => {
                let message = format!("expected at least {least} argument(s) in call to {}, got {given}", quote(name));
                self.error(call.span, message);
            }
            Variadic::UpTo(more) if given > least + more => {
                let most = least + more;
                let message = format!("expected at most {most} argument(s) in call to {}, got {given}", quote(name));
                self.error(call.span, message);
            }
            _ => {}
        }
        let is_info = function.id == FunctionName::Info;
        if is_info && given > 1 {
            self.label_selector_of_info(&call.args[1], call.span);
        }
        for (index, arg) in call.args.iter_mut().enumerate() {
            if index >= types.len() && function.variadic == Variadic::No {
                break;
            }
            let wanted = types[index.min(types.len().saturating_sub(1))];
            let found = self.check(arg, is_info && index == 1);
            if found != wanted {
                let message = format!(
                    "expected type {} in call to function {}, got {}",
                    wanted.documented(),
                    quote(name),
                    found.documented()
                );
                self.error(arg.span(), message);
            }
        }
    }

    /// The second argument of `info()` looks like a selector, but names no metric of its own.
    fn label_selector_of_info(&mut self, arg: &Expr, call: Span) {
        if arg.value_type() != ValueType::Vector {
            let found = arg.value_type().documented();
            self.error(call, format!("expected type instant vector in call to function \"info\", got {found}"));
        }
        match arg {
            Expr::Selector(selector) if selector.name.is_some() => {
                self.error(arg.span(), "expected label selectors only, got vector selector instead");
            }
            Expr::Selector(_) => {}
            _ => self.error(arg.span(), "expected label selectors only"),
        }
    }
}
