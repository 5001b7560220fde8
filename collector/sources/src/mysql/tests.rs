//! Addresses, the mapping from variables to metrics, start times, and delivery to a store that refuses.

use std::pin::Pin;
use std::sync::Mutex;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use spanlake_schemas::ingest::{Decoded, KnownSeries, NoKnownSeries, Permit, Refusal, Request};

use super::counters::Counters;
use super::message::{Poll, Target};
use super::*;
use crate::delivery::{Decode, Delivered};
use prost::Message;
use tokio::time::Instant;

/// Takes everything, or refuses the first few.
#[derive(Default)]
pub(super) struct FakeStore {
    pub(super) stored: Mutex<Vec<Request>>,
    refusals_left: Mutex<u32>,
}

pub(super) struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn load(&self, _: &str) -> Option<String> {
        None
    }

    fn save(&self, _: &str, _: &str) {}
}

struct FakePermit;
impl Permit for FakePermit {}

impl Ingest for FakeStore {
    fn admit(&self, _bytes: u64) -> Result<Box<dyn Permit>, Refusal> {
        let mut left = self.refusals_left.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            return Err(Refusal::DiskFull);
        }
        Ok(Box::new(FakePermit))
    }

    fn known_series(&self) -> &dyn KnownSeries {
        &NoKnownSeries
    }

    fn store(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + '_>> {
        self.stored.lock().unwrap().push(request);
        Box::pin(std::future::ready(Ok(())))
    }
}

pub(super) const ACCEPT_ALL: Decode = |_, _, _, _, _, _| Ok(Decoded { accepted: 1, ..Decoded::default() });

pub(super) fn decoded(request: &Request) -> ExportMetricsServiceRequest {
    ExportMetricsServiceRequest::decode(request.body.clone()).unwrap()
}

pub(super) fn metrics(message: &ExportMetricsServiceRequest) -> &[Metric] {
    &message.resource_metrics[0].scope_metrics[0].metrics
}

/// `name{value}` of each point, its value, and its start time.
pub(super) fn points(message: &ExportMetricsServiceRequest) -> Vec<(String, Value, u64)> {
    let mut all = Vec::new();
    for metric in metrics(message) {
        let points = match metric.data.as_ref().unwrap() {
            Data::Gauge(gauge) => &gauge.data_points,
            Data::Sum(sum) => &sum.data_points,
            other => panic!("unexpected {other:?}"),
        };
        for point in points {
            let attributes: Vec<String> = point
                .attributes
                .iter()
                .map(|attribute| match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
                    opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(text) => text.clone(),
                    other => panic!("unexpected {other:?}"),
                })
                .collect();
            let name = format!("{}{{{}}}", metric.name, attributes.join(","));
            all.push((name, point.value.unwrap(), point.start_time_unix_nano));
        }
    }
    all
}

const SECOND: i64 = 1_000_000_000;

fn polled(readings: &[(&str, &str)], seconds: i64, counters: &mut Counters) -> ExportMetricsServiceRequest {
    let url = MysqlUrl::parse("mysql://monitor:s3cret@db.example:3307/").unwrap();
    let mut target = Target::at(&url);
    target.identify(&identity::Identity {
        version: "9.7.4".into(),
        buffer_pool_bytes: Some(100),
        ..identity::Identity::default()
    });
    let readings: Vec<(String, String)> =
        readings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let poll = Poll {
        time: seconds * SECOND,
        since: SECOND,
        readings: Some(&readings),
        duration: Duration::from_millis(2),
        skipped: 0,
        is_up: true,
        is_full: true,
    };
    message::build(&target, &poll, counters, Vec::new())
}

fn value_of(message: &ExportMetricsServiceRequest, name: &str) -> Option<Value> {
    points(message).into_iter().find(|(of, _, _)| of == name).map(|(_, value, _)| value)
}

fn start_of(message: &ExportMetricsServiceRequest, name: &str) -> i64 {
    let start = points(message).into_iter().find(|(of, _, _)| of == name).unwrap().2;
    i64::try_from(start).unwrap() / SECOND
}

#[test]
fn variables_become_the_collectors_metrics() {
    let readings = [
        ("Uptime", "50"),
        ("Threads_connected", "3"),
        ("Threads_created", "9"),
        ("Com_select", "12"),
        ("Com_stmt_prepare", "4"),
        ("Innodb_buffer_pool_pages_data", "10"),
        ("Innodb_buffer_pool_pages_dirty", "4"),
        ("Innodb_data_written", "777"),
        ("Open_files", "5"),
        ("Ssl_version", "TLSv1.3"),
        ("Big", "18446744073709551615"),
        ("option_tracker_usage:Binary Log", "1"),
    ];
    let message = polled(&readings, 1000, &mut Counters::default());
    for (name, expected) in [
        ("mysql.up{}", 1),
        ("mysql.uptime{}", 50),
        ("mysql.threads{connected}", 3),
        ("mysql.threads{created}", 9),
        ("mysql.global_status.threads_created{}", 9),
        ("mysql.commands{select}", 12),
        ("mysql.prepared_statements{prepare}", 4),
        ("mysql.buffer_pool.pages{data}", 10),
        ("mysql.buffer_pool.data_pages{clean}", 6),
        ("mysql.buffer_pool.limit{}", 100),
        ("mysql.global_status.innodb_data_written{}", 777),
        ("mysql.global_status.open_files{}", 5),
        ("mysql.global_status.option_tracker_usage_binary_log{}", 1),
    ] {
        assert_eq!(value_of(&message, name), Some(Value::AsInt(expected)), "{name}");
    }
    assert_eq!(value_of(&message, "mysql.global_status.big{}"), Some(Value::AsDouble(1.8446744073709552e19)));
    assert!(points(&message).iter().all(|(name, _, _)| !name.contains("ssl_version") && !name.contains("spanlake_")));
}

