//! Exporters as Prometheus scrapes them, and the questions that dashboards and alerts ask of what they say.

use std::path::Path;

use serde_json::{Value, json};
use spanlake_tests::exporter::Exporter;
use spanlake_tests::server::{Setup, TestServer, encoded, eventually, run, said};
use spanlake_tests::settings::SCRAPE_CONFIG_FILE;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct Exporters {
    fastapi: Exporter,
    mysql: Exporter,
    redis: Exporter,
    node: Exporter,
}

impl Exporters {
    fn start() -> Self {
        Self {
            fastapi: Exporter::start(OPENMETRICS, include_str!("../../fixtures/exporters/fastapi.om")),
            mysql: Exporter::start(TEXT, include_str!("../../fixtures/exporters/mysqld.prom")),
            redis: Exporter::start(TEXT, include_str!("../../fixtures/exporters/redis.prom")),
            node: Exporter::start(TEXT, include_str!("../../fixtures/exporters/node.prom")),
        }
    }

    /// A configuration with the four jobs that a small shop has.
    fn config(&self, folder: &Path) -> String {
        let jobs = [
            ("fastapi", &self.fastapi),
            ("mysql-exporter", &self.mysql),
            ("redis-exporter", &self.redis),
            ("node-exporter", &self.node),
        ];
        let mut text = "global: {scrape_interval: 500ms, evaluation_interval: 15s}\nscrape_configs:\n".to_owned();
        for (name, exporter) in jobs {
            let address = exporter.address();
            text.push_str(&format!("  - job_name: {name}\n    static_configs: [{{targets: ['{address}']}}]\n"));
        }
        let path = folder.join("prometheus.yml");
        std::fs::write(&path, text).expect("the folder is there");
        path.display().to_string()
    }

    fn scrapes(&self) -> u64 {
        [&self.fastapi, &self.mysql, &self.redis, &self.node].map(Exporter::scrapes).into_iter().min().unwrap_or(0)
    }
}

fn get(server: &TestServer, path: &str) -> Value {
    let answer = server.get(&format!("/prometheus/api/v1/{path}"));
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()["data"].clone()
}

fn query(server: &TestServer, text: &str) -> Value {
    get(server, &format!("query?query={}", encoded(text)))["result"].clone()
}

/// The values of an instant query, ascending.
fn values(server: &TestServer, text: &str) -> Vec<f64> {
    let result = query(server, text);
    let number = |one: &Value| one["value"][1].as_str().and_then(|text| text.parse().ok()).expect("a float");
    let mut values: Vec<f64> = result.as_array().expect("a vector").iter().map(number).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Rates depend on when the scrapes were; levels do not.
fn expect(server: &TestServer, text: &str, expected: &[(f64, f64)]) {
    let found = values(server, text);
    let is_so = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, (least, most))| (least..=most).contains(&found));
    assert!(is_so, "{text}: {found:?}, not within {expected:?}");
}

fn is(value: f64) -> (f64, f64) {
    (value - value.abs() * 1e-9, value + value.abs() * 1e-9)
}

/// The expressions of the handbook's rows 70 to 84, as they stand there.
fn check_expressions(server: &TestServer) {
    // Five scrapes and more, of five minutes.
    let rate = |per_scrape: f64| (per_scrape * 4.0 / 300.0, per_scrape * 300.0 / 300.0);
    expect(
        server,
        "rate(http_request_duration_seconds_sum[5m]) / rate(http_request_duration_seconds_count[5m])",
        &[is(0.25)],
    );
    expect(server, "rate(http_requests_total[5m])", &[rate(100.0), rate(1000.0)]);
    expect(
        server,
        "rate(http_requests_total{status=~\"5..\"}[5m]) / rate(http_requests_total[5m]) * 100",
        &[is(100.0)],
    );
    expect(server, "rate(mysql_global_status_questions[5m])", &[rate(50.0)]);
    expect(server, "mysql_global_status_slow_queries", &[is(12.0)]);
    expect(server, "mysql_global_status_threads_connected", &[is(85.0)]);
    let reads = "mysql_global_status_innodb_buffer_pool_read_requests";
    expect(server, &format!("{reads} / ({reads} + mysql_global_status_innodb_buffer_pool_reads) * 100"), &[is(99.0)]);
    let cpu = "100 - (avg by(instance) (rate(node_cpu_seconds_total{mode=\"idle\"}[5m])) * 100)";
    expect(server, cpu, &[(90.0, 100.0)]);
    let memory = "(node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes) / node_memory_MemTotal_bytes * 100";
    expect(server, memory, &[is(87.5)]);
    expect(server, "histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m])) > 1", &[is(2.35)]);
    expect(server, "rate(http_requests_total{status=~\"5..\"}[5m]) > 0.1", &[rate(100.0)]);
    expect(server, &format!("{cpu} > 80"), &[(90.0, 100.0)]);
    expect(server, &format!("{memory} > 80"), &[is(87.5)]);
    let disk = "(node_filesystem_size_bytes - node_filesystem_avail_bytes) / node_filesystem_size_bytes * 100 > 85";
    expect(server, disk, &[is(90.0)]);
    let connections = "mysql_global_status_threads_connected / mysql_global_variables_max_connections * 100 > 80";
    expect(server, connections, &[is(85.0)]);
    expect(server, "redis_memory_used_bytes / redis_memory_max_bytes * 100 > 90", &[is(95.0)]);
    expect(server, "mysql_slave_status_seconds_behind_master > 30", &[is(31.0)]);
    expect(server, "increase(mysql_global_status_slow_queries[1m]) > 10", &[]);
}

