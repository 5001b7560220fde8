//! The seam between the doors, the log and whoever holds back a part of the traces before they are stored.
//!
//! Owns the words in which they speak: which thresholds were in force for a request, as the log keeps them with it, so
//! that a replay weighs exactly as was answered. Never decides what a threshold should be.

use arrow::error::ArrowError;

use crate::ingest::Batches;

/// Why a threshold was in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DoorCause {
    /// The user's setting.
    #[default]
    Setting = 0,
    /// More came than the machine may take.
    Overload = 1,
}

impl DoorCause {
    pub const ALL: [Self; 2] = [Self::Setting, Self::Overload];

    /// The word of `sampling_reason`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Setting => "door",
            Self::Overload => "overload",
        }
    }
}

/// A rejection threshold of 56 bits, as OpenTelemetry defines it, and where it came from; zero lets everything pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DoorThreshold {
    pub bits: u64,
    pub cause: DoorCause,
}

/// The thresholds that were in force for the rows of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DoorThresholds {
    /// Of every service without one of its own.
    pub everyone: DoorThreshold,
    /// Of services that the request speaks of, where theirs are others.
    pub services: Vec<(String, DoorThreshold)>,
}

impl DoorThresholds {
    /// Whether everything passed.
    #[must_use]
    pub fn let_all_pass(&self) -> bool {
        self.everyone.bits == 0 && self.services.iter().all(|(_, threshold)| threshold.bits == 0)
    }

    /// What is in force for a service.
    #[must_use]
    pub fn of(&self, service: &str) -> DoorThreshold {
        let own = self.services.iter().find(|(name, _)| name == service);
        own.map_or(self.everyone, |(_, threshold)| *threshold)
    }
}

/// Holds back whole traces, consistently: by their own randomness, so that requests, services and servers agree.
pub trait Door: std::fmt::Debug + Send + Sync {
    /// Leaves only rows that pass now, with the columns of [`crate::sampling::COLUMNS`] set on those that stand for more
    /// than themselves; counts what came and what passed. `body_bytes`: of the request, as it was received. The answer
    /// MUST be logged with the request.
    ///
    /// # Errors
    /// When a batch lacks a column that its table always has.
    fn admit(&self, batches: &mut Batches, body_bytes: u64) -> Result<DoorThresholds, ArrowError>;

    /// Does to decoded rows what [`Door::admit`] did when it gave these thresholds, and counts nothing.
    ///
    /// # Errors
    /// As [`Door::admit`].
    fn replay(&self, thresholds: &DoorThresholds, batches: &mut Batches) -> Result<(), ArrowError>;
}