#[test]
fn the_decoder_takes_all_of_it() {
    let readings = [("Uptime", "1"), ("Questions", "1"), ("Threads_running", "1"), ("Big", "18446744073709551615")];
    let message = polled(&readings, 10, &mut Counters::default());
    let (signal, encoding) = (spanlake_schemas::ingest::Signal::Metrics, spanlake_schemas::ingest::Encoding::Protobuf);
    let (limits, body) = (spanlake_schemas::ingest::DecodeLimits::default(), message.encode_to_vec());
    let decoded =
        spanlake_schemas::otlp::decode(signal, encoding, &body, 10 * SECOND, &limits, &NoKnownSeries).unwrap();
    assert_eq!((decoded.accepted, decoded.rejected, decoded.unknown_fields), (points(&message).len() as u64, 0, 0));
}

#[test]
fn kinds_are_told_apart() {
    let readings =
        [("Uptime", "1"), ("Questions", "1"), ("Threads_running", "1"), ("Open_files", "1"), ("Com_do", "1")];
    let message = polled(&readings, 10, &mut Counters::default());
    let kind = |name: &str| match metrics(&message).iter().find(|metric| metric.name == name).unwrap().data.as_ref() {
        Some(Data::Sum(sum)) => {
            format!("sum monotonic={} temporality={}", sum.is_monotonic, sum.aggregation_temporality)
        }
        Some(Data::Gauge(_)) => "gauge".to_owned(),
        other => panic!("unexpected {other:?}"),
    };
    assert_eq!(kind("mysql.query.client.count"), "sum monotonic=true temporality=2");
    assert_eq!(kind("mysql.commands"), "sum monotonic=true temporality=2");
    assert_eq!(kind("mysql.threads"), "sum monotonic=false temporality=2");
    assert_eq!(kind("mysql.global_status.open_files"), "gauge");
}

#[test]
fn start_times_follow_restarts_and_resets() {
    let mut counters = Counters::default();
    let names = ("mysql.query.client.count{}", "mysql.commands{select}");
    let mut starts = |uptime: &str, questions: &str, selects: &str, seconds| {
        let readings = [("Uptime", uptime), ("Questions", questions), ("Com_select", selects)];
        let message = polled(&readings, seconds, &mut counters);
        (start_of(&message, names.0), start_of(&message, names.1))
    };
    assert_eq!(starts("100", "10", "5", 1000), (900, 900));
    // The uptime is in whole seconds: it may come out a little different, which is no restart.
    assert_eq!(starts("100", "11", "6", 1001), (900, 900));
    // FLUSH STATUS: one counter falls.
    assert_eq!(starts("102", "2", "7", 1002), (1001, 900));
    // A restart, though every counter is higher than before.
    assert_eq!(starts("20", "99", "99", 1100), (1080, 1080));
    // A restart between two polls that are far apart.
    assert_eq!(starts("50", "100", "100", 5000), (4950, 4950));
}

#[test]
fn a_quick_restart_is_told_by_the_outage() {
    let starts = |has_outage: bool| {
        let mut counters = Counters::default();
        let first = polled(&[("Uptime", "3"), ("Com_select", "5")], 1000, &mut counters);
        if has_outage {
            counters.outage();
        }
        let second = polled(&[("Uptime", "3"), ("Com_select", "9")], 1004, &mut counters);
        [first, second].map(|message| start_of(&message, "mysql.commands{select}"))
    };
    assert_eq!(starts(true), [997, 1001]);
    assert_eq!(starts(false), [997, 997]);
}

#[test]
fn a_silent_server_is_told_as_down() {
    let url = MysqlUrl::parse("mysql://db/").unwrap();
    let poll = Poll {
        time: SECOND,
        since: SECOND,
        readings: None,
        duration: Duration::ZERO,
        skipped: 7,
        is_up: false,
        is_full: false,
    };
    let message = message::build(&Target::at(&url), &poll, &mut Counters::default(), Vec::new());
    assert_eq!(value_of(&message, "mysql.up{}"), Some(Value::AsInt(0)));
    assert_eq!(value_of(&message, "spanlake.mysql.poll.skipped{}"), Some(Value::AsInt(7)));
    assert_eq!(metrics(&message).len(), 3);
}

