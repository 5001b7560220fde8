//! Real MySQL and MariaDB servers polled by the real binary: what users see of deadlocks, locks, replication and plans.
//!
//! Where a server cannot be had, its tests say `not run`.

use std::time::{Duration, Instant};

use serde_json::Value;
use spanlake_bench::mysql::client::Client;
use spanlake_bench::mysql::servers::{DbServer, Flavor, Start};
use spanlake_bench::now_nanos;
use spanlake_tests::requests::{TRACES, span, traces};
use spanlake_tests::server::{Setup, TestServer, encoded, eventually};

const HOLDER: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4701;
const WAITER: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4702;

pub fn traceparent(trace: u128, span: u64) -> String {
    format!("00-{trace:032x}-{span:016x}-01")
}

/// Polls these servers; returns when all of them are up.
pub fn polling(urls: &[String]) -> TestServer {
    let arguments: Vec<&str> = urls.iter().flat_map(|url| ["--mysql", url.as_str()]).collect();
    let spanlake = Setup::default().arguments(&arguments).start();
    eventually("all servers are up", || servers(&spanlake).iter().all(|server| server["up"] == true));
    spanlake
}

pub fn servers(spanlake: &TestServer) -> Vec<Value> {
    spanlake.get("/api/mysql").json()["servers"].as_array().expect("a list of servers").clone()
}

fn picture(spanlake: &TestServer, name: &str) -> Value {
    servers(spanlake).into_iter().find(|server| server["name"] == name).expect("the server is polled")
}

/// The value of an instant query of one series.
pub fn promql(spanlake: &TestServer, query: &str) -> Option<f64> {
    let answer = spanlake.get(&format!("/prometheus/api/v1/query?query={}", encoded(query))).json();
    answer["data"]["result"][0]["value"][1].as_str()?.parse().ok()
}

fn events(spanlake: &TestServer, server: &str, kind: &str) -> Vec<Value> {
    let answer = spanlake.get(&format!("/api/mysql/events?server={server}&limit=1000")).json();
    let events = answer["events"].as_array().expect("a list of events").clone();
    events.into_iter().filter(|event| event["kind"] == kind).collect()
}

pub fn shop(root: &mut Client) {
    for statement in [
        "CREATE DATABASE shop",
        "CREATE TABLE shop.orders (id INT PRIMARY KEY AUTO_INCREMENT, n INT, note VARCHAR(100), KEY (n)) ENGINE=InnoDB",
        "CREATE TABLE shop.archive (id INT PRIMARY KEY, n INT) ENGINE=InnoDB",
        "INSERT INTO shop.orders (n, note) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')",
    ] {
        root.run(statement).expect(statement);
    }
}

/// Two transactions that wait for each other; each says its span in a comment.
fn deadlock(server: &DbServer) {
    let open = || server.root().expect("root may log in");
    let (mut first, mut second) = (open(), open());
    let update = |trace: u128, id: u32| {
        format!("UPDATE /* traceparent='{}' */ shop.orders SET n = n + 1 WHERE id = {id}", traceparent(trace, 7))
    };
    for client in [&mut first, &mut second] {
        client.run("BEGIN").expect("a transaction");
    }
    first.run(&update(HOLDER, 1)).expect("a free row");
    second.run(&update(WAITER, 2)).expect("a free row");
    let waiting = std::thread::spawn(move || {
        let result = first.run(&update(HOLDER, 2));
        (first, result)
    });
    std::thread::sleep(Duration::from_millis(500));
    let result = second.run(&update(WAITER, 1));
    let (_first, other) = waiting.join().expect("no panic");
    assert!(result.is_err() || other.is_err(), "one of the two is the victim");
}

