//! What real servers may throw at the poller: huge statements, bytes that are no text, too many digests, a clock that is
//! wrong, tables and rights that are missing, TLS and ways to log in.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spanlake_bench::mysql::servers::{DbServer, Flavor, Start};
use spanlake_bench::now_nanos;
use spanlake_tests::clock::Clock;
use spanlake_tests::server::{Setup, TestServer, eventually, run, said};

use super::mysql::{polling, promql, servers, shop};

fn missing(spanlake: &TestServer) -> Vec<String> {
    let servers = servers(spanlake);
    let missing = servers[0]["missing"].as_array().expect("a list");
    missing.iter().map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Scenario: a client sends a statement of 10 MB, statements of bytes that are no text, and texts that are no SQL, and runs
/// some of them for seconds.
/// Guarantee: the server stays up to the poller, what runs is shown in bounded valid text, nothing of it is a literal.
#[test]
fn huge_and_garbled_statements_are_shown_in_bounded_text() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let start = Start { arguments: vec!["--max-allowed-packet=67108864".to_owned()], ..Start::default() };
        let Some(server) = DbServer::start(flavor, start).expect("the server starts") else { continue };
        shop(&mut server.root().expect("root may log in"));
        let spanlake = polling(&[server.url("root")]);
        let mut big = b"SELECT SLEEP(4), LENGTH('s3cret".to_vec();
        big.extend(std::iter::repeat_n(b'x', 10 << 20));
        big.extend(b"')");
        let garbage: Vec<u8> =
            (0..4000_u32).map(|n| (n * 7919 % 251) as u8).filter(|byte| !b"'\\".contains(byte)).collect();
        let mut garbled = b"SELECT SLEEP(4), LENGTH(_binary's3cret".to_vec();
        garbled.extend(&garbage);
        garbled.extend(b"')");
        let senders: Vec<_> = [big, garbled]
            .into_iter()
            .map(|statement| {
                let mut client = server.root().expect("root may log in");
                std::thread::spawn(move || client.run_bytes(&statement))
            })
            .collect();
        let live = format!("/api/mysql/live?server={}", server.name());
        let mut statements = Vec::new();
        eventually("both are seen to run", || {
            let answer = spanlake.get(&live).json();
            statements = answer["statements"].as_array().expect("a list").clone();
            statements.iter().filter(|one| one["text"].as_str().is_some_and(|text| text.contains("SLEEP"))).count() >= 2
        });
        for statement in &statements {
            let text = statement["text"].as_str().expect("a text");
            assert!(text.len() < 20_000 && !text.contains("s3cret") && !text.contains("xxxx"), "{} bytes", text.len());
        }
        for sender in senders {
            sender.join().expect("no panic").expect("the statements are SQL");
        }
        let mut client = server.root().expect("root may log in");
        for text in [&garbage[..], b"\xff\xfe\x00", b"SELECT '", b"/*", b"`"] {
            let _ = client.run_bytes(text);
        }
        let stored = || spanlake.count("SELECT count(*) FROM logs WHERE event_name = 'db.server.query_sample'");
        eventually("the statements are samples", || stored() >= 2);
        let told = spanlake
            .count("SELECT count(*) FROM logs WHERE array_to_string(map_values(attributes), ' ') LIKE '%s3cret%'");
        assert_eq!(told, 0, "no literal is stored");
        let downs = spanlake.count("SELECT count(*) FROM metrics WHERE name = 'mysql.up' AND value = 0");
        let _ = writeln!(std::io::stderr(), "{flavor:?}: told as down {downs} times");
        assert_eq!(servers(&spanlake)[0]["up"], true);
    }
}

/// Scenario: 100,000 statements with a digest each, on a server whose table holds 10,000 of them.
/// Guarantee: the full table is said, and status, digests and the other statements are still collected.
#[test]
fn a_hundred_thousand_digests_do_not_stop_the_poller() {
    let Some(server) = DbServer::plain(Flavor::Mysql).expect("MySQL starts") else { return };
    let mut root = server.root().expect("root may log in");
    shop(&mut root);
    root.run("SELECT COUNT(*) FROM shop.orders WHERE n > 1").expect("an early digest");
    let spanlake = polling(&[server.url("root")]);
    for first in (0..100_000).step_by(500) {
        let batch: Vec<String> = (first..first + 500).map(|n| format!("SELECT 1 AS a{n}")).collect();
        root.run(&batch.join(";")).expect("a batch");
    }
    eventually("the full table is said", || missing(&spanlake).contains(&"performance_schema_digests_size".to_owned()));
    eventually("digests that have a place are told", || {
        root.run("SELECT COUNT(*) FROM shop.orders WHERE n > 1").expect("an early digest");
        let answer = spanlake.get(&format!("/api/mysql/digests?server={}&text=orders", server.name())).json();
        answer["digests"].as_array().is_some_and(|digests| !digests.is_empty())
    });
    let server = &servers(&spanlake)[0];
    assert_eq!(server["up"], true);
    let _ = writeln!(std::io::stderr(), "100,000 digests: {}", server["cost"]);
}

