//! Whether a server can be polled, what would be collected, and what that costs it: told before anybody relies on it.
//!
//! Owns the sentences for what is wrong with an address. The cost is measured by polling for a while, for nobody.

use std::sync::Arc;
use std::time::Duration;

use spanlake_schemas::ingest::{Ingest, KnownSeries, NoKnownSeries, Permit, Refusal, Request};
use spanlake_schemas::mysql::{Cost, Flavor, Missing};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use super::capabilities::{self, Capabilities, Capability};
use super::session::{Lane, Session, SessionError};
use super::{Checkpoints, MysqlServers, MysqlSource, MysqlUrl};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Two readings of the accounts are ten seconds apart.
const MEASURED_FOR_MAX: Duration = Duration::from_secs(25);

/// What an address leads to.
#[derive(Clone, Debug)]
pub struct CheckReport {
    pub flavor: Flavor,
    pub version: String,
    /// What is collected, a line each, with how often.
    pub collected: Vec<&'static str>,
    pub missing: Vec<Missing>,
    /// `None` where it could not be measured in time.
    pub cost: Option<Cost>,
}

/// Why it leads nowhere; each says what to look at.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CheckError {
    #[error("the host {host:?} is not known ({reason}): check its name in the address")]
    Host { host: String, reason: String },
    #[error(
        "nothing listens on port {port} of {host} ({reason}): check the port, and that the server runs and listens on that address"
    )]
    Port { host: String, port: u16, reason: String },
    #[error("{host} port {port} does not answer within {seconds} s: check the address, and firewalls on the way")]
    Silent { host: String, port: u16, seconds: u64 },
    #[error(
        "the server at {endpoint} refuses the user or the password: check both, and from which hosts the user may log in ({message})"
    )]
    Login { endpoint: String, message: String },
    #[error(
        "the TLS that is asked for fails with {endpoint}: {reason}; see require_ssl, verify_ca, verify_identity and tls_ca in docs/mysql.md"
    )]
    Tls { endpoint: String, reason: String },
    #[error("the server at {endpoint} has no connection free: {message}")]
    Full { endpoint: String, message: String },
    #[error("what listens at {endpoint} does not answer as MySQL does: {reason}")]
    NotMysql { endpoint: String, reason: String },
    #[error("the server at {endpoint} refuses: {message}")]
    Refused { endpoint: String, message: String },
}

impl CheckError {
    /// Whether somebody has to be given a right or a password, rather than an address.
    #[must_use]
    pub fn is_about_rights(&self) -> bool {
        matches!(self, Self::Login { .. })
    }
}

/// Connects, asks for everything once, and then polls for some seconds.
///
/// # Errors
/// When the server cannot be reached or logged in to, in a sentence that says what is wrong.
pub async fn check(url: &MysqlUrl) -> Result<CheckReport, CheckError> {
    reach(url).await?;
    let lane = (Lane::Fast, Arc::default());
    let opened = Session::open(url, lane, CONNECT_TIMEOUT, CONNECT_TIMEOUT).await;
    let mut session = opened.map_err(|error| explained(url, error))?;
    let found = capabilities::probe(&mut session).await.map_err(|error| explained(url, error))?;
    session.close().await;
    let cost = measure(url).await;
    Ok(CheckReport {
        flavor: found.flavor,
        version: found.version.clone(),
        collected: collected(&found),
        missing: found.missing,
        cost,
    })
}

/// Name and port, before anything of MySQL.
async fn reach(url: &MysqlUrl) -> Result<(), CheckError> {
    let (host, port) = (url.host().to_owned(), url.port());
    let addresses = tokio::net::lookup_host((url.host(), port)).await;
    let addresses: Vec<_> = match addresses {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Err(CheckError::Host { host, reason: error.to_string() }),
    };
    match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(&addresses[..])).await {
        Err(_) => Err(CheckError::Silent { host, port, seconds: CONNECT_TIMEOUT.as_secs() }),
        Ok(Err(error)) => Err(CheckError::Port { host, port, reason: error.to_string() }),
        Ok(Ok(_)) => Ok(()),
    }
}

