//! How the cold tier is: for the page, `/readyz` and metrics.
//!
//! Owns what is said, not what is done about it.

use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use spanlake_schemas::errors::with_causes;

use super::log::ColdLogError;

/// In one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColdCondition {
    /// The place has not answered since the start.
    Starting,
    Ready,
    /// Something failed; it is tried again. Nothing is lost, hot data waits.
    Failing,
    /// Another server has it; nothing is moved until somebody decides.
    Lost,
}

impl ColdCondition {
    /// The word in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Failing => "failing",
            Self::Lost => "lost",
        }
    }
}

/// What is known of it.
#[derive(Clone, Debug)]
pub struct ColdStatus {
    /// Without secrets.
    pub place: String,
    pub condition: ColdCondition,
    /// What is wrong and what to do, where something is.
    pub message: Option<String>,
    pub since: SystemTime,
    pub files: u64,
    pub bytes: u64,
    pub rows: u64,
    /// Hot bytes that should have left already.
    pub waiting_bytes: u64,
}

/// The status, shared with who shows it.
#[derive(Clone, Debug)]
pub struct SharedStatus(Arc<Mutex<ColdStatus>>);

impl SharedStatus {
    /// Of a place that was not asked yet.
    #[must_use]
    pub fn starting(place: String) -> Self {
        Self(Arc::new(Mutex::new(ColdStatus {
            place,
            condition: ColdCondition::Starting,
            message: None,
            since: SystemTime::now(),
            files: 0,
            bytes: 0,
            rows: 0,
            waiting_bytes: 0,
        })))
    }

    /// As it is now.
    #[must_use]
    pub fn get(&self) -> ColdStatus {
        self.0.lock().clone()
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut ColdStatus)) {
        change(&mut self.0.lock());
    }

    /// Says a new condition; logs it where it is one.
    pub(crate) fn set(&self, condition: ColdCondition, message: Option<String>) {
        let mut status = self.0.lock();
        // Clients put times and ports into their messages; each retry would be news.
        let gist =
            |message: &Option<String>| message.as_deref().unwrap_or_default().replace(|c: char| c.is_ascii_digit(), "");
        let is_same = status.condition == condition;
        if is_same && gist(&status.message) == gist(&message) {
            return;
        }
        match (condition, &message) {
            (ColdCondition::Ready, _) => tracing::info!("the cold tier {} is ready", status.place),
            (_, Some(message)) => tracing::error!("the cold tier {}: {message}", status.place),
            (_, None) => {}
        }
        if !is_same {
            status.condition = condition;
            status.since = SystemTime::now();
        }
        status.message = message;
    }
}

/// What an error means for the tier, and the sentence.
pub(crate) fn condition_of(error: &ColdLogError) -> (ColdCondition, String) {
    let is_lost =
        matches!(error, ColdLogError::Fenced { .. } | ColdLogError::Foreign { .. } | ColdLogError::Newer { .. });
    (if is_lost { ColdCondition::Lost } else { ColdCondition::Failing }, with_causes(error))
}
