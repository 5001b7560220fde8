//! A load like sysbench's `oltp_read_write`: some threads, each a transaction after another on one table.
//!
//! Owns the table `bench.sbtest`. A query is a statement that was answered, COMMIT and BEGIN among them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::client::Client;
use super::servers::DbServer;
use crate::random::Random;

const ROWS: u64 = 20_000;
const POINT_SELECTS: usize = 10;
const RANGE: i64 = 100;

/// Creates the table and fills it.
///
/// # Errors
/// As the server says.
pub fn prepare(server: &DbServer) -> anyhow::Result<()> {
    let mut root = server.root()?;
    root.run("CREATE DATABASE bench")?;
    root.run("CREATE TABLE bench.sbtest (id INT PRIMARY KEY AUTO_INCREMENT, k INT NOT NULL, c CHAR(120) NOT NULL, pad CHAR(60) NOT NULL, KEY k_1 (k)) ENGINE=InnoDB")?;
    for first in (0..ROWS).step_by(1000) {
        let rows: Vec<String> =
            (first..first + 1000).map(|id| format!("({}, '{:-<119}', '{:-<59}')", id * 7919 % ROWS, id, id)).collect();
        root.run(&format!("INSERT INTO bench.sbtest (k, c, pad) VALUES {}", rows.join(", ")))?;
    }
    // What is not worth measuring here: each commit waiting for the disk.
    root.run("SET GLOBAL innodb_flush_log_at_trx_commit = 2")?;
    let _ = root.run("SET GLOBAL sync_binlog = 0");
    Ok(())
}

/// Threads at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    queries: Arc<AtomicU64>,
    threads: Vec<JoinHandle<anyhow::Result<()>>>,
}

impl Load {
    /// Starts so many threads.
    #[must_use]
    pub fn start(server: &DbServer, threads: u64) -> Self {
        let (stop, queries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let threads = (0..threads)
            .map(|seed| {
                let (stop, queries, url) = (Arc::clone(&stop), Arc::clone(&queries), server.url("root"));
                std::thread::spawn(move || work(&url, seed, &stop, &queries))
            })
            .collect();
        Self { stop, queries, threads }
    }

    /// Queries that were answered so far.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.queries.load(Ordering::Relaxed)
    }

    /// Ends it.
    ///
    /// # Errors
    /// When a thread could not work.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().map_err(|_| anyhow::anyhow!("a thread of the load panicked"))??;
        }
        Ok(())
    }
}

fn work(url: &str, seed: u64, stop: &AtomicBool, queries: &AtomicU64) -> anyhow::Result<()> {
    let (mut client, mut random) = (Client::open(url)?, Random::new(seed));
    while !stop.load(Ordering::Relaxed) {
        if transaction(&mut client, &mut random, queries).is_err() {
            // A deadlock: the transaction is gone already, and the next one is tried.
            client.run("ROLLBACK")?;
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

fn transaction(client: &mut Client, random: &mut Random, queries: &AtomicU64) -> anyhow::Result<()> {
    let mut id = || i64::try_from(random.below(ROWS) + 1).unwrap_or(1);
    let run = |client: &mut Client, statement: &str, values: Vec<i64>| -> anyhow::Result<()> {
        client.prepared(statement, values)?;
        queries.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    client.run("BEGIN")?;
    for _ in 0..POINT_SELECTS {
        run(client, "SELECT c FROM bench.sbtest WHERE id = ?", vec![id()])?;
    }
    let from = id();
    run(client, "SELECT c FROM bench.sbtest WHERE id BETWEEN ? AND ?", vec![from, from + RANGE])?;
    run(client, "SELECT SUM(k) FROM bench.sbtest WHERE id BETWEEN ? AND ?", vec![from, from + RANGE])?;
    run(client, "SELECT c FROM bench.sbtest WHERE id BETWEEN ? AND ? ORDER BY c", vec![from, from + RANGE])?;
    run(client, "SELECT DISTINCT c FROM bench.sbtest WHERE id BETWEEN ? AND ? ORDER BY c", vec![from, from + RANGE])?;
    run(client, "UPDATE bench.sbtest SET k = k + 1 WHERE id = ?", vec![id()])?;
    run(client, "UPDATE bench.sbtest SET c = REVERSE(c) WHERE id = ?", vec![id()])?;
    client.run("COMMIT")?;
    queries.fetch_add(2, Ordering::Relaxed);
    Ok(())
}
