//! Spanlake with MySQL servers to poll, and short ways to ask it.
//!
//! Owns the process and its folder. What is not there yet is `None`, never an error.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::servers::DbServer;
use crate::http::Connection;
use crate::process::{Ports, Server, ServerOptions, cpu_seconds, memory_bytes};
use crate::queries;

const START_PATIENCE: Duration = Duration::from_secs(60);

/// The user that polls, with its least rights.
pub const MONITOR: &str = "mon:bench";

/// Spanlake, polling.
pub struct Spanlake {
    process: Server,
    ports: Ports,
    // Dropped after the process.
    _folder: tempfile::TempDir,
}

impl Spanlake {
    /// Starts it and waits until it is ready.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn start(binary: &Path, urls: &[String]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("spanlake-bench-mysql-").tempdir()?;
        let mut process = Server::spawn(ServerOptions {
            binary: binary.to_path_buf(),
            wrapper: Vec::new(),
            data_dir: folder.path().join("data"),
            arguments: urls.iter().flat_map(|url| ["--mysql".to_owned(), url.clone()]).collect(),
            environment: Vec::new(),
            output: folder.path().join("server.log"),
        })?;
        let ports = process.wait_ready(START_PATIENCE)?;
        Ok(Self { process, ports, _folder: folder })
    }

    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.ports.listen
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Seconds of processor time so far.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.process.id())
    }

    /// Memory that is resident now, in bytes.
    ///
    /// # Errors
    /// When `/proc` does not say.
    pub fn resident(&self) -> anyhow::Result<u64> {
        memory_bytes(self.process.id(), "VmRSS")
    }

    /// Sends its process a signal: `STOP`, `CONT`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let id = self.process.id().to_string();
        let status = std::process::Command::new("kill").args([format!("-{signal}"), id]).status()?;
        anyhow::ensure!(status.success(), "the signal was not sent");
        Ok(())
    }

    /// Waits until every server that is polled is up.
    ///
    /// # Errors
    /// When they are not in time.
    pub fn until_up(&self, servers: usize) -> anyhow::Result<()> {
        let mut connection = Connection::open(self.listen())?;
        for _ in 0..600 {
            connection.get("/api/mysql")?;
            let answer: Value = serde_json::from_slice(connection.body())?;
            let up = answer["servers"].as_array().into_iter().flatten().filter(|server| server["up"] == true).count();
            if up == servers {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        anyhow::bail!("not all servers are up:\n{}", self.process.output())
    }

    /// What a server costs, as `GET /api/mysql` shows it.
    ///
    /// # Errors
    /// When the API does not answer.
    pub fn shown_cost(&self, name: &str) -> anyhow::Result<Value> {
        let mut connection = Connection::open(self.listen())?;
        connection.get("/api/mysql")?;
        let answer: Value = serde_json::from_slice(connection.body())?;
        let servers = answer["servers"].as_array().context("the API lists servers")?;
        Ok(servers.iter().find(|server| server["name"] == name).map_or(Value::Null, |server| server["cost"].clone()))
    }
}

/// The newest value of a query of SQL.
///
/// # Errors
/// When the API does not answer.
pub fn sql_number(connection: &mut Connection, query: &str) -> anyhow::Result<Option<f64>> {
    Ok(queries::sql(connection, query)?["rows"][0][0].as_f64())
}

/// The value of an instant query of PromQL that gives one series.
///
/// # Errors
/// When the API does not answer.
pub fn promql_number(connection: &mut Connection, query: &str) -> anyhow::Result<Option<f64>> {
    connection.get(&format!("/prometheus/api/v1/query?query={query}"))?;
    let answer: Value = serde_json::from_slice(connection.body())?;
    Ok(answer["data"]["result"][0]["value"][1].as_str().and_then(|text| text.parse().ok()))
}

/// Creates the user that polls.
///
/// # Errors
/// As the server says.
pub fn create_monitor(server: &DbServer) -> anyhow::Result<()> {
    let mut root = server.root()?;
    root.run("CREATE USER mon@'%' IDENTIFIED BY 'bench'")?;
    root.run("GRANT PROCESS, REPLICATION CLIENT ON *.* TO mon@'%'")?;
    root.run("GRANT SELECT ON performance_schema.* TO mon@'%'")?;
    // MariaDB has a right of its own for what MySQL calls REPLICATION CLIENT.
    let _ = root.run("GRANT SLAVE MONITOR ON *.* TO mon@'%'");
    Ok(())
}

/// Somebody who looks at a server, by the long poll that the page makes.
pub struct Watcher {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    #[must_use]
    pub fn start(listen: SocketAddr, server: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, server) = (Arc::clone(&stop), server.to_owned());
        let thread = std::thread::spawn(move || {
            let Ok(mut connection) = Connection::open(listen) else { return };
            let mut after = None;
            while !stopped.load(Ordering::Relaxed) {
                let after_text = after.map(|after: u64| format!("&after={after}")).unwrap_or_default();
                if connection.get(&format!("/api/mysql/live?server={server}&wait=2s{after_text}")).is_err() {
                    return;
                }
                let answer: Value = serde_json::from_slice(connection.body()).unwrap_or_default();
                after = answer["seq"].as_u64();
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
