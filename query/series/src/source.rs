//! [`SeriesSource`] over the store.
//!
//! Owns the order of a selection and the merging of series that have one label set (an instance that started again with
//! another attribute). Blocks: it belongs on a thread of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use foldhash::{HashSet, HashSetExt};
use parking_lot::RwLock;
use spanlake_engine::{Engine, EngineError, StoredRows};
use spanlake_promql::labels::{Labels, METRIC_NAME};
use spanlake_promql::matcher::Matcher;
use spanlake_promql::source::{
    Samples, SelectHints, SelectRequest, Series, SeriesSource, SourceError, TakePart, Temporality,
};
use spanlake_schemas::tables::Table;
use spanlake_store::Catalog;
use tokio::runtime::Handle;

use crate::expand::{Expanded, expand};
use crate::hints::hint;
use crate::index::{Selected, SeriesIndex, View};
use crate::latest::read_latest;
use crate::numbers::read_numbers;
use crate::parts::{points_each, series_of_a_part};
use crate::reading::{Window, read};
use crate::rolled_up::{Asked, read_rolled_up};
use crate::span_metrics::{self, SpanMetric};
use crate::target_info::read_target_info;

/// How long a query waits to see series that have just begun.
const REFRESH_PATIENCE: Duration = Duration::from_millis(500);

/// How far before a selection histograms are read.
const BEFORE_MS: i64 = 300_000;

/// Points that are read to tell which buckets there are.
const SAMPLES_OF_LISTS_MAX: usize = 1_000_000;

/// The series of a store as they are at one moment, for one query.
pub struct StoreSeries {
    index: Arc<RwLock<SeriesIndex>>,
    rows: StoredRows,
    runtime: Handle,
    /// Labels that the query names.
    named: Vec<String>,
}

/// Calls `add`, which asks the index, for each selector, once with none for all series; whether the index could tell of each.
/// It knows nothing of sums of spans.
fn all_indexed<'m>(selectors: &'m [Vec<Matcher>], mut add: impl FnMut(&'m [Matcher]) -> bool) -> bool {
    if selectors.is_empty() {
        return add(&[]);
    }
    selectors.iter().all(|matchers| span_metrics::meant(matchers).is_empty() && add(matchers))
}

impl StoreSeries {
    /// Takes in what is new, and pins what there is. `named` are the labels that the query groups or matches by: an
    /// attribute of the resource is a label wherever it is named.
    #[must_use]
    pub fn pin(
        index: &Arc<RwLock<SeriesIndex>>,
        catalog: &Catalog,
        engine: &Engine,
        runtime: Handle,
        named: Vec<String>,
    ) -> Self {
        let rows = engine.stored_rows();
        // A slow query reads the index for as long as it reads points; series that are new since then can wait for it.
        if index.read().is_behind(catalog)
            && let Some(mut index) = index.try_write_for(REFRESH_PATIENCE)
        {
            index.refresh(catalog);
        }
        Self { index: Arc::clone(index), rows, runtime, named }
    }

    /// Label sets of all series, without the labels that tell buckets and quantiles apart.
    #[must_use]
    pub fn stored_label_sets(&self) -> Vec<Labels> {
        let index = self.index.read();
        let found = index.select(&[], &self.named).into_iter();
        found.flat_map(|selected| selected.series.into_iter().map(|(_, labels)| labels)).collect()
    }

