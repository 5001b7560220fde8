//! Trees to text, in one line.
//!
//! Owns the canonical form: what is printed parses to the same tree, and equal trees print alike. Line breaks are in
//! [`super::pretty`].

use std::fmt::{self, Display, Formatter, Write as _};

use crate::duration::format_duration;
use crate::labels::{METRIC_NAME, is_plain_label_name};
use crate::matcher::MatchOperator;
use crate::number::{format_general, format_plain, quote, quote_bytes};

use super::tree::{
    Aggregate, At, Binary, Cardinality, Duration, DurationOperator, Expr, Matching, NumberLiteral, RangeEnds, Subquery,
    VectorSelector,
};

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(out),
            Self::String(text) => {
                out.write_str(&quote_bytes(text.raw_bytes.as_deref().unwrap_or(text.value.as_bytes())))
            }
            Self::Selector(selector) => {
                write!(out, "{}", bare_selector(selector))?;
                write!(out, "{}", at(selector.at))?;
                write!(out, "{}{}", ends(selector.range_ends), offset(selector.offset.as_ref()))
            }
            Self::Matrix(matrix) => {
                let selector = &matrix.selector;
                write!(out, "{}[{}]", bare_selector(selector), matrix.range)?;
                write!(out, "{}{}", ends(selector.range_ends), at(selector.at))?;
                write!(out, "{}", offset(selector.offset.as_ref()))
            }
            Self::Subquery(subquery) => write!(out, "{}{}", subquery.expr, subquery_suffix(subquery)),
            Self::Paren(paren) => write!(out, "({})", paren.expr),
            Self::Unary(unary) => write!(out, "{}{}", if unary.is_minus { '-' } else { '+' }, unary.expr),
            Self::Binary(binary) => write!(out, "{} {} {}", binary.left, operator(binary), binary.right),
            Self::Call(call) => {
                let args: Vec<String> = call.args.iter().map(ToString::to_string).collect();
                write!(out, "{}({})", call.function.name, args.join(", "))
            }
            Self::Aggregate(aggregate) => {
                write!(out, "{}(", aggregate_head(aggregate))?;
                if let Some(parameter) = &aggregate.parameter {
                    write!(out, "{parameter}, ")?;
                }
                write!(out, "{})", aggregate.expr)
            }
            Self::Missing(_) => Ok(()),
        }
    }
}

impl Display for NumberLiteral {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if self.is_duration {
            out.write_str(&format_duration((self.value * 1000.0).round() as i64))
        } else {
            out.write_str(&format_plain(self.value))
        }
    }
}

impl Display for Duration {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            // Alone it is always a duration, so that `[300]` and `[5m]` print alike.
            Self::Literal(_) => out.write_str(&format_duration(self.literal_ms().unwrap_or(0))),
            _ => fmt_duration_part(self, out),
        }
    }
}

fn fmt_duration_part(duration: &Duration, out: &mut Formatter<'_>) -> fmt::Result {
    match duration {
        Duration::Literal(literal) => literal.fmt(out),
        Duration::Step(_) => out.write_str("step()"),
        Duration::Range(_) => out.write_str("range()"),
        Duration::Paren(inner, _) => {
            out.write_char('(')?;
            fmt_duration_part(inner, out)?;
            out.write_char(')')
        }
        Duration::Negative(inner, _) => {
            out.write_char('-')?;
            fmt_duration_part(inner, out)
        }
        Duration::Arithmetic(node) => {
            let (before, between, behind) = match node.operator {
                DurationOperator::Add => ("", " + ", ""),
                DurationOperator::Subtract => ("", " - ", ""),
                DurationOperator::Multiply => ("", " * ", ""),
                DurationOperator::Divide => ("", " / ", ""),
                DurationOperator::Modulo => ("", " % ", ""),
                DurationOperator::Power => ("", " ^ ", ""),
                DurationOperator::MinOf => ("min_of(", ", ", ")"),
                DurationOperator::MaxOf => ("max_of(", ", ", ")"),
            };
            out.write_str(before)?;
            fmt_duration_part(&node.left, out)?;
            out.write_str(between)?;
            fmt_duration_part(&node.right, out)?;
            out.write_str(behind)
        }
    }
}

