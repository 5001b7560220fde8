//! Command lines, tables and waterfalls as they are painted, and a server that is a few lines of this file.

use std::io::{Read, Write};
use std::net::TcpListener;

use clap::CommandFactory;
use serde_json::json;

use super::terminal::{Terminal, clean, columns, cut};
use super::trace::{TraceAnswer, View};
use super::*;
use crate::config::Loaded;

fn parsed(arguments: &[&str]) -> Result<CommandLine, ExitCode> {
    parse(std::iter::once("spanlake").chain(arguments.iter().copied()).map(OsString::from))
}

fn serve(arguments: &[&str]) -> ServeArguments {
    match parsed(&[&["serve"], arguments].concat()).unwrap().command {
        Command::Serve(arguments) => *arguments,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_command_line_is_consistent() {
    CommandLine::command().debug_assert();
}

#[test]
fn a_wrong_command_line_exits_64_and_help_exits_0() {
    let exit = |arguments: &[&str]| parsed(arguments).map(|_| ()).unwrap_err();
    for wrong in [&["serve", "--what"][..], &["nothing"], &[], &["sql"], &["trace", "1", "--width", "3"]] {
        assert_eq!(format!("{:?}", exit(wrong)), format!("{:?}", ExitCode::from(64)), "{wrong:?}");
    }
    for fine in ["--help", "--version"] {
        assert_eq!(format!("{:?}", exit(&[fine])), format!("{:?}", ExitCode::from(0)));
    }
}

#[test]
fn flags_of_serve_are_settings() {
    let flags = serve(&[
        "--data-dir",
        "/d",
        "--listen",
        "0.0.0.0:1",
        "--otlp-grpc",
        "127.0.0.1:2",
        "--otlp-http",
        "127.0.0.1:3",
        "--mysql",
        "mysql://a:p,w@a/",
        "--mysql",
        "mysql://b/",
        "--dashboard-dir",
        "/b",
        "--insecure",
        "--adopt-cold",
        "--self-telemetry",
        "off",
    ])
    .flags();
    let config = Loaded::from(&flags, []).unwrap().config;
    assert_eq!(config.data_dir, PathBuf::from("/d"));
    assert_eq!((config.listen.port(), config.otlp_grpc.port(), config.otlp_http.port()), (1, 2, 3));
    assert_eq!((config.mysql.len(), config.dashboard_dir), (2, Some(PathBuf::from("/b"))));
    assert_eq!(config.self_telemetry.mode, crate::config::SelfTelemetryMode::Off);
    let given: Vec<String> = flags.values.iter().map(|(key, _)| (*key).to_owned()).collect();
    let with_token = ServeArguments { token_file: Some("/none".into()), ..ServeArguments::default() }.flags();
    assert_eq!(with_token.values[0].0, "token_file");
    let with_scrapes = ServeArguments { scrape_config: Some("/none".into()), ..ServeArguments::default() }.flags();
    assert_eq!(with_scrapes.values[0].0, "scrape_config_file");
    let with_rules = ServeArguments { rule_file: vec!["/none".into()], ..ServeArguments::default() }.flags();
    assert_eq!(with_rules.values[0].0, "rule_files");
    // What the table of settings says has a flag is a flag, and the other way round.
    let page = crate::config::page();
    let serve = CommandLine::command().find_subcommand("serve").unwrap().clone();
    for argument in serve.get_arguments().filter(|argument| !matches!(argument.get_id().as_str(), "config" | "help")) {
        let flag = format!("`--{}`", argument.get_long().unwrap());
        assert!(page.contains(&flag), "{flag}");
    }
    assert_eq!(page.matches(", `--").count(), given.len() + 3);
}

fn answer(columns: &[(&str, &str)], rows: serde_json::Value) -> sql::SqlAnswer {
    let columns: Vec<_> = columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
    serde_json::from_value(json!({"columns": columns, "rows": rows, "stats": {"elapsed_ms": 3.07, "truncated": false}}))
        .unwrap()
}

fn table(answer: &sql::SqlAnswer, width: Option<usize>) -> String {
    sql::draw(answer, Terminal { width, colours: false })
}

#[test]
fn a_table_is_aligned() {
    let rows = json!([["shop", 12, null], ["naïve 漢字", 5, {"a": 1}], ["tab\tand\u{1b}[31m", -1.5, [1]]]);
    let drawn = table(&answer(&[("service", "Utf8"), ("n", "Int64"), ("more", "Map")], rows), None);
    let expected = "\
service              │    n │ more
───────────────────┼──────┼────────
shop                 │   12 │ NULL
naïve 漢字           │    5 │ {\"a\":1}
tab\\tand\\u{1b}[31m   │ -1.5 │ [1]
(3 rows, 3.1 ms)
";
    assert_eq!(drawn.replace(' ', ""), expected.replace(' ', ""));
    let rules: Vec<usize> =
        drawn.lines().filter_map(|line| line.split_once('│').map(|(cell, _)| columns(cell))).collect();
    assert_eq!(rules, [19, 19, 19, 19]);
}

#[test]
fn a_wide_table_is_cut_and_a_wider_one_becomes_records() {
    let long = "x".repeat(300);
    let narrow = table(&answer(&[("a", "Utf8"), ("b", "Utf8")], json!([[long, "short"]])), Some(40));
    assert!(narrow.lines().all(|line| columns(line) <= 40), "{narrow}");
    assert!(narrow.contains('…') && narrow.contains("short"));
    let names: Vec<String> = (0..30).map(|index| format!("column_{index}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "Utf8")).collect();
    let row: Vec<&str> = names.iter().map(|_| "a rather long value").collect();
    let records = table(&answer(&many, json!([row])), Some(80));
    assert!(records.starts_with("── row 1 ──\ncolumn_0  │ a rather long value\n"), "{records}");
    assert_eq!(table(&answer(&[], json!([])), Some(80)), "(0 rows, 3.1 ms)\n");
}

#[test]
fn an_error_points_at_its_place() {
    let error = |line, column| {
        serde_json::from_value(
            json!({"code": "invalid_query", "message": "no column foo", "hint": "bar", "line": line, "column": column}),
        )
        .unwrap()
    };
    let pointed = sql::pointed(&error(2, 8), "select\n  漢字, foo from spans");
    assert_eq!(pointed.message, "no column foo\n 2 |   漢字, foo from spans\n   |          ^\nhint: bar");
    assert_eq!(sql::pointed(&error(9, 1), "select 1").message, "no column foo\nhint: bar");
}

/// Answers one request with these bytes and gives back what was asked.
fn one_answer(status: &str, body: &str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        while !String::from_utf8_lossy(&asked).contains("\r\n\r\n") {
            let read = connection.read(&mut buffer).unwrap();
            asked.extend_from_slice(&buffer[..read]);
        }
        connection.write_all(answer.as_bytes()).unwrap();
        let _ = connection.flush();
        let _ = connection.shutdown(std::net::Shutdown::Write);
        let _ = connection.read_to_end(&mut asked);
        String::from_utf8_lossy(&asked).into_owned()
    });
    (url, server)
}

fn sql_error(url: &str) -> CommandError {
    let server = ServerArguments { url: url.to_owned(), token_file: None };
    let arguments = SqlArguments { query: "select nope".into(), format: Format::Csv, limit: None, server };
    sql::run(&arguments).unwrap_err()
}

#[test]
fn refusals_are_told_with_their_exit_code() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = sql_error(&format!("http://{unused}"));
    assert_eq!(nobody.exit, 69);
    assert!(nobody.message.contains("start one with `spanlake serve`") && !nobody.message.contains('\n'), "{nobody:?}");
    for (status, body, exit, part) in [
        (
            "400 Bad Request",
            r#"{"error":{"code":"invalid_query","message":"no field nope","line":1,"column":8}}"#,
            1,
            " 1 | select nope\n   |        ^",
        ),
        ("401 Unauthorized", r#"{"error":{"code":"unauthorized","message":"no token"}}"#, 77, "--token-file"),
        ("503 Busy", r#"{"error":{"code":"busy","message":"too many statements"}}"#, 69, "too many"),
        ("502 Bad Gateway", "<html>\u{1b}[31m", 1, "the server answered 502, and not as Spanlake does: <html>\\u{1b}"),
    ] {
        let (url, server) = one_answer(status, body);
        let error = sql_error(&url);
        assert_eq!(error.exit, exit, "{error:?}");
        assert!(error.message.contains(part), "{error:?}");
        assert!(server.join().unwrap().starts_with("POST /api/sql"));
    }
    assert_eq!(sql_error("https://h/").exit, 64);
    assert_eq!(sql_error("nonsense").exit, 64);
}

#[test]
fn the_token_is_sent() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "s3cret\n").unwrap();
    let (url, server) = one_answer("404 Not Found", r#"{"error":{"code":"not_found","message":"-"}}"#);
    let arguments = TraceArguments {
        trace_id: "0x1234".into(),
        width: None,
        logs: false,
        no_color: true,
        server: ServerArguments { url: url + "/", token_file: Some(file.path().to_owned()) },
    };
    let error = trace::run(&arguments).unwrap_err();
    assert_eq!(error.message, "there is no trace 00000000000000000000000000001234");
    let asked = server.join().unwrap();
    assert!(asked.starts_with("GET /api/traces/00000000000000000000000000001234 "), "{asked}");
    assert!(asked.to_lowercase().contains("authorization: bearer s3cret"), "{asked}");
}

fn waterfall(trace: serde_json::Value, width: usize, logs: bool) -> String {
    let trace: TraceAnswer = serde_json::from_value(trace).unwrap();
    let mut out = Vec::new();
    trace::draw(&trace, View { width, colours: false, logs }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn span(id: u64, parent: u64, service: &str, name: &str, start: i64, duration: i64) -> serde_json::Value {
    json!({
        "span_id": format!("{id:016x}"),
        "parent_span_id": if parent == 0 { serde_json::Value::Null } else { json!(format!("{parent:016x}")) },
        "service_name": service, "name": name, "start_time": start.to_string(), "duration": duration.to_string(),
        "status": {"code": "unset", "message": ""}, "events": [],
    })
}

const MS: i64 = 1_000_000;

#[test]
fn a_trace_is_a_waterfall() {
    let mut failed = span(3, 2, "db", "SELECT", 100 * MS, 40 * MS);
    failed["status"] = json!({"code": "error", "message": "boom"});
    failed["events"] =
        json!([{"name": "exception", "attributes": {"exception.type": "E", "exception.message": "boom\nat x"}}]);
    let trace = json!({
        "trace_id": "5b8efff798038103d269b633813fc60c",
        "spans": [span(1, 0, "web", "GET /cart", 0, 160 * MS), span(2, 1, "cart", "load", 80 * MS, 80 * MS), failed, span(4, 1, "web", "render", 0, 20 * MS)],
        "logs": [{"time": (90 * MS).to_string(), "severity_text": "WARN", "body": "slow\u{7}", "span_id": format!("{:016x}", 2)},
                 {"time": "0", "observed_time": (5 * MS).to_string(), "body": {"k": 1}, "span_id": ""}],
    });
    let expected = "\
trace 5b8efff798038103d269b633813fc60c · 4 spans · 3 services · 160 ms · 1 error
2 log records
                                                         0         40 ms     80 ms    120 ms
web GET /cart                                    160 ms  ████████████████████████████████████████
├─web render                                      20 ms  █████
└─cart load                                       80 ms                      ████████████████████
  │ · 90 ms WARN slow\\u{7}
  └─✗ db SELECT                                   40 ms                           ██████████
      ✗ E: boom
log records of no span here:
· 5 ms  {\"k\":1}
";
    let drawn = waterfall(trace, 94, true);
    println!("{drawn}");
    let without_scale = |text: &str| {
        text.lines()
            .enumerate()
            .filter(|(line, _)| *line != 2)
            .map(|(_, line)| line.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
    };
    assert_eq!(without_scale(&drawn), without_scale(expected));
    assert!(drawn.lines().all(|line| columns(line) <= 94));
}

#[test]
fn odd_traces_are_drawn_whole_and_within_the_width() {
    let mut spans = vec![
        span(1, 2, "a", "in a cycle", 0, 10),
        span(2, 1, "a", "in a cycle too", 1, 10),
        span(3, 99, "b", "an orphan", 2, -5),
        span(3, 0, "", "", i64::MAX, i64::MAX),
        span(4, 0, "c\u{1b}[2J\u{202e}", &"long 漢字 ".repeat(50), i64::MIN, i64::MAX),
        span(0, 0, "zero", "no id", 0, 0),
    ];
    spans.extend(
        (0..5000).map(|level| span(1000 + level, if level == 0 { 0 } else { 999 + level }, "deep", "down", 0, 1)),
    );
    let count = spans.len();
    let drawn = waterfall(json!({"trace_id": "x", "spans": spans, "logs": []}), 60, false);
    assert!(
        drawn.lines().all(|line| columns(line) <= 60),
        "{}",
        drawn.lines().find(|line| columns(line) > 60).unwrap()
    );
    assert!(!drawn.contains('\u{1b}') && !drawn.contains('\u{202e}'));
    let rows = drawn.lines().filter(|line| line.contains("down") || line.contains('↻')).count();
    assert!(rows > 5000 && drawn.lines().count() >= count, "{rows}");
    for fault in ["1 missing parent", "1 cycle", "1 repeated id", "1 negative duration", " roots"] {
        assert!(drawn.contains(fault), "{fault}: {}", &drawn[..300]);
    }
    assert!(drawn.contains("(missing span 0000000000000063)") || drawn.contains("(missing span 000"));
    assert!(drawn.contains("4999⋯"));
    assert!(waterfall(json!({"spans": []}), 80, true).contains("0 spans"));
}

#[test]
fn text_of_strangers_is_harmless_and_fits() {
    assert_eq!(clean("a\nb\u{1b}]0;x\u{7}\u{9b}"), "a\\nb\\u{1b}]0;x\\u{7}\\u{9b}");
    assert_eq!(
        (cut("漢字漢字", 5), cut("abc", 3), cut("abc", 0)),
        ("漢字…".to_owned(), "abc".to_owned(), String::new())
    );
}
