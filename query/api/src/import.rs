//! `POST /api/import/{signal}`: an OTLP request whose rows are filed under their own hours, however old they are.
//!
//! Owns what the headers say of a body. The doors' own way takes it from there; never decodes.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use spanlake_schemas::ingest::{Compression, Encoding};

use crate::error::ApiError;
use crate::export::signal;
use crate::guard;
use crate::parameters;
use crate::state::{Import, Shared};

/// The route.
pub(crate) async fn import(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    guard::only_operators(&shared.config, &extensions, "import")?;
    let signal = signal(path)?;
    let encoding = encoding(&headers)?;
    let compression = compression(&headers)?;
    let body = parameters::body(body)?;
    match shared.admin.import(Import { signal, encoding, compression, body }).await {
        Ok(imported) => Ok(Json(imported).into_response()),
        Err(refusal) => {
            let code = match refusal.status {
                StatusCode::SERVICE_UNAVAILABLE => "busy",
                StatusCode::PAYLOAD_TOO_LARGE => "too_large",
                status if status.is_client_error() => "invalid_request",
                _ => "internal",
            };
            let mut response = ApiError::new(refusal.status, code, refusal.message).into_response();
            if let Some(after) = refusal.retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
            }
            Ok(response)
        }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Pages of other sites can post forms, but neither of these without being asked for leave first.
fn encoding(headers: &HeaderMap) -> Result<Encoding, ApiError> {
    let content_type = text(headers, header::CONTENT_TYPE);
    match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "application/json" => Ok(Encoding::Json),
        "application/x-protobuf" => Ok(Encoding::Protobuf),
        _ => {
            let message = format!("the body must be application/json or application/x-protobuf, not {content_type:?}");
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
        }
    }
}

fn compression(headers: &HeaderMap) -> Result<Compression, ApiError> {
    match text(headers, header::CONTENT_ENCODING) {
        "" | "identity" => Ok(Compression::None),
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        other => {
            let message = format!("content-encoding {other:?} is not supported: send gzip, zstd or identity");
            Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message))
        }
    }
}
