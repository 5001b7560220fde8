//! A server under test: its folder, its ports, and short ways to ask it.
//!
//! Owns the process; dropping it kills it. Failures panic with what the server said, as this is for tests only.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use spanlake_bench::http::Connection;
use spanlake_bench::process::{Ports, Server, ServerOptions, clean_command};
use spanlake_bench::queries;

/// Two shared cores may be busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PROTOBUF: &str = "application/x-protobuf";

/// An answer over HTTP.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

impl Answer {
    fn of(connection: &Connection, status: u16) -> Self {
        Self {
            status,
            content_type: connection.header("content-type").unwrap_or_default().to_owned(),
            retry_after: connection.retry_after(),
            body: connection.body().to_vec(),
        }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// Where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in the answer {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// How a server is set up.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    data_dir: Option<PathBuf>,
}

impl Setup {
    /// With these environment variables.
    #[must_use]
    pub fn env(mut self, variables: &[(&str, &str)]) -> Self {
        self.environment.extend(variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        self
    }

    /// With these arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    /// In this folder instead of a fresh one.
    #[must_use]
    pub fn data_dir(mut self, data_dir: &Path) -> Self {
        self.data_dir = Some(data_dir.to_path_buf());
        self
    }

    /// Starts the server and waits until it is ready.
    #[must_use]
    pub fn start(self) -> TestServer {
        TestServer::start_with(self)
    }
}

/// A server that runs, or ran.
#[derive(Debug)]
pub struct TestServer {
    process: Server,
    ports: Option<Ports>,
    /// How it is started again.
    options: ServerOptions,
    // Dropped after the process.
    _folder: tempfile::TempDir,
}

// === impl TestServer ===

impl TestServer {
    /// With defaults, except that own telemetry is off.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(Setup::default())
    }

    fn start_with(setup: Setup) -> Self {
        let folder =
            tempfile::Builder::new().prefix("spanlake-test-").tempdir().expect("a temporary folder can be made");
        let options = ServerOptions {
            binary: binary(),
            wrapper: Vec::new(),
            data_dir: setup.data_dir.unwrap_or_else(|| folder.path().join("data")),
            arguments: setup.arguments,
            environment: setup.environment,
            output: folder.path().join("server.log"),
        };
        let mut process = Server::spawn(options.clone()).expect("the server can be started");
        let ports = process.wait_ready(PATIENCE).expect("the server gets ready");
        Self { process, ports: Some(ports), options, _folder: folder }
    }

    /// Where it listens.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports.expect("the server is running and ready")
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Its folder.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.process.options().data_dir
    }

    /// Everything it said, over all its starts.
    #[must_use]
    pub fn output(&self) -> String {
        self.process.output()
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        self.ports = None;
        self.process.kill().expect("a child can be killed");
    }

    /// As `kill -TERM`; waits for the end.
    pub fn stop(&mut self) -> ExitStatus {
        self.ports = None;
        self.process.terminate(PATIENCE).expect("the server stops when asked")
    }

    /// Starts the process again in the same folder, without waiting until it is ready.
    pub fn spawn_again(&mut self) {
        self.spawn_wrapped(Vec::new());
    }

    /// The same, run by something else this once, such as a tracer.
    pub fn spawn_wrapped(&mut self, wrapper: Vec<String>) {
        self.ports = None;
        let options = ServerOptions { wrapper, ..self.options.clone() };
        self.process = Server::spawn(options).expect("the server can be started again");
    }

    /// Waits until it is ready or has ended by itself, and says which.
    pub fn wait_ready_or_ended(&mut self) -> bool {
        self.ports = self.process.wait_ready(PATIENCE).ok();
        let ended = self.process.ended().expect("a child's state can be asked for").is_some();
        assert!(ended || self.ports.is_some(), "neither ready nor ended within {PATIENCE:?}\n{}", self.output());
        !ended
    }

