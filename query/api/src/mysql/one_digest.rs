//! One digest closely: over time, its plans, samples, and who sends it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_schemas::mysql::keys;
use spanlake_store::now_nanos;

use super::by_time;
use super::digests::{self, Which, attribute};
use super::joined::{self, Sample};
use crate::error::ApiError;
use crate::parameters::{self, Window, sql_text};
use crate::state::Shared;

#[derive(Debug, Deserialize)]
struct DigestParameters {
    server: String,
    digest: String,
    schema: Option<String>,
    #[serde(flatten)]
    window: Window,
}

/// `GET /api/mysql/digest`.
pub(super) async fn digest(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let parameters: DigestParameters = parameters::read(&uri)?;
    let window = parameters.window.bounds()?;
    let (server, digest) = (parameters.server.as_str(), parameters.digest.as_str());
    let which = Which { server: Some(server), schema: parameters.schema.as_deref(), digest: Some(digest), text: None };
    let mut found = digests::sums(&shared, &which, window, "total_time", 1).await?;
    digests::sparklines(&shared, &which, window, &mut found).await?;
    let Some(sums) = found.first() else {
        let message = format!("the digest {digest:?} did nothing on {server:?} in this range");
        return Err(ApiError::not_found(message));
    };
    let points = digests::points(&shared, &which, window).await?;
    let plans = digests::plans(&shared, &which, window, sums.last_seen).await?;
    let conditions =
        format!("service_instance_id = {} AND {} = {}", sql_text(server), attribute(keys::DIGEST), sql_text(digest));
    let until = window.1.unwrap_or_else(now_nanos);
    let mut samples = joined::samples(&shared, &conditions, (window.0, until)).await?;
    let (services, traces) = joined::senders(&shared, (server, digest), window, &samples).await?;
    by_time::link(&shared, (server, digest), &mut samples).await?;
    let samples: Vec<Value> = samples.iter().map(Sample::json).collect();
    Ok(Json(json!({
        "digest": sums.json(), "points": points, "plans": plans, "samples": samples, "services": services, "traces": traces,
    }))
    .into_response())
}
