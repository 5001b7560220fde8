//! What traces are asked for, and the windows in which they are looked for.
//!
//! A trace matches when one of its spans has the service, the operation, the status and the attributes, when the whole
//! trace is as long as asked for, and when the query finds something of it.

use std::sync::Arc;

use http::{StatusCode, Uri};
use serde::Deserialize;
use spanlake_engine::Position;
use spanlake_search::{columns_of, deciding_pipeline, span_conditions, sufficient_pipeline};
use spanlake_traceql::plan::plan;
use spanlake_traceql::position::LineColumn;
use spanlake_traceql::syntax::parser::parse_filter;
use spanlake_traceql::syntax::tree::{Body, Pipeline, Query};

use crate::error::ApiError;
use crate::parameters::{self, HOUR, SECOND, sql_moment, sql_text, sql_window};
use crate::state::OWN_SERVICE;

const STATUSES: [&str; 3] = ["error", "ok", "unset"];
const KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];
const LIMIT: usize = 20;
const LIMIT_MAX: usize = 500;
/// Clocks are this exact; a later start is sorted by its receipt.
const CLOCK_SKEW: i64 = 60 * SECOND;

/// The query string.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    pub(crate) service: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) status: Option<String>,
    /// Of the whole trace.
    pub(crate) min_duration: Option<String>,
    pub(crate) max_duration: Option<String>,
    /// Of the span that has all the rest.
    pub(crate) min_span_duration: Option<String>,
    pub(crate) max_span_duration: Option<String>,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    pub(crate) limit: Option<String>,
    pub(crate) internal: Option<String>,
    /// TraceQL, or the language of filters.
    pub(crate) filter: Option<String>,
    /// In place of `filter`, what was read already.
    #[serde(skip)]
    pub(crate) query: Option<Query>,
    /// `key=value`, each of which one span has.
    #[serde(skip)]
    pub(crate) attributes: Vec<String>,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
}

impl Parameters {
    /// Of a request; `attr` may come more than once.
    pub(crate) fn of(uri: &Uri) -> Result<Self, ApiError> {
        let pairs = || url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let attributes = pairs().filter(|(name, _)| name == "attr").map(|(_, value)| value.into_owned()).collect();
        let mut others = url::form_urlencoded::Serializer::new(String::new());
        others.extend_pairs(pairs().filter(|(name, _)| name != "attr"));
        let uri =
            format!("/?{}", others.finish()).parse().map_err(|_| ApiError::invalid("the query string is too long"))?;
        Ok(Self { attributes, ..parameters::read(&uri)? })
    }

    /// Stands for everything that says which traces match and in what order they come.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut text = String::new();
        let single = [
            &self.service,
            &self.operation,
            &self.status,
            &self.min_duration,
            &self.max_duration,
            &self.start,
            &self.end,
            &self.internal,
            &self.filter,
        ];
        let given = single.into_iter().map(|part| part.as_deref().unwrap_or_default());
        for part in given.chain(self.attributes.iter().map(String::as_str)) {
            // With its length, so that parts do not run into each other.
            text.push_str(&format!("{}:{part}", part.len()));
        }
        // What came later is named, and only where it is given: cursors of before stay good.
        for (name, part) in [
            ("kind", &self.kind),
            ("min_span_duration", &self.min_span_duration),
            ("max_span_duration", &self.max_span_duration),
        ] {
            if let Some(part) = part.as_deref().filter(|part| !part.is_empty()) {
                text.push_str(&format!("{name}={}:{part}", part.len()));
            }
        }
        xxhash_rust::xxh3::xxh3_64(text.as_bytes())
    }

    /// What one span must meet, the query excepted.
    fn conditions_on_a_span(&self) -> Result<Vec<String>, ApiError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let mut span = Vec::new();
        for (column, text) in [("service_name", &self.service), ("name", &self.operation)] {
            span.extend(given(text).map(|text| format!("{column} = {}", sql_text(&text))));
        }
        span.extend(one_of("kind", "kind", given(&self.kind), &KINDS)?);
        span.extend(one_of("status", "status_code", given(&self.status), &STATUSES)?);
        for (name, operator, text) in
            [("min_span_duration", ">=", &self.min_span_duration), ("max_span_duration", "<=", &self.max_span_duration)]
        {
            if let Some(text) = given(text) {
                span.push(format!("duration {operator} {}", parameters::length(name, &text)?));
            }
        }
        for attribute in &self.attributes {
            let (key, value) = attribute
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| ApiError::invalid(format!("attr: {attribute:?} is no key=value")))?;
            let (key, value) = (sql_text(key), sql_text(value));
            span.push(format!("(attributes[{key}] = {value} OR resource_attributes[{key}] = {value})"));
        }
        Ok(span)
    }
}

