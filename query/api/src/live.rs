//! `/api/live`: the one WebSocket over which live views get what changed, and only that (`docs/api.md`).
//!
//! Owns who may connect and how many. The life of a connection: [`protocol`] reads what is asked -> [`session`] waits for
//! rows or for time -> [`series`], [`log_tail`] say what changed since the last frame -> one frame with all of it. Nothing is
//! queued for a client: while it does not read, nothing is evaluated for it, and the next frame says what changed since the
//! one that it has read. Never stores anything.

mod counts;
mod log_tail;
mod protocol;
mod series;
mod session;
mod subscription;

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::error::ApiError;
use crate::state::Shared;
pub(crate) use counts::LiveCounts;

/// Connections at once; a page has one.
const CONNECTIONS_MAX: usize = 64;
/// Largest message of a client; an expression of the greatest length fits well.
const MESSAGE_BYTES_MAX: usize = 64 << 10;
/// The name of this protocol, as clients offer it.
const PROTOCOL: &str = "spanlake.live";
/// What stands before the server's token, in base64 of URLs, among the protocols that a client offers: a page cannot
/// set other headers of a WebSocket.
pub(crate) const TOKEN_PROTOCOL: &str = "spanlake.token.";

/// `GET /api/live`, which becomes a WebSocket.
pub(crate) async fn live(
    State(shared): State<Arc<Shared>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let upgrade = upgrade.map_err(|refusal| {
        ApiError::invalid(format!("/api/live is a WebSocket: {refusal}")).with_hint("docs/api.md says what is spoken")
    })?;
    let Some(place) = shared.metrics.live.enter(CONNECTIONS_MAX) else {
        let message = format!("{CONNECTIONS_MAX} live views are connected already");
        return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
            .with_hint("close a page that is live, or read without live mode"));
    };
    let run = move |socket: WebSocket| async move {
        session::run(socket, &shared).await;
        drop(place);
    };
    Ok(upgrade
        .protocols([PROTOCOL])
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(run)
        .into_response())
}

fn now_ms() -> i64 {
    spanlake_store::now_nanos().div_euclid(1_000_000)
}

#[cfg(test)]
mod tests;
