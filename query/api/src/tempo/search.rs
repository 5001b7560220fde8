//! `search`: TraceQL, or tags in logfmt, to traces with the spans that were found.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::Uri;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_store::now_nanos;
use spanlake_traceql::eval::{Operand, TraceView};
use spanlake_traceql::model::hex;
use spanlake_traceql::plan::plan;
use spanlake_traceql::syntax::field::{Field, Intrinsic};

use super::moment;
use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;
use crate::trace_list::{self, Filter, Keeps, Match, Parameters, Reach, Summary};

/// Spans shown of a set unless told.
const SPANS_PER_SET: usize = 3;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    pub(super) q: Option<String>,
    /// `key=value key="other value"`.
    pub(super) tags: Option<String>,
    pub(super) min_duration: Option<String>,
    pub(super) max_duration: Option<String>,
    pub(super) limit: Option<String>,
    pub(super) spss: Option<String>,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
}

/// A search that was read, and what is shown of each span.
pub(super) struct Prepared {
    pub(super) filter: Filter,
    pub(super) windows: Vec<Reach>,
    pub(super) shown: Shown,
}

/// What is shown of what was found.
pub(super) struct Shown {
    fields: Vec<Field>,
    spans_per_set: usize,
}

/// The route.
pub(super) async fn search(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let Prepared { filter, windows, shown } = parameters::read::<Asked>(&uri)?.prepared()?;
    let found = trace_list::search(&shared, &filter, windows, Keeps::Matches).await?;
    let traces = shown.written(&found.traces, &found.matches);
    let metrics = json!({ "inspectedTraces": found.inspected, "completedJobs": 1, "totalJobs": 1 });
    Ok(Json(json!({ "traces": traces, "metrics": metrics })))
}

impl Asked {
    pub(super) fn prepared(self) -> Result<Prepared, ApiError> {
        let query =
            self.q.clone().filter(|query| !query.trim().is_empty()).unwrap_or_else(|| of_tags(self.tags.as_deref()));
        let seconds = |name, text: Option<&str>| {
            let text = text.filter(|text| !text.is_empty() && *text != "0");
            text.map(|text| moment(name, text).map(|nanos| nanos.to_string())).transpose()
        };
        let parameters = Parameters {
            filter: Some(query.clone()),
            min_duration: self.min_duration,
            max_duration: self.max_duration,
            limit: self.limit,
            start: seconds("start", self.start.as_deref())?,
            end: seconds("end", self.end.as_deref())?,
            ..Parameters::default()
        };
        let spans_per_set = parameters::count("spss", self.spss.as_deref(), SPANS_PER_SET, 10_000)?;
        let fields: Vec<Field> = plan(&trace_list::parse(&query)?)
            .sources
            .first()
            .map(|source| source.fields.iter().cloned().collect())
            .unwrap_or_default();
        let (filter, windows) = Filter::read(parameters, now_nanos())?;
        Ok(Prepared { filter, windows, shown: Shown { fields, spans_per_set } })
    }
}

impl Shown {
    /// The traces in their order, with what was found of them.
    pub(super) fn written(&self, traces: &[Summary], matches: &[Match]) -> Vec<Value> {
        let matches: HashMap<TraceId, &Match> = matches.iter().map(|one| (one.id(), one)).collect();
        let found = |trace: &Summary| matches.get(&trace.trace_id).copied();
        traces.iter().map(|trace| written(trace, found(trace), &self.fields, self.spans_per_set)).collect()
    }
}

/// Tags as TraceQL: each on one span, or its resource.
fn of_tags(tags: Option<&str>) -> String {
    let mut conditions = Vec::new();
    let mut rest = tags.unwrap_or_default().trim();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(' ').unwrap_or((after, "")),
        };
        let text = value.replace('\\', "\\\\").replace('"', "\\\"");
        conditions.push(match key.trim() {
            "name" => format!("name = \"{text}\""),
            "status" if matches!(value, "error" | "ok" | "unset") => format!("status = {value}"),
            key => {
                let typed = value.parse::<f64>().is_ok() || matches!(value, "true" | "false");
                let other = if typed { format!(" || .\"{key}\" = {value}") } else { String::new() };
                format!("(.\"{key}\" = \"{text}\"{other})")
            }
        });
        rest = next.trim_start();
    }
    format!("{{ {} }}", if conditions.is_empty() { "true".to_owned() } else { conditions.join(" && ") })
}