/// A condition on a column that holds one of a few words.
fn one_of(name: &str, column: &str, word: Option<String>, words: &[&str]) -> Result<Option<String>, ApiError> {
    let Some(word) = word else { return Ok(None) };
    if !words.contains(&word.as_str()) {
        return Err(ApiError::invalid(format!("{name}: {word:?} is none of {}", words.join(", "))));
    }
    Ok(Some(format!("{column} = '{word}'")))
}

/// A query that finds spans.
pub(crate) fn parse(text: &str) -> Result<Query, ApiError> {
    parse_filter(text).map_err(|errors| {
        let first = errors.errors.first();
        let place = first.map(|error| LineColumn::of(text, error.range.start));
        let position = place.map(|place| Position { line: place.line as u64, column: place.column as u64 });
        let message = first.map_or_else(|| errors.to_string(), |error| error.message.clone());
        let hint = first.and_then(|error| error.hint.clone());
        ApiError {
            position,
            hint,
            ..ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", format!("filter: {message}"))
        }
    })
}

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Spans that claim to start after this moment, which is in the future.
    Future { after: i64 },
    /// Spans that start in here.
    Past { start: i64, end: i64 },
}

impl Reach {
    pub(super) fn condition(self) -> String {
        match self {
            Self::Future { after } => format!("start_time >= {}", sql_moment(after)),
            Self::Past { start: i64::MIN, end } => format!("start_time < {}", sql_moment(end)),
            Self::Past { start, end } => sql_window("start_time", start, Some(end)),
        }
    }

    /// No row has its moment before this one.
    pub(super) const fn start(self) -> i64 {
        match self {
            Self::Future { .. } => i64::MIN,
            Self::Past { start, .. } => start,
        }
    }

    /// The window with as much more on either side.
    pub(crate) const fn wider(self, by: i64) -> Self {
        match self {
            Self::Future { after } => Self::Future { after: after.saturating_sub(by) },
            Self::Past { start, end } => Self::Past { start: start.saturating_sub(by), end: end.saturating_add(by) },
        }
    }

    /// What is newest comes first.
    pub(super) const fn order(self) -> &'static str {
        match self {
            Self::Future { .. } => "received_time",
            Self::Past { .. } => "start_time",
        }
    }
}

/// What is asked for.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Filter {
    pub(super) limit: usize,
    min_duration: Option<i64>,
    max_duration: Option<i64>,
    /// Conditions of the query, each of which some span of a matching trace meets: any one of them leads to all of these, and the
    /// first is tried first.
    pub(super) leading: Vec<String>,
    /// Conditions on one span, all of which it must meet, those of the query excepted.
    pub(crate) asked: Vec<String>,
    /// A service whose spans do not make a trace a candidate.
    pub(crate) hidden: Option<&'static str>,
    /// What must find something of the trace.
    pub(crate) query: Option<Arc<Pipeline>>,
    /// On which columns of spans it finds what it finds; all where there are none.
    pub(super) columns: Option<Vec<String>>,
    /// Whether the conditions on one span say all that the query says.
    pub(super) is_decided: bool,
    /// What is true of spans that the query surely finds; none where that cannot be said in SQL.
    pub(super) sure: Option<String>,
}

