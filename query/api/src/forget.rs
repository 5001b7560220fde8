//! `POST /api/forget` and `GET /api/forget/{id}`: deleting traces, or everything with an attribute, for good.
//!
//! Owns what a request may say and how its fate is told. Who deletes is the assembly's ([`Forget`]). Never repeats a
//! value that is to be forgotten, neither in an answer nor in a log line.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;
use spanlake_store::{ForgetError, ForgetPreview, ForgetReport, ForgetRequest};

use crate::error::ApiError;
use crate::guard;
use crate::parameters;
use crate::sql::require_json;
use crate::state::Shared;

/// Who deletes.
pub trait Forget: Send + Sync {
    /// Makes a request durable and gives its id; it is worked on from then on, also after a restart.
    fn forget(&self, request: ForgetRequest) -> Pin<Box<dyn Future<Output = Result<String, ForgetError>> + Send + '_>>;

    /// Counts what a request would delete, and deletes nothing.
    fn preview(
        &self,
        request: ForgetRequest,
    ) -> Pin<Box<dyn Future<Output = Result<ForgetPreview, ForgetError>> + Send + '_>>;

    /// What has become of a request; `None` where there was none of that id. May read a small file.
    fn report(&self, id: &str) -> Option<ForgetReport>;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    trace_ids: Vec<String>,
    #[serde(default)]
    attributes: BTreeMap<String, Values>,
    #[serde(default)]
    dry_run: bool,
}

/// One value of an attribute, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

#[derive(Serialize)]
struct Preview {
    rows: BTreeMap<String, u64>,
    links: u64,
    files: u64,
}

#[derive(Serialize)]
struct Proof {
    files: u64,
    rows: u64,
    found: u64,
}

#[derive(Serialize)]
struct Report {
    id: String,
    state: &'static str,
    message: Option<String>,
    accepted_at: String,
    finished_at: Option<String>,
    rows: BTreeMap<String, u64>,
    links: u64,
    files_rewritten: u64,
    files_removed: u64,
    proof: Proof,
    old_copies_until: Option<String>,
    set_aside: Vec<String>,
}

impl From<ForgetReport> for Report {
    fn from(report: ForgetReport) -> Self {
        Self {
            id: report.id,
            state: report.stage.word(),
            message: report.message,
            accepted_at: moment(report.accepted_at),
            finished_at: report.finished_at.map(moment),
            rows: report.rows,
            links: report.links,
            files_rewritten: report.files_rewritten,
            files_removed: report.files_removed,
            // A file counts once nothing was found in it.
            proof: Proof { files: report.proven_files, rows: report.proven_rows, found: 0 },
            old_copies_until: report.old_copies_until.map(moment),
            set_aside: report.set_aside,
        }
    }
}

fn moment(nanos: i64) -> String {
    chrono::DateTime::from_timestamp_nanos(nanos).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// `POST /api/forget`: for whoever has the token, or sits at the machine where there is none.
pub(crate) async fn post(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    guard::only_operators(&shared.config, &extensions, "have anything forgotten")?;
    require_json(&headers)?;
    let body = parameters::body(body)?;
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| {
        // The error's own words may hold a value.
        let place = format!("line {}, column {}", error.line(), error.column());
        ApiError::invalid(format!("the body is not what this takes ({place})"))
            .with_hint(r#"{"trace_ids": ["…"], "attributes": {"user.id": "…"}, "dry_run": false}"#)
    })?;
    let is_dry_run = asked.dry_run;
    let request = request(asked)?;
    if is_dry_run {
        let ForgetPreview { rows, links, files } = shared.forget.preview(request).await.map_err(refused)?;
        return Ok(Json(Preview { rows, links, files }).into_response());
    }
    let id = shared.forget.forget(request).await.map_err(refused)?;
    let report = shared.forget.report(&id).map(Report::from);
    let mut response = (StatusCode::ACCEPTED, Json(report)).into_response();
    if let Ok(place) = HeaderValue::try_from(format!("/api/forget/{id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `GET /api/forget/{id}`.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let unknown = || ApiError::not_found("nothing was asked to be forgotten under this id");
    let Path(id) = path.map_err(|_| unknown())?;
    let report = shared.forget.report(&id).ok_or_else(unknown)?;
    Ok(Json(Report::from(report)).into_response())
}

fn request(asked: Asked) -> Result<ForgetRequest, ApiError> {
    let ids = asked.trace_ids.iter().map(|text| TraceId::parse_any(text));
    let traces = ids.collect::<Result<Vec<_>, _>>().map_err(|error| ApiError::invalid(error.to_string()))?;
    let attributes = asked.attributes.into_iter().flat_map(|(key, values)| {
        let values = match values {
            Values::One(value) => vec![value],
            Values::Many(values) => values,
        };
        values.into_iter().map(move |value| (key.clone(), value))
    });
    Ok(ForgetRequest { traces, attributes: attributes.collect() })
}

fn refused(error: ForgetError) -> ApiError {
    let message = error.to_string();
    match error {
        ForgetError::Invalid(_) => ApiError::invalid(message),
        ForgetError::Busy => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message),
        ForgetError::Failed(_) => ApiError::internal(message),
    }
}