fn a_deadlock_is_an_event(flavor: Flavor) {
    let Some(server) = DbServer::plain(flavor).expect("the server starts") else { return };
    shop(&mut server.root().expect("root may log in"));
    let spanlake = polling(&[server.url("root")]);
    // What the first report tells was before it was looked at.
    eventually("the first report", || {
        let innodb = spanlake.get(&format!("/api/mysql/innodb?server={}", server.name())).json();
        innodb["status_text"].as_str().is_some_and(|text| !text.is_empty())
    });
    deadlock(&server);
    let mut found = Vec::new();
    eventually("the deadlock is an event", || {
        found = events(&spanlake, &server.name(), "deadlock");
        !found.is_empty()
    });
    let transactions = found[0]["detail"]["transactions"].as_array().expect("two transactions").clone();
    assert_eq!(transactions.len(), 2, "{:#}", found[0]);
    let mut traces: Vec<&str> = transactions.iter().filter_map(|one| one["trace_id"].as_str()).collect();
    traces.sort_unstable();
    assert_eq!(traces, [format!("{HOLDER:032x}"), format!("{WAITER:032x}")], "{:#}", found[0]);
    for transaction in &transactions {
        assert!(transaction["statement"].as_str().is_some_and(|text| text.contains("SET n = n + ? WHERE id = ?")));
        assert!(!transaction["waits_for"].is_null(), "{transaction:#}");
    }
    assert!(!found[0]["detail"]["victim"].is_null(), "{:#}", found[0]);
}

/// Scenario: two sessions of a real MySQL run into a deadlock.
/// Guarantee: it is an event with both transactions, their traces, and the victim.
#[test]
fn a_deadlock_of_mysql_is_an_event() {
    a_deadlock_is_an_event(Flavor::Mysql);
}

/// The same of MariaDB, which reports it in other words.
#[test]
fn a_deadlock_of_mariadb_is_an_event() {
    a_deadlock_is_an_event(Flavor::Mariadb);
}

/// Scenario: one request holds a row and does something else, another waits for it; both sent their context, one in a
/// comment and one in its session's variable, and both sent their spans.
/// Guarantee: the waiting span leads to the wait and to the trace that holds the lock.
#[test]
fn a_span_that_waits_leads_to_the_trace_that_holds_the_lock() {
    let Some(server) = DbServer::plain(Flavor::Mysql).expect("MySQL starts") else { return };
    shop(&mut server.root().expect("root may log in"));
    let spanlake = polling(&[server.url("root")]);
    let _ = spanlake.get(&format!("/api/mysql/live?server={}", server.name()));
    let mut holder = server.root().expect("root may log in");
    holder.run(&format!("SET @traceparent = '{}'", traceparent(HOLDER, 1))).expect("a variable");
    holder.run("BEGIN").expect("a transaction");
    holder.run("UPDATE shop.orders SET n = 5 WHERE id = 1").expect("a free row");
    let (mut waiter, began) = (server.root().expect("root may log in"), now_nanos());
    let waiting = std::thread::spawn(move || {
        let comment = traceparent(WAITER, 2);
        waiter.run(&format!("UPDATE /* traceparent='{comment}' */ shop.orders SET n = 6 WHERE id = 1"))
    });
    eventually("the wait is seen", || {
        let live = spanlake.get(&format!("/api/mysql/live?server={}", server.name())).json();
        live["locks"].as_array().is_some_and(|locks| !locks.is_empty())
    });
    holder.run("COMMIT").expect("a commit");
    waiting.join().expect("no panic").expect("the row is free now");
    let mut waited = span(WAITER, 2, 0, "UPDATE shop.orders", began);
    waited.end_time_unix_nano = now_nanos();
    spanlake.send(TRACES, &traces("checkout", vec![waited]));
    spanlake.send(TRACES, &traces("invoice", vec![span(HOLDER, 1, 0, "UPDATE shop.orders", began - 1_000_000)]));
    let path = format!("/api/mysql/span?trace_id={WAITER:032x}&span_id={:016x}", 2);
    let mut answer = Value::Null;
    eventually("the span knows who held it up", || {
        answer = spanlake.get(&path).json();
        answer["joined_by"] == "context" && !answer["blocker"].is_null()
    });
    assert_eq!(answer["blocker"]["trace_id"], format!("{HOLDER:032x}"), "{answer:#}");
    assert_eq!(answer["blocker"]["object"], "shop.orders", "{answer:#}");
    assert!(answer["waits"].as_array().is_some_and(|waits| !waits.is_empty()), "{answer:#}");
    let blocker = spanlake.trace(answer["blocker"]["trace_id"].as_str().expect("a trace")).json();
    assert_eq!(blocker["spans"][0]["service_name"], "invoice", "{blocker:#}");
}

