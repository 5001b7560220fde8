//! Which traces are pinned.
//!
//! Owns the compiled form of all pins that are in force when an hour is looked at. Never keeps them longer: whoever holds
//! pins makes them durable.

use std::collections::HashSet;

use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Pin;

use crate::summary::TraceIdBytes;

/// All pins at one moment.
#[derive(Clone, Debug, Default)]
pub struct PinSet {
    traces: HashSet<TraceIdBytes>,
    conditions: Vec<Condition>,
}

/// What a span must meet.
#[derive(Clone, Debug)]
struct Condition {
    service: Option<String>,
    from: i64,
    to: i64,
}

impl PinSet {
    /// Of these.
    #[must_use]
    pub fn new(pins: &[Pin]) -> Self {
        let has_condition = |pin: &&Pin| pin.service.is_some() || pin.from.is_some() || pin.to.is_some();
        let condition = |pin: &Pin| Condition {
            service: pin.service.clone(),
            from: pin.from.unwrap_or(i64::MIN),
            to: pin.to.unwrap_or(i64::MAX),
        };
        Self {
            traces: pins.iter().flat_map(|pin| pin.traces.iter().map(|trace| trace.0)).collect(),
            conditions: pins.iter().filter(has_condition).map(condition).collect(),
        }
    }

    /// Whether the trace is named.
    #[must_use]
    pub fn names(&self, trace: TraceId) -> bool {
        self.traces.contains(&trace.0)
    }

    /// Whether a span of that service and start (nanoseconds since the epoch) pins its trace.
    #[must_use]
    pub fn covers(&self, service: &str, start_time: i64) -> bool {
        self.conditions.iter().any(|condition| {
            (condition.from..condition.to).contains(&start_time)
                && condition.service.as_deref().is_none_or(|wanted| wanted == service)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_traces_and_spans_that_meet_all_conditions_are_pinned() {
        let trace = TraceId([7; 16]);
        let named = Pin { traces: vec![trace], ..Pin::default() };
        let minutes = Pin { service: Some("shop".to_owned()), from: Some(10), to: Some(20), ..Pin::default() };
        let pins = PinSet::new(&[named, minutes]);
        assert!(pins.names(trace) && !pins.names(TraceId([8; 16])));
        assert!(pins.covers("shop", 10) && pins.covers("shop", 19));
        assert!(!pins.covers("shop", 20) && !pins.covers("cart", 15));
        assert!(!PinSet::default().covers("shop", 15));
    }
}
