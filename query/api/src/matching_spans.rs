//! Which spans are counted by answers over many of them: facets, the heatmap, comparisons.
//!
//! Owns the way from the parameters of `GET /api/traces` to a condition in SQL over one version. Where a filter asks for
//! more than one span can tell, the newest traces that match are evaluated first, and what was found of them is counted;
//! the answer then says so. Never counts itself.

use std::time::Instant;

use arrow::record_batch::RecordBatch;
use http::Uri;
use serde_json::{Value, json};
use spanlake_engine::PinnedEngine;
use spanlake_schemas::ids::to_hex;
use spanlake_search::exact_pipeline;
use spanlake_store::now_nanos;

use crate::error::ApiError;
use crate::estimated;
use crate::parameters::{self, HOUR, sql_window};
use crate::query;
use crate::state::Shared;
use crate::trace_list::{self, Filter, Keeps, Parameters};

/// Traces that are evaluated where SQL cannot decide, and spans of them that are counted.
const TRACES_MAX: usize = 500;
const SPANS_MAX: usize = 3_000;

/// Spans of a range that match.
pub(crate) struct MatchingSpans {
    pub(crate) engine: PinnedEngine,
    /// From, and before; nanoseconds since the epoch.
    pub(crate) start: i64,
    pub(crate) end: i64,
    condition: String,
    /// Sampling left out spans of the range, so that those that are there stand for more.
    pub(crate) is_sampled: bool,
    /// Whether anything but the range and the hidden service is asked for.
    pub(crate) has_span_condition: bool,
    began: Instant,
    files_read: u64,
    files_total: u64,
    notes: Vec<String>,
    /// One trace in so many was looked at.
    parts: u64,
}

impl MatchingSpans {
    /// Of a request; the last hour unless told.
    pub(crate) async fn of(shared: &Shared, uri: &Uri) -> Result<Self, ApiError> {
        let began = Instant::now();
        let now = now_nanos();
        let mut parameters = Parameters::of(uri)?;
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let moment = |name, text: &Option<String>| given(text).map(|text| parameters::moment(name, &text)).transpose();
        let end = moment("end", &parameters.end)?.unwrap_or(now);
        let start = moment("start", &parameters.start)?.unwrap_or_else(|| end.saturating_sub(HOUR));
        if start >= end {
            return Err(ApiError::invalid("end: it must be later than start"));
        }
        (parameters.start, parameters.end) = (Some(start.to_string()), Some(end.to_string()));
        // These answers have limits of their own.
        parameters.limit = Some(TRACES_MAX.to_string());
        let (filter, windows) = Filter::read(parameters, now)?;
        let engine = shared.engine.pinned();
        let mut this = Self {
            is_sampled: estimated::is_sampled(engine.version(), (start, end)),
            engine,
            start,
            end,
            condition: String::new(),
            has_span_condition: !filter.asked.is_empty() || filter.query.is_some(),
            began,
            files_read: 0,
            files_total: 0,
            notes: Vec::new(),
            parts: 1,
        };
        let mut conditions = vec![sql_window("start_time", start, Some(end))];
        conditions.extend(filter.asked.iter().cloned());
        conditions.extend(filter.hidden.map(|service| format!("service_name <> '{service}'")));
        conditions.extend(this.of_whole_traces(&filter));
        if let Some(query) = &filter.query {
            match exact_pipeline(query) {
                Some(exact) => conditions.push(exact),
                None => {
                    let engine = this.engine.clone();
                    // What makes a trace match may lie beside the range in which its spans are counted.
                    let windows = windows.into_iter().map(|window| window.wider(HOUR)).collect();
                    let found = trace_list::search_at(shared, engine, &filter, windows, Keeps::Matches).await?;
                    conditions.push(this.of_matches(&found));
                }
            }
        }
        this.condition = conditions.join(" AND ");
        Ok(this)
    }

    /// How long a trace is, all of its spans say.
    fn of_whole_traces(&self, filter: &Filter) -> Option<String> {
        filter.has_duration().then(|| {
            let around = filter.widest();
            let window =
                sql_window("start_time", self.start.saturating_sub(around), Some(self.end.saturating_add(around)));
            let lengths = filter.length_conditions().join(" AND ");
            format!("trace_id IN (SELECT trace_id FROM spans WHERE {window} GROUP BY trace_id HAVING {lengths})")
        })
    }

