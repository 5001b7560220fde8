//! What would become of one trace under the present plan, as far as that is known before its hour is decided.
//!
//! Owns the answer. Ranks among other traces (slow, rare) are known only when the hour is; what was decided on traces of
//! the same root in the newest decision is told instead.

use std::sync::Arc;

use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use serde::Serialize;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::otlp::DimensionLookup;
use spanlake_schemas::sampling::{HourInQuestion, Part, ScratchInMemory};
use spanlake_schemas::tables::Table;

use super::hour::Hour;
use super::outcome::word;
use super::report::StratumReport;
use super::{HotEndSampler, Passed};
use crate::decide::Reason;
use crate::summary::TraceSummary;

/// OTLP's severity number of WARN.
const WARN: u8 = 13;

/// What speaks for a trace now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// As `sampling_reason` would say it; `None` where it depends on the other traces of its hour.
    pub reason: Option<String>,
    /// One sentence.
    pub explanation: String,
    /// Where it is known: 1 for pins and rules that keep, as long as they fit the budget, 0 for a rule that drops; the least
    /// for one that asks for at least so much.
    pub probability: Option<f64>,
    /// With which it arrived, as a client or the door sampled it.
    pub arrived_probability: f64,
    /// What became of traces with the same root in the newest decision.
    pub like_it: Vec<StratumReport>,
}

impl HotEndSampler {
    /// The outlook of a trace of which these are the rows; `None` where they are none of it, or it was imported.
    ///
    /// # Errors
    /// When a batch lacks a column that its table always has.
    pub fn outlook(
        &self,
        trace: TraceId,
        spans: &[RecordBatch],
        logs: &[RecordBatch],
        dimensions: &dyn DimensionLookup,
    ) -> Result<Option<Outlook>, ArrowError> {
        let at = Passed { hour: 0, passed: 1.0 };
        let mut hour = Hour::new(Arc::clone(&self.0), at, Vec::new(), Arc::new(ScratchInMemory::default()));
        for batch in spans {
            hour.show(Part::OfHour, Table::Spans, batch, 0.0, dimensions)?;
        }
        for batch in logs {
            hour.show(Part::OfHour, Table::Logs, batch, 0.0, dimensions)?;
        }
        let root = hour.root_of(trace);
        Ok(hour.traces().summary_of(trace).map(|summary| self.outlook_of(summary, root)))
    }

    fn outlook_of(&self, summary: &TraceSummary, root: Option<(String, String)>) -> Outlook {
        let rules = &self.0.rules;
        let verdict = rules.verdict(summary);
        let (reason, probability) = match verdict.first {
            _ if summary.is_pinned => (Some(Reason::Pin), Some(1.0)),
            Some((rule, true)) => (Some(Reason::RuleKeeps(rule)), Some(1.0)),
            Some((rule, false)) => (Some(Reason::RuleDrops(rule)), Some(0.0)),
            None => match verdict.at_least {
                Some((rule, least)) => (Some(Reason::RuleAtLeast(rule)), Some(least)),
                None if summary.errors > 0 => (Some(Reason::Error), None),
                None if summary.log_severity_max >= WARN => (Some(Reason::SevereLog), None),
                None => (None, None),
            },
        };
        let explanation = reason.map_or_else(
            || {
                "its share of the budget decides, and how slow and how rare it is among the traces of its hour"
                    .to_owned()
            },
            |reason| reason.explain(rules),
        );
        let newest = self.0.with_state(|state| state.decisions.last().map(|decision| decision.strata.clone()));
        let is_like_it = |stratum: &StratumReport| {
            root.as_ref()
                .is_some_and(|(service, operation)| stratum.service == *service && stratum.operation == *operation)
        };
        Outlook {
            reason: reason.map(|reason| word(reason, rules)),
            explanation,
            probability,
            arrived_probability: summary.arrived().probability(),
            like_it: newest.unwrap_or_default().into_iter().filter(is_like_it).collect(),
        }
    }
}
