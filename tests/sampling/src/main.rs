//! Runs the study from the command line and prints its tables.
//!
//! Owns the arguments. Ends with failure where a figure does not hold that is not known not to.

use std::io::Write as _;

use clap::Parser;
use spanlake_sampling_sim::figures::Figures;
use spanlake_sampling_sim::{budget_days, floors, report, study};

/// Samples seeded traffic in three ways and compares the answers with the truth.
#[derive(Debug, Parser)]
struct Arguments {
    /// Number of seeds; each is one hour of traffic.
    #[arg(long, default_value_t = 4_000)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 0)]
    first_seed: u64,
    /// Traces an hour.
    #[arg(long, default_value_t = study::TRACES)]
    traces: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut figures = Figures::default();
    for seed in arguments.first_seed..arguments.first_seed + arguments.seeds {
        study::run_seed(&mut figures, seed, arguments.traces);
    }
    let mut checks = report::checks(&figures);
    checks.extend(budget_days::checks(arguments.first_seed));
    checks.extend(floors::checks(arguments.first_seed, false));
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", report::markdown(&figures, &checks))?;
    let failed = report::failed(&checks);
    anyhow::ensure!(failed.is_empty(), "does not hold: {}", failed.join("; "));
    Ok(())
}
