//! Rules in Prometheus's form: recording rules, whose results are series again, and alerting rules, whose states are.
//!
//! A rule's walk: [`file`] (what was written, checked before any port opens) -> [`run`] (a group's clock) -> [`evaluate`]
//! (a query over the store) -> [`alerts`] (the state machine: pure) or plain samples -> [`writing`] (the same decoder and
//! seam as every source). What is shown of it is in [`states`].
//!
//! Owns the groups' tasks. Never notifies anybody.

mod alerts;
mod evaluate;
mod file;
mod run;
mod states;
mod template;
#[cfg(test)]
mod tests;
mod warnings;
mod writing;

pub use file::{GroupConfig, Kind, RuleConfig, RuleFileError, RuleFiles};
pub use run::{SharedSeries, Store, run};
pub use spanlake_promql::lint::MetricTypes;
pub use states::{AlertState, AlertView, AlertingView, GroupView, Health, RuleStates, RuleView};
pub use warnings::warnings_of;
