//! Queries for series as SQL: one statement counts the spans of one pipeline by interval, labels and bucket.
//!
//! Owns the statement and what its columns are called; [`spanlake_traceql::eval::metrics::series_of_counts`] makes series
//! of its rows. `None` where a filter, a label or a value is not said in SQL.

use spanlake_traceql::eval::Operand;
use spanlake_traceql::eval::metrics::Grid;
use spanlake_traceql::syntax::literal::{Kind, Status};
use spanlake_traceql::syntax::tree::{MetricsFunction, MetricsSeries};

use crate::exact::exact_pipeline;
use crate::fields::{FieldSql, Letter, field_sql};

/// A statement that counts.
#[derive(Clone, Debug)]
pub struct SeriesSql {
    /// Columns `nth` (the interval), `n` (64-bit integers), `total`, `least`, `greatest`, `bucket` (doubles, null where there are none),
    /// and for each label `l0`, `l1` … with the text of its value and `t0`, `t1` … with the letter of its type; where
    /// exemplars are wanted also `at`, the start of the earliest span, nanoseconds.
    pub sql: String,
    labels: Vec<Letter>,
    /// What the groups are made of: columns, spans, and which of them count.
    columns: String,
    spans: String,
    needed: &'static str,
}

/// The statement for spans that also fulfil a condition of SQL.
#[must_use]
pub fn series_sql(
    series: &MetricsSeries,
    grid: &Grid,
    condition: &str,
    rows_max: usize,
    has_exemplars: bool,
) -> Option<SeriesSql> {
    let filter = exact_pipeline(&series.pipeline)?;
    let mut inner = vec![format!("{} AS nth", interval(grid))];
    let mut outer = vec!["nth".to_owned()];
    let mut labels = Vec::new();
    for (index, field) in series.by.iter().enumerate() {
        let field = field_sql(field)?;
        let letter = match &field.letter {
            Letter::Of(letter) => letter.as_str(),
            _ => "'s'",
        };
        inner.push(format!("CAST({} AS VARCHAR) AS l{index}, CAST({letter} AS VARCHAR) AS t{index}", field.value));
        outer.push(format!("l{index}, t{index}"));
        labels.push(field.letter);
    }
    let has_buckets =
        matches!(series.function, MetricsFunction::HistogramOverTime(_) | MetricsFunction::QuantileOverTime(..));
    let (sample, bucket) = match (&series.function, series.function.field()) {
        (MetricsFunction::Compare(_), _) => return None,
        (_, None) => ("CAST(NULL AS DOUBLE)".to_owned(), None),
        (_, Some(field)) => {
            let field = field_sql(field)?;
            (sample(&field), Some(bucket(&field)))
        }
    };
    inner.push(format!("{sample} AS sample"));
    let mut needed = "true";
    if let Some(bucket) = bucket {
        needed = "sample IS NOT NULL";
        if has_buckets {
            inner.push(format!("{bucket} AS bucket"));
            needed = "bucket IS NOT NULL";
        }
    }
    let groups = outer.join(", ");
    let (bucket, by_bucket) = if has_buckets { ("bucket", ", bucket") } else { ("CAST(NULL AS DOUBLE)", "") };
    let first = if has_exemplars { ", min(at) AS at" } else { "" };
    let at = if has_exemplars { ", CAST(start_time AS BIGINT) AS at" } else { "" };
    let (columns, spans) = (inner.join(", "), format!("spans WHERE {condition} AND ({filter})"));
    let sql = format!(
        "SELECT {groups}, {bucket} AS bucket, count(*) AS n, sum(sample) AS total, min(sample) AS least, \
         max(sample) AS greatest{first} FROM (SELECT {columns}{at} FROM {spans}) WHERE {needed} \
         GROUP BY {groups}{by_bucket} LIMIT {rows_max}"
    );
    Some(SeriesSql { sql, labels, columns, spans, needed })
}