fn a_replica(flavor: Flavor) {
    let start = |id: u8| {
        let mut arguments = vec![format!("--server-id={id}"), "--log-bin".to_owned()];
        if flavor == Flavor::Mysql {
            arguments.extend(["--gtid-mode=ON".to_owned(), "--enforce-gtid-consistency".to_owned()]);
        }
        DbServer::start(flavor, Start { arguments, ..Start::default() }).expect("the server starts")
    };
    let (Some(source), Some(replica)) = (start(1), start(2)) else { return };
    let mut at_source = source.root().expect("root may log in");
    at_source.run("CREATE USER copy@'%' IDENTIFIED BY 'copy'").expect("a user");
    at_source.run("GRANT REPLICATION SLAVE ON *.* TO copy@'%'").expect("a right");
    let mut at_replica = replica.root().expect("root may log in");
    let (change, word) = match flavor {
        Flavor::Mysql => (
            format!(
                "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = {}, SOURCE_USER = 'copy', \
                 SOURCE_PASSWORD = 'copy', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1",
                source.port()
            ),
            "REPLICA",
        ),
        Flavor::Mariadb => (
            format!(
                "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'copy', \
                 MASTER_PASSWORD = 'copy', MASTER_USE_GTID = slave_pos",
                source.port()
            ),
            "SLAVE",
        ),
    };
    at_replica.run(&change).expect("a source");
    at_replica.run(&format!("START {word}")).expect("a start");
    let spanlake = polling(&[source.url("root"), replica.url("root")]);
    let channel = || picture(&spanlake, &replica.name())["replication"][0].clone();
    eventually("both threads run", || channel()["io"] == "Yes" && channel()["sql"] == "Yes");
    assert_eq!(channel()["source"], source.name(), "the graph's edge leads to the server that is polled");
    assert_eq!(picture(&spanlake, &source.name())["replication"], serde_json::json!([]));
    shop(&mut at_source);
    eventually("the replica has caught up", || channel()["lag_seconds"] == 0.0);
    eventually("PromQL has it under the exporter's names", || {
        promql(&spanlake, "mysql_slave_status_slave_sql_running") == Some(1.0)
            && promql(&spanlake, "mysql_slave_status_seconds_behind_master") == Some(0.0)
    });

    at_replica.run(&format!("STOP {word} SQL_THREAD")).expect("a stop");
    eventually("the stop is red", || {
        let picture = picture(&spanlake, &replica.name());
        picture["light"] == "red" && picture["replication"][0]["sql"] == "No"
    });
    eventually("PromQL knows", || promql(&spanlake, "mysql_slave_status_slave_sql_running") == Some(0.0));
    at_source.run("INSERT INTO shop.orders (n) VALUES (9)").expect("a row");
    std::thread::sleep(Duration::from_secs(3));
    // What came while it stood is late from the first moment on.
    at_source.run("INSERT INTO shop.orders (n) SELECT SLEEP(3)").expect("a slow row");
    at_replica.run(&format!("START {word} SQL_THREAD")).expect("a start");
    eventually("it is green again", || {
        let picture = picture(&spanlake, &replica.name());
        picture["light"] == "green" && picture["replication"][0]["lag_seconds"] == 0.0
    });
    let rows: Vec<u64> = at_replica.rows("SELECT COUNT(*) FROM shop.orders").expect("a count");
    assert_eq!(rows, [6]);

    a_delay_is_lag(flavor, (&mut at_source, &mut at_replica), &|| channel()["lag_seconds"].as_f64());
}

