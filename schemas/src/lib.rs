//! What two sides of Spanlake must agree on: the OTLP decoder, the Arrow tables, ids, the shape of a
//! trace, what Prometheus sends as OTLP, and the seams between the doors, the sampler and the store.
//!
//! Never does I/O, never reads a clock, never spawns: everything here is a pure function of its input.

pub mod door;
pub mod errors;
pub mod ids;
pub mod ingest;
pub mod mysql;
pub mod otlp;
pub mod prometheus;
pub mod red;
pub mod sampling;
pub mod tables;
pub mod trace_tree;
