//! What the poller takes from a server under load: pairs of runs with it and without it.
//!
//! Owns the pairs and their statistics. Without it means that Spanlake's process is stopped by a signal, its connections
//! open and silent; which half of a pair comes first alternates. Beside queries a second stand queries per second of the
//! server's processor time, which other work on the machine moves much less.

use std::path::Path;
use std::time::{Duration, Instant};

use super::load::{self, Load};
use super::servers::DbServer;
use super::spanlake::{MONITOR, Spanlake, Watcher};
use super::table::Table;
use crate::process::cpu_seconds;

const THREADS: u64 = 4;
/// After each change, before it counts.
const SETTLING: Duration = Duration::from_millis(1500);

/// Queries a second, and per second of the server's processor.
type Run = (f64, f64);

/// Measures so many pairs.
///
/// # Errors
/// When a server does not start.
pub fn measure(
    binary: &Path,
    server: &DbServer,
    (pairs, run): (usize, Duration),
    table: &mut Table,
) -> anyhow::Result<()> {
    load::prepare(server)?;
    let spanlake = Spanlake::start(binary, &[server.url(MONITOR)])?;
    spanlake.until_up(1)?;
    let watcher = Watcher::start(spanlake.listen(), &server.name());
    let load = Load::start(server, THREADS);
    std::thread::sleep(Duration::from_secs(10));
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        for half in 0..2 {
            let is_polled = (pair + half) % 2 == 0;
            spanlake.signal(if is_polled { "CONT" } else { "STOP" })?;
            std::thread::sleep(SETTLING);
            let measured = one(server, &load, run)?;
            if is_polled { with.push(measured) } else { without.push(measured) }
        }
    }
    spanlake.signal("CONT")?;
    drop(watcher);
    load.stop()?;
    report(&with, &without, table);
    Ok(())
}

fn one(server: &DbServer, load: &Load, time: Duration) -> anyhow::Result<Run> {
    let pid = server.pid()?;
    let (began, queries, cpu) = (Instant::now(), load.queries(), cpu_seconds(pid)?);
    std::thread::sleep(time);
    #[allow(clippy::cast_precision_loss, reason = "a count of queries")]
    let queries = (load.queries() - queries) as f64;
    Ok((queries / began.elapsed().as_secs_f64(), queries / (cpu_seconds(pid)? - cpu)))
}

fn report(with: &[Run], without: &[Run], table: &mut Table) {
    #[allow(clippy::cast_precision_loss, reason = "a count of pairs")]
    let mean = |runs: &[Run], of: fn(&Run) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
    table.figure("queries a second under load, without the poller", mean(without, |run| run.0), "/s");
    table.figure("queries a second under load, with the poller", mean(with, |run| run.0), "/s");
    for (what, of) in [
        ("queries a second", (|run: &Run| run.0) as fn(&Run) -> f64),
        ("queries per CPU-second of the server", |run: &Run| run.1),
    ] {
        let losses: Vec<f64> =
            without.iter().zip(with).map(|(without, with)| (1.0 - of(with) / of(without)) * 100.0).collect();
        let (loss, half) = interval(&losses);
        let word = if loss + half < 3.0 { "reached" } else { "missed" };
        let value = format!("{loss:.2} % ± {half:.2}");
        table.row(
            &format!("fewer {what} with the poller, {} pairs, 95 % interval", losses.len()),
            &value,
            "< 3 %",
            word,
        );
    }
}

/// The mean, and half the width of its interval of 95 %, by Student's t.
fn interval(values: &[f64]) -> (f64, f64) {
    #[allow(clippy::cast_precision_loss, reason = "a count of pairs")]
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // Near enough for ten degrees of freedom and more: 2.09 at 19, 1.96 at infinity.
    let t = 1.96 + 2.5 / (count - 1.0);
    (mean, t * (variance / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_students() {
        let (mean, half) = interval(&(1..=20).map(f64::from).collect::<Vec<_>>());
        // By R: t.test(1:20)$conf.int is 7.731 to 13.269.
        assert!((mean - 10.5).abs() < 1e-9 && (half - 2.769).abs() < 0.01, "{mean} ± {half}");
    }
}
