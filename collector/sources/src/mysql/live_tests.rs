//! Against a real server: users with awkward passwords, every metric, a server that goes and comes back.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;

use super::tests::{ACCEPT_ALL, FakeStore, decoded, metrics, points};
use super::*;

/// A server of our own, gone with its data at the end.
struct Server {
    script: PathBuf,
    dir: PathBuf,
    port: u16,
}

impl Server {
    /// `None` where there is no such server to be had; says why.
    fn start() -> Option<Self> {
        // Asked when it runs, not when it is built: checkouts may share a target folder, and with it this binary.
        let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
        let shared = std::env::var_os("SPANLAKE_SHARED").map_or_else(|| here.join("../../../shared"), PathBuf::from);
        let script = shared.join("servers/mysql.sh");
        if !script.exists() {
            return not_run(&format!("there is no {}", script.display()));
        }
        let cache = std::env::var_os("SPANLAKE_CACHE").map_or_else(
            || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache/spanlake"),
            PathBuf::from,
        );
        let dir = cache.join("mysql");
        std::fs::create_dir_all(&dir).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { script, dir, port };
        let one_at_a_time = File::create(server.dir.join("install.lock")).unwrap();
        one_at_a_time.lock().unwrap();
        if !server.run("install", false) {
            std::mem::forget(server);
            return not_run("MySQL could not be installed");
        }
        drop(one_at_a_time);
        assert!(server.run("start", true), "MySQL did not start");
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
        let poller = Poller::new(MysqlSource { url, interval: Duration::from_millis(200) }, delivery);
        Self { store, task: tokio::spawn(poller.run(stop.clone())), stop }
    }

    /// The points of the first poll after `from` that says so, and its place.
    async fn until_up_is(&self, up: i64, from: usize) -> (usize, Vec<(String, Value, u64)>) {
        for _ in 0..400 {
            let polls: Vec<_> = self.store.stored.lock().unwrap().iter().skip(from).map(decoded).collect();
            for (place, poll) in polls.iter().enumerate() {
                let points = points(poll);
                if points[0].0 == "mysql.up{}" && points[0].1 == Value::AsInt(up) {
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
    let Some(server) = Server::start() else { return };
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
    let stopped_at = polling.store.stored.lock().unwrap().len();
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
    let last = decoded(polling.store.stored.lock().unwrap().last().unwrap());
    let mut names: Vec<String> = points(&last).into_iter().map(|(name, _, _)| name).collect();
    let derived = [
        "mysql.up{",
        "spanlake.",
        "mysql.buffer_pool.limit",
        "mysql.buffer_pool.data_pages{clean}",
        "mysql.buffer_pool.usage{clean}",
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
    let Err(error) = Session::open(&url, Duration::from_secs(1), CONNECT_TIMEOUT).await else {
        panic!("the password is wrong");
    };
    assert!(error.to_string().contains("password is wrong") && !error.to_string().contains("hunter2"), "{error}");
    let polling = Polling::start(url);
    polling.until_up_is(0, 0).await;
    polling.end().await;
}
