//! `GET /api/traces/compare`: which attributes tell selected spans from the other spans that match.
//!
//! Owns what is compared: everything that spans and their resources have, of the newest spans of either side. How much
//! two sides differ is [`score`]'s.

mod score;

use std::sync::Arc;

use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use axum::Json;
use axum::extract::State;
use http::Uri;
use serde_json::{Value, json};
use spanlake_traceql::syntax::field::{Attribute, Scope};

use crate::columns::{Maps, Numbers, Texts};
use crate::error::ApiError;
use crate::estimated::{Probabilities, whole};
use crate::matching_spans::{MatchingSpans, exact_filter, parameter};
use crate::parameters::{self, sql_moment, sql_text};
use crate::state::Shared;
use score::{Counts, Side};

/// Spans of a side that are compared, the newest.
const SPANS_MAX: i64 = 10_000;
const ATTRIBUTES_SHOWN: usize = 40;
const VALUES_SHOWN: usize = 10;

/// Columns beside the maps, with their names here and in filters.
const COLUMNS: [(&str, &str, &str); 6] = [
    ("service_name", "service", "resource.service.name"),
    ("name", "operation", "name"),
    ("kind", "kind", "kind"),
    ("status_code", "status", "status"),
    ("status_message", "status message", "statusMessage"),
    ("scope_name", "instrumentation", "instrumentation:name"),
];

/// The route.
pub(crate) async fn compare(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let selected = selection(&uri)?;
    let mut spans = MatchingSpans::of(&shared, &uri).await?;
    let condition = spans.condition();
    let sql = format!(
        "SELECT count(*) FILTER (WHERE {selected}) AS selected, count(*) AS spans FROM spans WHERE {condition}"
    );
    let (mut of_selection, mut of_all) = (0, 0);
    for batch in spans.rows(&shared, &sql).await? {
        let number = |name| Numbers::<Int64Type>::of(&batch, name).or_zero(0);
        (of_selection, of_all) = (number("selected"), number("spans"));
    }
    let of_rest = of_all - of_selection;
    if of_selection.max(of_rest) > SPANS_MAX {
        spans.note(format!(
            "of {of_selection} selected and {of_rest} other spans the newest {SPANS_MAX} each were compared"
        ));
    }
    let mut counts = Counts::default();
    for (side, which) in [(Side::Selected, selected.clone()), (Side::Rest, format!("(({selected}) IS NOT TRUE)"))] {
        let columns = COLUMNS.map(|(column, ..)| column).join(", ");
        let sql = format!(
            "SELECT {columns}, attributes, resource_attributes, sampling_probability FROM spans WHERE {} AND {which} \
             ORDER BY start_time DESC LIMIT {SPANS_MAX}",
            spans.condition()
        );
        for batch in spans.rows(&shared, &sql).await? {
            add(&batch, side, &mut counts);
        }
    }
    let [selected, rest] = [Side::Selected, Side::Rest].map(|side| whole(counts.spans(side)));
    let attributes: Vec<Value> = counts.ranked().into_iter().take(ATTRIBUTES_SHOWN).map(written).collect();
    Ok(Json(json!({
        "selected": selected, "rest": rest,
        "attributes": attributes, "stats": spans.stats(),
    })))
}

/// The condition that tells the selected spans: a filter, or a rectangle of the heatmap.
fn selection(uri: &Uri) -> Result<String, ApiError> {
    let mut conditions = Vec::new();
    if let Some(text) = parameter(uri, "selection") {
        conditions.push(exact_filter("selection", &text)?);
    }
    for (name, operator) in [("selection_start", ">="), ("selection_end", "<")] {
        if let Some(text) = parameter(uri, name) {
            conditions.push(format!("start_time {operator} {}", sql_moment(parameters::moment(name, &text)?)));
        }
    }
    for (name, operator) in [("selection_min_duration", ">="), ("selection_max_duration", "<=")] {
        if let Some(text) = parameter(uri, name) {
            conditions.push(format!("duration {operator} {}", parameters::length(name, &text)?));
        }
    }
    if let Some(status) = parameter(uri, "selection_status") {
        if !matches!(status.as_str(), "error" | "ok" | "unset") {
            return Err(ApiError::invalid(format!("selection_status: {status:?} is none of error, ok, unset")));
        }
        conditions.push(format!("status_code = {}", sql_text(&status)));
    }
    if conditions.is_empty() {
        return Err(ApiError::invalid("selection: say which spans are to be compared with the others")
            .with_hint("selection=<filter>, or selection_start, selection_end, selection_min_duration, selection_max_duration, selection_status"));
    }
    Ok(format!("({})", conditions.join(" AND ")))
}

fn add(batch: &RecordBatch, side: Side, counts: &mut Counts) {
    let columns = COLUMNS.map(|(column, name, filter)| (name, filter, Texts::of(batch, column)));
    let maps = [(Scope::Span, "attributes"), (Scope::Resource, "resource_attributes")]
        .map(|(scope, name)| (scope, Maps::of(batch, name, "no types")));
    let probabilities = Probabilities::of(batch, 1);
    for row in 0..batch.num_rows() {
        let side = (side, 1.0 / probabilities.at(row));
        counts.begin_span(side.0, side.1);
        for (name, filter, texts) in &columns {
            if let Some(text) = texts.at(row).filter(|text| !text.is_empty()) {
                counts.add(side, name, text, || (*filter).to_owned());
            }
        }
        for (scope, map) in &maps {
            for (key, value, _) in map.entries(row) {
                // It is the service already.
                if let Some(value) = value.filter(|_| key != "service.name") {
                    counts.add(side, key, value, || Attribute::new(*scope, key).to_string());
                }
            }
        }
    }
}

fn written(attribute: score::Scored) -> Value {
    let values: Vec<Value> = attribute
        .values
        .iter()
        .take(VALUES_SHOWN)
        .map(|(value, [selected, rest])| json!({"value": value, "selected": whole(*selected), "rest": whole(*rest)}))
        .collect();
    let [selected, rest] = attribute.absent.map(whole);
    json!({
        "key": attribute.key, "filter": attribute.filter, "score": (attribute.score * 1e4).round() / 1e4,
        "values": values, "absent": {"selected": selected, "rest": rest},
    })
}
