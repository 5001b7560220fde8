//! The servers, and the long poll on one of them.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{unknown, values};
use crate::error::ApiError;
use crate::parameters::{self, length};
use crate::state::Shared;

const WAIT_DEFAULT: Duration = Duration::from_secs(10);
const WAIT_MAX: Duration = Duration::from_secs(20);

#[derive(Debug, Deserialize)]
struct LiveParameters {
    server: String,
    after: Option<u64>,
    wait: Option<String>,
}

/// `GET /api/mysql`.
pub(super) async fn servers(State(shared): State<Arc<Shared>>) -> Response {
    let servers: Vec<Value> = shared.mysql.servers().iter().map(values::server).collect();
    Json(json!({ "servers": servers })).into_response()
}

/// `GET /api/mysql/live`.
pub(super) async fn live(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let LiveParameters { server, after, wait } = parameters::read(&uri)?;
    let wait = match wait.as_deref() {
        None => WAIT_DEFAULT,
        Some(text) => Duration::from_nanos(u64::try_from(length("wait", text)?).unwrap_or(0)).min(WAIT_MAX),
    };
    let mut picture = shared.mysql.live(&server, after).ok_or_else(|| unknown(&server))?;
    // A number that is ahead is of a server that has started anew: everything is news.
    let is_ahead = after.is_some_and(|after| after > picture.seq);
    if is_ahead {
        picture = shared.mysql.live(&server, None).ok_or_else(|| unknown(&server))?;
    } else if let Some(after) = after.filter(|after| *after == picture.seq) {
        shared.mysql.changed(&server, after, wait).await;
        picture = shared.mysql.live(&server, Some(after)).ok_or_else(|| unknown(&server))?;
    }
    let body = json!({
        "seq": picture.seq,
        "server": values::server(&picture.server),
        "points": picture.points.iter().map(values::point).collect::<Vec<_>>(),
        "statements": picture.statements.iter().map(values::statement).collect::<Vec<_>>(),
        "locks": picture.locks.iter().map(values::lock_wait).collect::<Vec<_>>(),
    });
    Ok(Json(body).into_response())
}
