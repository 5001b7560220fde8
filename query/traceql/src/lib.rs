//! TraceQL: parser, printer, type check, planner's view, and an evaluator over whole traces that is the oracle.
//!
//! Owns the language and what it means, and the smaller filter language of `GET /api/traces`. Never does I/O, never reads
//! a clock, and names neither tokio nor DataFusion: everything here is a pure function of its input.

pub mod eval;
pub mod model;
pub mod plan;
pub mod position;
#[cfg(any(test, feature = "random"))]
pub mod random;
pub mod structure;
pub mod syntax;
