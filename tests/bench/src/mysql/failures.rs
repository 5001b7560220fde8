//! Servers that fail in every way, and how soon Spanlake says so: on the API that the page asks, and as `mysql_up`.
//!
//! Owns the failures and their mending. Beside the times it counts Spanlake's connections all the while, by the sockets of
//! its process: never more than two.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::client::Client;
use super::proxy::Proxy;
use super::servers::{DbServer, Flavor};
use super::sockets::connected_to;
use super::spanlake::{MONITOR, Spanlake, create_monitor, promql_number};
use super::table::Table;
use crate::http::Connection;

/// Longer than any of it may take, on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

/// What was seen of one failure.
#[derive(Clone, Debug)]
pub struct Failure {
    pub what: &'static str,
    /// From the failure until it is told: by the API, and by PromQL.
    pub told: (Duration, Duration),
    /// From the mending until it is told.
    pub mended: (Duration, Duration),
    /// The reason that is shown.
    pub reason: String,
    /// The most connections to the server that Spanlake had at once.
    pub connections: usize,
}

/// Lets a server of its own fail in each way. `None` where there is none to be had.
///
/// # Errors
/// When a failure is never told, or a server does not start.
pub fn run(binary: &Path) -> anyhow::Result<Option<Vec<Failure>>> {
    let (Some(server), Some(other)) = (DbServer::plain(Flavor::Mysql)?, DbServer::plain(Flavor::Mysql)?) else {
        return Ok(None);
    };
    create_monitor(&server)?;
    create_monitor(&other)?;
    let proxy = Proxy::start(server.port())?;
    let direct = Spanlake::start(binary, &[server.url(MONITOR)])?;
    let behind = Spanlake::start(binary, &[format!("mysql://{MONITOR}@127.0.0.1:{}/", proxy.port())])?;
    let mut eye = Eye::open(&direct, server.port())?;
    eye.until(true, Instant::now())?;
    let mut seen = Vec::new();
    seen.push(eye.failure("the server dies (SIGKILL)", || server.signal("KILL"), || server.start_again())?);
    seen.push(eye.failure("the server hangs (SIGSTOP)", || server.signal("STOP"), || server.signal("CONT"))?);
    seen.push(eye.failure(
        "the server is shut down",
        || {
            server.stop();
            Ok(())
        },
        || server.start_again(),
    )?);
    seen.push(eye.failure(
        "the password is refused",
        || {
            let mut root = server.root()?;
            root.run("ALTER USER mon@'%' IDENTIFIED BY 'another'")?;
            throw_out(&mut root)
        },
        || server.root()?.run("ALTER USER mon@'%' IDENTIFIED BY 'bench'"),
    )?);
    seen.push(full(&mut eye, &server)?);
    drop(eye);
    drop(direct);
    let mut eye = Eye::open(&behind, proxy.port())?;
    eye.until(true, Instant::now())?;
    seen.push(eye.failure(
        "every answer is 30 s late",
        || {
            proxy.delay(Duration::from_secs(30));
            Ok(())
        },
        || {
            proxy.delay(Duration::ZERO);
            Ok(())
        },
    )?);
    let over = Instant::now();
    proxy.fail_over(other.port());
    let uuid: Vec<String> = other.root()?.rows("SELECT @@server_uuid")?;
    let uuid = uuid.first().context("a server has a uuid")?;
    let took = eye.until_identity(uuid, over)?;
    seen.push(Failure {
        what: "failing over to another server",
        told: (took, took),
        mended: (took, took),
        reason: String::new(),
        connections: eye.most(),
    });
    Ok(Some(seen))
}

/// The same as rows of a table.
///
/// # Errors
/// As [`run`], and where there is no server.
pub fn measure(binary: &Path, table: &mut Table) -> anyhow::Result<()> {
    let seen = run(binary)?.context("MySQL is needed")?;
    for failure in &seen {
        let what = |what: &str| format!("{}: {what}", failure.what);
        table.at_most(&what("until the page knows"), failure.told.0.as_secs_f64(), 3.0, "s");
        table.at_most(&what("until `mysql_up` is 0"), failure.told.1.as_secs_f64(), 3.0, "s");
        let slower = failure.mended.0.max(failure.mended.1);
        table.at_most(&what("until recovery is known by both"), slower.as_secs_f64(), 3.0, "s");
    }
    let most = seen.iter().map(|failure| failure.connections).max().unwrap_or(0);
    table.row(
        "connections at most, all the while",
        &most.to_string(),
        "≤ 2",
        if most <= 2 { "reached" } else { "missed" },
    );
    Ok(())
}

