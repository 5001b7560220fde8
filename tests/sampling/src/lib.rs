//! The sampler against known truth: seeded traffic, three ways to sample it on equal bytes, and the errors of the answers.
//!
//! Owns the traffic, the two samplers it compares with, and the figures; the estimators are those that ship. Everything
//! follows from the seed; a failing one can be run by itself. Reads a clock only to tell the speed of a decision.

pub mod answers;
pub mod budget_days;
pub mod ema;
pub mod figures;
pub mod floors;
pub mod methods;
pub mod random;
pub mod report;
pub mod study;
pub mod traffic;
