//! Against a real server: users with awkward passwords, every metric, a server that goes and comes back.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use prost::Message;

use super::tests::{ACCEPT_ALL, FakeStore, NoCheckpoints, decoded, metrics, points};
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::mysql::{Figure, Light, events};

use super::session::{Lane, Session};
use super::*;

/// What kind of server.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Mysql,
    Mariadb,
}

/// A server of our own, gone with its data at the end.
struct Server {
    script: PathBuf,
    dir: PathBuf,
    port: u16,
}

impl Server {
    /// `None` where there is no such server to be had; says why.
    fn start(kind: Kind) -> Option<Self> {
        // Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
        let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
        let (file, folder) = match kind {
            Kind::Mysql => ("mysql.sh", "mysql"),
            Kind::Mariadb => ("mariadb.sh", "mariadb"),
        };
        let script = here.join("../../tests/servers").join(file);
        if !script.exists() {
            return not_run(&format!("there is no {}", script.display()));
        }
        let cache = std::env::var_os("SPANLAKE_CACHE").map_or_else(
            || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/spanlake"),
            PathBuf::from,
        );
        let dir = cache.join(folder);
        std::fs::create_dir_all(&dir).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { script, dir, port };
        let one_at_a_time = File::create(server.dir.join("install.lock")).unwrap();
        one_at_a_time.lock().unwrap();
        if !server.run("install", false) {
            std::mem::forget(server);
            return not_run(&format!("{kind:?} could not be installed"));
        }
        drop(one_at_a_time);
        assert!(server.run("start", true), "{kind:?} did not start");
        Some(server)
    }

    fn run(&self, verb: &str, with_port: bool) -> bool {
        let mut command = Command::new("bash");
        command.arg(&self.script).arg(verb).arg(&self.dir).stdout(Stdio::null()).stderr(Stdio::null());
        if with_port {
            command.arg(self.port.to_string());
        }
        command.status().is_ok_and(|status| status.success())
    }

