//! PromQL: parser, printer, type check and evaluator.
//!
//! Owns the language and native histograms. Series come through [`source::SeriesSource`], a trait that whoever stores
//! them implements. Never does I/O, never reads a clock, and names neither tokio nor DataFusion: everything here is a
//! pure function of its input.

pub mod annotations;
pub mod duration;
pub mod eval;
pub mod histogram;
pub mod labels;
pub mod lint;
pub mod matcher;
pub mod memory;
pub mod number;
pub mod position;
pub mod series_notation;
pub mod source;
pub mod syntax;
