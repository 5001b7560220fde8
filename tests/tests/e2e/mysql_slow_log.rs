//! The slow log of real servers, as they write it: through a rotation and a restart, each entry once, with its trace.

use std::time::Duration;

use spanlake_bench::mysql::servers::{DbServer, Flavor, Start};
use spanlake_tests::server::{Setup, TestServer, eventually};

use super::mysql::{servers, shop, traceparent};

const ENTRIES: &str = "SELECT trace_id, attributes['db.query.text'] FROM logs WHERE event_name = 'db.server.query_sample' \
                       AND attributes['mysql.sample.source'] = 'slow_log' ORDER BY time";

/// Traces of the entries of the log, and their texts, as they are stored.
fn entries(spanlake: &TestServer) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of_test = |(trace, sql): &(String, String)| !trace.is_empty() || sql.contains("shop");
    spanlake.rows(ENTRIES).iter().map(|row| (text(&row[0]), text(&row[1]))).filter(of_test).collect()
}

fn slow(server: &DbServer, trace: u128) {
    let statement = format!(
        "/* traceparent='{}' */ SELECT n, SLEEP(0.2) FROM shop.orders WHERE note = 's3cret' OR id = 1",
        traceparent(trace, 7)
    );
    server.root().expect("root may log in").run(&statement).expect("a statement");
}

/// Scenario: slow statements with a trace, one before the log is rotated, one between the rename and the server's new file,
/// one after it, and one while Spanlake is down.
/// Guarantee: each is stored once, with its trace, without its literals.
#[test]
fn entries_of_the_slow_log_come_in_once_through_rotation_and_restart() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let arguments = ["--slow-query-log=ON", "--slow-query-log-file=slow.log", "--long-query-time=0.1"];
        let start = Start { arguments: arguments.map(str::to_owned).to_vec(), ..Start::default() };
        let Some(server) = DbServer::start(flavor, start).expect("the server starts") else { continue };
        shop(&mut server.root().expect("root may log in"));
        let log = server.data().join("slow.log");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let config = dir.path().join("spanlake.yaml");
        let written = format!("mysql:\n  - url: \"{}\"\n    slow_log: {}\n", server.url("root"), log.display());
        std::fs::write(&config, written).expect("the file is written");
        let config = config.display().to_string();
        let mut spanlake = Setup::default().arguments(&["--config", &config]).start();
        eventually("the server is up", || servers(&spanlake).iter().all(|server| server["up"] == true));

        // A log that is seen for the first time is followed from where it ends then.
        eventually("the log is followed", || {
            server.root().expect("root may log in").run("SELECT SLEEP(0.2)").expect("a statement");
            !spanlake.rows(ENTRIES).is_empty()
        });
        slow(&server, 1);
        eventually("the first entry", || entries(&spanlake).len() == 1);
        std::fs::rename(&log, log.with_extension("log.1")).expect("the log is rotated");
        slow(&server, 2);
        server.root().expect("root may log in").run("FLUSH SLOW LOGS").expect("a new file");
        slow(&server, 3);
        eventually("entries of both files", || entries(&spanlake).len() == 3);
        // How far it has read is kept once the rows are durable.
        std::thread::sleep(Duration::from_secs(2));
        assert!(spanlake.stop().success());
        slow(&server, 4);
        spanlake.spawn_again();
        spanlake.wait_ready();
        eventually("the entry of meanwhile", || entries(&spanlake).len() >= 4);
        std::thread::sleep(Duration::from_secs(2));

        let found = entries(&spanlake);
        let traces: Vec<String> = found.iter().map(|(trace, _)| trace.clone()).collect();
        assert_eq!(traces, [1, 2, 3, 4].map(|trace| format!("{trace:032x}")), "{flavor:?}");
        assert!(found.iter().all(|(_, text)| text.contains("SLEEP") && !text.contains("s3cret")), "{found:?}");
    }
}