impl SeriesSql {
    /// The spans that count and start at one of these moments: the columns of labels as in [`SeriesSql::sql`], `sample`,
    /// `trace_id`, `span_id`, and `at`, their start in nanoseconds.
    #[must_use]
    pub fn spans_at(&self, moments: &[i64], rows_max: usize) -> String {
        let moment = |nanos: &i64| format!("arrow_cast({nanos}, 'Timestamp(Nanosecond, Some(\"UTC\"))')");
        let moments: Vec<String> = moments.iter().map(moment).collect();
        format!(
            "SELECT * FROM (SELECT {}, trace_id, span_id, CAST(start_time AS BIGINT) AS at FROM {} AND start_time IN ({})) \
             WHERE {} LIMIT {rows_max}",
            self.columns,
            self.spans,
            moments.join(", "),
            self.needed
        )
    }

    /// The value of a label from its text and letter.
    #[must_use]
    pub fn label(&self, index: usize, text: Option<&str>, letter: Option<&str>) -> Operand<'static> {
        let Some(text) = text else { return Operand::Nil };
        let as_text = || Operand::Text(text.to_owned().into());
        match self.labels.get(index) {
            Some(Letter::Integer) => text.parse().map_or(Operand::Opaque, Operand::Int),
            Some(Letter::Duration) => text.parse().map_or(Operand::Opaque, Operand::Duration),
            Some(Letter::Status) => {
                Status::ALL.into_iter().find(|one| one.as_str() == text).map_or_else(as_text, Operand::Status)
            }
            Some(Letter::Kind) => {
                Kind::ALL.into_iter().find(|one| one.as_str() == text).map_or_else(as_text, Operand::Kind)
            }
            Some(Letter::Of(_)) => match letter {
                Some("i") => text.parse().map_or(Operand::Opaque, Operand::Int),
                Some("d") => text.parse().map_or(Operand::Opaque, Operand::Float),
                Some("b") => Operand::Bool(text == "true"),
                Some("n") => Operand::Nil,
                Some("a" | "k" | "x") => Operand::Opaque,
                _ => as_text(),
            },
            Some(Letter::Text) | None => as_text(),
        }
    }
}

/// The number of a span's interval; only spans within the grid are asked.
fn interval(grid: &Grid) -> String {
    if grid.is_instant() {
        return "CAST(0 AS BIGINT)".to_owned();
    }
    format!("(CAST(start_time AS BIGINT) - {} - 1) / {}", grid.bounds().0, grid.step())
}

/// A value as a double, durations in seconds; null where it is no number.
fn sample(field: &FieldSql) -> String {
    let value = &field.value;
    match &field.letter {
        Letter::Duration => format!("CAST({value} AS DOUBLE) / 1e9"),
        Letter::Integer => format!("CAST({value} AS DOUBLE)"),
        Letter::Of(letter) => {
            format!("CASE WHEN {letter} IN ('i', 'd') AND {value} <> 'NaN' THEN TRY_CAST({value} AS DOUBLE) END")
        }
        // The types of resources' attributes are not looked at.
        Letter::Text if value.contains("_attributes[") => format!("TRY_CAST({value} AS DOUBLE)"),
        Letter::Text | Letter::Status | Letter::Kind => "CAST(NULL AS DOUBLE)".to_owned(),
    }
}

/// The upper border of a value's bucket: the next power of two, of nanoseconds for durations.
fn bucket(field: &FieldSql) -> String {
    let next = |number: &str| format!("power(2.0, ceil(log2({number})))");
    match &field.letter {
        Letter::Duration => {
            let nanos = format!("CAST({} AS DOUBLE)", field.value);
            format!("CASE WHEN {} >= 2 THEN {} / 1e9 END", field.value, next(&nanos))
        }
        Letter::Integer => {
            let number = format!("CAST({} AS DOUBLE)", field.value);
            format!("CASE WHEN {} >= 2 THEN {} END", field.value, next(&number))
        }
        Letter::Of(letter) => {
            let number = format!("TRY_CAST({} AS DOUBLE)", field.value);
            let is_finite = format!("{number} > 0.0 AND {number} < 1e308");
            format!(
                "CASE WHEN {letter} = 'i' AND {number} >= 2.0 THEN {0} \
                 WHEN {letter} = 'd' AND {1} <> 'NaN' AND {is_finite} THEN {0} END",
                next(&number),
                field.value
            )
        }
        Letter::Text | Letter::Status | Letter::Kind => "CAST(NULL AS DOUBLE)".to_owned(),
    }
}