fn explained(url: &MysqlUrl, error: SessionError) -> CheckError {
    let endpoint = url.endpoint();
    match error {
        SessionError::Late { milliseconds } => CheckError::NotMysql {
            endpoint,
            reason: format!("it takes connections, but says nothing within {milliseconds} ms"),
        },
        SessionError::Refused { code: 1040 | 1203 | 1226, message, .. } => CheckError::Full { endpoint, message },
        SessionError::Refused { code: 1044 | 1045 | 1130 | 1698 | 1862 | 3118 | 4151, message, .. } => {
            CheckError::Login { endpoint, message }
        }
        SessionError::Refused { code: 3159, message, .. } => CheckError::Tls { endpoint, reason: message },
        SessionError::Refused { message, .. } => CheckError::Refused { endpoint, message },
        SessionError::Tls(reason) => CheckError::Tls { endpoint, reason },
        SessionError::UnknownHost(reason) => CheckError::Host { host: url.host().to_owned(), reason },
        SessionError::NothingListens(reason) => {
            CheckError::Port { host: url.host().to_owned(), port: url.port(), reason }
        }
        SessionError::Connection(reason) => CheckError::NotMysql { endpoint, reason },
    }
}

fn collected(found: &Capabilities) -> Vec<&'static str> {
    let has = |capability| found.has(capability);
    let all = [
        (true, "status: each second (0.5 s when busy, 5 s when idle and not watched)"),
        (has(Capability::Statements) || has(Capability::ProcessList), "current statements: each 1 to 2 s"),
        (
            has(Capability::DataLocks) || has(Capability::InnodbLockWaits),
            "lock waits: each 1 to 2 s while somebody waits",
        ),
        (has(Capability::MetadataLocks), "waits for metadata locks: each 1 to 2 s while somebody waits"),
        (
            has(Capability::AllSlavesStatus) || has(Capability::ReplicaStatus) || has(Capability::SlaveStatus),
            "replication: each 2 s where there is some",
        ),
        (has(Capability::Digests), "statements by digest: each 10 s"),
        (has(Capability::Histograms), "their durations as histograms: each 10 s, of the 20 of most time"),
        (has(Capability::Samples), "their plans: each 60 s, of the 20 of most time"),
        (has(Capability::InnodbStatus), "InnoDB's report and deadlocks: each 30 s"),
        (true, "variables and their changes: each 60 s"),
        (true, "sizes of tables that the user may see: each 5 min"),
    ];
    all.into_iter().filter(|(is_there, _)| *is_there).map(|(_, line)| line).collect()
}

async fn measure(url: &MysqlUrl) -> Option<Cost> {
    let stop = CancellationToken::new();
    let state = MysqlServers::default().add(url);
    // As costly as it gets: somebody watches.
    let _ = state.live(None);
    let source = MysqlSource::at(url.clone());
    let of = (source, Arc::clone(&state));
    let polling = tokio::spawn(super::poll(of, Arc::new(Nobody), Arc::new(Nobody), stop.clone()));
    let measured = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let cost = state.picture().cost;
            if cost.statements_per_second > 0.0 {
                return cost;
            }
        }
    };
    let cost = tokio::time::timeout(MEASURED_FOR_MAX, measured).await.ok();
    stop.cancel();
    let _ = polling.await;
    cost
}

/// Takes everything and keeps nothing.
struct Nobody;

struct Free;
impl Permit for Free {}

impl Checkpoints for Nobody {
    fn load(&self, _: &str) -> Option<String> {
        None
    }

    fn save(&self, _: &str, _: &str) {}
}

impl Ingest for Nobody {
    fn admit(&self, _: u64) -> Result<Box<dyn Permit>, Refusal> {
        Ok(Box::new(Free))
    }

    fn known_series(&self) -> &dyn KnownSeries {
        &NoKnownSeries
    }

    fn store(&self, _: Request) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