/// Scenario: the server's clock is an hour ahead.
/// Guarantee: what is stored has this machine's time, starts of counters too, and a wait for a lock lasts as long as it does.
#[test]
fn a_server_whose_clock_is_an_hour_off_is_told_by_this_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(clock) = Clock::build(folder.path()) else {
        let _ = writeln!(std::io::stderr(), "not run: a clock an hour off needs a C compiler");
        return;
    };
    clock.jump(3600);
    // MariaDB runs with the system's loader, which loads it.
    let start = Start { environment: clock.environment().into(), ..Start::default() };
    let Some(server) = DbServer::start(Flavor::Mariadb, start).expect("the server starts") else { return };
    let mut root = server.root().expect("root may log in");
    shop(&mut root);
    #[allow(clippy::cast_precision_loss, reason = "seconds")]
    let here = now_nanos() as f64 / 1e9;
    let there: Vec<f64> = root.rows("SELECT UNIX_TIMESTAMP(NOW(6)) + 0e0").expect("a time");
    assert!(there[0] - here > 3500.0, "the server's clock is an hour ahead: {there:?} {here}");
    let spanlake = polling(&[server.url("root")]);
    let mut holder = server.root().expect("root may log in");
    holder.run("BEGIN").expect("a transaction");
    holder.run("UPDATE shop.orders SET n = 5 WHERE id = 1").expect("a free row");
    let mut waiter = server.root().expect("root may log in");
    let waiting = std::thread::spawn(move || waiter.run("UPDATE shop.orders SET n = 6 WHERE id = 1"));
    let mut wait = Value::Null;
    eventually("the wait is seen", || {
        wait = spanlake.get(&format!("/api/mysql/live?server={}", server.name())).json()["locks"][0].clone();
        !wait.is_null()
    });
    assert!(wait["wait_ns"].as_i64().is_some_and(|wait| wait < 120_000_000_000), "{wait:#}");
    holder.run("COMMIT").expect("a commit");
    waiting.join().expect("no panic").expect("the row is free now");
    for table in ["metrics", "logs"] {
        let odd = spanlake.count(&format!(
            "SELECT count(*) FROM {table} WHERE service_name = 'mysql' AND abs(CAST(time AS BIGINT) - CAST(received_time AS BIGINT)) > 120000000000"
        ));
        assert_eq!(odd, 0, "times of {table}");
    }
    let odd =
        spanlake.count("SELECT count(*) FROM metrics WHERE service_name = 'mysql' AND start_time > received_time");
    assert_eq!(odd, 0, "nothing counts since the future");
    assert!(promql(&spanlake, "mysql_global_status_uptime").is_some());
}

/// Scenario: performance schema is off, as MariaDB has it by default.
/// Guarantee: it is said with what mends it; status, figures, InnoDB and, of MariaDB, what runs are collected.
#[test]
fn without_performance_schema_the_rest_is_collected() {
    for flavor in [Flavor::Mysql, Flavor::Mariadb] {
        let mut start = Start { performance_schema_off: true, ..Start::default() };
        if flavor == Flavor::Mysql {
            start.arguments.push("--performance-schema=OFF".to_owned());
        }
        let Some(server) = DbServer::start(flavor, start).expect("the server starts") else { continue };
        shop(&mut server.root().expect("root may log in"));
        let spanlake = polling(&[server.url("root")]);
        assert_eq!(missing(&spanlake), ["performance_schema"]);
        eventually("figures, and PromQL", || {
            let figures = &servers(&spanlake)[0]["figures"];
            figures["qps"].is_number()
                && figures["connections"].is_number()
                && promql(&spanlake, "mysql_global_status_threads_connected").is_some()
        });
        eventually("InnoDB's report", || {
            let innodb = spanlake.get(&format!("/api/mysql/innodb?server={}", server.name())).json();
            innodb["status_text"].as_str().is_some_and(|text| text.contains("INNODB MONITOR OUTPUT"))
        });
        let mut client = server.root().expect("root may log in");
        let sleeping = std::thread::spawn(move || client.run("SELECT SLEEP(5)"));
        if flavor == Flavor::Mariadb {
            eventually("what runs", || {
                let live = spanlake.get(&format!("/api/mysql/live?server={}", server.name())).json();
                live["statements"].as_array().is_some_and(|statements| !statements.is_empty())
            });
        }
        sleeping.join().expect("no panic").expect("a sleep");
        assert_eq!(servers(&spanlake)[0]["light"], "green");
    }
}