    /// How it ended, where it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.ended().expect("a child's state can be asked for")
    }

    /// Waits until a process that was started again is ready.
    pub fn wait_ready(&mut self) {
        self.ports = Some(self.process.wait_ready(PATIENCE).expect("the server gets ready again"));
    }

    /// Starts it again in the same folder.
    pub fn restart(&mut self) {
        self.spawn_again();
        self.wait_ready();
    }

    /// Starts it again where the start is expected to fail; gives how it ended.
    pub fn restart_refused(&mut self) -> ExitStatus {
        self.spawn_again();
        self.process.wait_end(PATIENCE).expect("the server ends instead of starting")
    }

    /// A connection to the page's port.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::open(self.ports().listen).expect("the server takes connections")
    }

    /// GET on the page's port.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        let mut connection = self.connect();
        let status = connection.get(path).unwrap_or_else(|error| panic!("GET {path}: {error}\n{}", self.output()));
        Answer::of(&connection, status)
    }

    /// Any request on the page's port; `head` is everything before the empty line.
    #[must_use]
    pub fn raw(&self, head: &str, body: &[u8]) -> Answer {
        let mut connection = self.connect();
        let head = format!("{head}\r\nContent-Length: {}\r\n\r\n", body.len());
        let status = connection
            .exchange(head.as_bytes(), body)
            .unwrap_or_else(|error| panic!("{head}: {error}\n{}", self.output()));
        Answer::of(&connection, status)
    }

    /// `POST /api/sql` with any body.
    #[must_use]
    pub fn post_sql(&self, body: &Value) -> Answer {
        let mut connection = self.connect();
        let status = connection
            .post("/api/sql", "application/json", body.to_string().as_bytes())
            .unwrap_or_else(|error| panic!("{body}: {error}\n{}", self.output()));
        Answer::of(&connection, status)
    }

    /// A statement and its JSON answer.
    #[must_use]
    pub fn sql(&self, query: &str) -> Value {
        let answer = self.post_sql(&serde_json::json!({ "query": query }));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()
    }

    /// A statement's rows.
    #[must_use]
    pub fn rows(&self, query: &str) -> Vec<Vec<Value>> {
        let answer = self.sql(query);
        let rows = answer["rows"].as_array().expect("an answer has rows");
        rows.iter().map(|row| row.as_array().expect("a row is a list").clone()).collect()
    }

    /// A statement's only value.
    #[must_use]
    pub fn value(&self, query: &str) -> Value {
        self.rows(query).into_iter().flatten().next().unwrap_or_else(|| panic!("{query} has no value"))
    }

    /// A statement's only value, a count.
    #[must_use]
    pub fn count(&self, query: &str) -> u64 {
        self.value(query).as_u64().unwrap_or_else(|| panic!("{query} is no count"))
    }

    /// A trace by its id, in whatever spelling.
    #[must_use]
    pub fn trace(&self, id: &str) -> Answer {
        self.get(&format!("/api/traces/{id}"))
    }

    /// One of the server's own metrics, summed over its labels; 0 where there is none.
    #[must_use]
    pub fn metric(&self, name: &str) -> f64 {
        queries::own_metric(&mut self.connect(), name).expect("/metrics answers").unwrap_or(0.0)
    }

    /// Sends OTLP protobuf to `/v1/traces`, `/v1/metrics` or `/v1/logs`.
    #[must_use]
    pub fn post_otlp(&self, path: &str, body: &[u8]) -> Answer {
        self.post_otlp_as(path, &format!("Content-Type: {PROTOBUF}"), body)
    }

    /// Sends anything to the OTLP port; `headers` without the last line end.
    #[must_use]
    pub fn post_otlp_as(&self, path: &str, headers: &str, body: &[u8]) -> Answer {
        let address = self.ports().otlp_http;
        let mut connection = Connection::open(address).expect("the server takes connections");
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\nContent-Length: {}\r\n\r\n", body.len());
        let status = connection
            .exchange(head.as_bytes(), body)
            .unwrap_or_else(|error| panic!("{path}: {error}\n{}", self.output()));
        Answer::of(&connection, status)
    }

    /// Sends OTLP protobuf that must be taken whole.
    pub fn send(&self, path: &str, body: &[u8]) {
        let answer = self.post_otlp(path, body);
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}: {}", answer.text());
    }

    /// Has everything sealed.
    pub fn seal(&self) {
        let answer = self.raw(
            &format!(
                "POST /api/admin/seal HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json",
                self.ports().listen
            ),
            b"{}",
        );
        assert!(matches!(answer.status, 200 | 204), "{} {}", answer.status, answer.text());
    }
}

/// An environment as [`Setup::env`] and [`run`] take it.
#[must_use]
pub fn borrowed(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A text as a value in a query string.
#[must_use]
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Waits for something to become true.
///
/// # Panics
/// Where it does not in time.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a command of the binary to its end.
#[must_use]
pub fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    clean_command(&binary())
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .expect("the binary can be started")
}

/// What a command said on both of its outputs.
#[must_use]
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The server's binary: `SPANLAKE_BIN`, else the one of the same build profile.
///
/// # Panics
/// Where there is none, with what to do.
#[must_use]
pub fn binary() -> PathBuf {
    if let Some(given) = std::env::var_os("SPANLAKE_BIN") {
        let path = PathBuf::from(given);
        assert!(path.is_file(), "SPANLAKE_BIN names {}, which is not there", path.display());
        return path;
    }
    let own = std::env::current_exe().expect("a process knows its program");
    let profile = own.ancestors().nth(2).expect("tests lie in <target>/<profile>/deps");
    let path = profile.join("spanlake");
    let flag = if profile.ends_with("release") { " --release" } else { "" };
    assert!(
        path.is_file(),
        "{} is not there. Build it with `cargo build{flag} -p spanlake`, or name another one: SPANLAKE_BIN=/path/to/spanlake",
        path.display()
    );
    path
}