impl Filter {
    /// The filter and the windows, newest first.
    pub(crate) fn read(parameters: Parameters, now: i64) -> Result<(Self, Vec<Reach>), ApiError> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let length = |name, text: Option<String>| given(text).map(|text| parameters::length(name, &text)).transpose();
        let moment = |name, text: Option<String>| given(text).map(|text| parameters::moment(name, &text)).transpose();
        let internal = parameters::truth("internal", parameters.internal.as_deref())?;
        let asked = parameters.conditions_on_a_span()?;
        let service = given(parameters.service);
        let (mut query, mut leading) = (None, Vec::new());
        let parsed = given(parameters.filter).map(|text| parse(&text)).transpose()?;
        let (mut is_decided, mut columns, mut sure) = (false, None, None);
        if let Some(parsed) = parameters.query.or(parsed) {
            let deciding = match &parsed.body {
                Body::Spans(pipeline) => deciding_pipeline(pipeline),
                Body::Metrics(_) => None,
            };
            is_decided = deciding.is_some();
            let planned = plan(&parsed);
            let source = planned.sources.first();
            columns = source.and_then(columns_of);
            let needed = || source.map(|source| span_conditions(&source.trace)).unwrap_or_default();
            leading = deciding.map_or_else(needed, |sql| vec![format!("({sql})")]);
            if let Body::Spans(pipeline) = parsed.body {
                sure = sufficient_pipeline(&pipeline).filter(|_| !is_decided);
                query = Some(Arc::new(pipeline));
            }
        }
        let filter = Self {
            query,
            columns,
            is_decided,
            sure,
            limit: parameters::count("limit", parameters.limit.as_deref(), LIMIT, LIMIT_MAX)?,
            min_duration: length("min_duration", parameters.min_duration)?,
            max_duration: length("max_duration", parameters.max_duration)?,
            leading,
            asked,
            // Who asks for a service sees no other.
            hidden: (!internal && service.is_none()).then_some(OWN_SERVICE),
        };
        Ok((filter, windows(moment("start", parameters.start)?, moment("end", parameters.end)?, now)))
    }

    pub(crate) const fn has_duration(&self) -> bool {
        self.min_duration.is_some() || self.max_duration.is_some()
    }

    pub(super) fn takes_duration(&self, duration: i64) -> bool {
        self.min_duration.is_none_or(|min| duration >= min) && self.max_duration.is_none_or(|max| duration <= max)
    }

    /// On a span that makes its trace a candidate, besides the window, led by one of the conditions of the query.
    pub(super) fn span_conditions(&self, leading: usize) -> Vec<String> {
        let hidden = self.hidden.map(|service| format!("service_name <> '{service}'"));
        self.asked.iter().chain(self.leading.get(leading)).cloned().chain(hidden).collect()
    }

    /// How long the spans of a group must last together.
    pub(crate) fn length_conditions(&self) -> Vec<String> {
        let length = "CAST(max(end_time) - min(start_time) AS BIGINT)";
        let min = self.min_duration.map(|min| format!("{length} >= {min}"));
        min.into_iter().chain(self.max_duration.map(|max| format!("{length} <= {max}"))).collect()
    }

    /// How far beside a window the rest of a trace is looked for: a trace that pauses for longer may be missed.
    pub(crate) fn widest(&self) -> i64 {
        HOUR.max(self.min_duration.unwrap_or(0).saturating_mul(4))
    }
}

fn windows(start: Option<i64>, end: Option<i64>, now: i64) -> Vec<Reach> {
    let newest = now.saturating_add(CLOCK_SKEW);
    let last = end.unwrap_or(newest);
    let mut all = Vec::new();
    if end.is_none() {
        all.push(Reach::Future { after: newest });
    }
    if let Some(start) = start {
        all.push(Reach::Past { start, end: last });
        return all;
    }
    let reference = last.min(now);
    let mut end = last;
    for start in [
        reference.saturating_sub(HOUR),
        reference.saturating_sub(6 * HOUR),
        reference.saturating_sub(24 * HOUR),
        i64::MIN,
    ] {
        all.push(Reach::Past { start, end });
        end = start;
    }
    all
}