/// Scenario: users who lack a right each, on a real server; `spanlake mysql check` is asked about them.
/// Guarantee: it names the one right that is missing, as the statement that gives it.
#[test]
fn the_check_names_each_missing_grant() {
    let Some(server) = DbServer::plain(Flavor::Mysql).expect("MySQL starts") else { return };
    let mut root = server.root().expect("root may log in");
    let rights = ["PROCESS ON *.*", "REPLICATION CLIENT ON *.*", "SELECT ON performance_schema.*"];
    for (place, without) in rights.iter().enumerate() {
        root.run(&format!("CREATE USER lacks{place}@'%' IDENTIFIED BY 'x'")).expect("a user");
        for right in rights.iter().filter(|right| *right != without) {
            root.run(&format!("GRANT {right} TO lacks{place}@'%'")).expect("a right");
        }
        let output = run(&["mysql", "check", &server.url(&format!("lacks{place}:x"))], &[]);
        let text = said(&output);
        for right in rights {
            assert_eq!(text.contains(&format!("GRANT {right} TO")), right == *without, "without {without}:\n{text}");
        }
    }
}

/// Scenario: addresses that are wrong in one way each are polled by the server.
/// Guarantee: the reason that the page shows says which way, each in its own sentence, and no password is in it.
#[test]
fn a_wrong_address_is_told_by_its_own_sentence() {
    let Some(server) = DbServer::plain(Flavor::Mysql).expect("MySQL starts") else { return };
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let port = server.port();
    // Each is a server of its own by its name.
    let wrong = [
        (format!("mysql://root@no-such-host.invalid:{port}/"), "the host is not known"),
        (format!("mysql://root@127.0.0.1:{free}/"), "nothing listens"),
        (format!("mysql://nobody:hunter2@127.0.0.1:{port}/"), "the user or the password is wrong"),
        (format!("mysql://root@localhost:{port}/?require_ssl=true"), "TLS fails"),
    ];
    let arguments: Vec<&str> = wrong.iter().flat_map(|(url, _)| ["--mysql", url.as_str()]).collect();
    let spanlake = Setup::default().arguments(&arguments).start();
    for (place, (url, expected)) in wrong.iter().enumerate() {
        let mut reason = String::new();
        eventually("the reason is said", || {
            reason = servers(&spanlake)[place]["reasons"][0]["text"].as_str().unwrap_or_default().to_owned();
            !reason.is_empty() && !reason.contains("not asked yet")
        });
        assert!(reason.contains(expected) && !reason.contains("hunter2"), "{url}: {reason}");
    }
    assert!(!spanlake.output().contains("hunter2"));
}

/// An authority and a certificate of it for 127.0.0.1; `None` where `openssl` is missing.
fn certificates(folder: &Path) -> Option<()> {
    let extensions = folder.join("names");
    std::fs::write(&extensions, "subjectAltName=IP:127.0.0.1\n").expect("a file");
    let openssl = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().ok()?;
        output.status.success().then_some(())
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority")?;
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server")?;
    openssl("x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names")
}

/// Scenario: users with `caching_sha2_password`, one who must come over TLS, on a server whose certificate is of an authority
/// of its own.
/// Guarantee: each logs in as documented, and a certificate that nobody vouches for is refused unless that is wanted.
#[test]
fn tls_and_caching_sha2_password_work() {
    let folder = tempfile::tempdir().expect("a folder");
    if certificates(folder.path()).is_none() {
        let _ = writeln!(std::io::stderr(), "not run: TLS of MySQL needs openssl");
        return;
    }
    let file = |name: &str| folder.path().join(name).display().to_string();
    let arguments = [("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key")];
    let arguments = arguments.iter().map(|(option, name)| format!("--ssl-{option}={}", file(name))).collect();
    let start = Start { arguments, ..Start::default() };
    let Some(server) = DbServer::start(Flavor::Mysql, start).expect("MySQL starts") else { return };
    let mut root = server.root().expect("root may log in");
    for statement in [
        "CREATE USER sha@'%' IDENTIFIED WITH caching_sha2_password BY 'p@ss'",
        "CREATE USER tls@'%' IDENTIFIED WITH caching_sha2_password BY 'p@ss' REQUIRE SSL",
    ] {
        root.run(statement).expect(statement);
    }
    let (sha, tls) = (server.url("sha:p%40ss"), server.url("tls:p%40ss"));
    for (url, expected) in [
        (sha.clone(), Ok(())),
        // The second time the server has the password's hash in its cache.
        (sha, Ok(())),
        (format!("{tls}?require_ssl=true&tls_ca={}", file("ca.pem")), Ok(())),
        (format!("{tls}?require_ssl=true&verify_ca=false"), Ok(())),
        (format!("{tls}?require_ssl=true"), Err("the TLS that is asked for fails")),
        (tls, Err("refuses the user or the password")),
    ] {
        let output = run(&["mysql", "check", &url], &[]);
        let text = said(&output);
        match expected {
            Ok(()) => assert!(output.status.success(), "{url}: {text}"),
            Err(expected) => assert!(!output.status.success() && text.contains(expected), "{url}: {text}"),
        }
        assert!(!text.contains("p@ss") && !text.contains("p%40ss"), "{text}");
    }
}
