//! Wiring of the sampler: settings to a sampler that the store's mover asks.
//!
//! Owns nothing. Never decides.

use spanlake_sampler::budget::BudgetSettings;
use spanlake_sampler::decide::settings::ImportanceSettings;
use spanlake_sampler::hot_end::{HotEndSampler, HotEndSettings};

use crate::config::Config;

/// Rules without a budget: nothing is dropped but by name.
const NO_END: u64 = 1 << 60;

/// The sampler, where the settings ask for one.
pub fn sampler(config: &Config) -> anyhow::Result<Option<HotEndSampler>> {
    let sampling = &config.sampling;
    if sampling.day_bytes.is_none() && sampling.rules.is_empty() {
        return Ok(None);
    }
    let settings = HotEndSettings {
        budget: BudgetSettings { day_bytes: sampling.day_bytes.unwrap_or(NO_END) },
        rules: sampling.rules.clone(),
        importance: ImportanceSettings::default(),
    };
    let sampler = HotEndSampler::new(settings).map_err(|problems| {
        let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("sampling.rules: {}", sentences.join("; "))
    })?;
    for problem in sampler.report().problems {
        tracing::warn!("sampling: {problem}");
    }
    Ok(Some(sampler))
}