    /// Label sets of series that any of these selectors means (of all series, where there is none). Buckets and
    /// quantiles are those of points from `start_ms` to `end_ms`; where no selector was given their label is left out.
    ///
    /// # Errors
    /// When points cannot be read.
    pub fn label_sets(
        &self,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<Vec<Labels>, SourceError> {
        let mut labels = if selectors.is_empty() { self.stored_label_sets() } else { Vec::new() };
        let index = self.index.read();
        for matchers in selectors {
            let hints = SelectHints::default();
            let (samples_max, hints) = (SAMPLES_OF_LISTS_MAX, &hints);
            let request = SelectRequest { matchers, start_ms, end_ms, samples_max, hints, period_ms: 0 };
            for selected in index.select(matchers, &self.named) {
                if selected.view.own_label().is_none() {
                    labels.extend(selected.series.into_iter().map(|(_, labels)| labels));
                    continue;
                }
                let mut found = BTreeMap::new();
                self.read_selected(&index, &selected, &request, &mut found)?;
                labels.extend(found.into_keys());
            }
            let of_spans = self.span_metrics(&span_metrics::meant(matchers), &request)?;
            labels.extend(of_spans.into_iter().map(|series| series.labels));
        }
        drop(index);
        labels.sort();
        labels.dedup();
        Ok(labels)
    }

    /// Values of a label over the series that any of these selectors means, as [`StoreSeries::label_sets`] would have them.
    ///
    /// # Errors
    /// When points cannot be read.
    pub fn label_values(
        &self,
        label: &str,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<BTreeSet<String>, SourceError> {
        if let Some(values) = self.indexed_values(label, selectors) {
            return Ok(values);
        }
        let sets = self.label_sets(selectors, start_ms, end_ms)?;
        let values = sets.iter().map(|labels| labels.get(label)).filter(|value| !value.is_empty());
        Ok(values.map(str::to_owned).collect())
    }

    /// The same from the index alone; `None` where that does not say.
    fn indexed_values(&self, label: &str, selectors: &[Vec<Matcher>]) -> Option<BTreeSet<String>> {
        let index = self.index.read();
        let mut values = HashSet::new();
        let is_known =
            label != METRIC_NAME && all_indexed(selectors, |matchers| index.add_values(matchers, label, &mut values));
        is_known.then(|| values.into_iter().map(str::to_owned).collect())
    }

    /// Names of labels of the series that any of these selectors means, as [`StoreSeries::label_sets`] would have them.
    ///
    /// # Errors
    /// When points cannot be read.
    pub fn label_names(
        &self,
        selectors: &[Vec<Matcher>],
        start_ms: i64,
        end_ms: i64,
    ) -> Result<BTreeSet<String>, SourceError> {
        if let Some(names) = self.indexed_names(selectors) {
            return Ok(names);
        }
        let sets = self.label_sets(selectors, start_ms, end_ms)?;
        Ok(sets.iter().flat_map(|labels| labels.iter().map(|(name, _)| name.to_owned())).collect())
    }

    /// The same from the index alone; `None` where that does not say.
    fn indexed_names(&self, selectors: &[Vec<Matcher>]) -> Option<BTreeSet<String>> {
        let index = self.index.read();
        let mut names = BTreeSet::new();
        let is_known = all_indexed(selectors, |matchers| index.add_names(matchers, &mut names));
        is_known.then(|| names.into_iter().map(str::to_owned).collect())
    }

    /// Series of the sums of spans.
    fn span_metrics(&self, metrics: &[SpanMetric], request: &SelectRequest<'_>) -> Result<Vec<Series>, SourceError> {
        let window = Window { start_ms: request.start_ms, end_ms: request.end_ms };
        let found = span_metrics::select(&self.rows, metrics, request.matchers, window, request.samples_max);
        self.block_on(found)
    }

    pub(crate) fn rows(&self) -> &StoredRows {
        &self.rows
    }

    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub(crate) fn with_selected<T>(&self, matchers: &[Matcher], then: impl FnOnce(Vec<Selected<'_>>) -> T) -> T {
        then(self.index.read().select(matchers, &self.named))
    }

    /// Floats of series that need no more than their times and numbers.
    fn read_floats(
        &self,
        index: &SeriesIndex,
        selected: &Selected<'_>,
        request: &SelectRequest<'_>,
    ) -> Result<Vec<Samples<f64>>, SourceError> {
        let stored = selected.series.iter().map(|(at, _)| &selected.metric.series[*at]);
        let window = Window { start_ms: request.start_ms, end_ms: request.end_ms };
        if selected.metric.table == Table::Resources {
            let resources: Vec<_> = stored.filter_map(|series| series.resource.as_ref()).collect();
            return self.block_on(read_target_info(&self.rows, index, &resources, window, request.samples_max));
        }
        let found = if request.hints.latest_only {
            let labels = selected.series.iter().map(|(_, labels)| labels);
            let series: Vec<([u8; 16], &Labels)> = stored.map(|series| series.id).zip(labels).collect();
            self.block_on(read_latest(&self.rows, &series, window, request.samples_max))
        } else {
            let ids: Vec<[u8; 16]> = stored.map(|series| series.id).collect();
            // A delta is no part of a count that rollups know of.
            let asked = Asked::of(request).filter(|_| selected.metric.temporality == Temporality::Cumulative);
            self.block_on(self.read_points(&ids, window, asked, request.samples_max))
        };
        found.map_err(|error| SourceError(error.to_string()))
    }

    async fn read_points(
        &self,
        ids: &[[u8; 16]],
        window: Window,
        asked: Option<Asked>,
        samples_max: usize,
    ) -> Result<Vec<Samples<f64>>, EngineError> {
        if let Some(asked) = asked
            && let Some(found) = read_rolled_up(&self.rows, ids, window, asked, samples_max).await?
        {
            return Ok(found);
        }
        read_numbers(&self.rows, ids, window, samples_max).await
    }

    fn read_selected(
        &self,
        index: &SeriesIndex,
        selected: &Selected<'_>,
        request: &SelectRequest<'_>,
        into: &mut BTreeMap<Labels, Series>,
    ) -> Result<(), SourceError> {
        let metric = selected.metric;
        if matches!(metric.table, Table::Points | Table::Resources) {
            let found = self.read_floats(index, selected, request)?;
            for ((_, labels), samples) in selected.series.iter().zip(found).filter(|(_, samples)| !samples.is_empty()) {
                merge(&mut entry(into, labels.clone(), metric.temporality).floats, samples);
            }
            return Ok(());
        }
        let ids: Vec<[u8; 16]> = selected.series.iter().map(|(at, _)| metric.series[*at].id).collect();
        // What is known of a histogram depends on the one before it.
        let before = if selected.view == View::Native { BEFORE_MS } else { 0 };
        let window = Window { start_ms: request.start_ms.saturating_sub(before), end_ms: request.end_ms };
        let points = self.block_on(read(&self.rows, metric.table, &ids, window, request.samples_max));
        let points = points.map_err(|error| SourceError(error.to_string()))?;
        let own_label = selected.view.own_label();
        for ((_, labels), places) in selected.series.iter().zip(&points.places) {
            if places.is_empty() {
                continue;
            }
            let Expanded { floats, histograms } = expand(metric, selected.view, &points, places);
            if !histograms.is_empty() {
                let series = entry(into, labels.clone(), metric.temporality);
                merge(&mut series.histograms, histograms);
            }
            for (value, samples) in floats {
                let labels = match own_label {
                    Some(name) => {
                        let mut builder = labels.to_builder();
                        builder.set(name, &value);
                        builder.build()
                    }
                    None => labels.clone(),
                };
                let is_meant = request.matchers.iter().all(|matcher| {
                    Some(matcher.name.as_str()) != own_label || matcher.matches(labels.get(&matcher.name))
                });
                if is_meant {
                    merge(&mut entry(into, labels, metric.temporality).floats, samples);
                }
            }
        }
        Ok(())
    }
}

fn entry(into: &mut BTreeMap<Labels, Series>, labels: Labels, temporality: Temporality) -> &mut Series {
    into.entry(labels.clone()).or_insert_with(|| Series { labels, temporality, ..Series::default() })
}

/// Samples of two stored series with one label set, by time; of equal times the second's stays.
fn merge<V: Clone>(known: &mut Samples<V>, more: Samples<V>) {
    if known.is_empty() {
        *known = more;
        return;
    }
    let taken = std::mem::take(known);
    let triples = |samples: Samples<V>| samples.times_ms.into_iter().zip(samples.values).zip(samples.start_times_ms);
    let mut all: Vec<((i64, V), i64)> = triples(taken).chain(triples(more)).collect();
    all.sort_by_key(|((time, _), _)| *time);
    all.reverse();
    all.dedup_by_key(|((time, _), _)| *time);
    all.reverse();
    for ((time, value), start) in all {
        known.times_ms.push(time);
        known.values.push(value);
        known.start_times_ms.push(start);
    }
}

impl SeriesSource for StoreSeries {
    fn select(&self, request: &SelectRequest<'_>) -> Result<Vec<Series>, SourceError> {
        let mut found: BTreeMap<Labels, Series> = BTreeMap::new();
        let index = self.index.read();
        let selected = index.select(request.matchers, &self.named);
        // What stands for samples of one series says nothing of them among samples of another.
        let period_ms = if request.period_ms > 0 && are_apart(&selected) { request.period_ms } else { 0 };
        for selected in selected {
            self.read_selected(&index, &selected, &SelectRequest { period_ms, ..*request }, &mut found)?;
        }
        drop(index);
        let mut series = finished(found, request.start_ms);
        let of_spans = self.span_metrics(&span_metrics::meant(request.matchers), request)?;
        if !of_spans.is_empty() {
            series.extend(of_spans);
            series.sort_by(|left, right| left.labels.cmp(&right.labels));
        }
        Ok(series)
    }

    fn select_parts(&self, request: &SelectRequest<'_>, take: &mut TakePart<'_>) -> Result<(), SourceError> {
        let index = self.index.read();
        let mut selected = index.select(request.matchers, &self.named);
        // What is told apart by id alone can be read by ranges of ids.
        let is_in_parts = !request.hints.latest_only
            && selected.iter().all(|one| one.metric.table == Table::Points)
            && span_metrics::meant(request.matchers).is_empty()
            && are_apart(&selected);
        if !is_in_parts {
            drop(index);
            let _ = take(self.select(request)?);
            return Ok(());
        }
        let window = Window { start_ms: request.start_ms, end_ms: request.end_ms };
        let mut points_each = points_each(&self.rows, window, index.len());
        for selected in &mut selected {
            let stored = &selected.metric.series;
            selected.series.sort_by_key(|(at, _)| std::cmp::Reverse(stored[*at].id));
            while !selected.series.is_empty() {
                let rest = selected.series.len().saturating_sub(series_of_a_part(points_each, request.samples_max));
                let series = selected.series.split_off(rest);
                let part = Selected { metric: selected.metric, view: selected.view, series };
                let mut found = BTreeMap::new();
                self.read_selected(&index, &part, request, &mut found)?;
                let found = finished(found, request.start_ms);
                let points: usize = found.iter().map(|series| series.floats.len()).sum();
                points_each = (points / part.series.len()) as u64;
                if take(found).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Series with what functions expect of them: those with any sample, sorted by labels.
fn finished(found: BTreeMap<Labels, Series>, start_ms: i64) -> Vec<Series> {
    let mut series: Vec<Series> = found.into_values().collect();
    for series in &mut series {
        alternate(series);
        hint(series);
        if series.histograms.times_ms.first().is_some_and(|time| *time < start_ms) {
            series.histograms = series.histograms.between(start_ms, i64::MAX);
        }
    }
    series.retain(|series| !series.floats.is_empty() || !series.histograms.is_empty());
    series
}

/// Whether no two series have one label set.
fn are_apart(selected: &[Selected<'_>]) -> bool {
    let mut seen = HashSet::new();
    selected.iter().flat_map(|one| &one.series).all(|(_, labels)| seen.insert(labels))
}

/// Floats and histograms may alternate in a series, but not at one time.
fn alternate(series: &mut Series) {
    if series.floats.is_empty() || series.histograms.is_empty() {
        return;
    }
    let times: HashSet<i64> = series.histograms.times_ms.iter().copied().collect();
    let Samples { times_ms, values, start_times_ms, .. } = std::mem::take(&mut series.floats);
    for ((time, value), start) in times_ms.into_iter().zip(values).zip(start_times_ms) {
        if !times.contains(&time) {
            series.floats.times_ms.push(time);
            series.floats.values.push(value);
            series.floats.start_times_ms.push(start);
        }
    }
}
