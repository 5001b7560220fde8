//! `/api/boards`: dashboards, kept as the JSON documents that they are.
//!
//! Owns names, versions as entity tags, and what of a document stands in the list. One that is a file of `dashboard_dir` stands
//! before one of its name that is kept here, and is changed where it lies. Never draws, never asks a panel's query.

mod files;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spanlake_state::{Board, Expected, StateError, StateFile};
use spanlake_store::now_nanos;

use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;
use files::BoardFile;

/// What the list says of one.
#[derive(Serialize)]
struct Listed {
    name: String,
    version: u64,
    title: Option<String>,
    description: Option<String>,
    panels: usize,
    /// Nanoseconds since the epoch.
    changed: String,
    /// Where it lies, of one that is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Why it cannot be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    version: Option<u64>,
}

/// `GET /api/boards`.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    let files = blocking({
        let files = files_of(&shared);
        move || Ok(files()?.into_iter().map(listed_file).collect::<Vec<_>>())
    })
    .await?;
    let kept = with(&shared, |state| state.boards()).await?;
    let kept = kept.into_iter().filter(|board| files.iter().all(|file| file.name != board.name)).map(listed);
    let mut listed: Vec<Listed> = kept.collect();
    listed.extend(files);
    Ok(Json(json!({ "boards": listed })).into_response())
}

/// `GET /api/boards/{name}`, newest or `?version=`.
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let Asked { version } = parameters::read(&uri)?;
    let name = parameters::path_part(path)?;
    let (document, version) = match file_of(&shared, &name).await? {
        Some(file) if version.is_none_or(|version| version == file.changed) => {
            let changed = file.changed;
            let read = move || file.document().map_err(|why| unprocessable(&why));
            (blocking(read).await?.1, changed)
        }
        Some(_) => {
            return Err(ApiError::not_found(format!("the file of the dashboard {name} has no older versions here")));
        }
        None => {
            let board = with(&shared, move |state| state.board(&name, version)).await?;
            (board.document, board.version)
        }
    };
    let mut response = ([(header::CONTENT_TYPE, "application/json")], document).into_response();
    response.headers_mut().insert(header::ETAG, etag(version));
    Ok(response)
}

/// `GET /api/boards/{name}/versions`.
pub(crate) async fn versions(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let name = parameters::path_part(path)?;
    if let Some(file) = file_of(&shared, &name).await? {
        let changed = file.changed.to_string();
        return Ok(Json(json!({ "versions": [{ "version": file.changed, "changed": changed }] })).into_response());
    }
    let history = with(&shared, move |state| state.history(&name)).await?;
    let versions: Vec<Value> =
        history.into_iter().map(|(version, at)| json!({ "version": version, "changed": at.to_string() })).collect();
    Ok(Json(json!({ "versions": versions })).into_response())
}

/// `PUT /api/boards/{name}`; `If-Match` and `If-None-Match: *` keep two writers apart.
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let name = parameters::path_part(path)?;
    let expected = expected(&headers)?;
    let body = parameters::body(body)?;
    let is_json = headers.get(header::CONTENT_TYPE).is_some_and(|of| of.as_bytes().starts_with(b"application/json"));
    if !is_json {
        let message = "a dashboard is a JSON document: Content-Type: application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", message));
    }
    let document = document(&body)?;
    refuse_file(&shared, &name).await?;
    let version = with(&shared, move |state| state.put(&name, &document, expected, now_nanos())).await?;
    let mut response = Json(json!({ "version": version })).into_response();
    response.headers_mut().insert(header::ETAG, etag(version));
    Ok(response)
}

/// `DELETE /api/boards/{name}`.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let name = parameters::path_part(path)?;
    let expected = expected(&headers)?;
    refuse_file(&shared, &name).await?;
    with(&shared, move |state| state.remove(&name, expected, now_nanos())).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Asks the state file on a thread that may block.
pub(crate) async fn with<T: Send + 'static>(
    shared: &Shared,
    ask: impl FnOnce(&StateFile) -> Result<T, StateError> + Send + 'static,
) -> Result<T, ApiError> {
    let state = shared
        .state
        .clone()
        .map_err(|message| ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message))?;
    blocking(move || ask(&state).map_err(refused)).await
}

/// On a thread that may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let answer = tokio::task::spawn_blocking(work).await;
    answer.map_err(|error| ApiError::internal(error.to_string()))?
}

