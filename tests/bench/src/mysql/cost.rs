//! What polling one server costs at a hundred connections: Spanlake's processor, and the server's time by its own account.
//!
//! Owns the hundred connections. What Spanlake takes without any server is measured first and taken off.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::client::Client;
use super::servers::DbServer;
use super::spanlake::{MONITOR, Spanlake, Watcher};
use super::table::Table;

const CONNECTIONS: usize = 100;
/// Plans, variables and reports of a new connection are asked for at once; they come again each minute.
const WARM_UP: Duration = Duration::from_secs(15);

/// The poller's statements: milliseconds of time, of processor time, and how many.
const ACCOUNT: &str = "SELECT CAST(SUM(SUM_TIMER_WAIT) / 1e9 AS DOUBLE), CAST(SUM(SUM_CPU_TIME) / 1e9 AS DOUBLE), CAST(SUM(COUNT_STAR) AS DOUBLE) \
     FROM performance_schema.events_statements_summary_by_user_by_event_name WHERE USER = 'mon'";
/// Where that time went.
const DEAREST: &str = "SELECT LEFT(REPLACE(QUERY_SAMPLE_TEXT, '\\n', ' '), 150), COUNT_STAR, CAST(SUM_CPU_TIME / 1e9 AS DOUBLE), CAST(SUM_TIMER_WAIT / 1e9 AS DOUBLE) \
     FROM performance_schema.events_statements_summary_by_digest WHERE QUERY_SAMPLE_TEXT LIKE '%/* spanlake */%' \
     ORDER BY SUM_CPU_TIME DESC LIMIT 8";

/// A share of a core, and milliseconds a second of the server's time and of its processor's.
struct Cost {
    core: f64,
    server: f64,
    processor: f64,
    statements: f64,
}

/// Measures with somebody who watches and with nobody.
///
/// # Errors
/// When a server does not start.
pub fn measure(binary: &Path, server: &DbServer, time: Duration, table: &mut Table) -> anyhow::Result<()> {
    let idle = idle_core(binary, time.min(Duration::from_secs(30)))?;
    table.figure("Spanlake's processor without any server", idle * 100.0, "% of a core");
    server
        .root()?
        .run("UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = 'events_statements_cpu'")?;
    let others = (0..CONNECTIONS).map(|_| Client::open(&server.url("root"))).collect::<Result<Vec<_>, _>>()?;
    let spanlake = Spanlake::start(binary, &[server.url(MONITOR)])?;
    spanlake.until_up(1)?;
    for is_watched in [true, false] {
        let watcher = is_watched.then(|| Watcher::start(spanlake.listen(), &server.name()));
        std::thread::sleep(WARM_UP);
        let cost = over(&spanlake, server, time)?;
        let who = if is_watched { "watched" } else { "not watched" };
        let what = |what: &str| format!("one server, {CONNECTIONS} connections, {who}: {what}");
        table.at_most(&what("Spanlake's processor"), (cost.core - idle).max(0.0) * 100.0, 0.3, "% of a core");
        table.at_most(&what("the server's time by its own account"), cost.server, 3.0, "ms/s");
        table.figure(&what("the server's processor time on it"), cost.processor, "ms/s");
        table.figure(&what("statements"), cost.statements, "/s");
        let shown = spanlake.shown_cost(&server.name())?;
        let of = |key: &str| shown[key].as_f64().unwrap_or(f64::NAN);
        table.figure(&what("the server's time as Spanlake shows it"), of("server_ms_per_second"), "ms/s");
        table.figure(&what("the processor as Spanlake shows it"), of("own_cpu_ratio") * 100.0, "% of a core");
        drop(watcher);
        // Whoever watched is forgotten after 30 s.
        if is_watched {
            std::thread::sleep(Duration::from_secs(20));
        }
    }
    drop(others);
    Ok(())
}

/// The share of a core that Spanlake takes with no server to poll.
pub(super) fn idle_core(binary: &Path, time: Duration) -> anyhow::Result<f64> {
    let spanlake = Spanlake::start(binary, &[])?;
    std::thread::sleep(WARM_UP);
    let (began, before) = (Instant::now(), spanlake.cpu()?);
    std::thread::sleep(time);
    Ok((spanlake.cpu()? - before) / began.elapsed().as_secs_f64())
}

fn over(spanlake: &Spanlake, server: &DbServer, time: Duration) -> anyhow::Result<Cost> {
    let mut root = server.root()?;
    root.run("TRUNCATE TABLE performance_schema.events_statements_summary_by_digest")?;
    let mut account = || -> anyhow::Result<(f64, f64, f64)> {
        let rows: Vec<(Option<f64>, Option<f64>, Option<f64>)> = root.rows(ACCOUNT)?;
        let (time, processor, statements) = rows.into_iter().next().unwrap_or_default();
        Ok((time.unwrap_or(0.0), processor.unwrap_or(0.0), statements.unwrap_or(0.0)))
    };
    let (cpu, before) = (spanlake.cpu()?, account()?);
    let began = Instant::now();
    std::thread::sleep(time);
    let seconds = began.elapsed().as_secs_f64();
    let (cpu, after) = (spanlake.cpu()? - cpu, account()?);
    let dearest: Vec<(String, u64, f64, f64)> = root.rows(DEAREST)?;
    for (text, count, processor, time) in dearest {
        writeln!(std::io::stderr(), "  {processor:.1} ms of processor, {time:.1} ms, {count} times: {text}")?;
    }
    Ok(Cost {
        core: cpu / seconds,
        server: (after.0 - before.0) / seconds,
        processor: (after.1 - before.1) / seconds,
        statements: (after.2 - before.2) / seconds,
    })
}