/// All connections are taken by others, and the poller's own are thrown out.
fn full(eye: &mut Eye, server: &DbServer) -> anyhow::Result<Failure> {
    let mut root = server.root()?;
    root.run("SET GLOBAL max_connections = 20")?;
    let others = std::cell::RefCell::new(Vec::new());
    let url = server.url("nobody_special");
    root.run("CREATE USER IF NOT EXISTS nobody_special@'%'")?;
    let root = std::cell::RefCell::new(root);
    eye.failure(
        "no connection is free",
        || {
            for _ in 0..200 {
                throw_out(&mut root.borrow_mut())?;
                match Client::open(&url) {
                    Ok(client) => others.borrow_mut().push(client),
                    // Until the poller, too, has found none.
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
                let rows: Vec<u64> =
                    root.borrow_mut().rows("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'mon'")?;
                if rows == [0] && others.borrow().len() >= 19 {
                    return Ok(());
                }
            }
            anyhow::bail!("the connections could not be filled")
        },
        || {
            others.borrow_mut().clear();
            Ok(())
        },
    )
}

/// Ends the poller's connections.
fn throw_out(root: &mut Client) -> anyhow::Result<()> {
    let ids: Vec<u64> = root.rows("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'mon'")?;
    for id in ids {
        let _ = root.run(&format!("KILL {id}"));
    }
    Ok(())
}

/// Looks at one server through Spanlake, and at Spanlake's sockets.
struct Eye {
    connection: Connection,
    stop: Arc<AtomicBool>,
    most: Arc<AtomicUsize>,
    counter: Option<JoinHandle<()>>,
}

impl Eye {
    fn open(spanlake: &Spanlake, port: u16) -> anyhow::Result<Self> {
        let (stop, most) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, highest, process) = (Arc::clone(&stop), Arc::clone(&most), spanlake.id());
        let counter = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                highest.fetch_max(connections(process, port), Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
        });
        Ok(Self { connection: Connection::open(spanlake.listen())?, stop, most, counter: Some(counter) })
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Breaks something, waits until it is told, mends it, waits again.
    fn failure(
        &mut self,
        what: &'static str,
        fail: impl FnOnce() -> anyhow::Result<()>,
        mend: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<Failure> {
        fail().with_context(|| what)?;
        let began = Instant::now();
        let told = self.until(false, began).with_context(|| what)?;
        // Long enough for every step of the back-off, and for connections to pile up if they did.
        std::thread::sleep(Duration::from_secs(6));
        let reason = self.server()?["reasons"][0]["text"].as_str().unwrap_or_default().to_owned();
        mend().with_context(|| what)?;
        let mended = self.until(true, Instant::now()).with_context(|| what)?;
        // The second connection comes back a little later.
        std::thread::sleep(Duration::from_secs(3));
        Ok(Failure { what, told, mended, reason, connections: self.most() })
    }

    fn server(&mut self) -> anyhow::Result<Value> {
        self.connection.get("/api/mysql")?;
        let answer: Value = serde_json::from_slice(self.connection.body())?;
        Ok(answer["servers"][0].clone())
    }

    /// When the API, and when PromQL, said so.
    fn until(&mut self, up: bool, began: Instant) -> anyhow::Result<(Duration, Duration)> {
        let (mut api, mut promql) = (None, None);
        while api.is_none() || promql.is_none() {
            ensure!(began.elapsed() < PATIENCE, "never told as {}", if up { "up" } else { "down" });
            if api.is_none() && self.server()?["up"] == up {
                api = Some(began.elapsed());
            }
            let value = promql_number(&mut self.connection, "mysql_up")?;
            if promql.is_none() && value.is_some_and(|value| (value > 0.5) == up) {
                promql = Some(began.elapsed());
            }
            std::thread::sleep(PAUSE);
        }
        Ok((api.unwrap_or_default(), promql.unwrap_or_default()))
    }

    /// When metrics came under another server's identity.
    fn until_identity(&mut self, uuid: &str, began: Instant) -> anyhow::Result<Duration> {
        let query = format!(
            "SELECT count(*) FROM metrics WHERE name = 'mysql.up' AND value = 1 AND resource_attributes['mysql.server_uuid'] = '{uuid}'"
        );
        while crate::queries::number(&mut self.connection, &query)? == 0 {
            ensure!(began.elapsed() < PATIENCE, "the other server is never seen");
            std::thread::sleep(PAUSE);
        }
        Ok(began.elapsed())
    }
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(counter) = self.counter.take() {
            let _ = counter.join();
        }
    }
}

/// Established connections of a process to a port of this machine.
fn connections(process: u32, port: u16) -> usize {
    let Ok(files) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return 0 };
    let links = files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok());
    let sockets: HashSet<String> = links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let all = connected_to(port).unwrap_or_default();
    all.values().filter(|inode| sockets.contains(*inode)).count()
}
