//! What the decision needs to know of a trace, folded from its spans and logs in any order.
//!
//! Owns [`TraceSummary`] and its fold: adding spans one by one, in parts that are merged, or in another order gives the
//! same summary. Bounded: about 200 bytes, and at most [`OPERATIONS_MAX`] operations of 40 bytes. Never sees a whole
//! trace in memory.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use spanlake_schemas::ids::TraceId;

use crate::cost::HotBytes;
use crate::rules::RuleSet;
use crate::span::{OperationHash, StatusCode};
use crate::threshold::{Randomness, Threshold};
use crate::tracestate;

#[cfg(test)]
mod tests;

/// Of more operations in one trace, those with the smallest hashes are kept apart; importance may miss the others.
pub const OPERATIONS_MAX: usize = 64;
/// Links beyond are not followed.
pub const LINKS_MAX: usize = 8;

/// Attributes of a span and its resource, as rules ask for them.
pub trait AttributeSource {
    /// The value as text; `None` where the key is absent.
    fn attribute(&self, key: &str) -> Option<Cow<'_, str>>;
}

/// A span without attributes.
pub struct NoAttributes;

impl AttributeSource for NoAttributes {
    fn attribute(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// One span, as the fold sees it.
pub struct SpanFacts<'a> {
    pub span_id: [u8; 8],
    /// Whether it names no parent.
    pub is_root: bool,
    pub service: &'a str,
    pub operation: &'a str,
    pub status: StatusCode,
    /// Nanoseconds since the epoch.
    pub start_time: i64,
    /// Nanoseconds.
    pub duration: i64,
    /// OTLP's flags; bit 1 says that the trace id is random.
    pub flags: u32,
    /// The W3C text, empty where there is none.
    pub trace_state: &'a str,
    /// Whether its service samples and does not say how much.
    pub is_sampling_unknown: bool,
    /// Threshold of the door, composed with the arriving one.
    pub door_threshold: Threshold,
    /// What the span, its events and links take in the hot tier's files.
    pub hot_bytes: u64,
    pub links: &'a [TraceId],
    pub attributes: &'a dyn AttributeSource,
}

/// One operation's part in a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationPart {
    pub operation: OperationHash,
    pub spans: u32,
    pub errors: u32,
    /// Nanoseconds.
    pub duration_sum: i64,
    /// Nanoseconds.
    pub duration_max: i64,
}

/// The first span without a parent, by start time, then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FirstSpan {
    /// Spans without a parent come first; `false` sorts before `true`.
    pub has_parent: bool,
    pub start_time: i64,
    pub span_id: [u8; 8],
    pub operation: OperationHash,
}

/// A trace, as the decision sees it; additive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSummary {
    pub trace_id: TraceIdBytes,
    pub spans: u32,
    pub errors: u32,
    /// Compressed bytes in the hot tier's files, spans with events and links.
    pub span_bytes: u64,
    /// Compressed bytes in the hot tier's files, logs with this trace id.
    pub log_bytes: u64,
    pub logs: u32,
    /// Largest OTLP severity number of its logs: 13 and more is WARN or worse.
    pub log_severity_max: u8,
    /// Nanoseconds since the epoch.
    pub start_time: i64,
    /// Nanoseconds since the epoch.
    pub end_time: i64,
    pub first_span: Option<FirstSpan>,
    /// Ordered by hash.
    pub operations: Vec<OperationPart>,
    /// Rules whose conditions on spans one of the spans meets, a bit each.
    pub rule_hits: u64,
    /// Whether a pin covers it.
    pub is_pinned: bool,
    /// Of the tree, if the writer of the summary knows it; else the set of operations stands for it.
    pub shape: Option<u64>,
    /// Ordered; the smallest ids.
    pub links: Vec<TraceIdBytes>,
    pub explicit_randomness: Option<Randomness>,
    pub has_random_flag: bool,
    /// The lowest threshold with which one of its spans arrived (door included): below it nothing of the trace is here.
    pub arriving_threshold: Threshold,
    /// The same of its logs, which count where there is no span.
    pub arriving_log_threshold: Threshold,
    pub is_sampling_unknown: bool,
    pub malformed_trace_states: u32,
}

/// A trace id that serialises as bytes.
pub type TraceIdBytes = [u8; 16];

impl TraceSummary {
    /// Of a trace without any span yet.
    #[must_use]
    pub const fn new(trace_id: TraceId) -> Self {
        Self {
            trace_id: trace_id.0,
            spans: 0,
            errors: 0,
            span_bytes: 0,
            log_bytes: 0,
            logs: 0,
            log_severity_max: 0,
            start_time: i64::MAX,
            end_time: i64::MIN,
            first_span: None,
            operations: Vec::new(),
            rule_hits: 0,
            is_pinned: false,
            shape: None,
            links: Vec::new(),
            explicit_randomness: None,
            has_random_flag: false,
            arriving_threshold: Threshold::KEEP_LEAST,
            arriving_log_threshold: Threshold::KEEP_LEAST,
            is_sampling_unknown: false,
            malformed_trace_states: 0,
        }
    }

