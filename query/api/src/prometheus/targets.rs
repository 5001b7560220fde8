//! `/api/v1/targets`: what is scraped, and how the last scrape of each went.
//!
//! Owns the JSON. Who scrapes is no matter of this crate: the assembly answers [`crate::StatusSource::targets`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::Parameters;
use super::answer::{Failure, success};
use crate::state::Shared;

type Labels = BTreeMap<String, String>;

/// Every target at one moment.
#[derive(Clone, Debug, Default)]
pub struct ScrapedTargets {
    pub active: Vec<ActiveTarget>,
    /// What relabelling dropped; at most so many as are worth a look.
    pub dropped: Vec<DroppedTarget>,
    /// By job, all of them.
    pub dropped_counts: BTreeMap<String, usize>,
}

/// A target that is scraped.
#[derive(Clone, Debug)]
pub struct ActiveTarget {
    /// Before relabelling.
    pub discovered_labels: Labels,
    pub labels: Labels,
    /// The job as it was configured.
    pub pool: String,
    /// Without credentials.
    pub url: String,
    /// Empty while all is well.
    pub last_error: String,
    /// `None` before the first scrape.
    pub last_scrape: Option<SystemTime>,
    pub last_scrape_duration: Duration,
    /// `up`, `down` or `unknown`.
    pub health: &'static str,
    pub interval: Duration,
    pub timeout: Duration,
}

/// A target that is not scraped.
#[derive(Clone, Debug)]
pub struct DroppedTarget {
    pub discovered_labels: Labels,
    pub pool: String,
}

/// Seconds or milliseconds, as Prometheus writes a duration.
fn duration(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{}s", duration.as_secs()),
        _ => format!("{}ms", duration.as_millis()),
    }
}

fn active(target: &ActiveTarget) -> Value {
    // Go's zero time stands for never.
    let last_scrape = target.last_scrape.map_or_else(
        || "0001-01-01T00:00:00Z".to_owned(),
        |time| chrono::DateTime::<chrono::Utc>::from(time).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
    );
    json!({
        "discoveredLabels": target.discovered_labels,
        "labels": target.labels,
        "scrapePool": target.pool,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": target.last_error,
        "lastScrape": last_scrape,
        "lastScrapeDuration": target.last_scrape_duration.as_secs_f64(),
        "health": target.health,
        "scrapeInterval": duration(target.interval),
        "scrapeTimeout": duration(target.timeout),
    })
}

/// The route.
pub(super) async fn targets(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let state = parameters.get("state").unwrap_or_default().to_lowercase();
    let pool = parameters.get("scrapePool");
    let is_meant = |of: &str| pool.is_none_or(|pool| pool.is_empty() || pool == of);
    let all = shared.status.targets();
    let mut data = Map::new();
    let (with_active, with_dropped) = (state != "dropped", state != "active");
    let shown = all.active.iter().filter(|target| with_active && is_meant(&target.pool));
    data.insert("activeTargets".to_owned(), shown.map(active).collect());
    let dropped = all.dropped.iter().filter(|target| with_dropped && is_meant(&target.pool));
    let dropped =
        dropped.map(|target| json!({ "discoveredLabels": target.discovered_labels, "scrapePool": target.pool }));
    data.insert("droppedTargets".to_owned(), dropped.collect());
    data.insert("droppedTargetCounts".to_owned(), json!(all.dropped_counts));
    Ok(success(&Value::Object(data)))
}
