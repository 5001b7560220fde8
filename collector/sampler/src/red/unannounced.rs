//! Which services sample their traces and do not say so: SDKs' `TraceIdRatioBased` keeps ids below a bound and writes no
//! `th`, so what such a service sends fills only the lower part of the range that ids come from.
//!
//! Owns the ids of a service that are looked at, and the verdict. Never estimates the ratio: it would be taken for exact.

use std::collections::{HashMap, HashSet};

use crate::randomness::looks_random;
use crate::threshold::Randomness;

/// Different traces that a verdict needs.
const TRACES: usize = 256;
/// If the greatest of [`TRACES`] places is below it, they are not of the whole range: that happens by chance once in 10^9.
const GREATEST_MIN: f64 = 0.922;
/// Services that are looked at; others count as not sampling.
const SERVICES_MAX: usize = 1_000;

/// What is known of all services.
#[derive(Clone, Debug, Default)]
pub struct Unannounced {
    services: HashMap<String, Service>,
}

#[derive(Clone, Debug, Default)]
struct Service {
    samples: bool,
    /// Low halves of ids, since the last verdict.
    seen: HashSet<u64>,
}

impl Unannounced {
    /// Whether the service seems to sample; looks at this id of it too, which came without a threshold.
    pub fn samples(&mut self, service: &str, trace_id: &[u8]) -> bool {
        let is_full = self.services.len() >= SERVICES_MAX;
        let of = match self.services.get_mut(service) {
            Some(of) => of,
            None if is_full => return false,
            None => self.services.entry(service.to_owned()).or_default(),
        };
        let low = low_half(trace_id);
        // A counter is small and tells nothing.
        if of.seen.len() < TRACES && looks_random(Randomness::from_low_bits(low)) {
            of.seen.insert(low);
            if of.seen.len() == TRACES {
                of.samples = fill_the_lower_part_only(&of.seen);
            }
        }
        of.samples
    }

    /// Begins anew with those that have a verdict, so that a change is noticed.
    pub fn look_again(&mut self) {
        for service in self.services.values_mut().filter(|service| service.seen.len() == TRACES) {
            service.seen.clear();
        }
    }
}

fn low_half(trace_id: &[u8]) -> u64 {
    trace_id.last_chunk::<8>().map_or(0, |low| u64::from_be_bytes(*low))
}

/// Places of an id in the range of which SDKs keep the lower part, 0 to 1. Go and Python compare the low half as it is,
/// Java and .NET its absolute value as a signed number.
#[expect(clippy::cast_precision_loss, reason = "places in a range")]
fn places(low: u64) -> [f64; 2] {
    [low as f64 / 2_f64.powi(64), low.cast_signed().unsigned_abs() as f64 / 2_f64.powi(63)]
}

fn fill_the_lower_part_only(ids: &HashSet<u64>) -> bool {
    let greatest = ids
        .iter()
        .map(|low| places(*low))
        .fold([0.0_f64; 2], |greatest, places| [greatest[0].max(places[0]), greatest[1].max(places[1])]);
    greatest.iter().any(|greatest| *greatest < GREATEST_MIN)
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_128;

    use super::*;

    fn ids() -> impl Iterator<Item = [u8; 16]> {
        (0_u64..).map(|at| xxh3_128(&at.to_le_bytes()).to_be_bytes())
    }

    fn verdict(keeps: impl Fn(u64) -> bool) -> bool {
        let mut services = Unannounced::default();
        let kept = ids().filter(|id| keeps(low_half(id))).take(TRACES + 1);
        kept.fold(false, |_, id| services.samples("shop", &id))
    }

    #[test]
    fn ratios_of_sdks_are_noticed_and_whole_traffic_is_not() {
        let bound = |ratio: f64| (ratio * 2_f64.powi(64)) as u64;
        assert!(!verdict(|_| true));
        assert!(verdict(|low| low < bound(0.01)));
        assert!(verdict(|low| low < bound(0.9)));
        assert!(verdict(|low| low.cast_signed().unsigned_abs() < bound(0.05)));
    }

    #[test]
    fn few_traces_of_many_spans_say_nothing_and_a_change_is_noticed() {
        let mut services = Unannounced::default();
        let low = ids().find(|id| id[8] < 2).unwrap();
        assert!((0..10_000).all(|_| !services.samples("shop", &low)));
        assert!((0_u128..10_000).all(|counter| !services.samples("counts", &counter.to_be_bytes())));
        let sampled = ids().filter(|id| id[8] < 10).take(TRACES);
        assert!(sampled.fold(false, |_, id| services.samples("shop", &id)));
        services.look_again();
        assert!(services.samples("shop", &low), "until there is a new verdict");
        assert!(!ids().take(TRACES).fold(true, |_, id| services.samples("shop", &id)));
        assert!(!services.samples("other", &low));
    }
}