/// A replica that is told to be an hour behind is late by what it has not done.
fn a_delay_is_lag(flavor: Flavor, (source, replica): (&mut Client, &mut Client), lag: &dyn Fn() -> Option<f64>) {
    let (word, change) = match flavor {
        Flavor::Mysql => ("REPLICA", "CHANGE REPLICATION SOURCE TO SOURCE_DELAY = 3600"),
        Flavor::Mariadb => ("SLAVE", "CHANGE MASTER TO MASTER_DELAY = 3600"),
    };
    replica.run(&format!("STOP {word}")).expect("a stop");
    replica.run(change).expect("a delay");
    replica.run(&format!("START {word}")).expect("a start");
    source.run("INSERT INTO shop.orders (n) VALUES (10)").expect("a row");
    eventually("the lag grows", || lag().is_some_and(|lag| lag >= 3.0));
}

/// Scenario: a real MySQL copies another, its SQL thread is stopped and started, and it is told to be late.
/// Guarantee: source, threads and lag are shown and stored; the stop turns the light red.
#[test]
fn replication_of_mysql_is_seen() {
    a_replica(Flavor::Mysql);
}

/// The same of MariaDB.
#[test]
fn replication_of_mariadb_is_seen() {
    a_replica(Flavor::Mariadb);
}

/// Plans of digests whose text begins so, by the stored records.
fn plans(spanlake: &TestServer, begins: &str) -> Vec<Value> {
    let rows = spanlake.rows(&format!(
        "SELECT attributes['mysql.query_plan'] FROM logs WHERE event_name = 'spanlake.mysql.plan' \
         AND attributes['db.query.text'] LIKE '{begins}%' ORDER BY time"
    ));
    rows.iter().map(|row| serde_json::from_str(row[0].as_str().expect("a plan")).expect("JSON")).collect()
}

fn statements_that_change_rows() -> [(&'static str, &'static str); 3] {
    [
        ("UPDATE shop.orders SET note = 'secret' WHERE n = 2", "UPDATE shop.orders SET note"),
        ("DELETE FROM shop.archive WHERE n > 1000", "DELETE FROM shop.archive"),
        (
            "INSERT INTO shop.archive SELECT id + 100000, n FROM shop.orders WHERE n > 1000",
            "INSERT INTO shop.archive SELECT",
        ),
    ]
}

