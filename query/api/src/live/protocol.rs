//! What clients say: a JSON object a message.
//!
//! Owns reading and judging it. What is wrong is told to the client with the number of its subscription; it costs nothing
//! else.

use serde::Deserialize;
use spanlake_promql::syntax::parser::parse_expression;
use spanlake_promql::syntax::tree::{Expr, ValueType};
use spanlake_schemas::tables::Table;

/// Steps of one answer, as Prometheus has it.
const STEPS_MAX: i64 = 11_000;
const MILLIS: f64 = 1e3;
/// Times that are none: far before and behind what is stored.
const SECONDS_MAX: f64 = 1e11;

/// A message.
#[derive(Debug)]
pub(super) enum Message {
    Subscribe { id: u32, to: Topic },
    Unsubscribe { id: u32 },
}

/// What is subscribed to.
#[derive(Debug)]
pub(super) enum Topic {
    /// PromQL at every step from a time on.
    Range { expr: Box<Expr>, step_ms: i64, from_ms: i64 },
    /// PromQL now: what is the last value.
    Instant { expr: Box<Expr> },
    /// Log records from a time on.
    Logs { filter: LogFilter, from_ns: i64 },
    /// That rows of a table have come.
    Arrivals { table: Table },
}

/// Which log records are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogFilter {
    pub(super) service: Option<String>,
    pub(super) severity_min: Option<i32>,
    /// Part of the body, in either case.
    pub(super) text: Option<String>,
}

/// Why a message cannot be followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) id: Option<u32>,
    pub(super) message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    op: String,
    id: Option<u32>,
    kind: Option<String>,
    query: Option<String>,
    step: Option<f64>,
    from: Option<f64>,
    table: Option<String>,
    service: Option<String>,
    severity_min: Option<i32>,
    text: Option<String>,
}

/// Reads a message; `now_ms` judges how many steps are asked for.
pub(super) fn read(text: &str, now_ms: i64) -> Result<Message, Wrong> {
    let raw: Raw = serde_json::from_str(text)
        .map_err(|error| Wrong { id: None, message: format!("not a message of this protocol: {error}") })?;
    let Some(id) = raw.id else { return Err(Wrong { id: None, message: "\"id\" is missing".to_owned() }) };
    match raw.op.as_str() {
        "subscribe" => topic(raw, now_ms)
            .map(|to| Message::Subscribe { id, to })
            .map_err(|message| Wrong { id: Some(id), message }),
        "unsubscribe" => Ok(Message::Unsubscribe { id }),
        other => Err(Wrong { id: Some(id), message: format!("there is no op {other:?}") }),
    }
}

fn topic(raw: Raw, now_ms: i64) -> Result<Topic, String> {
    match raw.kind.as_deref().unwrap_or_default() {
        "range" => {
            let step_ms = millis(raw.step, "step")?;
            let from_ms = millis(raw.from, "from")?;
            if step_ms < 1 {
                return Err("\"step\" must be at least a millisecond".to_owned());
            }
            if now_ms.saturating_sub(from_ms) / step_ms > STEPS_MAX {
                return Err(format!("more than {STEPS_MAX} steps up to now: widen \"step\" or begin later"));
            }
            let expr = expression(raw.query)?;
            if !matches!(expr.value_type(), ValueType::Scalar | ValueType::Vector) {
                return Err(
                    "invalid expression type for a query over time, must be Scalar or instant Vector".to_owned()
                );
            }
            Ok(Topic::Range { expr, step_ms, from_ms })
        }
        "instant" => Ok(Topic::Instant { expr: expression(raw.query)? }),
        "logs" => {
            let from_ns = millis(raw.from, "from")?.saturating_mul(1_000_000);
            let filter = LogFilter { service: raw.service, severity_min: raw.severity_min, text: raw.text };
            Ok(Topic::Logs { filter, from_ns })
        }
        "arrivals" => match raw.table.as_deref() {
            Some("spans") => Ok(Topic::Arrivals { table: Table::Spans }),
            Some("logs") => Ok(Topic::Arrivals { table: Table::Logs }),
            Some("metrics") => Ok(Topic::Arrivals { table: Table::Points }),
            other => Err(format!("\"table\" is spans, logs or metrics, not {other:?}")),
        },
        other => Err(format!("\"kind\" is range, instant, logs or arrivals, not {other:?}")),
    }
}

fn expression(text: Option<String>) -> Result<Box<Expr>, String> {
    let text = text.ok_or("\"query\" is missing")?;
    // The words of Prometheus's API, so that a page reads the place in them as it does there.
    parse_expression(&text).map(Box::new).map_err(|error| format!("invalid parameter \"query\": {error}"))
}

fn millis(seconds: Option<f64>, name: &str) -> Result<i64, String> {
    let seconds = seconds.ok_or_else(|| format!("\"{name}\" is missing"))?;
    if !seconds.is_finite() || seconds.abs() > SECONDS_MAX {
        return Err(format!("\"{name}\" is no number of seconds: {seconds}"));
    }
    #[allow(clippy::cast_possible_truncation, reason = "checked above")]
    Ok((seconds * MILLIS).round() as i64)
}