/// What reads the folder of dashboards; without one there are none.
fn files_of(shared: &Shared) -> impl FnOnce() -> Result<Vec<BoardFile>, ApiError> + Send + use<> {
    let folder = shared.config.dashboard_dir.clone();
    move || {
        let files = folder.map(|folder| files::in_folder(&folder)).transpose();
        let hint = "make it readable, or take `dashboard_dir` out of the configuration";
        let files = files.map_err(|message| {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message).with_hint(hint)
        })?;
        Ok(files.unwrap_or_default())
    }
}

/// The file of that name, where a dashboard is one.
async fn file_of(shared: &Shared, name: &str) -> Result<Option<BoardFile>, ApiError> {
    let (files, name) = (files_of(shared), name.to_owned());
    blocking(move || Ok(files()?.into_iter().find(|file| file.name == name))).await
}

/// A file is changed by who keeps it, in its repository.
async fn refuse_file(shared: &Shared, name: &str) -> Result<(), ApiError> {
    let Some(file) = file_of(shared, name).await? else { return Ok(()) };
    let message = format!("the dashboard {name} is the file {}", file.path.display());
    Err(ApiError::new(StatusCode::CONFLICT, "is_file", message)
        .with_hint("change it there, or save it under another name"))
}

fn unprocessable(why: &str) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_dashboard", why)
}

fn refused(error: StateError) -> ApiError {
    let message = error.to_string();
    match error {
        StateError::File { .. } => ApiError::internal(message),
        StateError::Name { .. } => ApiError::invalid(message),
        StateError::TooLarge { .. } => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message),
        StateError::TooMany => ApiError::new(StatusCode::CONFLICT, "too_many", message),
        StateError::Changed { .. } => ApiError::new(StatusCode::PRECONDITION_FAILED, "changed", message)
            .with_hint("load it again, and save on top of that"),
        StateError::TooManyPins => ApiError::new(StatusCode::CONFLICT, "too_many", message),
        StateError::Missing { .. } | StateError::MissingPin { .. } => ApiError::not_found(message),
    }
}

fn etag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes")
}

fn expected(headers: &HeaderMap) -> Result<Expected, ApiError> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    match (text(header::IF_MATCH), text(header::IF_NONE_MATCH)) {
        (None, None) => Ok(Expected::Anything),
        (None, Some("*")) => Ok(Expected::Nothing),
        (Some(tag), None) => {
            let version = tag.trim_matches('"').parse();
            version
                .map(Expected::Version)
                .map_err(|_| ApiError::invalid(format!("If-Match is no entity tag of ours: {tag}")))
        }
        _ => Err(ApiError::invalid("either If-Match with an entity tag, or If-None-Match: *")),
    }
}

/// The document as text, if it is one of ours: a JSON object with a title.
fn document(body: &[u8]) -> Result<String, ApiError> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::invalid(format!("the dashboard is no JSON: {error}")))?;
    if !value.get("title").is_some_and(Value::is_string) {
        return Err(ApiError::invalid("a dashboard is a JSON object with a `title`"));
    }
    String::from_utf8(body.to_vec()).map_err(|_| ApiError::invalid("the dashboard is not UTF-8"))
}

fn listed(board: Board) -> Listed {
    let document: Value = serde_json::from_str(&board.document).unwrap_or_default();
    Listed { name: board.name, version: board.version, changed: board.at.to_string(), ..described(&document) }
}

fn listed_file(file: BoardFile) -> Listed {
    let read = file.document();
    let problem = read.as_ref().err().cloned();
    let document = read.map(|(document, _)| document).unwrap_or_default();
    Listed {
        version: file.changed,
        changed: file.changed.to_string(),
        file: Some(file.path.display().to_string()),
        problem,
        name: file.name,
        ..described(&document)
    }
}

/// What a document says of itself.
fn described(document: &Value) -> Listed {
    let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
    let panels = document.get("panels").and_then(Value::as_array);
    let is_panel = |panel: &&Value| panel.get("kind").and_then(Value::as_str) != Some("row");
    Listed {
        title: text("title"),
        description: text("description"),
        panels: panels.map_or(0, |panels| panels.iter().filter(is_panel).count()),
        name: String::new(),
        version: 0,
        changed: String::new(),
        file: None,
        problem: None,
    }
}
