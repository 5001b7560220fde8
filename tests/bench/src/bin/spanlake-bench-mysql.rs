//! `make bench-mysql`: what polling real MySQL servers costs, and how fast it shows a change.
//!
//! Owns the order of the measures and the table of their figures. Measures nothing itself.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Parser;
use spanlake_bench::mysql::servers::{DbServer, Flavor, Start};
use spanlake_bench::mysql::spanlake::create_monitor;
use spanlake_bench::mysql::table::Table;
use spanlake_bench::mysql::{cost, failures, fleet, latency, pairs};

/// Polls real MySQL and MariaDB servers with Spanlake: latency, cost, a hundred entries, and load with and without.
#[derive(Debug, Parser)]
#[command(name = "spanlake-bench-mysql", version)]
struct Arguments {
    /// The server's binary.
    #[arg(long)]
    bin: PathBuf,
    /// The script that opens the page.
    #[arg(long, default_value = "ui/bench/mysql.mjs")]
    page: PathBuf,
    /// Changes of `Threads_connected`.
    #[arg(long, default_value_t = 100)]
    changes: usize,
    /// Pairs of runs with the poller and without.
    #[arg(long, default_value_t = 24)]
    pairs: usize,
    /// Seconds of one run of a pair.
    #[arg(long, default_value_t = 8)]
    run_seconds: u64,
    /// Seconds over which a cost is measured.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only these: latency, cost, failures, fleet, pairs.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    ensure!(arguments.bin.is_file(), "{} is not there; build it first", arguments.bin.display());
    let wants = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == name);
    let start = Start {
        arguments: vec!["--max-connections=400".to_owned()],
        more_addresses: fleet::ENTRIES - 1,
        ..Start::default()
    };
    let mysql = DbServer::start(Flavor::Mysql, start.clone())?.context("MySQL is needed")?;
    create_monitor(&mysql)?;
    let (mut table, time) = (Table::default(), Duration::from_secs(arguments.seconds));
    if wants("latency") {
        latency::measure((&arguments.bin, &arguments.page), &mysql, arguments.changes, &mut table)?;
    }
    if wants("cost") {
        cost::measure(&arguments.bin, &mysql, time, &mut table)?;
    }
    if wants("failures") {
        failures::measure(&arguments.bin, &mut table)?;
    }
    if wants("pairs") {
        let run = Duration::from_secs(arguments.run_seconds);
        pairs::measure(&arguments.bin, &mysql, (arguments.pairs, run), &mut table)?;
    }
    if wants("fleet") {
        let mariadb = DbServer::start(Flavor::Mariadb, start)?.context("MariaDB is needed")?;
        create_monitor(&mariadb)?;
        fleet::measure(&arguments.bin, &[mysql, mariadb], time, &mut table)?;
    }
    std::io::stdout().write_all(table.markdown().as_bytes())?;
    Ok(())
}