fn written(trace: &Summary, found: Option<&Match>, fields: &[Field], shown: usize) -> Value {
    let sets: Vec<Value> = found.map(|found| span_sets(found, fields, shown)).unwrap_or_default();
    let stats: Map<String, Value> = trace
        .services
        .iter()
        .map(|service| (service.name.clone(), json!({ "spanCount": service.spans, "errorCount": service.errors })))
        .collect();
    let mut value = json!({
        "traceID": trace.trace_id.to_string(),
        "rootServiceName": trace.root_service,
        "rootTraceName": trace.root_name,
        "startTimeUnixNano": trace.start_time.to_string(),
        "durationMs": trace.duration / 1_000_000,
        "serviceStats": stats,
    });
    if let Some(first) = sets.first() {
        value["spanSet"] = first.clone();
        value["spanSets"] = sets.into();
    }
    value
}

fn span_sets(found: &Match, fields: &[Field], shown: usize) -> Vec<Value> {
    let view = TraceView::new(&found.trace);
    let of_set = |set: &spanlake_traceql::eval::Spanset| {
        let spans: Vec<Value> = set
            .spans
            .iter()
            .take(shown)
            .map(|index| {
                let span = &found.trace.spans[*index];
                let attributes: Vec<Value> = fields
                    .iter()
                    .filter_map(|field| attribute(&field_name(field)?, &view.value(*index, field)))
                    .collect();
                json!({
                    "spanID": hex(&span.span_id.0),
                    "name": span.name,
                    "startTimeUnixNano": span.start_time.to_string(),
                    "durationNanos": span.duration.to_string(),
                    "attributes": attributes,
                })
            })
            .collect();
        let attributes: Vec<Value> = set.attributes.iter().filter_map(|(name, value)| attribute(name, value)).collect();
        json!({ "spans": spans, "matched": set.spans.len(), "attributes": attributes })
    };
    found.sets.iter().map(of_set).collect()
}

/// What a span's own fields say already is not said again.
fn field_name(field: &Field) -> Option<String> {
    match field {
        Field::Attribute(attribute) => Some(attribute.key.clone()),
        Field::Intrinsic(Intrinsic::Name | Intrinsic::Duration) => None,
        Field::Intrinsic(intrinsic) => Some(intrinsic.as_str().to_owned()),
    }
}

fn attribute(key: &str, value: &Operand<'_>) -> Option<Value> {
    let value = match value {
        Operand::Nil | Operand::Opaque | Operand::Array(_) => return None,
        Operand::Int(value) | Operand::Duration(value) => json!({ "intValue": value.to_string() }),
        Operand::Float(value) => json!({ "doubleValue": value }),
        Operand::Text(text) => json!({ "stringValue": text }),
        Operand::Bool(value) => json!({ "boolValue": value }),
        Operand::Status(status) => json!({ "stringValue": status.as_str() }),
        Operand::Kind(kind) => json!({ "stringValue": kind.as_str() }),
    };
    Some(json!({ "key": key, "value": value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_a_query() {
        assert_eq!(of_tags(None), "{ true }");
        assert_eq!(
            of_tags(Some("service.name=cart name=\"GET /\" http.status_code=500")),
            "{ (.\"service.name\" = \"cart\") && name = \"GET /\" && (.\"http.status_code\" = \"500\" || .\"http.status_code\" = 500) }"
        );
        for tags in ["a=b", "status=error", "a=\"x\\y\""] {
            trace_list::parse(&of_tags(Some(tags))).unwrap_or_else(|error| panic!("{tags}: {error:?}"));
        }
    }
}
