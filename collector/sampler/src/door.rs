//! The threshold at the door: for those whose hot disk is small, and for overload.
//!
//! Owns three controllers that turn counts and load into one consistent threshold, and [`gate`], which applies it. They look at no clock: whoever holds
//! them calls [`gate::DoorGate::tick`] about once a second and says how long ago the last
//! call was. What passes carries the threshold that was in force ([`crate::threshold::Threshold::and_then`] with what
//! arrived), so an answer weighs it. Never drops silently: even the highest threshold keeps some, and its probability is
//! recorded.

pub mod adaptive;
pub mod gate;
pub mod overload;
mod thin;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::door::adaptive::AdaptiveThreshold;
use crate::threshold::{Randomness, Threshold};

/// What the user wants at the door for a service.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorSetting {
    /// This probability, always.
    Probability(f64),
    /// As high a probability as lets so many bytes a second pass, on average.
    BytesPerSecond(f64),
}

/// Settings by service; services that are not named pass whole, or by `default`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DoorSettings {
    pub default: Option<DoorSetting>,
    pub services: BTreeMap<String, DoorSetting>,
}

/// The thresholds in force, by service. All services without a name of their own share the default's.
///
/// A trace through two services with different thresholds loses the spans of the stricter one where its randomness lies
/// between the two; what remains carries its own threshold, so counts stay unbiased.
#[derive(Clone, Debug)]
pub struct DoorController {
    default: Option<Door>,
    services: BTreeMap<String, Door>,
}

#[derive(Clone, Debug)]
enum Door {
    Fixed(Threshold),
    Adaptive(AdaptiveThreshold),
}

impl DoorController {
    /// As the user set it; adaptive doors begin open.
    #[must_use]
    pub fn new(settings: &DoorSettings) -> Self {
        let door = |setting: &DoorSetting| match setting {
            DoorSetting::Probability(probability) => Door::Fixed(Threshold::from_probability(*probability)),
            DoorSetting::BytesPerSecond(bytes) => Door::Adaptive(AdaptiveThreshold::new(*bytes)),
        };
        Self {
            default: settings.default.as_ref().map(door),
            services: settings.services.iter().map(|(service, setting)| (service.clone(), door(setting))).collect(),
        }
    }

    /// Whether the service has a setting of its own.
    #[must_use]
    pub fn names(&self, service: &str) -> bool {
        self.services.contains_key(service)
    }

    /// Whether what comes must be counted.
    #[must_use]
    pub fn is_adaptive(&self) -> bool {
        self.services.values().chain(&self.default).any(|door| matches!(door, Door::Adaptive(_)))
    }

    /// The threshold in force for services that are not named.
    #[must_use]
    pub fn of_others(&self) -> Threshold {
        self.default.as_ref().map_or(Threshold::KEEP_ALL, Door::threshold)
    }

    /// The threshold in force for spans of that service.
    #[must_use]
    pub fn threshold(&self, service: &str) -> Threshold {
        self.services.get(service).map_or_else(|| self.of_others(), Door::threshold)
    }

    /// Counts bytes that came, undone of earlier sampling, and those of them that passed.
    pub fn observe(&mut self, service: &str, offered_bytes: f64, passed_bytes: f64) {
        if let Some(Door::Adaptive(adaptive)) = self.services.get_mut(service).or(self.default.as_mut()) {
            adaptive.observe_sums(offered_bytes, passed_bytes);
        }
    }

    /// Counts bytes that came and says whether the trace passes, with the total threshold to record on what does.
    pub fn admit(
        &mut self,
        service: &str,
        randomness: Randomness,
        arrived: Threshold,
        bytes: u64,
    ) -> Option<Threshold> {
        let threshold = self.threshold(service).and_then(arrived);
        let passes = threshold.keeps(randomness);
        if let Some(Door::Adaptive(adaptive)) = self.services.get_mut(service).or(self.default.as_mut()) {
            adaptive.observe(bytes, arrived, passes);
        }
        passes.then_some(threshold)
    }

    /// Adapts all thresholds. `elapsed_seconds` since the last call.
    pub fn tick(&mut self, elapsed_seconds: f64) {
        for door in self.services.values_mut().chain(self.default.as_mut()) {
            if let Door::Adaptive(adaptive) = door {
                adaptive.tick(elapsed_seconds);
            }
        }
    }
}

impl Door {
    const fn threshold(&self) -> Threshold {
        match self {
            Self::Fixed(threshold) => *threshold,
            Self::Adaptive(adaptive) => adaptive.threshold(),
        }
    }
}
