//! PromQL's questions over the series that `--only points` leaves: what a chart, a table and a list of values wait for.
//!
//! Owns the questions and their targets. Asks a server that runs; never starts one, never loads one.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::http::Connection;
use crate::queries::{Latencies, sql};

/// How often each is asked; the first time is told apart, for nothing is warm then.
const TIMES: usize = 9;
const FORM: &str = "application/x-www-form-urlencoded";
const HOUR: i64 = 3600;

struct Question {
    what: &'static str,
    target_ms: Option<u64>,
    path: String,
    form: Option<String>,
}

/// Asks everything, and gives a table for `docs/benchmarks.md`.
///
/// # Errors
/// When an answer is no success.
pub fn table(listen: SocketAddr) -> anyhow::Result<String> {
    let mut connection = Connection::open(listen)?;
    let end = last_second(&mut connection)?;
    let mut table = "| question | series | first | p50 | target |\n|---|---:|---:|---:|---|\n".to_owned();
    for question in questions(end) {
        let (first, latencies, series) = ask(listen, &question)?;
        let p50 = latencies.percentile(50);
        let target = question.target_ms.map_or_else(String::new, |target| {
            let reached = if p50 <= Duration::from_millis(target) { "reached" } else { "missed" };
            format!("≤ {target} ms, {reached}")
        });
        writeln!(table, "| {} | {series} | {} | {} | {target} |", question.what, millis(first), millis(p50))?;
    }
    Ok(table)
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 20.0 { format!("{millis:.1} ms") } else { format!("{millis:.0} ms") }
}

/// The time of the last point, seconds.
fn last_second(connection: &mut Connection) -> anyhow::Result<i64> {
    // Without the very last: the load begins with points of an hour ago, and may have been cut off before it came to them.
    let answer = sql(
        connection,
        "select max(time)::bigint from metrics where name = 'shop.queue.fill' and time < (select max(time) from metrics where name = \
         'shop.queue.fill') - interval '1 minute'",
    )?;
    let value = &answer["rows"][0][0];
    let nanos = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    Ok(nanos.context("there are no points: load some with --only points --keep")? / 1_000_000_000)
}

fn questions(end: i64) -> Vec<Question> {
    let instant = |what, target_ms, query: &str| Question {
        what,
        target_ms,
        path: "/prometheus/api/v1/query".to_owned(),
        form: Some(format!("query={}&time={end}", escaped(query))),
    };
    let range = |what, target_ms, query: &str, hours: i64, step: i64| Question {
        what,
        target_ms,
        path: "/prometheus/api/v1/query_range".to_owned(),
        form: Some(format!("query={}&start={}&end={end}&step={step}", escaped(query), end - hours * HOUR)),
    };
    let day = |what, end: i64| Question {
        what,
        target_ms: None,
        path: "/prometheus/api/v1/query_range".to_owned(),
        form: Some(format!(
            "query={}&start={}&end={end}&step=600",
            escaped("sum by (service_name) (rate(shop_request_bytes_total[10m]))"),
            end - 23 * HOUR
        )),
    };
    let list = |what, target_ms, path: &str| Question { what, target_ms, path: path.to_owned(), form: None };
    vec![
        instant("instant `sum by` over 1,920 series", Some(20), "sum by (service_name) (http_server_active_requests)"),
        range("`rate` over 6 h at 60 s, 1,920 series", Some(300), "rate(shop_request_bytes_total[5m])", 6, 60),
        range(
            "`sum by (rate)` over 6 h at 60 s, 1,920 series",
            Some(300),
            "sum by (service_name) (rate(shop_request_bytes_total[5m]))",
            6,
            60,
        ),
        range(
            "first chart: `sum(rate)` over 1 h at 10 s, 1,920 series",
            Some(500),
            "sum(rate(shop_request_bytes_total[2m]))",
            1,
            10,
        ),
        range(
            "one series over 24 h at 4 min",
            None,
            "avg(process_memory_usage_bytes{service_instance_id=~\".*\"})",
            24,
            240,
        ),
        range(
            "`sum by (rate)` over 24 h at 4 min, 1,920 series",
            None,
            "sum by (service_name) (rate(shop_request_bytes_total[5m]))",
            24,
            240,
        ),
        // The end of hours and tens of minutes, so that rollups say enough; a second later they do not.
        day("`sum by (rate)` over 24 h at 10 min, 1,920 series, on the hour", end / HOUR * HOUR),
        day("the same a second later", end / HOUR * HOUR + 1),
        list("label values: `service_name`", Some(5), "/prometheus/api/v1/label/service_name/values"),
        list(
            "label values: `http_route` of a metric",
            Some(5),
            "/prometheus/api/v1/label/http_route/values?match%5B%5D=shop_requests_total",
        ),
        list("labels of a metric", Some(5), "/prometheus/api/v1/labels?match%5B%5D=shop_requests_total"),
    ]
}

fn escaped(text: &str) -> String {
    let byte =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}

fn ask(listen: SocketAddr, question: &Question) -> anyhow::Result<(Duration, Latencies, usize)> {
    let mut connection = Connection::open(listen)?;
    let mut times = Vec::with_capacity(TIMES);
    for _ in 0..=TIMES {
        let began = Instant::now();
        let status = match &question.form {
            Some(form) => connection.post(&question.path, FORM, form.as_bytes())?,
            None => connection.get(&question.path)?,
        };
        times.push(began.elapsed());
        if status != 200 {
            bail!("{}: {status} {}", question.what, String::from_utf8_lossy(connection.body()));
        }
    }
    let answer: Value = serde_json::from_slice(connection.body()).context("an answer is JSON")?;
    let found = answer["data"]["result"].as_array().or_else(|| answer["data"].as_array()).map_or(0, Vec::len);
    let first = times.remove(0);
    Ok((first, Latencies::of(times), found))
}
