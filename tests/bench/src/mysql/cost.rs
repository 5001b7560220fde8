//! What polling one server costs at a hundred connections: Spanlake's processor, and the server's time by its own account.
//!
//! Owns the hundred connections. What Spanlake takes without any server is measured first and taken off.

use std::path::Path;
use std::time::{Duration, Instant};

use super::client::Client;
use super::servers::DbServer;
use super::spanlake::{MONITOR, Spanlake, Watcher, server_milliseconds};
use super::table::Table;

const CONNECTIONS: usize = 100;
/// Plans, variables and reports of a new connection are asked for at once; they come again each minute.
const WARM_UP: Duration = Duration::from_secs(15);

/// A share of a core and milliseconds a second.
struct Cost {
    core: f64,
    server: f64,
    statements: f64,
}

/// Measures with somebody who watches and with nobody.
///
/// # Errors
/// When a server does not start.
pub fn measure(binary: &Path, server: &DbServer, time: Duration, table: &mut Table) -> anyhow::Result<()> {
    let idle = idle_core(binary, time.min(Duration::from_secs(30)))?;
    table.figure("Spanlake's processor without any server", idle * 100.0, "% of a core");
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
    const STATEMENTS: &str = "SELECT CAST(SUM(COUNT_STAR) AS DOUBLE) FROM performance_schema.events_statements_summary_by_user_by_event_name WHERE USER = 'mon'";
    let mut root = server.root()?;
    let statements = |root: &mut Client| -> anyhow::Result<f64> {
        let rows: Vec<Option<f64>> = root.rows(STATEMENTS)?;
        Ok(rows.into_iter().next().flatten().unwrap_or(0.0))
    };
    let before = (spanlake.cpu()?, server_milliseconds(&mut root)?, statements(&mut root)?);
    let began = Instant::now();
    std::thread::sleep(time);
    let seconds = began.elapsed().as_secs_f64();
    let after = (spanlake.cpu()?, server_milliseconds(&mut root)?, statements(&mut root)?);
    Ok(Cost {
        core: (after.0 - before.0) / seconds,
        server: (after.1 - before.1) / seconds,
        statements: (after.2 - before.2) / seconds,
    })
}
