//! `/api/pins`: traces that are to be kept whatever the budget says.
//!
//! Owns what a pin may say, and how it is kept as a document of the state file. A filter is asked once, when the pin is
//! made: the traces that it finds are pinned by their ids. Never decides.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Pin;
use spanlake_state::{KeptPin, StateError, StateFile};
use spanlake_store::now_nanos;

use crate::boards::with;
use crate::error::ApiError;
use crate::parameters;
use crate::sql::require_json;
use crate::state::Shared;
use crate::trace_list::{self, Parameters};

/// Traces that one pin names.
const TRACES_MAX: usize = 10_000;
/// Of these, so many are shown.
const TRACES_SHOWN: usize = 100;
const PAGE_TRACES: usize = 500;
const TEXT_BYTES_MAX: usize = 1_024;
const HINT: &str =
    r#"{"trace_ids": ["…"]}, {"service": "…", "start": "…", "end": "…"} or {"filter": "…", "start": "…"}"#;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    trace_ids: Vec<String>,
    service: Option<String>,
    start: Option<String>,
    end: Option<String>,
    /// As of `GET /api/traces`.
    filter: Option<String>,
    note: Option<String>,
}

/// A pin as it is kept. Moments are nanoseconds since the epoch.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trace_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<i64>,
    /// What found the traces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// All pins that are kept, for whoever decides.
///
/// # Errors
/// When the file cannot be read.
pub fn stored(state: &StateFile) -> Result<Vec<Pin>, StateError> {
    Ok(state.pins()?.iter().map(|kept| document(kept).pin()).collect())
}

/// `GET /api/pins`.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let pins = with(&shared, StateFile::pins).await?;
    let listed: Vec<Value> = pins.iter().map(listed).collect();
    Ok(Json(json!({ "pins": listed, "in_force": shared.status.sampling().is_some() })).into_response())
}

/// `POST /api/pins`.
pub(crate) async fn post(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    require_json(&headers)?;
    let body = parameters::body(body)?;
    let asked: Asked = serde_json::from_slice(&body)
        .map_err(|error| ApiError::invalid(format!("the body is no pin: {error}")).with_hint(HINT))?;
    let document = read(&shared, asked).await?;
    let text = serde_json::to_string(&document).map_err(|error| ApiError::internal(error.to_string()))?;
    let at = now_nanos();
    let copy = text.clone();
    let id = change(&shared, move |state| state.add_pin(&copy, at)).await?;
    let answer = json!({ "pin": listed(&KeptPin { id, at, document: text }) });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// `DELETE /api/pins/{id}`.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<u64>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(id) = path.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    change(&shared, move |state| state.remove_pin(id)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes what is kept, and puts in force what then is.
async fn change<T: Send + 'static>(
    shared: &Shared,
    change: impl FnOnce(&StateFile) -> Result<T, StateError> + Send + 'static,
) -> Result<T, ApiError> {
    let (turn, sampling) = (Arc::clone(&shared.pins_change), Arc::clone(&shared.sampling));
    with(shared, move |state| {
        let _turn = turn.lock();
        let changed = change(state)?;
        sampling.set_pins(&stored(state)?);
        Ok(changed)
    })
    .await
}

async fn read(shared: &Shared, asked: Asked) -> Result<Document, ApiError> {
    let texts = [("service", &asked.service), ("note", &asked.note)];
    if let Some((name, _)) =
        texts.iter().find(|(_, text)| text.as_ref().is_some_and(|text| text.len() > TEXT_BYTES_MAX))
    {
        return Err(ApiError::invalid(format!("{name}: longer than {TEXT_BYTES_MAX} bytes")));
    }
    let mut ids = asked.trace_ids.iter().map(|text| TraceId::parse_any(text)).collect::<Result<Vec<_>, _>>();
    if asked.filter.is_some() {
        if !asked.trace_ids.is_empty() {
            return Err(ApiError::invalid("either trace_ids or filter, not both").with_hint(HINT));
        }
        ids = Ok(found(shared, &asked).await?);
    }
    let ids = ids.map_err(|error| ApiError::invalid(error.to_string()))?;
    if ids.len() > TRACES_MAX {
        return Err(ApiError::invalid(format!("{} traces are more than {TRACES_MAX}, the most of one pin", ids.len())));
    }
    let moment = |name, text: &Option<String>| text.as_deref().map(|text| parameters::moment(name, text)).transpose();
    let (start, end) = (moment("start", &asked.start)?, moment("end", &asked.end)?);
    let trace_ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let is_by_id = !trace_ids.is_empty() || asked.filter.is_some();
    let (service, start, end) = if is_by_id {
        if asked.filter.is_none() && (asked.service.is_some() || start.is_some() || end.is_some()) {
            return Err(ApiError::invalid("trace_ids stand alone, without service, start and end").with_hint(HINT));
        }
        (None, None, None)
    } else {
        match (start, end) {
            (Some(start), Some(end)) if start < end => (asked.service, Some(start), Some(end)),
            (Some(_), Some(_)) => return Err(ApiError::invalid("end is not after start")),
            _ => {
                let message =
                    "a pin names trace_ids, a filter, or start and end; what is to be kept for good is a rule";
                return Err(ApiError::invalid(message).with_hint(HINT));
            }
        }
    };
    Ok(Document { trace_ids, service, start, end, filter: asked.filter, note: asked.note })
}

/// The traces that a filter finds now.
async fn found(shared: &Shared, asked: &Asked) -> Result<Vec<TraceId>, ApiError> {
    let mut ids = Vec::new();
    let mut cursor = None;
    loop {
        let parameters = Parameters {
            filter: asked.filter.clone(),
            service: asked.service.clone(),
            start: asked.start.clone(),
            end: asked.end.clone(),
            limit: Some(PAGE_TRACES.to_string()),
            cursor: cursor.take(),
            ..Parameters::default()
        };
        let page = trace_list::page(shared, parameters).await?;
        ids.extend(page.traces.iter().map(|trace| trace.trace_id));
        if ids.len() > TRACES_MAX {
            let message =
                format!("the filter finds more than {TRACES_MAX} traces, the most of one pin: narrow it, or the time");
            return Err(ApiError::invalid(message));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    if ids.is_empty() {
        return Err(ApiError::not_found("the filter finds no trace in that time, so there is nothing to pin"));
    }
    Ok(ids)
}

fn document(kept: &KeptPin) -> Document {
    serde_json::from_str(&kept.document).unwrap_or_default()
}

impl Document {
    fn pin(&self) -> Pin {
        let traces = self.trace_ids.iter().filter_map(|text| TraceId::parse_any(text).ok()).collect();
        Pin { traces, service: self.service.clone(), from: self.start, to: self.end }
    }
}

fn listed(kept: &KeptPin) -> Value {
    let mut document = document(kept);
    let traces = document.trace_ids.len();
    document.trace_ids.truncate(TRACES_SHOWN);
    let moment = |nanos: Option<i64>| nanos.map(|nanos| nanos.to_string());
    json!({
        "id": kept.id,
        "created": kept.at.to_string(),
        "traces": traces,
        "trace_ids": document.trace_ids,
        "service": document.service,
        "start": moment(document.start),
        "end": moment(document.end),
        "filter": document.filter,
        "note": document.note,
    })
}
