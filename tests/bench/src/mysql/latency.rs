//! From a change of `Threads_connected` to where a user sees it: SQL, PromQL, and a pixel in Chromium.
//!
//! Owns the changes and the eyes that look for them. A change counts from before the connection is opened or closed; an eye
//! asks again as soon as it has an answer and a pause of 20 ms, which its figure includes.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;

use super::client::Client;
use super::servers::DbServer;
use super::spanlake::{MONITOR, Spanlake, promql_number, sql_number};
use super::table::Table;
use crate::http::Connection;
use crate::now_nanos;
use crate::random::Random;

const PAUSE: Duration = Duration::from_millis(20);
/// A change that nobody has seen by then is lost.
const PATIENCE_MS: u64 = 20_000;

/// When an eye first saw each value that followed another: milliseconds since the epoch, and the value.
type Sightings = Arc<Mutex<Vec<(f64, f64)>>>;

/// Measures so many changes, and adds their times to the table.
///
/// # Errors
/// When a server does not start, or an eye never sees anything.
pub fn measure(
    (binary, page_script): (&Path, &Path),
    server: &DbServer,
    changes: usize,
    table: &mut Table,
) -> anyhow::Result<()> {
    let spanlake = Spanlake::start(binary, &[server.url(MONITOR)])?;
    spanlake.until_up(1)?;
    let stop = Arc::new(AtomicBool::new(false));
    let sql = "SELECT value FROM metrics WHERE name = 'mysql.threads' AND attributes['kind'] = 'connected' ORDER BY time DESC LIMIT 1";
    let promql = "mysql_global_status_threads_connected";
    let eyes = [
        eye(spanlake.listen(), &stop, move |connection| sql_number(connection, sql)),
        eye(spanlake.listen(), &stop, move |connection| promql_number(connection, promql)),
    ];
    let mut page = Page::open(page_script, spanlake.listen(), &server.name())?;
    let seen: Vec<Sightings> = eyes.iter().map(|eye| Arc::clone(&eye.0)).chain([Arc::clone(&page.seen)]).collect();
    let made = change(server, changes, &seen);
    stop.store(true, Ordering::Relaxed);
    for (_, thread) in eyes {
        let _ = thread.join();
    }
    page.close();
    let made = made?;
    for (place, (what, target)) in
        [("SQL", 1200.0), ("PromQL", 1200.0), ("a pixel in Chromium", 2000.0)].into_iter().enumerate()
    {
        let mut times: Vec<f64> = made.iter().map(|of| of[place]).collect();
        times.sort_by(f64::total_cmp);
        let lost = times.iter().filter(|time| time.is_infinite()).count();
        let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
        table.figure(&format!("`Threads_connected` to {what}, p50 of {}", times.len()), at(50), "ms");
        table.at_most(&format!("`Threads_connected` to {what}, p95"), at(95), target, "ms");
        if lost > 0 {
            table.row(&format!("changes that never came to {what}"), &lost.to_string(), "0", "missed");
        }
    }
    Ok(())
}

fn eye(
    listen: SocketAddr,
    stop: &Arc<AtomicBool>,
    look: impl Fn(&mut Connection) -> anyhow::Result<Option<f64>> + Send + 'static,
) -> (Sightings, JoinHandle<()>) {
    let seen = Sightings::default();
    let (kept, stop) = (Arc::clone(&seen), Arc::clone(stop));
    let thread = std::thread::spawn(move || {
        let Ok(mut connection) = Connection::open(listen) else { return };
        let mut before = None;
        while !stop.load(Ordering::Relaxed) {
            let value = look(&mut connection).unwrap_or(None);
            if value != before
                && let Some(value) = value
                && let Ok(mut kept) = kept.lock()
            {
                kept.push((now_ms(), value));
                before = Some(value);
            }
            std::thread::sleep(PAUSE);
        }
    });
    (seen, thread)
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds since the epoch fit")]
fn now_ms() -> f64 {
    (now_nanos() / 1000) as f64 / 1000.0
}

/// Opens and closes connections at random moments; the time that each change took to each eye.
fn change(server: &DbServer, changes: usize, seen: &[Sightings]) -> anyhow::Result<Vec<Vec<f64>>> {
    const OPEN_MAX: usize = 8;
    let mut root = server.root()?;
    let mut random = Random::new(7);
    let (mut open, mut made) = (Vec::<Client>::new(), Vec::new());
    std::thread::sleep(Duration::from_secs(3));
    for number in 0..changes {
        // At any moment of the poller's second.
        std::thread::sleep(Duration::from_millis(300 + random.below(1500)));
        let rows: Vec<(String, f64)> = root.rows("SHOW GLOBAL STATUS LIKE 'Threads_connected'")?;
        let before = rows.first().context("a server has threads")?.1;
        let is_up = open.is_empty() || (open.len() < OPEN_MAX && number % 3 != 2);
        let began = now_ms();
        let expected = if is_up { before + 1.0 } else { before - 1.0 };
        if is_up {
            open.push(Client::open(&server.url("root"))?);
        } else {
            open.pop();
        }
        made.push(wait_for(seen, began, expected));
    }
    Ok(made)
}

fn wait_for(seen: &[Sightings], began: f64, expected: f64) -> Vec<f64> {
    #[allow(clippy::cast_precision_loss, reason = "seconds")]
    let deadline = began + PATIENCE_MS as f64;
    loop {
        let find = |eye: &Sightings| {
            let seen = eye.lock().ok()?;
            let hit = seen.iter().find(|(at, value)| *at >= began && (value - expected).abs() < 0.5)?;
            Some(hit.0 - began)
        };
        let found: Vec<Option<f64>> = seen.iter().map(find).collect();
        if found.iter().all(Option::is_some) || now_ms() > deadline {
            return found.into_iter().map(|time| time.unwrap_or(f64::INFINITY)).collect();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Chromium with the server's page open, which tells every number that it paints.
struct Page {
    child: Child,
    seen: Sightings,
    reader: Option<JoinHandle<()>>,
}

impl Page {
    fn open(script: &Path, listen: SocketAddr, server: &str) -> anyhow::Result<Self> {
        let mut child = Command::new("node")
            .arg(script)
            .args([format!("http://{listen}"), server.to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node is needed for the page")?;
        let seen = Sightings::default();
        let kept = Arc::clone(&seen);
        let output = child.stdout.take().context("the page's output")?;
        let (ready, is_ready) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).unwrap_or_default();
                if let (Some(time), Some(value)) = (said["time"].as_f64(), said["value"].as_f64())
                    && let Ok(mut kept) = kept.lock()
                {
                    kept.push((time, value));
                    let _ = ready.send(());
                }
            }
        });
        let page = Self { child, seen, reader: Some(reader) };
        is_ready.recv_timeout(Duration::from_secs(60)).context("the page shows no number of connections")?;
        Ok(page)
    }

    fn close(&mut self) {
        // The script ends with its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.close();
    }
}
