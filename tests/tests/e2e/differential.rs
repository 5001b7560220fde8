//! The same hour in Spanlake and in a real Prometheus, and the same queries: equal within a millionth.
//!
//! Prometheus is that of Debian's unstable suite (`tests/servers/prometheus.sh`), in a folder that
//! `SPANLAKE_PROMETHEUS_DIR` names, or a temporary one where `SPANLAKE_PROMETHEUS=1`. Where neither is set, or the
//! package cannot be had, the test says "not run". `SPANLAKE_PROMETHEUS_SEED` gives other data and other queries.

mod compare;
mod data;
mod queries;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use spanlake_bench::http::Connection;
use spanlake_tests::remote_write::body;
use spanlake_tests::server::{Setup, TestServer, encoded};
use spanlake_tests::settings::NO_SEALS;

const QUERIES: usize = 500;
const SEED: u64 = 20_261_121;

struct Prometheus {
    folder: PathBuf,
    port: u16,
    /// Where it was unpacked for this run only.
    _unpacked: Option<tempfile::TempDir>,
}

fn script(verb: &str, folder: &Path, port: Option<u16>) -> bool {
    // Found at run time: test binaries are shared between checkouts.
    let manifest = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR when it runs tests");
    let path = Path::new(&manifest).join("servers/prometheus.sh");
    let mut command = Command::new(path);
    command.arg(verb).arg(folder).args(port.map(|port| port.to_string()));
    command.status().is_ok_and(|status| status.success())
}

impl Prometheus {
    fn start() -> Option<Self> {
        let named = std::env::var_os("SPANLAKE_PROMETHEUS_DIR").map(PathBuf::from);
        if named.is_none() && std::env::var_os("SPANLAKE_PROMETHEUS").is_none() {
            return None;
        }
        let unpacked = named.is_none().then(|| tempfile::tempdir().expect("a folder"));
        let folder = named.or_else(|| unpacked.as_ref().map(|folder| folder.path().to_owned()))?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        (script("install", &folder, None) && script("start", &folder, Some(port))).then_some(Self {
            folder,
            port,
            _unpacked: unpacked,
        })
    }

    fn connect(&self) -> Connection {
        Connection::open(([127, 0, 0, 1], self.port).into()).expect("Prometheus takes connections")
    }

    fn write(&self, request: &[u8]) {
        let head = format!(
            "POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n\
             Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\nContent-Length: {}\r\n\r\n",
            request.len()
        );
        let mut connection = self.connect();
        let status = connection.exchange(head.as_bytes(), request).expect("an answer");
        assert!((200..300).contains(&status), "Prometheus: {status} {}", String::from_utf8_lossy(connection.body()));
    }

    fn get(&self, path: &str) -> Value {
        let mut connection = self.connect();
        connection.get(&format!("/api/v1/{path}")).expect("an answer");
        serde_json::from_slice(connection.body()).expect("JSON")
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        script("stop", &self.folder, Some(self.port));
    }
}

fn write(server: &TestServer, request: &[u8]) {
    let head = format!(
        "POST /prometheus/api/v1/write HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-protobuf\r\n\
         Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0",
        server.ports().listen
    );
    let answer = server.raw(&head, request);
    assert_eq!(answer.status, 204, "{}", answer.text());
}

fn path(query: &str, begin: i64, is_range: bool) -> String {
    match is_range {
        true => format!("query_range?start={}&end={}&step=60&query={}", begin + 600, begin + 3600, encoded(query)),
        false => format!("query?time={}&query={}", begin + 3000, encoded(query)),
    }
}

fn seed() -> u64 {
    let text = std::env::var("SPANLAKE_PROMETHEUS_SEED").ok();
    text.map_or(SEED, |text| text.parse().expect("a whole number"))
}

/// Scenario: an hour of counters, gauges, histograms, restarts and gaps, written to both; generated queries, from memory
/// and from files.
/// Guarantee: both give the same series with the same values, fail alike, and read the same tree.
#[test]
fn prometheus_gives_the_same() {
    let Some(prometheus) = Prometheus::start() else {
        println!("not run: there is no Prometheus; SPANLAKE_PROMETHEUS=1 fetches Debian's package");
        return;
    };
    let server = Setup::default().env(NO_SEALS).start();
    // A whole hour that ended a while ago.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let begin = (i64::try_from(now).expect("a time") - 4000) / 60 * 60;
    let seed = seed();
    for request in data::requests(seed, begin) {
        let request = body(&request);
        prometheus.write(&request);
        write(&server, &request);
    }
    let (mut different, mut with_result) = (Vec::new(), 0);
    for (at, query) in queries::generate(seed, QUERIES).into_iter().enumerate() {
        if at == QUERIES / 2 {
            server.seal();
        }
        let path = path(&query, begin, at % 3 == 0);
        let (theirs, ours) = (prometheus.get(&path), server.get(&format!("/prometheus/api/v1/{path}")).json());
        with_result += usize::from(theirs["data"]["result"].as_array().is_some_and(|result| !result.is_empty()));
        let tree = format!("parse_query?query={}", encoded(&query));
        let trees = (prometheus.get(&tree), server.get(&format!("/prometheus/api/v1/{tree}")).json());
        let same = compare::same(&theirs, &ours).and_then(|()| compare::same_tree(&trees.0, &trees.1));
        if let Err(reason) = same {
            different.push(format!("{path}\n  {query}\n  {reason}"));
        }
    }
    let same = QUERIES - different.len();
    println!("{same} of {QUERIES} queries as Prometheus {}, {with_result} with a result", version(&prometheus));
    assert!(with_result > QUERIES / 2, "queries without a result compare nothing");
    assert!(different.is_empty(), "{}", different.join("\n"));
}

fn version(prometheus: &Prometheus) -> String {
    prometheus.get("status/buildinfo")["data"]["version"].as_str().unwrap_or_default().to_owned()
}