fn target(server: &TestServer, job: &str) -> Value {
    let targets = get(server, &format!("targets?scrapePool={job}"));
    targets["activeTargets"][0].clone()
}

/// Scenario: four exporters, scraped by a configuration of Prometheus; asked in memory, in files and after a kill.
/// Guarantee: every expression of the handbook gives its right value, and reports and states are Prometheus's.
#[test]
fn exporters_are_scraped_and_asked() {
    let (exporters, folder) = (Exporters::start(), tempfile::tempdir().expect("a folder"));
    let config = exporters.config(folder.path());
    let mut server = Setup::default().env(&[(SCRAPE_CONFIG_FILE, &config)]).start();
    eventually("six scrapes of each", || exporters.scrapes() >= 6);
    eventually("they are stored", || {
        values(&server, "up") == [1.0; 4] && values(&server, "count_over_time(up[5m]) >= 5").len() == 4
    });
    check_expressions(&server);
    expect(&server, "scrape_samples_scraped{job=\"redis-exporter\"}", &[is(5.0)]);
    assert_eq!(values(&server, "scrape_duration_seconds").len(), 4);
    let instance = exporters.node.address().to_string();
    let labels = json!({
        "__name__": "node_uname_info", "domainname": "(none)", "instance": instance, "job": "node-exporter",
        "machine": "x86_64", "nodename": "db \"one\"", "release": "6.8.0", "sysname": "Linux", "version": "#1 SMP",
    });
    assert_eq!(query(&server, "node_uname_info")[0]["metric"], labels);
    let le: Vec<String> = query(&server, "http_request_duration_seconds_bucket")
        .as_array()
        .expect("a vector")
        .iter()
        .map(|one| one["metric"]["le"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(["0.1", "1.0", "2.5", "+Inf"].iter().all(|bound| le.contains(&(*bound).to_owned())), "{le:?}");
    let metadata = get(&server, "metadata");
    assert_eq!(metadata["http_requests"][0]["type"], "counter", "{metadata}");
    let duration = json!([{"type": "histogram", "help": "Latency of requests.", "unit": "seconds"}]);
    assert_eq!(metadata["http_request_duration_seconds"], duration);
    let exemplars = get(&server, "query_exemplars?query=http_requests_total&start=0&end=9999999999");
    assert_eq!(exemplars[0]["exemplars"][0]["labels"]["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    let node = target(&server, "node-exporter");
    assert_eq!(
        (&node["health"], &node["lastError"], &node["scrapeInterval"]),
        (&json!("up"), &json!(""), &json!("500ms"))
    );
    assert_eq!(node["scrapeUrl"], format!("http://{instance}/metrics"));
    server.seal();
    check_expressions(&server);
    server.kill();
    server.restart();
    eventually("it is scraped again", || values(&server, "up") == [1.0; 4]);
    check_expressions(&server);
}

/// Scenario: an exporter breaks, comes back, and goes for good.
/// Guarantee: `up` says so at once, its series end at once, and the others are as before.
#[test]
fn a_dead_target_is_seen_at_once() {
    let (exporters, folder) = (Exporters::start(), tempfile::tempdir().expect("a folder"));
    let config = exporters.config(folder.path());
    let server = Setup::default().env(&[(SCRAPE_CONFIG_FILE, &config)]).start();
    let redis = "redis_memory_used_bytes";
    eventually("all are up", || values(&server, "up") == [1.0; 4] && values(&server, redis) == [9.5e8]);
    exporters.redis.set_broken(true);
    eventually("it is down", || values(&server, "up{job=\"redis-exporter\"}") == [0.0]);
    eventually("its series end", || values(&server, redis).is_empty());
    let down = target(&server, "redis-exporter");
    assert_eq!(
        (&down["health"], &down["lastError"]),
        (&json!("down"), &json!("server returned HTTP status 500 Internal Server Error"))
    );
    assert_eq!(values(&server, "up").iter().sum::<f64>(), 3.0);
    exporters.redis.set_broken(false);
    eventually("it is back", || values(&server, redis) == [9.5e8]);
    drop(exporters.redis);
    eventually("it is gone", || {
        values(&server, "up{job=\"redis-exporter\"}") == [0.0] && values(&server, redis).is_empty()
    });
    assert_eq!(values(&server, "mysql_up"), [1.0]);
}

/// Scenario: a scrape configuration that is wrong, or not there.
/// Guarantee: the server does not start, and says where in the file.
#[test]
fn a_wrong_configuration_is_told_before_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("prometheus.yml");
    let file = path.display().to_string();
    let check = || run(&["check-config"], &[(SCRAPE_CONFIG_FILE, &file)]);
    assert!(said(&check()).contains("prometheus.yml cannot be read"), "{}", said(&check()));
    let text =
        "scrape_configs:\n  - job_name: a\n    basic_auth: {username: me, password: s3cret}\n    scheme: gopher\n";
    std::fs::write(&path, text).expect("the folder is there");
    let output = check();
    assert_eq!(output.status.code(), Some(64));
    let message = said(&output);
    assert!(message.contains("prometheus.yml, line 4, column 13: \"gopher\" is neither http nor https"), "{message}");
    std::fs::write(&path, text.replace("gopher", "http")).expect("the folder is there");
    let output = check();
    assert!(output.status.success() && !said(&output).contains("s3cret"), "{}", said(&output));
}
