//! The threshold at the door: for those whose hot disk is small, and for overload.
//!
//! Owns three controllers that turn counts and load into one consistent threshold. They look at no clock: whoever holds
//! them calls [`DoorController::tick`] or [`OverloadController::tick`] about once a second and says how long ago the last
//! call was. What passes carries the threshold that was in force ([`crate::threshold::Threshold::and_then`] with what
//! arrived), so an answer weighs it. Never drops silently: even the highest threshold keeps some, and its probability is
//! recorded.

pub mod adaptive;
pub mod overload;

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

    /// The threshold in force for spans of that service.
    #[must_use]
    pub fn threshold(&self, service: &str) -> Threshold {
        match self.services.get(service).or(self.default.as_ref()) {
            None => Threshold::KEEP_ALL,
            Some(Door::Fixed(threshold)) => *threshold,
            Some(Door::Adaptive(adaptive)) => adaptive.threshold(),
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
