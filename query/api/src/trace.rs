//! `GET /api/traces/{trace_id}`: one whole trace, its skeleton, or one of its spans.
//!
//! Owns the way from stored rows to OTLP's names in JSON. Rows come from the store's index, never through SQL; they
//! are written a chunk at a time, straight from their columns.

mod attributes;
mod log_json;
mod peers;
mod rows;
mod shape;
mod skeleton;
mod span_json;
mod whole;
mod why;

pub(crate) use attributes::push_attributes;
pub(crate) use peers::peers;
pub(crate) use shape::shape;
pub(crate) use why::why;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use http::Uri;
use serde::Deserialize;
use spanlake_schemas::ids::{SpanId, TraceId};

use crate::error::ApiError;
use crate::parameters;
use crate::state::Shared;

#[derive(Debug, Default, Deserialize)]
struct View {
    view: Option<String>,
    span_id: Option<String>,
}

/// The route.
pub(crate) async fn one(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let text = parameters::path_part(path)?;
    let trace_id = TraceId::parse_any(&text).map_err(|error| ApiError::invalid(error.to_string()))?;
    let view: View = parameters::read(&uri)?;
    let span_id = view.span_id.as_deref().map(SpanId::parse_any).transpose();
    let span_id = span_id.map_err(|error| ApiError::invalid(error.to_string()))?;
    match view.view.as_deref() {
        None | Some("" | "full") => whole::answer(&shared, trace_id, span_id).await,
        Some("skeleton") => skeleton::answer(&shared, trace_id).await,
        Some(other) => Err(ApiError::invalid(format!("view: {other:?} is not skeleton"))),
    }
}

fn no_trace(id: TraceId) -> ApiError {
    ApiError::not_found(format!("there is no trace {id}"))
}

#[cfg(test)]
mod tests;
