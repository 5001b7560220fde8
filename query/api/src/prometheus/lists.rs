//! What there is: `labels`, `label/<name>/values`, `series`, `metadata` and `status/tsdb`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use spanlake_promql::labels::{Labels, METRIC_NAME};
use spanlake_series::{MetricFamily, StoreSeries};

use super::answer::{Failure, labels as written, success, with_notes};
use super::{Parameters, with_series};
use crate::state::Shared;

/// Families in the report of the greatest.
const GREATEST: usize = 10;
const HOUR_MS: i64 = 3_600_000;

/// The label sets that are asked for: of the series that a `match[]` means.
async fn label_sets(shared: &Arc<Shared>, parameters: &Parameters) -> Result<Vec<Labels>, Failure> {
    let selectors = parameters.selectors()?;
    let (start, end) = window_of_lists(parameters)?;
    with_series(shared, Vec::new(), move |series| Ok(series.label_sets(&selectors, start, end)?)).await
}

/// Buckets and quantiles are told apart by their points; those of the last hour asked for.
fn window_of_lists(parameters: &Parameters) -> Result<(i64, i64), Failure> {
    let end = parameters.moment_or_now("end")?;
    Ok((parameters.moment("start")?.unwrap_or(end - HOUR_MS).max(end - HOUR_MS), end))
}

fn cut<T>(mut entries: Vec<T>, parameters: &Parameters) -> Result<(Vec<T>, Vec<String>), Failure> {
    let limit = parameters.limit()?.unwrap_or(usize::MAX);
    let is_cut = entries.len() > limit;
    entries.truncate(limit);
    Ok((entries, if is_cut { vec!["results truncated due to limit".to_owned()] } else { Vec::new() }))
}

/// `/api/v1/labels`.
pub(super) async fn labels(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let selectors = parameters.selectors()?;
    let (start, end) = window_of_lists(&parameters)?;
    let work = move |series: &StoreSeries| Ok(series.label_names(&selectors, start, end)?);
    let names = with_series(&shared, Vec::new(), work).await?;
    let (names, warnings) = cut(names.into_iter().collect(), &parameters)?;
    Ok(with_notes(&names, warnings, Vec::new()))
}

/// `/api/v1/label/<name>/values`.
pub(super) async fn label_values(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let named = name.clone();
    let selectors = parameters.selectors()?;
    let (start, end) = window_of_lists(&parameters)?;
    let work = move |series: &StoreSeries| Ok(series.label_values(&name, &selectors, start, end)?);
    let values = with_series(&shared, vec![named], work).await?;
    let (values, warnings) = cut(values.into_iter().collect(), &parameters)?;
    Ok(with_notes(&values, warnings, Vec::new()))
}

/// `/api/v1/series`.
pub(super) async fn series(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    if parameters.selectors()?.is_empty() {
        return Err(Failure::bad_data("no match[] parameter provided"));
    }
    let sets = label_sets(&shared, &parameters).await?;
    let (sets, warnings) = cut(sets, &parameters)?;
    let sets: Vec<Value> = sets.iter().map(written).collect();
    Ok(with_notes(&sets, warnings, Vec::new()))
}

async fn families(shared: &Arc<Shared>) -> Result<Vec<MetricFamily>, Failure> {
    let index = Arc::clone(&shared.series);
    with_series(shared, Vec::new(), move |_| Ok(index.read().families())).await
}

/// `/api/v1/metadata`.
pub(super) async fn metadata(State(shared): State<Arc<Shared>>, parameters: Parameters) -> Result<Response, Failure> {
    let wanted = parameters.get("metric");
    let families = families(&shared).await?.into_iter().filter(|family| wanted.is_none_or(|name| name == family.name));
    let most = parameters.limit()?.unwrap_or(usize::MAX);
    let written: BTreeMap<String, Value> = families
        .take(most)
        .map(|family| (family.name, json!([{ "type": family.kind, "help": family.help, "unit": family.unit }])))
        .collect();
    Ok(success(&written))
}

/// `/api/v1/status/tsdb`: how many series there are, of which metrics the most, and beside what Prometheus has the limits
/// and the metrics that have met one.
pub(super) async fn cardinality(State(shared): State<Arc<Shared>>) -> Result<Response, Failure> {
    let mut families = families(&shared).await?;
    let limits = shared.config.series_limits;
    let overflowing: Vec<String> =
        families.iter().filter(|family| family.overflows).map(|family| family.name.clone()).collect();
    let series: usize = families.iter().map(|family| family.series).sum();
    families.sort_by(|left, right| right.series.cmp(&left.series).then_with(|| left.name.cmp(&right.name)));
    let greatest: Vec<Value> =
        families.iter().take(GREATEST).map(|family| json!({ "name": family.name, "value": family.series })).collect();
    let sets = with_series(&shared, Vec::new(), |all| Ok(all.stored_label_sets())).await?;
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in sets.iter().flat_map(Labels::iter).filter(|(name, _)| *name != METRIC_NAME) {
        values.entry(name).or_default().insert(value);
    }
    let mut counts: Vec<(&str, usize)> = values.iter().map(|(name, values)| (*name, values.len())).collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(right.0)));
    let counts: Vec<Value> =
        counts.iter().take(GREATEST).map(|(name, count)| json!({ "name": name, "value": count })).collect();
    Ok(success(&json!({
        "headStats": { "numSeries": series, "numLabelPairs": values.values().map(BTreeSet::len).sum::<usize>() },
        "seriesCountByMetricName": greatest,
        "labelValueCountByLabelName": counts,
        "seriesLimits": {
            "seriesMax": limits.all_max,
            "seriesPerMetricMax": limits.per_metric_max,
            "valuesPerLabelMax": limits.values_per_label_max,
        },
        "overflowingMetricNames": overflowing,
    })))
}
