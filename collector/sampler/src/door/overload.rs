//! The threshold that rises when the machine is too small for what comes, and falls again.
//!
//! Owns the reaction to a load between zero and more than one: processor time or memory in use over what is allowed,
//! whichever is larger. Never drops silently: its threshold is consistent and recorded on what passes, and it never
//! closes. Never measures the load.

use serde::{Deserialize, Serialize};

use crate::threshold::Threshold;

/// Above this load for longer than [`PATIENCE_SECONDS`], the threshold rises.
pub const LOAD_MAX: f64 = 1.0;
/// Below this one it falls; between the two it stays.
pub const LOAD_CALM: f64 = 0.8;
/// A moment's load is what queues are for.
pub const PATIENCE_SECONDS: f64 = 2.0;
/// Least probability; what comes then is refused by the memory's cap with an answer that says so.
const PROBABILITY_MIN: f64 = 1.0 / 4096.0;
/// A second of overload divides the probability by at most this.
const FALL_FACTOR_MAX: f64 = 4.0;
/// A calm second multiplies it by this: from the least back to one in a minute and a half.
const RISE_FACTOR: f64 = 1.1;

/// What the overload controller is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverloadState {
    /// Everything passes.
    Calm,
    /// The threshold is above zero: since when, is for the caller to record.
    Shedding,
}

/// The overload's threshold.
#[derive(Clone, Debug)]
pub struct OverloadController {
    probability: f64,
    seconds_above: f64,
}

impl Default for OverloadController {
    fn default() -> Self {
        Self { probability: 1.0, seconds_above: 0.0 }
    }
}

impl OverloadController {
    /// In force until the next tick; compose it with the door's.
    #[must_use]
    pub fn threshold(&self) -> Threshold {
        Threshold::from_probability(self.probability)
    }

    /// Whether something is held back.
    #[must_use]
    pub fn state(&self) -> OverloadState {
        if self.probability < 1.0 { OverloadState::Shedding } else { OverloadState::Calm }
    }

    /// Takes a measured load: in use over allowed. Returns the new threshold where it changed, to be recorded.
    pub fn tick(&mut self, load: f64, elapsed_seconds: f64) -> Option<Threshold> {
        let before = self.probability;
        if load > LOAD_MAX {
            self.seconds_above += elapsed_seconds;
            if self.seconds_above > PATIENCE_SECONDS {
                self.probability /= (load / LOAD_MAX * 1.05).clamp(1.0, FALL_FACTOR_MAX).powf(elapsed_seconds.min(1.0));
            }
        } else {
            self.seconds_above = 0.0;
            if load < LOAD_CALM {
                self.probability *= RISE_FACTOR.powf(elapsed_seconds);
            }
        }
        self.probability = self.probability.clamp(PROBABILITY_MIN, 1.0);
        (self.probability - before).abs().gt(&0.0).then(|| self.threshold())
    }
}
