//! Fault runs against the real binary: kills, failing calls, full disks, damage, clocks that jump; by seed.
//!
//! Ten seeds share a data directory, one after the other; two directories are under test at a time. Each seed feeds spans,
//! log records and points until at least [`plan::ITEMS_BEFORE_FAULT`] are acknowledged, does its worst, and then every
//! acknowledged item must be found exactly once, and `spanlake fsck` must have nothing to say.
//!
//! `SPANLAKE_BIN` names the server, `SPANLAKE_FAULT_SEEDS` how many seeds (200), `SPANLAKE_FAULT_SEED` the first one,
//! `SPANLAKE_FAULT_MINUTES` goes on with new seeds for so long. A seed that fails says how to repeat it. What a machine
//! does not permit is said: "not run: …".

mod damage;
mod group;
mod injection;
mod place;
mod plan;
mod power;
mod seeds;
mod under_load;
