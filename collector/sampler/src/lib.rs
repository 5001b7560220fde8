//! Which traces are kept, with which probability, and what an answer over the kept ones is worth.
//!
//! Owns the statistics of Spanlake: exact RED sketches, the decision at the hot end, the memory of decisions, the
//! threshold at the door, `tracestate`, and the estimators with their intervals. Everything is a pure function of its
//! input: never does I/O, never reads a clock, never draws a random number (what looks random is a hash or the
//! trace's own randomness), so that a replay after a crash decides exactly what was decided before.
//!
//! Suggested reading order: [`threshold`], [`randomness`], [`tracestate`]; [`red`]; [`summary`], [`rules`], [`pins`], [`cost`],
//! [`budget`], [`decide`], [`memory`]; [`door`]; [`estimate`].

pub mod budget;
pub mod cost;
pub mod decide;
pub mod door;
pub mod estimate;
pub mod hot_end;
pub mod memory;
pub mod pins;
pub mod profile;
pub mod randomness;
pub mod red;
pub mod rules;
pub mod span;
mod stamps;
pub mod summary;
pub mod threshold;
pub mod tracestate;
