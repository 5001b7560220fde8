//! `/api/sql`: one statement, answered as JSON, CSV, an Arrow stream or a Parquet file.
//!
//! Owns how a statement comes in and its answer goes out. JSON is complete before it starts, so that any error has
//! its status; the others are streamed, and an error in the middle breaks the connection. A client that goes
//! drops the answer, which cancels the statement.

mod encoders;
mod json_answer;
mod streamed;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Deserialize;

use crate::error::ApiError;
use crate::own_metrics::Outcome;
use crate::parameters;
use crate::state::Shared;

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Json,
    Csv,
    Arrow,
    Parquet,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    const fn file_name(self) -> &'static str {
        match self {
            Self::Json => "attachment; filename=\"spanlake.json\"",
            Self::Csv => "attachment; filename=\"spanlake.csv\"",
            Self::Arrow => "attachment; filename=\"spanlake.arrows\"",
            Self::Parquet => "attachment; filename=\"spanlake.parquet\"",
        }
    }
}

/// What is asked.
#[derive(Debug, Deserialize)]
struct Statement {
    query: String,
    #[serde(default)]
    format: Format,
    limit: Option<usize>,
}

/// `POST /api/sql`.
pub(crate) async fn post_sql(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    require_json(&headers)?;
    let body = parameters::body(body)?;
    let statement = serde_json::from_slice(&body)
        .map_err(|error| ApiError::invalid(format!("the body is not {{\"query\": \"…\"}}: {error}")))?;
    answer(&shared, statement).await
}

/// `GET /api/sql?query=…&format=…&limit=…`: the same, as a file to download.
pub(crate) async fn get_sql(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let statement: Statement = parameters::read(&uri)?;
    let file_name = HeaderValue::from_static(statement.format.file_name());
    let mut response = answer(&shared, statement).await?;
    response.headers_mut().insert(header::CONTENT_DISPOSITION, file_name);
    Ok(response)
}

/// Pages of other sites can post forms, but no JSON without being asked for leave first.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = format!("the body must be application/json, not {content_type:?}");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
}

async fn answer(shared: &Shared, statement: Statement) -> Result<Response, ApiError> {
    let running = shared.metrics.start();
    let answer = match shared.engine.query(&statement.query).await {
        Ok(answer) => answer,
        Err(error) => {
            running.end(Outcome::of(&error));
            return Err(error.into());
        }
    };
    match statement.format {
        Format::Json => {
            let rows_max = statement.limit.unwrap_or(usize::MAX).min(shared.config.json_rows_max);
            json_answer::write(answer, rows_max, running).await
        }
        format => streamed::write(answer, format, statement.limit, running).await,
    }
}