    /// Folds in one span.
    pub fn add_span(&mut self, span: &SpanFacts<'_>, rules: &RuleSet) {
        let is_error = span.status == StatusCode::Error;
        let operation = OperationHash::of(span.service, span.operation);
        let duration = span.duration.max(0);
        self.spans += 1;
        self.errors += u32::from(is_error);
        self.span_bytes += span.hot_bytes;
        self.start_time = self.start_time.min(span.start_time);
        self.end_time = self.end_time.max(span.start_time.saturating_add(duration));
        let first =
            FirstSpan { has_parent: !span.is_root, start_time: span.start_time, span_id: span.span_id, operation };
        self.first_span = Some(self.first_span.map_or(first, |known| known.min(first)));
        self.add_operation(OperationPart {
            operation,
            spans: 1,
            errors: u32::from(is_error),
            duration_sum: duration,
            duration_max: duration,
        });
        self.rule_hits |= rules.hits(span);
        span.links.iter().for_each(|link| self.add_link(link.0));
        self.has_random_flag |= span.flags & crate::randomness::RANDOM_FLAG != 0;
        self.is_sampling_unknown |= span.is_sampling_unknown;
        self.add_trace_state(span);
    }

    /// Folds in one log record that has this trace's id. `door_threshold`: by which it was sampled before it was stored.
    pub fn add_log(&mut self, severity_number: i32, hot_bytes: u64, door_threshold: Threshold) {
        self.logs += 1;
        self.log_bytes += hot_bytes;
        self.log_severity_max = self.log_severity_max.max(u8::try_from(severity_number).unwrap_or(0));
        self.arriving_log_threshold = self.arriving_log_threshold.min(door_threshold);
    }

    /// Folds in other spans of the same trace.
    pub fn merge(&mut self, other: &Self) {
        self.spans += other.spans;
        self.errors += other.errors;
        self.span_bytes += other.span_bytes;
        self.log_bytes += other.log_bytes;
        self.logs += other.logs;
        self.log_severity_max = self.log_severity_max.max(other.log_severity_max);
        self.start_time = self.start_time.min(other.start_time);
        self.end_time = self.end_time.max(other.end_time);
        self.first_span = match (self.first_span, other.first_span) {
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        other.operations.iter().for_each(|part| self.add_operation(*part));
        self.rule_hits |= other.rule_hits;
        self.is_pinned |= other.is_pinned;
        self.shape = self.shape.max(other.shape);
        other.links.iter().for_each(|link| self.add_link(*link));
        self.explicit_randomness = smaller(self.explicit_randomness, other.explicit_randomness);
        self.has_random_flag |= other.has_random_flag;
        self.arriving_threshold = self.arriving_threshold.min(other.arriving_threshold);
        self.arriving_log_threshold = self.arriving_log_threshold.min(other.arriving_log_threshold);
        self.is_sampling_unknown |= other.is_sampling_unknown;
        self.malformed_trace_states += other.malformed_trace_states;
    }

    /// What its rows take in the hot tier's files.
    #[must_use]
    pub const fn hot_bytes(&self) -> HotBytes {
        HotBytes { spans: self.span_bytes, logs: self.log_bytes }
    }

    /// The threshold with which the trace arrived; of logs where there is no span.
    #[must_use]
    pub const fn arrived(&self) -> Threshold {
        match (self.spans, self.logs) {
            (0, 0) => Threshold::KEEP_ALL,
            (0, _) => self.arriving_log_threshold,
            _ => self.arriving_threshold,
        }
    }

    /// From the first start to the last end, nanoseconds.
    #[must_use]
    pub const fn duration(&self) -> i64 {
        if self.spans == 0 { 0 } else { self.end_time.saturating_sub(self.start_time) }
    }

    /// The operation under which the trace is listed: of its first root, else of its first span.
    #[must_use]
    pub fn root_operation(&self) -> OperationHash {
        self.first_span.map_or(OperationHash::OVERFLOW, |first| first.operation)
    }

    /// What makes two traces alike: the tree's hash, or that of the set of operations, and whether one failed.
    #[must_use]
    pub fn shape_hash(&self) -> u64 {
        // Operations are in order of their hashes, so any fold of them is one of the set.
        let of_operations = || {
            let fold = |bits: u64, part: &OperationPart| (bits ^ part.operation.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.operations.iter().fold(0x5348_4150_4500, fold)
        };
        self.shape.unwrap_or_else(of_operations) ^ u64::from(self.errors > 0)
    }

    fn add_operation(&mut self, part: OperationPart) {
        match self.operations.binary_search_by_key(&part.operation, |known| known.operation) {
            Ok(at) => {
                let known = &mut self.operations[at];
                known.spans += part.spans;
                known.errors += part.errors;
                known.duration_sum = known.duration_sum.saturating_add(part.duration_sum);
                known.duration_max = known.duration_max.max(part.duration_max);
            }
            Err(at) => {
                self.operations.insert(at, part);
                self.operations.truncate(OPERATIONS_MAX);
            }
        }
    }

    fn add_link(&mut self, link: TraceIdBytes) {
        if link == self.trace_id {
            return;
        }
        if let Err(at) = self.links.binary_search(&link) {
            self.links.insert(at, link);
            self.links.truncate(LINKS_MAX);
        }
    }

    fn add_trace_state(&mut self, span: &SpanFacts<'_>) {
        let mut arriving = Threshold::KEEP_ALL;
        if !span.trace_state.is_empty() {
            let state = tracestate::parse(span.trace_state);
            self.malformed_trace_states += u32::from(state.is_malformed);
            self.explicit_randomness = smaller(self.explicit_randomness, state.randomness);
            arriving = state.threshold.unwrap_or_default();
        }
        self.arriving_threshold = self.arriving_threshold.min(arriving.and_then(span.door_threshold));
    }
}

/// Spans that contradict each other must still agree on one value, whatever their order.
fn smaller(mine: Option<Randomness>, theirs: Option<Randomness>) -> Option<Randomness> {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
        (mine, theirs) => mine.or(theirs),
    }
}
