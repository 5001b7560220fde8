//! A hundred configured entries on two real servers from one process.
//!
//! Owns the addresses: each server listens on fifty loopback addresses, so that each entry is a server of its own to the
//! poller. What Spanlake takes without any server is measured first and taken off.

use std::path::Path;
use std::time::{Duration, Instant};

use super::cost::idle_core;
use super::servers::DbServer;
use super::spanlake::{MONITOR, Spanlake};
use super::table::Table;

/// Of each of the two servers.
pub const ENTRIES: u8 = 50;
const WARM_UP: Duration = Duration::from_secs(30);

/// Measures, and adds the figures to the table.
///
/// # Errors
/// When a server does not start.
pub fn measure(binary: &Path, servers: &[DbServer], time: Duration, table: &mut Table) -> anyhow::Result<()> {
    let idle = idle_core(binary, Duration::from_secs(20))?;
    let empty = Spanlake::start(binary, &[])?;
    std::thread::sleep(WARM_UP);
    let without = empty.resident()?;
    drop(empty);
    let entry = |server: &DbServer, last: u8| format!("mysql://{MONITOR}@127.0.0.{last}:{}/", server.port());
    let urls: Vec<String> =
        servers.iter().flat_map(|server| (1..=ENTRIES).map(move |last| entry(server, last))).collect();
    let spanlake = Spanlake::start(binary, &urls)?;
    spanlake.until_up(urls.len())?;
    std::thread::sleep(WARM_UP);
    let (began, before) = (Instant::now(), spanlake.cpu()?);
    std::thread::sleep(time);
    let core = (spanlake.cpu()? - before) / began.elapsed().as_secs_f64() - idle;
    let with = spanlake.resident()?;
    let what = |what: &str| format!("{} entries on {} servers: {what}", urls.len(), servers.len());
    table.at_most(&what("Spanlake's processor"), core * 100.0, 15.0, "% of a core");
    #[allow(clippy::cast_precision_loss, reason = "megabytes")]
    let more = (with as f64 - without as f64) / 1e6;
    table.at_most(&what("memory more than without"), more, 60.0, "MB");
    Ok(())
}
