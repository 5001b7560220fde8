//! The fast version of the study: 120 seeds, about 20 s of one core.

use spanlake_sampling_sim::figures::Figures;
use spanlake_sampling_sim::{budget_days, floors, report, study};

/// The first of the study whose tables are in `docs/sampling.md`.
const FIRST_SEED: u64 = 20_000;
const SEEDS: u64 = 120;

/// Scenario: 120 hours of bursts, new operations, late spans, error storms and overload, sampled to a tenth of the bytes;
/// ten days of budgets with steps of ten times; a door through such steps; rare operations.
/// Guarantee: errors, coverage, widths and bytes are as `docs/sampling.md` says, but for what it says does not hold.
#[test]
fn the_figures_hold() {
    let mut figures = Figures::default();
    (FIRST_SEED..FIRST_SEED + SEEDS).for_each(|seed| study::run_seed(&mut figures, seed, study::TRACES));
    let mut checks = report::checks(&figures);
    checks.extend(budget_days::checks(FIRST_SEED));
    checks.extend(floors::checks(FIRST_SEED, true));
    let failed = report::failed(&checks);
    assert!(failed.is_empty(), "does not hold: {failed:?}\n{}", report::markdown(&figures, &checks));
}