    fn stop(&self) {
        self.run("stop", true);
        for _ in 0..200 {
            if !self.dir.join(format!("{}.pid", self.port)).exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn url(&self, login: &str) -> MysqlUrl {
        MysqlUrl::parse(&format!("mysql://{login}127.0.0.1:{}/", self.port)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(self.dir.join(format!("data-{}", self.port)));
        for file in [format!("{}.log", self.port), format!("init-{}.log", self.port)] {
            let _ = std::fs::remove_file(self.dir.join(file));
        }
    }
}

fn not_run(why: &str) -> Option<Server> {
    // Past the capture of tests that pass: who reads the log must see it.
    let _ = writeln!(std::io::stderr(), "not run: the poller against a real MySQL: {why}");
    None
}

/// One poller and what it has stored.
struct Polling {
    store: Arc<FakeStore>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Polling {
    fn start(url: MysqlUrl) -> Self {
        let store = Arc::new(FakeStore::default());
        let stop = CancellationToken::new();
        let delivery = Delivery::new(Arc::clone(&store) as Arc<dyn Ingest>, ACCEPT_ALL);
        let state = MysqlServers::default().add(&url);
        let poller = FastPoller::new(
            MysqlSource { interval: Duration::from_millis(200), ..MysqlSource::at(url) },
            state,
            delivery,
        );
        Self { store, task: tokio::spawn(poller.run(stop.clone())), stop }
    }

    fn polls(&self) -> Vec<opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest> {
        let stored = self.store.stored.lock().unwrap();
        stored.iter().filter(|request| request.signal == Signal::Metrics).map(decoded).collect()
    }

    /// The points of the first whole poll after `from` that says so, and its place.
    async fn until_up_is(&self, up: i64, from: usize) -> (usize, Vec<(String, Value, u64)>) {
        for _ in 0..400 {
            let polls: Vec<_> = self.polls().into_iter().skip(from).collect();
            for (place, poll) in polls.iter().enumerate() {
                let points = points(poll);
                // Between two whole ones only what has changed is told.
                let is_whole = up == 0 || points.len() > 100;
                if points[0].0 == "mysql.up{}" && points[0].1 == Value::AsInt(up) && is_whole {
                    return (from + place, points);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("mysql.up never became {up}");
    }

    async fn end(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

fn integer(points: &[(String, Value, u64)], name: &str) -> i64 {
    match points.iter().find(|(of, _, _)| of == name) {
        Some((_, Value::AsInt(value), _)) => *value,
        other => panic!("{name}: {other:?}"),
    }
}

/// Scenario: a real server is polled by a user with least rights, stopped, and started again.
/// Guarantee: every metric is there, the outage is told, counters begin anew, wrong passwords stay secret.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_is_polled_through_a_restart() {
    let Some(server) = Server::start(Kind::Mysql) else { return };
    let mut root = Conn::new(server.url("root@").options()).await.unwrap();
    root.query_drop("CREATE USER mon@'%' IDENTIFIED BY 'p@ss:w/rd'").await.unwrap();
    root.query_drop("GRANT SELECT ON performance_schema.* TO mon@'%'").await.unwrap();
    root.query_drop("CREATE USER bare@'%' IDENTIFIED BY ''").await.unwrap();

    let polling = Polling::start(server.url("mon:p%40ss%3Aw%2Frd@"));
    let (first, before) = polling.until_up_is(1, 0).await;
    for name in ["mysql.threads{connected}", "mysql.uptime{}", "mysql.commands{select}", "mysql.row_operations{read}"] {
        integer(&before, name);
    }
    assert_eq!(integer(&before, "mysql.buffer_pool.limit{}"), 128 << 20);
    for _ in 0..10 {
        root.query_drop("SELECT 1").await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (_, after) = polling.until_up_is(1, first + 2).await;
    assert!(integer(&after, "mysql.commands{select}") >= integer(&before, "mysql.commands{select}") + 10);
    every_reading_is_told_once(&polling, &mut root).await;
    root.disconnect().await.unwrap();

    a_user_without_any_right_suffices(&server).await;
    a_wrong_password_is_told_as_down(&server).await;

    // A single poll may have been late before, on a busy machine; the outage is what follows the stop.
    let stopped_at = polling.polls().len();
    server.stop();
    let (down, _) = polling.until_up_is(0, stopped_at).await;
    assert!(server.run("start", true), "MySQL did not start again");
    let (_, again) = polling.until_up_is(1, down).await;
    let start = |points: &[(String, Value, u64)]| points.iter().find(|of| of.0 == "mysql.uptime{}").unwrap().2;
    let (old, new) = (start(&before), start(&again));
    assert!(new > old, "counters begin with the new server: {new} is not after {old}");
    polling.end().await;
}

/// Numbers in, points out: none lost, none twice, all names known to fit.
async fn every_reading_is_told_once(polling: &Polling, root: &mut Conn) {
    let status: Vec<(String, String)> = root.query("SHOW GLOBAL STATUS").await.unwrap();
    // Some servers list a variable twice.
    let numbers = status.iter().filter(|(_, value)| value.parse::<f64>().is_ok()).map(|(name, _)| name.to_lowercase());
    let numbers = numbers.collect::<std::collections::BTreeSet<String>>().len();
    let polls = polling.polls();
    let last = polls.iter().rev().find(|poll| points(poll).len() > 100).unwrap().clone();
    let mut names: Vec<String> = points(&last).into_iter().map(|(name, _, _)| name).collect();
    let derived = [
        "mysql.up{",
        "spanlake.",
        "mysql.buffer_pool.limit",
        "mysql.buffer_pool.data_pages{clean}",
        "mysql.buffer_pool.usage{clean}",
        "mysql.connection.usage{",
        "mysql.buffer_pool.hit_ratio{",
        "mysql.lock_waits{",
    ];
    names.retain(|name| !derived.iter().any(|prefix| name.starts_with(prefix)));
    // Two of them go by two names.
    assert_eq!(names.len(), numbers + names::TWICE.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), numbers + names::TWICE.len(), "no series twice");
    assert!(
        metrics(&last)
            .iter()
            .all(|metric| metric.name.chars().all(|char| matches!(char, 'a'..='z' | '0'..='9' | '.' | '_')))
    );
    let resource = format!("{:?}", last.resource_metrics[0].resource);
    for key in ["service.name", "db.system.name", "server.address", "server.port", "mysql.version", "mysql.server_uuid"]
    {
        assert!(resource.contains(key), "{key} in {resource}");
    }
}

async fn a_user_without_any_right_suffices(server: &Server) {
    let polling = Polling::start(server.url("bare@"));
    let (_, points) = polling.until_up_is(1, 0).await;
    integer(&points, "mysql.commands{select}");
    polling.end().await;
}

async fn a_wrong_password_is_told_as_down(server: &Server) {
    let url = server.url("mon:hunter2@");
    let second = Duration::from_secs(1);
    let Err(error) = Session::open(&url, (Lane::Fast, Arc::default()), second, second).await else {
        panic!("the password is wrong");
    };
    assert!(error.to_string().contains("password is wrong") && !error.to_string().contains("hunter2"), "{error}");
    let polling = Polling::start(url);
    polling.until_up_is(0, 0).await;
    polling.end().await;
}

/// Everything of one server: the live picture, and what is stored.
struct Whole {
    store: Arc<FakeStore>,
    state: Arc<ServerState>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Whole {
    fn start(url: MysqlUrl) -> Self {
        let (store, stop) = (Arc::new(FakeStore::default()), CancellationToken::new());
        let state = MysqlServers::default().add(&url);
        let source = MysqlSource::at(url);
        let ingest = Arc::clone(&store) as Arc<dyn Ingest>;
        let task = tokio::spawn(poll((source, Arc::clone(&state)), ingest, Arc::new(NoCheckpoints), stop.clone()));
        Self { store, state, stop, task }
    }

    async fn until<T>(&self, what: &str, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        for _ in 0..600 {
            if let Some(found) = find(self) {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never: {what}; {:#?}", self.state.live(None).server);
    }

    /// Log records of a name: attributes as text, and the trace id.
    fn records(&self, event_name: &str) -> Vec<(std::collections::HashMap<String, String>, Vec<u8>)> {
        use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
        use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
        let stored = self.store.stored.lock().unwrap();
        let logs = stored.iter().filter(|request| request.signal == Signal::Logs);
        let requests = logs.map(|request| ExportLogsServiceRequest::decode(request.body.clone()).unwrap());
        let records = requests
            .flat_map(|request| request.resource_logs)
            .flat_map(|logs| logs.scope_logs)
            .flat_map(|logs| logs.log_records);
        let records = records.filter(|record| record.event_name == event_name).map(|record| {
            let attributes = record.attributes.into_iter().map(|attribute| {
                let value = match attribute.value.and_then(|value| value.value) {
                    Some(Any::StringValue(text)) => text,
                    Some(Any::IntValue(number)) => number.to_string(),
                    other => format!("{other:?}"),
                };
                (attribute.key, value)
            });
            (attributes.collect(), record.trace_id)
        });
        records.collect()
    }
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn everything_is_seen(kind: Kind) {
    let Some(server) = Server::start(kind) else { return };
    let connect = || async { Conn::new(server.url("root@").options()).await.unwrap() };
    let mut root = connect().await;
    root.query_drop("CREATE DATABASE shop").await.unwrap();
    root.query_drop("CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, n INT) ENGINE=InnoDB").await.unwrap();
    root.query_drop("INSERT INTO shop.orders (n) VALUES (1), (2), (3)").await.unwrap();
    let whole = Whole::start(server.url("root@"));
    whole
        .until("the first point", |whole| {
            whole.state.live(None).points.iter().find(|point| point.figures.get(Figure::Qps).is_some()).copied()
        })
        .await;
    let picture = whole.state.live(None).server;
    assert!(picture.up && picture.light == Light::Green, "{picture:#?}");
    let missing: Vec<&str> = picture.missing.iter().map(|missing| missing.name.as_str()).collect();
    let expected: &[&str] = if kind == Kind::Mysql { &[] } else { &["events_statements_histogram_by_digest"] };
    assert_eq!(missing, expected);

    // One holds a lock, another waits for it; both say which span they are of.
    let (mut holder, mut waiter) = (connect().await, connect().await);
    holder.query_drop("BEGIN").await.unwrap();
    holder
        .query_drop(format!(
            "UPDATE /* traceparent='00-{TRACE}-00f067aa0ba902b7-01' */ shop.orders SET n = 41 WHERE id = 1"
        ))
        .await
        .unwrap();
    let waiting = tokio::spawn(async move {
        waiter
            .query_drop(format!(
                "UPDATE shop.orders SET n = 42 WHERE id = 1 /* traceparent='00-{TRACE}-00f067aa0ba902b8-01' */"
            ))
            .await
            .unwrap();
        waiter
    });
    let wait = whole.until("the lock wait", |whole| whole.state.live(None).locks.first().cloned()).await;
    assert_eq!((wait.object.as_str(), wait.kind), ("shop.orders", "row"));
    assert_eq!((wait.waiting.thread != wait.blocking.thread, wait.blocking.thread), (true, u64::from(holder.id())));
    assert!(wait.waiting.text.contains("SET n = ? WHERE id = ?"), "{wait:#?}");
    assert!(wait.waiting.context.is_some());
    if kind == Kind::Mysql {
        assert!(wait.blocking.context.is_some() && wait.waiting.digest.is_some(), "{wait:#?}");
    }
    assert!(whole.state.live(None).statements.iter().any(|statement| statement.thread == wait.waiting.thread));
    assert!(
        whole.state.live(None).statements.iter().all(|statement| !statement.text.contains("performance_schema")),
        "own statements are left out"
    );
    let seen = whole.until("the wait as an event", |whole| whole.records("spanlake.mysql.event.lock_wait").pop()).await;
    assert_eq!(seen.1.len(), 16);
    holder.query_drop("COMMIT").await.unwrap();
    let _waiter = waiting.await.unwrap();
    whole.until("the end of the wait", |whole| whole.state.live(None).locks.is_empty().then_some(())).await;
    let sample = whole
        .until("a sample", |whole| {
            whole
                .records(events::QUERY_SAMPLE)
                .into_iter()
                .find(|sample| sample.0["db.query.text"].contains("n = ?") && !sample.1.is_empty())
        })
        .await;
    assert_eq!(sample.1.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), TRACE);

    digests_and_plans(kind, &whole, &mut root).await;
    variables_and_innodb(&whole, &mut root).await;
    whole.stop.cancel();
    whole.task.await.unwrap();
}

async fn digests_and_plans(kind: Kind, whole: &Whole, root: &mut Conn) {
    const TEXT: &str = "SELECT n FROM shop.orders WHERE n > 0 ORDER BY id";
    whole.until("the first look at digests", |whole| (!whole.state.tables().is_empty()).then_some(())).await;
    for _ in 0..25 {
        root.query_drop(TEXT).await.unwrap();
    }
    let find = |whole: &Whole| {
        let is_meant = |text: &str| text.contains("`orders`") && text.contains("ORDER BY");
        let records = whole.records(events::TOP_QUERY).into_iter().map(|(attributes, _)| attributes);
        let deltas: Vec<_> = records.filter(|delta| is_meant(&delta["db.query.text"])).collect();
        // A look in the middle makes two of them.
        let sum = |key: &str| deltas.iter().map(|delta| delta[key].parse::<i64>().unwrap()).sum::<i64>();
        let sums = (sum("mysql.digest.calls"), sum("mysql.digest.rows_sent"));
        (sums.0 >= 25).then(|| (deltas[0]["mysql.digest"].clone(), sums))
    };
    let (digest, sums) = whole.until("the digest", find).await;
    assert_eq!(sums, (25, 75));
    assert!(
        whole.records(events::TOP_QUERY).iter().all(|record| !record.0["db.query.text"].contains("events_statements")),
        "own digests are left out"
    );
    let sanitized = "SELECT n FROM shop.orders WHERE n > ? ORDER BY id".to_owned();
    let digests = whole.state.digests_of(vec![TEXT.to_owned(), sanitized, "no SQL at all '".to_owned()]).await;
    assert_eq!(digests, [Some(digest.clone()), Some(digest), None]);
    if kind == Kind::Mysql {
        let is_there = |whole: &Whole| {
            whole.store.stored.lock().unwrap().iter().any(|request| {
                request.signal == Signal::Metrics
                    && metrics(&decoded(request)).iter().any(|metric| metric.name == "mysql.digest.duration")
            })
        };
        whole.until("a histogram", |whole| is_there(whole).then_some(())).await;
    }
}

async fn variables_and_innodb(whole: &Whole, root: &mut Conn) {
    assert!(whole.state.variables().iter().any(|(name, value)| &**name == "max_connections" && &**value == "151"));
    assert_eq!(whole.state.tables().iter().map(|table| table.table.as_str()).collect::<Vec<_>>(), ["orders"]);
    let innodb =
        whole.until("InnoDB", |whole| Some(whole.state.innodb()).filter(|innodb| !innodb.status_text.is_empty())).await;
    assert!(innodb.history_list_length.is_some() && innodb.log_checkpoint_age_bytes.is_some(), "{innodb:#?}");
    root.query_drop("SET GLOBAL max_connections = 99").await.unwrap();
    let cost = whole
        .until("the cost", |whole| Some(whole.state.picture().cost).filter(|cost| cost.server_ms_per_second > 0.0))
        .await;
    let _ = writeln!(std::io::stderr(), "cost: {cost:?}");
    assert!(cost.statements_per_second > 0.5 && cost.own_cpu_ratio > 0.0, "{cost:?}");
    let change = whole
        .until("the changed variable", |whole| whole.records("spanlake.mysql.event.variable_change").pop())
        .await
        .0;
    assert!(
        change["mysql.event.detail"].contains("\"max_connections\"") && change["mysql.event.detail"].contains("99")
    );
}

/// Scenario: a real MySQL works, with locks that wait and a variable that changes.
/// Guarantee: the live picture shows who waits for whom and for which trace; digests, samples and events are stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_mysql_is_seen() {
    everything_is_seen(Kind::Mysql).await;
}

/// The same of MariaDB, which has other tables for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_mariadb_is_seen() {
    everything_is_seen(Kind::Mariadb).await;
}

impl Server {
    /// Signals the server's process.
    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.dir.join(format!("{}.pid", self.port))).unwrap();
        assert!(Command::new("kill").args([signal, pid.trim()]).status().unwrap().success());
    }

    /// Connections of ours to it that are open, as this machine sees them.
    fn connections(&self) -> usize {
        let ending = format!(":{:04X}", self.port);
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let fields = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
        // The other end is the server, and the connection is established. Counted by its own end: the kernel hands its
        // table out in pieces, and a socket that moves between two of them stands there twice.
        let ours = fields.filter(|fields| fields[2].ends_with(&ending) && fields[3] == "01");
        ours.map(|fields| fields[1].to_owned()).collect::<std::collections::HashSet<_>>().len()
    }
}

/// Scenario: a server hangs and goes on, and later has no connection free.
/// Guarantee: it is told as down with the reason and as up again, and there are never more than two connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_or_is_full_is_told_and_never_piled_upon() {
    let Some(server) = Server::start(Kind::Mysql) else { return };
    let mut root = Conn::new(server.url("root@").options()).await.unwrap();
    root.query_drop("CREATE USER mon@'%' IDENTIFIED BY 'x'").await.unwrap();
    root.query_drop("GRANT SELECT ON performance_schema.* TO mon@'%'").await.unwrap();
    let whole = Whole::start(server.url("mon:x@"));
    let until_up_is =
        |up: bool| whole.until("the server's state", move |whole| (whole.state.picture().up == up).then_some(()));
    until_up_is(true).await;
    let own = server.connections();
    server.signal("-STOP");
    until_up_is(false).await;
    assert_eq!(whole.state.picture().light, Light::Red);
    for _ in 0..60 {
        // One of these is this test's own.
        assert!(server.connections() <= 3, "{} connections, {own} before", server.connections());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    server.signal("-CONT");
    until_up_is(true).await;

    let names: Vec<String> = whole.state.picture().missing.into_iter().map(|missing| missing.name).collect();
    assert_eq!(names, ["PROCESS ON *.*", "REPLICATION CLIENT ON *.*"]);

    // Full: its own connections are thrown out, and others take the places.
    root.query_drop("SET GLOBAL max_connections = 10").await.unwrap();
    let mut others = Vec::new();
    while let Ok(other) = Conn::new(server.url("root@").options()).await {
        others.push(other);
        let ids: Vec<u64> = whole.state.own.connections().collect();
        for id in ids {
            let _ = root.query_drop(format!("KILL {id}")).await;
        }
    }
    let reason = |whole: &Whole| whole.state.picture().reasons.first().map(|reason| reason.text.clone());
    whole.until("why it is down", |whole| reason(whole).filter(|text| text.contains("Too many connections"))).await;
    for other in others {
        other.disconnect().await.unwrap();
    }
    until_up_is(true).await;
    whole.stop.cancel();
    whole.task.await.unwrap();
}

/// Scenario: addresses that are wrong in one way each.
/// Guarantee: the check says in which; of a good one it says what is collected, what is missing and what it costs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_check_says_what_is_wrong() {
    let Some(server) = Server::start(Kind::Mysql) else { return };
    let mut root = Conn::new(server.url("root@").options()).await.unwrap();
    root.query_drop("CREATE USER bare@'%' IDENTIFIED BY 'x'").await.unwrap();
    let (port, free) = (server.port, std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    for (address, expected) in [
        (format!("mysql://root@no-such-host.invalid:{port}/"), "host \"no-such-host.invalid\" is not known"),
        (format!("mysql://root@127.0.0.1:{free}/"), "nothing listens on port"),
        (format!("mysql://nobody@127.0.0.1:{port}/"), "refuses the user or the password"),
        (format!("mysql://bare:hunter2@127.0.0.1:{port}/"), "refuses the user or the password"),
        (format!("mysql://root@127.0.0.1:{port}/?require_ssl=true"), "the TLS that is asked for fails"),
    ] {
        let error = check(&MysqlUrl::parse(&address).unwrap()).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("hunter2"), "{address}: {error}");
    }
    let report = check(&server.url("bare:x@")).await.unwrap();
    let missing: Vec<&str> = report.missing.iter().map(|missing| missing.name.as_str()).collect();
    assert_eq!(missing, ["SELECT ON performance_schema.*", "PROCESS ON *.*", "REPLICATION CLIENT ON *.*"]);
    let report = check(&server.url("root@")).await.unwrap();
    assert!(report.missing.is_empty() && report.collected.len() == 11, "{report:#?}");
    assert!(report.cost.is_some_and(|cost| cost.server_ms_per_second > 0.0), "{report:#?}");
}
