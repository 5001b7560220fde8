//! Reads through the server's API, timed from the first byte sent to the last byte read.
//!
//! Owns the arithmetic of percentiles. Never opens a file of the server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::http::Connection;

/// Times of one kind of request.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    sorted: Vec<Duration>,
}

impl Latencies {
    /// The time within which this share of requests was answered.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).copied().unwrap_or_default()
    }

    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { sorted: times }
    }
}

/// Runs a statement and gives its JSON answer.
///
/// # Errors
/// When the answer is no success.
pub fn sql(connection: &mut Connection, query: &str) -> anyhow::Result<serde_json::Value> {
    let body = serde_json::json!({ "query": query }).to_string();
    let status = connection.post("/api/sql", "application/json", body.as_bytes())?;
    if status != 200 {
        bail!("{query} was answered with {status}: {}", String::from_utf8_lossy(connection.body()));
    }
    serde_json::from_slice(connection.body()).context("an answer to SQL is JSON")
}

/// Runs a statement that answers with one number.
///
/// # Errors
/// When the answer is something else.
pub fn number(connection: &mut Connection, query: &str) -> anyhow::Result<u64> {
    let answer = sql(connection, query)?;
    answer["rows"][0][0].as_u64().with_context(|| format!("{query} should answer with a number: {answer}"))
}

/// Fetches whole traces by id.
///
/// # Errors
/// When one of them is not found.
pub fn traces(listen: SocketAddr, ids: &[[u8; 16]]) -> anyhow::Result<Latencies> {
    let mut connection = Connection::open(listen)?;
    let mut times = Vec::with_capacity(ids.len());
    for id in ids {
        let path = format!("/api/traces/{}", hex(id));
        let began = Instant::now();
        let status = connection.get(&path)?;
        times.push(began.elapsed());
        if status != 200 {
            bail!("{path} was answered with {status}: {}", String::from_utf8_lossy(connection.body()));
        }
    }
    Ok(Latencies::of(times))
}

/// Repeats one statement.
///
/// # Errors
/// When one of the answers is no success.
pub fn repeated(listen: SocketAddr, query: &str, times: usize) -> anyhow::Result<Latencies> {
    let mut connection = Connection::open(listen)?;
    let mut taken = Vec::with_capacity(times);
    for _ in 0..times {
        let began = Instant::now();
        sql(&mut connection, query)?;
        taken.push(began.elapsed());
    }
    Ok(Latencies::of(taken))
}

/// The value of a metric without labels in the server's own Prometheus text; the sum over labels where it has some.
///
/// # Errors
/// When `/metrics` does not answer.
pub fn own_metric(connection: &mut Connection, name: &str) -> anyhow::Result<Option<f64>> {
    let status = connection.get("/metrics")?;
    if status != 200 {
        bail!("/metrics was answered with {status}");
    }
    let text = String::from_utf8_lossy(connection.body());
    let values: Vec<f64> = text
        .lines()
        .filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let of_name = series.strip_prefix(name)?;
            (of_name.is_empty() || of_name.starts_with('{')).then(|| value.parse().ok())?
        })
        .collect();
    Ok((!values.is_empty()).then(|| values.iter().sum()))
}

/// Lower-case hex digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let latencies = Latencies::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(latencies.percentile(50), Duration::from_millis(100));
        assert_eq!(latencies.percentile(99), Duration::from_millis(198));
    }
}