/// Scenario: UPDATE, DELETE and INSERT … SELECT on a real MySQL that explains in either JSON format; the user that polls
/// may read the tables and no more.
/// Guarantee: each has a plan that names its table, nothing was done to get it, and no literal is in it.
#[test]
fn what_changes_rows_has_a_plan_in_either_format() {
    for format in [1, 2] {
        let Some(server) = DbServer::plain(Flavor::Mysql).expect("MySQL starts") else { return };
        let mut root = server.root().expect("root may log in");
        shop(&mut root);
        for statement in [
            format!("SET GLOBAL explain_json_format_version = {format}"),
            "CREATE USER mon@'%' IDENTIFIED BY 'x'".to_owned(),
            "GRANT PROCESS, REPLICATION CLIENT ON *.* TO mon@'%'".to_owned(),
            "GRANT SELECT ON performance_schema.* TO mon@'%'".to_owned(),
            "GRANT SELECT ON shop.* TO mon@'%'".to_owned(),
        ] {
            root.run(&statement).expect(&statement);
        }
        for (statement, _) in statements_that_change_rows() {
            root.run(statement).expect(statement);
        }
        let spanlake = polling(&[server.url("mon:x")]);
        let mut found = Vec::new();
        for _ in 0..90 {
            for (statement, _) in statements_that_change_rows() {
                root.run(statement).expect(statement);
            }
            found = statements_that_change_rows().map(|(_, begins)| plans(&spanlake, begins)).to_vec();
            if found.iter().all(|plans| !plans.is_empty()) {
                break;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        for (plans, (statement, _)) in found.iter().zip(statements_that_change_rows()) {
            let plan = plans.first().unwrap_or_else(|| panic!("no plan of {statement} in format {format}")).to_string();
            let table = if statement.starts_with("DELETE") { "archive" } else { "orders" };
            assert!(plan.contains(&format!("\"table_name\":\"{table}\"")), "{plan}");
            assert_eq!(plan.contains("query_block"), format == 1, "{plan}");
            assert!(!plan.contains("secret") && !plan.contains("1000"), "{plan}");
        }
        let rows: Vec<u64> = root.rows("SELECT COUNT(*) FROM shop.archive").expect("a count");
        assert_eq!(rows, [0]);
        digests_have_the_exporters_names(&spanlake, &mut root);
    }
}

/// What the exporter calls `mysql_perf_schema_events_statements_…` is what the server has counted.
fn digests_have_the_exporters_names(spanlake: &TestServer, root: &mut Client) {
    let of =
        |name: &str| promql(spanlake, &format!("{name}{{schema=\"\",digest_text=~\"UPDATE `shop` . `orders` .*\"}}"));
    for (column, name) in [
        ("COUNT_STAR", "mysql_perf_schema_events_statements_total"),
        ("SUM_ROWS_EXAMINED", "mysql_perf_schema_events_statements_rows_examined_total"),
    ] {
        let counted: Vec<u64> = root
            .rows(&format!(
                "SELECT {column} FROM performance_schema.events_statements_summary_by_digest WHERE DIGEST_TEXT LIKE 'UPDATE `shop` . `orders`%'"
            ))
            .expect("a count");
        #[allow(clippy::cast_precision_loss, reason = "a small count")]
        let counted = counted[0] as f64;
        eventually("the server's count", || of(name) == Some(counted));
    }
    assert!(of("mysql_perf_schema_events_statements_seconds_total").is_some_and(|seconds| seconds > 0.0));
}

/// Scenario: a MariaDB with performance schema, which keeps no sample of a digest and no histograms.
/// Guarantee: a statement that is seen to run has a plan, and what is not there is said.
#[test]
fn mariadb_has_plans_of_what_is_seen_and_says_what_it_has_not() {
    let Some(server) = DbServer::plain(Flavor::Mariadb).expect("MariaDB starts") else { return };
    let mut root = server.root().expect("root may log in");
    shop(&mut root);
    let spanlake = polling(&[server.url("root")]);
    let missing = picture(&spanlake, &server.name())["missing"].clone();
    assert_eq!(missing[0]["name"], "events_statements_histogram_by_digest", "{missing:#}");
    // Slow for its many rows; one that sleeps is never explained.
    root.run("CREATE TABLE shop.numbers (n INT) ENGINE=InnoDB").expect("a table");
    let rows: Vec<String> = (0..3000).map(|n| format!("({n})")).collect();
    root.run(&format!("INSERT INTO shop.numbers VALUES {}", rows.join(","))).expect("rows");
    let slow = "SELECT COUNT(*) FROM shop.numbers a JOIN shop.numbers b ON a.n < b.n + 1234567 WHERE a.n % 7 = b.n % 5";
    // Plans are asked for each half minute, of what was seen to run; a fast machine has done with sixty statements before.
    let patience = Instant::now() + Duration::from_secs(180);
    while Instant::now() < patience && plans(&spanlake, "SELECT COUNT").is_empty() {
        root.run(slow).expect("a slow statement");
    }
    let plans = plans(&spanlake, "SELECT COUNT");
    let plan = plans.first().expect("a plan").to_string();
    assert!(plan.contains("\"table_name\":\"a\"") && !plan.contains("1234567"), "{plan}");
}
