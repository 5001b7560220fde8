//! How every target is at this moment, for whoever shows it. Written by the loops, read by the API's route.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

use super::relabel::Labels;
use super::target::Target;

/// Dropped targets of a job that are kept to be looked at.
const DROPPED_SHOWN_MAX: usize = 100;

/// Whether the last scrape succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    #[default]
    Unknown,
    Up,
    Down,
}

/// A target that is scraped.
#[derive(Clone, Debug)]
pub struct TargetState {
    pub job: String,
    /// Without credentials.
    pub url: String,
    pub labels: BTreeMap<String, String>,
    /// Before relabelling.
    pub discovered: BTreeMap<String, String>,
    pub health: Health,
    /// Empty while all is well.
    pub last_error: String,
    pub last_scrape: Option<SystemTime>,
    pub last_duration: Duration,
    pub interval: Duration,
    pub timeout: Duration,
}

/// A target that relabelling dropped.
#[derive(Clone, Debug)]
pub struct DroppedState {
    pub job: String,
    pub discovered: BTreeMap<String, String>,
}

/// Every target at one moment.
#[derive(Clone, Debug, Default)]
pub struct ScrapeSnapshot {
    pub active: Vec<TargetState>,
    pub dropped: Vec<DroppedState>,
    /// By job, all of them.
    pub dropped_counts: BTreeMap<String, usize>,
}

/// The states, shared by loops and readers.
#[derive(Debug, Default)]
pub struct ScrapeStates(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// By job and target.
    active: BTreeMap<(String, Target), Progress>,
    dropped: BTreeMap<String, Vec<Labels>>,
}

#[derive(Clone, Debug, Default)]
struct Progress {
    health: Health,
    last_error: String,
    last_scrape: Option<SystemTime>,
    last_duration: Duration,
}

impl ScrapeStates {
    /// What there is now, by job and URL.
    #[must_use]
    pub fn snapshot(&self) -> ScrapeSnapshot {
        let inner = self.0.lock();
        let active = inner.active.iter().map(|((job, target), progress)| TargetState {
            job: job.clone(),
            url: target.url.to_string(),
            labels: target.labels.clone(),
            discovered: target.discovered.clone(),
            health: progress.health,
            last_error: progress.last_error.clone(),
            last_scrape: progress.last_scrape,
            last_duration: progress.last_duration,
            interval: target.interval,
            timeout: target.timeout,
        });
        let dropped = inner.dropped.iter().flat_map(|(job, all)| {
            let shown = all.iter().take(DROPPED_SHOWN_MAX);
            shown.map(|discovered| DroppedState { job: job.clone(), discovered: discovered.clone() })
        });
        ScrapeSnapshot {
            active: active.collect(),
            dropped: dropped.collect(),
            dropped_counts: inner.dropped.iter().map(|(job, all)| (job.clone(), all.len())).collect(),
        }
    }

    pub(super) fn begins(&self, job: &str, target: &Target) {
        self.0.lock().active.insert((job.to_owned(), target.clone()), Progress::default());
    }

    pub(super) fn ends(&self, job: &str, target: &Target) {
        self.0.lock().active.remove(&(job.to_owned(), target.clone()));
    }

    pub(super) fn scraped(
        &self,
        job: &str,
        target: &Target,
        (at, duration): (SystemTime, Duration),
        error: Option<String>,
    ) {
        let health = if error.is_none() { Health::Up } else { Health::Down };
        if let Some(progress) = self.0.lock().active.get_mut(&(job.to_owned(), target.clone())) {
            *progress = Progress {
                health,
                last_error: error.unwrap_or_default(),
                last_scrape: Some(at),
                last_duration: duration,
            };
        }
    }

    pub(super) fn drops(&self, job: &str, dropped: Vec<Labels>) {
        self.0.lock().dropped.insert(job.to_owned(), dropped);
    }
}
