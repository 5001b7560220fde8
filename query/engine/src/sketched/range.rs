//! Which part of a question's range of time sketches answer as a whole.
//!
//! Owns the look at the sketches that stand at its ends, and at whether they are certain. Never changes a statement.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use datafusion::common::Result;
use datafusion::physical_plan::collect;
use datafusion::sql::sqlparser::ast::Expr;

use super::question::Question;
use crate::session::Session;

/// The longest rollup.
pub(super) const RESOLUTION_MAX: i64 = 3600 * 1_000_000_000;
/// The series of which there were too many, as `span_red` names it.
const OVERFLOW: &str = "_overflow";

/// Ends of a range, nanoseconds since the epoch; `end` does not belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: Option<i64>,
    pub(super) end: Option<i64>,
}

/// What is known of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) asked: Range,
    /// No sketch is cut by its ends.
    pub(super) covered: Range,
}

impl Range {
    fn is_empty(self) -> bool {
        matches!((self.start, self.end), (Some(start), Some(end)) if start >= end)
    }
}

/// What sketches know of the question; `None` where it is nothing, or uncertain.
pub(super) async fn known(session: &Session, question: &Question) -> Option<Known> {
    let asked = evaluate(session, question).await?;
    let (start, end) = (asked.start.unwrap_or(i64::MIN), asked.end.unwrap_or(i64::MAX));
    if asked.is_empty() || !session.reading.has_sampled_spans_in(start, end) {
        return None;
    }
    let [ends_after, begins_before, resolution, uncertain, counted] =
        numbers(session, &sketches(question, asked)).await?;
    // A store may have spans that no sketch ever counted.
    if uncertain != Some(0) || counted < i64::try_from(session.reading.sealed_spans_in(start, end)).ok() {
        return None;
    }
    for step in &question.steps {
        let nanoseconds = step_length(session, step).await?;
        if nanoseconds % (resolution.unwrap_or(1) * 1_000_000_000) != 0 {
            return None;
        }
    }
    let covered = Range { start: ends_after.or(asked.start), end: begins_before.or(asked.end) };
    (!covered.is_empty()).then_some(Known { asked, covered })
}

/// Of the rollups that the range touches: when the last ends that its start cuts, when the first begins that its end
/// cuts, the longest, seconds, how many spans are not certain, and how many were counted in all.
fn sketches(question: &Question, asked: Range) -> String {
    let cells = super::rewritten::all(&question.cells);
    // Sketches of before spans without a parent were counted apart.
    let is_unknown = if question.asks_parent { "is_root IS NULL" } else { "false" };
    let cut = |of: &str, moment: Option<i64>, value: &str| match moment {
        Some(moment) => format!("{of}(CASE WHEN began < {moment} AND ended > {moment} THEN {value} END)"),
        None => "CAST(NULL AS BIGINT)".to_owned(),
    };
    let (after, before) = (cut("max", asked.start, "ended"), cut("min", asked.end, "began"));
    let mut times = Vec::new();
    times.extend(asked.start.map(|start| format!("time > {}", moment(start.saturating_sub(RESOLUTION_MAX)))));
    times.extend(asked.end.map(|end| format!("time < {}", moment(end))));
    let times = if times.is_empty() { "true".to_owned() } else { times.join(" AND ") };
    format!(
        "SELECT {after} AS ends_after, {before} AS begins_before, CAST(max(resolution) AS BIGINT) AS resolution, \
         CAST(coalesce(sum(CASE WHEN service_name = '{OVERFLOW}' OR {is_unknown} THEN 1 WHEN {cells} THEN spans_scaled + spans_unknown \
         ELSE 0 END), 0) AS BIGINT) AS uncertain, \
         CAST(coalesce(sum(spans), 0) AS BIGINT) AS counted \
         FROM (SELECT *, CAST(time AS BIGINT) AS began, CAST(time AS BIGINT) + resolution * 1000000000 AS ended \
         FROM {} AS sketches WHERE {times}) AS {}",
        super::rewritten::sketch_rows(question),
        question.alias
    )
}

/// The range that a question's conditions set.
async fn evaluate(session: &Session, question: &Question) -> Option<Range> {
    let mut range = Range { start: None, end: None };
    for bound in &question.bounds {
        let type_of = "'Timestamp(Nanosecond, Some(\"UTC\"))'";
        let sql = format!("SELECT CAST(arrow_cast({}, {type_of}) AS BIGINT)", bound.moment);
        let [moment] = numbers(session, &sql).await?;
        let moment = moment?;
        if bound.is_start {
            let start = if bound.is_included { moment } else { moment.saturating_add(1) };
            range.start = Some(range.start.map_or(start, |other| other.max(start)));
        } else {
            let end = if bound.is_included { moment.saturating_add(1) } else { moment };
            range.end = Some(range.end.map_or(end, |other| other.min(end)));
        }
    }
    Some(range)
}

/// Nanoseconds of an interval that is always as long: two months are not.
async fn step_length(session: &Session, step: &Expr) -> Option<i64> {
    const FEBRUARY: i64 = 31 * 86_400 * 1_000_000_000;
    let from = |moment: i64| format!("CAST(to_timestamp_nanos({moment}) + {step} AS BIGINT) - {moment}");
    let sql = format!("SELECT {} AS january, {} AS february", from(0), from(FEBRUARY));
    let [january, february] = numbers(session, &sql).await?;
    january.filter(|length| *length > 0 && january == february)
}

/// A moment as SQL.
pub(super) fn moment(nanoseconds: i64) -> String {
    format!("arrow_cast({nanoseconds}, 'Timestamp(Nanosecond, Some(\"UTC\"))')")
}

async fn rows(session: &Session, sql: &str) -> Result<Vec<RecordBatch>> {
    let plan = session.state.create_logical_plan(sql).await?;
    let plan = session.state.create_physical_plan(&plan).await?;
    collect(plan, session.state.task_ctx()).await
}

/// The only row of a statement of whole numbers. What cannot be answered is nothing that is known.
async fn numbers<const COLUMNS: usize>(session: &Session, sql: &str) -> Option<[Option<i64>; COLUMNS]> {
    let batches = rows(session, sql).await;
    let batches = batches.inspect_err(|error| tracing::debug!(%error, sql, "sketches cannot be asked")).ok()?;
    let row = batches.iter().find(|batch| batch.num_rows() > 0)?;
    let mut numbers = [None; COLUMNS];
    for (number, column) in numbers.iter_mut().zip(row.columns()) {
        let column = column.as_primitive_opt::<Int64Type>()?;
        *number = column.is_valid(0).then(|| column.value(0));
    }
    Some(numbers)
}
