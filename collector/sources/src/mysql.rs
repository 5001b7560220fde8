//! MySQL and MariaDB servers, asked over two connections each: what they do each second, and what is dear more seldom.
//!
//! Owns the pollers and the live picture of every server. What they find is stored as OTLP like everything that comes
//! through a door; what is of the moment is read from memory. Never more than two connections to a server, one statement
//! at a time on each. Never prints a password, never stores a literal of a statement.

mod address;
mod capabilities;
mod carrier;
mod check;
mod cost;
mod counters;
mod digests;
mod explainable;
mod fast;
mod figures;
mod histograms;
mod identity;
mod innodb;
mod light;
mod locks;
mod log_files;
mod message;
mod metered;
mod names;
mod plans;
mod records;
mod replication;
mod report;
mod session;
mod slow;
mod slow_log;
mod state;
mod statements;
mod tail;
mod text;
mod text_digests;
mod variables;
mod words;

#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::ingest::Ingest;
use tokio_util::sync::CancellationToken;

pub use address::{MysqlUrl, MysqlUrlError};
pub use check::{CheckError, CheckReport, check};
pub use log_files::Checkpoints;
pub use state::{MysqlServers, ServerState};

use crate::delivery::Delivery;
use fast::FastPoller;
use metered::Metered;
use slow::SlowPoller;

/// One server to poll.
#[derive(Clone, Debug)]
pub struct MysqlSource {
    pub url: MysqlUrl,
    /// From one reading of the status to the next; half of it for a busy server, five times for an idle one.
    pub interval: Duration,
    /// Files of its logs on this machine, where they are to be followed.
    pub slow_log: Option<PathBuf>,
    pub error_log: Option<PathBuf>,
}

impl MysqlSource {
    /// A server without files, polled each second.
    #[must_use]
    pub fn at(url: MysqlUrl) -> Self {
        Self { url, interval: Duration::from_secs(1), slow_log: None, error_log: None }
    }
}

/// Polls until `stop` is cancelled. Ends within half a second then, whatever the server does.
pub async fn poll(
    (source, state): (MysqlSource, Arc<ServerState>),
    ingest: Arc<dyn Ingest>,
    checkpoints: Arc<dyn Checkpoints>,
    stop: CancellationToken,
) {
    let delivery = || Delivery::new(Arc::clone(&ingest), spanlake_schemas::otlp::decode);
    let fast = FastPoller::new(source.clone(), Arc::clone(&state), delivery());
    let slow = SlowPoller::new(source.clone(), Arc::clone(&state), delivery());
    let files = log_files::follow((source, Arc::clone(&state)), delivery(), checkpoints, stop.clone());
    let all = async { tokio::join!(fast.run(stop.clone()), slow.run(stop), files) };
    Metered::new(Box::pin(all), state).await;
}