    /// The spans that a query has found, one by one.
    fn of_matches(&mut self, found: &trace_list::Search) -> String {
        let mut spans: Vec<String> = Vec::new();
        for one in &found.matches {
            let trace = to_hex(&one.trace.trace_id.0);
            let mut indexes: Vec<usize> = one.sets.iter().flat_map(|set| set.spans.iter().copied()).collect();
            indexes.sort_unstable();
            indexes.dedup();
            spans
                .extend(indexes.iter().map(|index| format!("'{trace}{}'", to_hex(&one.trace.spans[*index].span_id.0))));
        }
        if found.traces.len() >= TRACES_MAX || spans.len() > SPANS_MAX {
            self.note(format!(
                "counted over what the filter finds of the newest {TRACES_MAX} traces that match, at most {SPANS_MAX} spans"
            ));
            spans.truncate(SPANS_MAX);
        }
        let mut traces: Vec<String> =
            found.matches.iter().map(|one| format!("'{}'", to_hex(&one.trace.trace_id.0))).collect();
        traces.dedup();
        if spans.is_empty() {
            return "false".to_owned();
        }
        format!("trace_id IN ({}) AND concat(hex(trace_id), hex(span_id)) IN ({})", traces.join(", "), spans.join(", "))
    }

    /// What holds for the spans that are counted.
    pub(crate) fn condition(&self) -> &str {
        &self.condition
    }

    /// What the answer has to say about itself; makes it one that is not exact.
    pub(crate) fn note(&mut self, text: String) {
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    /// All rows of a statement over the version.
    pub(crate) async fn rows(&mut self, shared: &Shared, sql: &str) -> Result<Vec<RecordBatch>, ApiError> {
        let (batches, stats) = query::rows_at(shared, &self.engine, sql).await?;
        self.files_read = self.files_read.max(stats.files_read);
        self.files_total = self.files_total.max(stats.files_total);
        Ok(batches)
    }

    /// Batches of a statement over the version as they come, none of which is held.
    pub(crate) async fn each_batch(
        &mut self,
        shared: &Shared,
        sql: &str,
        mut take: impl FnMut(&RecordBatch),
    ) -> Result<(), ApiError> {
        let all = |batch: &RecordBatch| {
            take(batch);
            true
        };
        let stats = query::each_batch(shared, &self.engine, sql, all).await?;
        self.files_read = self.files_read.max(stats.files_read);
        self.files_total = self.files_total.max(stats.files_total);
        Ok(())
    }

    /// One trace in so many was looked at.
    pub(crate) fn sampled(&mut self, parts: u64) {
        self.parts = parts;
        self.note(format!("estimated from one trace in {parts}"));
    }

    /// What the answer cost, and whether it is exact.
    pub(crate) fn stats(&self) -> Value {
        let mut stats = json!({
            "elapsed_ms": (self.began.elapsed().as_secs_f64() * 10_000.0).round() / 10.0,
            "files_read": self.files_read,
            "files_total": self.files_total,
            "exact": self.notes.is_empty() && !self.is_sampled,
        });
        estimated::add_sample(&mut stats, self.parts, self.is_sampled);
        let kept = self.is_sampled.then_some(estimated::FROM_KEPT);
        let notes: Vec<&str> = kept.into_iter().chain(self.notes.iter().map(String::as_str)).collect();
        if !notes.is_empty() {
            stats["note"] = json!(notes.join("; "));
        }
        stats
    }
}

/// A filter of a parameter, where SQL can decide it.
pub(crate) fn exact_filter(name: &str, text: &str) -> Result<String, ApiError> {
    let query = trace_list::parse(text).map_err(|error| {
        let message = error.message.replacen("filter:", &format!("{name}:"), 1);
        ApiError { message, ..error }
    })?;
    let exact = match &query.body {
        spanlake_traceql::syntax::tree::Body::Spans(pipeline) => exact_pipeline(pipeline),
        spanlake_traceql::syntax::tree::Body::Metrics(_) => None,
    };
    exact.ok_or_else(|| {
        ApiError::invalid(format!(
            "{name}: it must be a filter on one span, without events, links, parents or structure"
        ))
    })
}

/// A request's own parameter.
pub(crate) fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.into_iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}
