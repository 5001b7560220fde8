//! A dashboard's document, as far as a report needs it (`docs/dashboards.md`).
//!
//! Owns reading and refusing it. What a panel lacks is its own matter: it says so where it stands.

use serde::Deserialize;

use super::columns::{ColumnRule, ColumnSort};

/// The form that is understood.
const VERSION: u64 = 1;
const PANELS_MAX: usize = 200;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    version: u64,
    pub(super) title: String,
    pub(super) description: Option<String>,
    range: Option<String>,
    pub(super) variables: Vec<Variable>,
    panels: Vec<Panel>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) title: Option<String>,
    pub(super) kind: String,
    pub(super) label: Option<String>,
    pub(super) metric: Option<String>,
    pub(super) query: Option<String>,
    pub(super) values: Vec<String>,
    pub(super) multi: bool,
    pub(super) all: bool,
    pub(super) default: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Panel {
    pub(super) title: String,
    pub(super) kind: String,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) w: u32,
    pub(super) h: u32,
    pub(super) queries: Vec<Query>,
    pub(super) traces: Traces,
    pub(super) map: Map,
    pub(super) text: String,
    pub(super) unit: String,
    pub(super) thresholds: Vec<Threshold>,
    pub(super) drawing: String,
    pub(super) reduce: String,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) repeat: Option<String>,
    /// Of tables.
    pub(super) columns: Vec<ColumnRule>,
    pub(super) sort: Option<ColumnSort>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    pub(super) promql: Option<String>,
    pub(super) sql: Option<String>,
    /// Asked in its place where sampling left spans out.
    pub(super) estimated: Option<String>,
    pub(super) traceql: Option<String>,
    pub(super) legend: Option<String>,
    #[serde(rename = "perSecond")]
    pub(super) per_second: bool,
    pub(super) zero: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Map {
    /// What lies round this one alone.
    pub(super) service: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Traces {
    pub(super) service: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) status: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) min_duration: Option<String>,
    pub(super) limit: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Threshold {
    pub(super) value: f64,
    pub(super) colour: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Mapping {
    pub(super) from: Option<f64>,
    pub(super) to: Option<f64>,
    pub(super) text: String,
}

impl Document {
    /// Reads one; why it is none, as a sentence.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut document: Self = serde_json::from_str(text).map_err(|error| format!("not a dashboard: {error}"))?;
        if document.version > VERSION {
            return Err(format!(
                "it has form {}, and this program knows form {VERSION}: use a newer spanlake",
                document.version
            ));
        }
        if document.version != VERSION || document.title.is_empty() {
            return Err("it has no version or no title; what a dashboard is, docs/dashboards.md says".to_owned());
        }
        if document.panels.len() > PANELS_MAX {
            return Err(format!("it has {} panels, at most {PANELS_MAX} are drawn", document.panels.len()));
        }
        for panel in &mut document.panels {
            panel.w = panel.w.clamp(1, 24);
            panel.h = panel.h.clamp(1, 60);
        }
        document.panels.sort_by_key(|panel| (panel.y, panel.x));
        Ok(document)
    }

    pub(super) fn range(&self) -> &str {
        self.range.as_deref().unwrap_or("1h")
    }

    /// From above, from the left.
    pub(super) fn panels(&self) -> &[Panel] {
        &self.panels
    }
}

impl Panel {
    /// The words of the first mapping that fits.
    pub(super) fn mapped(&self, value: f64) -> Option<&str> {
        let fits = |one: &&Mapping| value >= one.from.unwrap_or(f64::MIN) && value <= one.to.unwrap_or(f64::MAX);
        self.mappings.iter().find(fits).map(|one| one.text.as_str())
    }

    /// The colour of the highest threshold that is reached.
    pub(super) fn threshold(&self, value: f64) -> Option<&str> {
        let reached = self.thresholds.iter().filter(|one| value >= one.value);
        let highest = reached.max_by(|left, right| left.value.total_cmp(&right.value));
        highest.map(|one| colour(&one.colour))
    }
}

/// A threshold's colour as a CSS variable.
pub(super) fn colour(name: &str) -> &'static str {
    match name {
        "green" => "var(--good)",
        "yellow" => "var(--warn)",
        _ => "var(--error)",
    }
}
