//! `/api/mysql`: MySQL servers as they are and as they were, and what they did for a span.
//!
//! Owns the JSON. The present comes from whoever polls, through [`MysqlLive`]; the past is what that has stored, asked
//! like everything else. Never talks to a server itself.

mod by_time;
mod digests;
mod events;
mod joined;
mod live;
mod one_digest;
mod present;
mod quantiles;
mod span;
mod values;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use spanlake_schemas::mysql::{GlobalVariables, InnodbPicture, LivePicture, ServerPicture, TableSize};

use crate::error::ApiError;
use crate::state::Shared;

/// The servers that are polled, at this moment. Every call but the two futures MUST return at once. A server is named by
/// its `host:port`; `None` is one that is not polled.
pub trait MysqlLive: Send + Sync {
    /// In the order of the configuration.
    fn servers(&self) -> Vec<ServerPicture>;

    /// The present, and the points after a number; all that are kept without one. Whoever asks counts as watching for a
    /// while.
    fn live(&self, server: &str, after: Option<u64>) -> Option<LivePicture>;

    /// Ends when there is something after this number, or after `wait`.
    fn changed(&self, server: &str, after: u64, wait: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Names and values of the global variables, as last read.
    fn variables(&self, server: &str) -> Option<GlobalVariables>;

    fn innodb(&self, server: &str) -> Option<InnodbPicture>;

    /// Largest first.
    fn tables(&self, server: &str) -> Option<Vec<TableSize>>;

    /// The digest that a server gives to each text; as many as texts, `None` where it cannot be said. Ends within three
    /// seconds.
    fn digests_of(
        &self,
        server: &str,
        texts: Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Vec<Option<String>>> + Send + '_>>;
}

/// Where none is polled.
pub struct NoMysql;

impl MysqlLive for NoMysql {
    fn servers(&self) -> Vec<ServerPicture> {
        Vec::new()
    }

    fn live(&self, _: &str, _: Option<u64>) -> Option<LivePicture> {
        None
    }

    fn changed(&self, _: &str, _: u64, _: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }

    fn variables(&self, _: &str) -> Option<GlobalVariables> {
        None
    }

    fn innodb(&self, _: &str) -> Option<InnodbPicture> {
        None
    }

    fn tables(&self, _: &str) -> Option<Vec<TableSize>> {
        None
    }

    fn digests_of(
        &self,
        _: &str,
        texts: Vec<String>,
    ) -> Pin<Box<dyn Future<Output = Vec<Option<String>>> + Send + '_>> {
        Box::pin(std::future::ready(vec![None; texts.len()]))
    }
}

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(live::servers))
        .route("/live", get(live::live))
        .route("/digests", get(digests::digests))
        .route("/digest", get(one_digest::digest))
        .route("/events", get(events::events))
        .route("/variables", get(events::variables))
        .route("/span", get(span::span))
        .route("/innodb", get(present::innodb))
        .route("/tables", get(present::tables))
}

/// An answer about a server that nobody polls.
pub(crate) fn unknown(server: &str) -> ApiError {
    ApiError::not_found(format!("no MySQL server {server:?} is polled here"))
        .with_hint("GET /api/mysql lists those that are; add one with `spanlake serve --mysql`")
}
