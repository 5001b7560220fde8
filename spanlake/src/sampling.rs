//! Wiring of the sampler: settings to a sampler that the store's mover asks, and what the API asks of it.
//!
//! Owns nothing. Never decides.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use spanlake_api::{HeadRates, Policy, Sampling, SimulationError};

use spanlake_sampler::budget::BudgetSettings;
use spanlake_sampler::decide::explain_word;
use spanlake_sampler::decide::settings::ImportanceSettings;
use spanlake_sampler::hot_end::simulate::Simulation;
use spanlake_sampler::hot_end::{HotEndSampler, HotEndSettings};
use spanlake_sampler::rules::check::RuleProblem;
use spanlake_schemas::errors::with_causes;
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Pin as PinnedTraces;
use spanlake_state::StateFile;
use spanlake_store::{Store, TraceRows};

use crate::config::{Config, HeadSetting, SamplingSettings};

/// Rules without a budget: nothing is dropped but by name.
const NO_END: u64 = 1 << 60;

/// The sampler, where the settings ask for one.
pub fn sampler(config: &Config) -> anyhow::Result<Option<HotEndSampler>> {
    let sampling = &config.sampling;
    if sampling.day_bytes.is_none() && sampling.rules.is_empty() {
        return Ok(None);
    }
    let sampler = HotEndSampler::new(hot_end(sampling))
        .map_err(|problems| anyhow::anyhow!("sampling.rules: {}", sentences(&problems)))?;
    for problem in sampler.report().problems {
        tracing::warn!("sampling: {problem}");
    }
    Ok(Some(sampler))
}

fn hot_end(sampling: &SamplingSettings) -> HotEndSettings {
    HotEndSettings {
        budget: BudgetSettings { day_bytes: sampling.day_bytes.unwrap_or(NO_END) },
        rules: sampling.rules.clone(),
        importance: ImportanceSettings::default(),
    }
}

fn sentences(problems: &[RuleProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Puts the pins in force that are kept. To be called before an hour can move.
pub fn restore_pins(sampler: Option<&HotEndSampler>, state: &Result<Arc<StateFile>, String>) {
    let (Some(sampler), Ok(state)) = (sampler, state) else { return };
    match spanlake_api::stored_pins(state) {
        Ok(pins) => sampler.set_pins(&pins),
        Err(error) => tracing::error!("pins cannot be read, and hours are decided without them: {error}"),
    }
}

/// What the API asks.
pub struct SamplingRoom {
    pub sampler: Option<HotEndSampler>,
    pub store: Store,
    pub settings: SamplingSettings,
}

impl Sampling for SamplingRoom {
    fn set_pins(&self, pins: &[PinnedTraces]) {
        if let Some(sampler) = &self.sampler {
            sampler.set_pins(pins);
        }
    }

    fn outlook(&self, trace: TraceId, spans: &TraceRows, logs: &TraceRows) -> Result<Option<Value>, String> {
        let Some(sampler) = &self.sampler else { return Ok(None) };
        let read = self.store.read();
        let outlook = sampler.outlook(trace, &spans.batches, &logs.batches, read.catalog().as_ref());
        let outlook = outlook.map_err(|error| error.to_string())?;
        outlook.map(|outlook| serde_json::to_value(outlook).map_err(|error| error.to_string())).transpose()
    }

    fn explain(&self, reason: &str) -> String {
        explain_word(reason)
    }

    fn simulate(&self, policy: Policy) -> Pin<Box<dyn Future<Output = Result<Value, SimulationError>> + Send + '_>> {
        let (sampler, store, settings) = (self.sampler.clone(), self.store.clone(), self.settings.clone());
        let work = move || simulate(sampler.as_ref(), &store, settings, policy);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(work).await;
            done.unwrap_or_else(|error| Err(SimulationError::Failed(error.to_string())))
        })
    }

    fn head_rates(&self, service: &str) -> Option<HeadRates> {
        let head = &self.settings.head;
        if head.is_empty() {
            return None;
        }
        let everything = HeadSetting { probability: 1.0, ..HeadSetting::default() };
        let setting = head.get(service).or_else(|| head.get("*")).unwrap_or(&everything);
        let operations = setting.operations.iter().map(|(operation, probability)| (operation.clone(), *probability));
        Some(HeadRates { probability: setting.probability, operations: operations.collect() })
    }
}

fn simulate(
    running: Option<&HotEndSampler>,
    store: &Store,
    mut settings: SamplingSettings,
    policy: Policy,
) -> Result<Value, SimulationError> {
    let invalid = |message: String| SimulationError::Invalid(message);
    if let Some(bytes) = policy.day_bytes {
        settings.day_bytes = Some(bytes);
    }
    if let Some(rules) = policy.rules {
        settings.rules = serde_json::from_value(rules).map_err(|error| invalid(format!("rules: {error}")))?;
    }
    let simulation = Simulation::new(hot_end(&settings), running)
        .map_err(|problems| invalid(format!("rules: {}", sentences(&problems))))?;
    store.show_hot_hours(&simulation).map_err(|error| SimulationError::Failed(with_causes(&error)))?;
    serde_json::to_value(simulation.report()).map_err(|error| SimulationError::Failed(error.to_string()))
}