fn bare_selector(selector: &VectorSelector) -> String {
    let name = selector.name.as_deref().unwrap_or("");
    let is_name = |matcher: &&crate::matcher::Matcher| {
        matcher.name == METRIC_NAME
            && matcher.operator == MatchOperator::Equal
            && matcher.value == name
            && !name.is_empty()
    };
    let mut matchers: Vec<String> =
        selector.matchers.iter().filter(|matcher| !is_name(matcher)).map(ToString::to_string).collect();
    matchers.sort();
    match (matchers.is_empty(), name) {
        (true, "") => "{}".to_owned(),
        (true, name) => name.to_owned(),
        (false, name) => format!("{name}{{{}}}", matchers.join(",")),
    }
}

fn at(at: Option<At>) -> String {
    match at {
        None => String::new(),
        Some(At::Timestamp(milliseconds)) => format!(" @ {:.3}", milliseconds as f64 / 1000.0),
        Some(At::Start) => " @ start()".to_owned(),
        Some(At::End) => " @ end()".to_owned(),
    }
}

fn ends(ends: RangeEnds) -> &'static str {
    match ends {
        RangeEnds::Plain => "",
        RangeEnds::Anchored => " anchored",
        RangeEnds::Smoothed => " smoothed",
    }
}

fn offset(offset: Option<&Duration>) -> String {
    match offset {
        Some(offset) if offset.literal_ms() != Some(0) => format!(" offset {offset}"),
        _ => String::new(),
    }
}

pub(super) fn subquery_suffix(subquery: &Subquery) -> String {
    let step = subquery.step.as_ref().map_or_else(String::new, ToString::to_string);
    format!("[{}:{step}]{}{}", subquery.range, at(subquery.at), offset(subquery.offset.as_ref()))
}

/// The operator with its modifiers.
pub(super) fn operator(binary: &Binary) -> String {
    let mut text = binary.operator.as_str().to_owned();
    if binary.return_bool {
        text.push_str(" bool");
    }
    push_matching(&mut text, &binary.matching);
    text
}

fn push_matching(text: &mut String, matching: &Matching) {
    let grouping = match matching.cardinality {
        Cardinality::ManyToOne => Some("group_left"),
        Cardinality::OneToMany => Some("group_right"),
        Cardinality::OneToOne | Cardinality::ManyToMany => None,
    };
    // An empty `ignoring ()` says nothing, except that a grouping cannot stand without it.
    if matching.on || !matching.labels.is_empty() || grouping.is_some() {
        let word = if matching.on { "on" } else { "ignoring" };
        text.push_str(&format!(" {word} ({})", label_list(&matching.labels)));
    }
    if let Some(grouping) = grouping {
        text.push_str(&format!(" {grouping} ({})", label_list(&matching.include)));
    }
    match (matching.fill_left, matching.fill_right) {
        (Some(left), Some(right)) if left == right => text.push_str(&format!(" fill ({})", format_general(left))),
        (left, right) => {
            for (word, value) in [("fill_left", left), ("fill_right", right)] {
                if let Some(value) = value {
                    text.push_str(&format!(" {word} ({})", format_general(value)));
                }
            }
        }
    }
}

/// The aggregation with its modifier, up to the parenthesis.
pub(super) fn aggregate_head(aggregate: &Aggregate) -> String {
    let name = aggregate.operator.as_str();
    if aggregate.without {
        format!("{name} without ({}) ", label_list(&aggregate.grouping))
    } else if aggregate.grouping.is_empty() {
        name.to_owned()
    } else {
        format!("{name} by ({}) ", label_list(&aggregate.grouping))
    }
}

fn label_list(labels: &[String]) -> String {
    let quoted: Vec<String> =
        labels.iter().map(|label| if is_plain_label_name(label) { label.clone() } else { quote(label) }).collect();
    quoted.join(", ")
}