#[test]
fn no_variable_is_in_two_metrics() {
    let mut variables: Vec<&str> =
        names::METRICS.iter().flat_map(|metric| metric.points.iter().map(|point| point.variable)).collect();
    let all = variables.len();
    variables.sort_unstable();
    variables.dedup();
    assert_eq!(variables.len(), all);
    assert!(names::METRICS.iter().all(|metric| metric.key.is_some() != metric.points[0].value.is_empty()));
}

#[test]
fn addresses_are_checked_and_never_print_a_password() {
    let url = MysqlUrl::parse("mysql://mon:p%40ss:w%2Frd@db.example:3307/").unwrap();
    assert_eq!((url.host(), url.port(), url.endpoint().as_str()), ("db.example", 3307, "db.example:3307"));
    assert!(!format!("{url} {url:?}").contains("p@ss") && !format!("{url} {url:?}").contains("p%40"));
    assert_eq!(MysqlUrl::parse("mysql://[::1]/").unwrap().endpoint(), "[::1]:3306");
    for wrong in [
        "mysql://mon:sEcret@db:port/",
        "mysql://mon:sEc/ret@db:3306/",
        "http://mon:sEcret@db/",
        "mon:sEcret@db",
        "mysql:sEcret",
        "mysql://mon:sEcret@/",
        "mysql://mon:sEcret@db/?what=1",
        "sEcret",
        "",
    ] {
        let error = MysqlUrl::parse(wrong).unwrap_err().to_string();
        assert!(!error.to_lowercase().contains("secret"), "{wrong}: {error}");
    }
}

#[test]
fn passwords_come_from_files_and_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "s3cret/@:\n").unwrap();
    let url =
        MysqlUrl::parse(&format!("mysql://mon@db:3307/?password_file={}&prefer_socket=false", path.display())).unwrap();
    let options: mysql_async::Opts = url.options().into();
    assert_eq!((options.pass(), url.endpoint().as_str()), (Some("s3cret/@:"), "db:3307"));
    assert!(!format!("{url} {url:?}").contains("s3cret"));
    let missing = MysqlUrl::parse("mysql://mon@db/?password_file=/no/such/file").unwrap_err().to_string();
    assert!(missing.contains("/no/such/file"), "{missing}");
    let unset = MysqlUrl::parse("mysql://mon@db/?password_env=SPANLAKE_NO_SUCH_VARIABLE").unwrap_err().to_string();
    assert!(unset.contains("SPANLAKE_NO_SUCH_VARIABLE"), "{unset}");
    let url = MysqlUrl::parse("mysql://mon@db/?require_ssl=true&tls_ca=/etc/ca.pem").unwrap();
    let options: mysql_async::Opts = url.options().into();
    assert_eq!(options.ssl_opts().map(|ssl| ssl.root_certs().len()), Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refuses_is_delivered_later_and_in_order() {
    let store = Arc::new(FakeStore::default());
    *store.refusals_left.lock().unwrap() = 2;
    let mut delivery = Delivery::new(Arc::clone(&store) as Arc<dyn Ingest>, ACCEPT_ALL);
    let soon = || Instant::now() + Duration::from_secs(1);
    let waiting = |messages| Delivered::Waiting { messages, reason: "disk_full" };
    assert_eq!(delivery.send("a".into(), soon()).await, waiting(1));
    assert_eq!(delivery.send("b".into(), soon()).await, waiting(2));
    assert_eq!(delivery.send("c".into(), soon()).await, Delivered::All);
    let bodies: Vec<_> = store.stored.lock().unwrap().iter().map(|request| request.body.clone()).collect();
    assert_eq!(bodies, ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_refusal_costs_the_oldest_messages_and_bounded_memory() {
    let store = Arc::new(FakeStore::default());
    *store.refusals_left.lock().unwrap() = 100;
    let mut delivery = Delivery::new(Arc::clone(&store) as Arc<dyn Ingest>, ACCEPT_ALL);
    for message in 0..100 {
        delivery.send(format!("{message}").into(), Instant::now() + Duration::from_secs(1)).await;
    }
    assert_eq!(delivery.dropped, 40);
    delivery.send("last".into(), Instant::now() + Duration::from_secs(1)).await;
    let stored = store.stored.lock().unwrap();
    assert_eq!((stored.len(), stored[0].body.as_ref(), stored[59].body.as_ref()), (60, &b"41"[..], &b"last"[..]));
}

#[tokio::test]
async fn a_server_that_never_answers_holds_nobody_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = MysqlUrl::parse(&format!("mysql://{}/", silent.local_addr().unwrap())).unwrap();
    let stop = CancellationToken::new();
    let store: Arc<dyn Ingest> = Arc::new(FakeStore::default());
    let state = MysqlServers::default().add(&url);
    let source = MysqlSource { interval: Duration::from_millis(50), ..MysqlSource::at(url) };
    let polling = tokio::spawn(poll((source, state), store, Arc::new(NoCheckpoints), stop.clone()));
    tokio::time::sleep(Duration::from_millis(120)).await;
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(1), polling).await.unwrap().unwrap();
}
