//! What is said of a request besides its rows: items refused and things changed, as English for the partial success.
//!
//! Never decides; it counts and words.

use std::fmt::Write as _;

use crate::ingest::Signal;

/// Why an item was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejection {
    TraceId,
    SpanId,
    ParentSpanId,
    Time,
    Depth,
    Buckets,
    Expansion,
}

const REJECTIONS: [(Rejection, &str); 7] = [
    (Rejection::TraceId, "trace_id must be 16 bytes, not all zero"),
    (Rejection::SpanId, "span_id must be 8 bytes, not all zero"),
    (Rejection::ParentSpanId, "parent_span_id must be 8 bytes or absent"),
    (Rejection::Time, "time out of range"),
    (Rejection::Depth, "attribute values or body nested too deep"),
    (Rejection::Buckets, "bucket_counts must have one entry more than explicit_bounds"),
    (Rejection::Expansion, "the request grows too much when it is decoded; send smaller requests"),
];

/// What was left out or replaced in items that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    AttributesOverLimit,
    AttributesTooDeep,
    LinksDropped,
    IdsCleared,
    ExemplarsDropped,
    MetricsWithoutData,
    TextReplaced,
    SeriesOverLimit,
}

const CHANGES: [(Change, &str); 8] = [
    (Change::AttributesOverLimit, "attributes over the limit dropped"),
    (Change::AttributesTooDeep, "attributes nested too deep dropped"),
    (Change::LinksDropped, "span links with invalid ids dropped"),
    (Change::IdsCleared, "trace or span ids of the wrong length left out"),
    (Change::ExemplarsDropped, "exemplars with times out of range dropped"),
    (Change::MetricsWithoutData, "metrics without data or of an unknown type skipped"),
    (Change::TextReplaced, "texts that are not UTF-8 repaired"),
    (
        Change::SeriesOverLimit,
        "points of more series than the server takes put into series with otel.metric.overflow=true",
    ),
];

/// Names of items quoted for each reason.
const EXAMPLES_MAX: usize = 3;
const EXAMPLE_CHARACTERS_MAX: usize = 60;

#[derive(Default)]
pub(super) struct Notes {
    rejections: [u64; REJECTIONS.len()],
    examples: [Vec<String>; REJECTIONS.len()],
    changes: [u64; CHANGES.len()],
}

impl Notes {
    /// Counts a refused item; `name` is quoted in the message.
    #[cold]
    pub(super) fn reject(&mut self, rejection: Rejection, name: &[u8]) {
        self.rejections[rejection as usize] += 1;
        let examples = &mut self.examples[rejection as usize];
        if examples.len() < EXAMPLES_MAX && !name.is_empty() {
            let start = &name[..name.len().min(EXAMPLE_CHARACTERS_MAX * 4)];
            let example = String::from_utf8_lossy(start).chars().take(EXAMPLE_CHARACTERS_MAX).collect();
            if !examples.contains(&example) {
                examples.push(example);
            }
        }
    }

    #[inline(always)]
    pub(super) fn change(&mut self, change: Change, count: u32) {
        self.changes[change as usize] += u64::from(count);
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejections.iter().sum()
    }

    /// One sentence a reason, or nothing where there is nothing to say.
    pub(super) fn message(&self, signal: Signal) -> Option<String> {
        let mut message = String::new();
        for (rejection, reason) in REJECTIONS {
            let count = self.rejections[rejection as usize];
            if count > 0 {
                let items = signal.items();
                let items = if count == 1 { items.trim_end_matches('s') } else { items };
                separate(&mut message);
                // Writing to memory does not fail.
                let _ = write!(message, "{count} {items} rejected: {reason}");
                let examples = &self.examples[rejection as usize];
                if !examples.is_empty() {
                    let _ = write!(message, " (for example {examples:?})");
                }
            }
        }
        for (change, what) in CHANGES {
            let count = self.changes[change as usize];
            if count > 0 {
                separate(&mut message);
                let _ = write!(message, "{count} {what}");
            }
        }
        (!message.is_empty()).then_some(message)
    }
}

fn separate(message: &mut String) {
    if !message.is_empty() {
        message.push_str("; ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_their_enums() {
        for (position, (rejection, _)) in REJECTIONS.iter().enumerate() {
            assert_eq!(*rejection as usize, position);
        }
        for (position, (change, _)) in CHANGES.iter().enumerate() {
            assert_eq!(*change as usize, position);
        }
    }
}
