//! `info()`: labels of info metrics, such as `target_info`, added to other series.
//!
//! Owns which info series belong to which others: those with the same `instance` and `job`. Never changes values.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt};

use crate::annotations::Annotations;
use crate::labels::{Labels, METRIC_NAME};
use crate::matcher::{MatchOperator, Matcher};
use crate::source::{SelectHints, Series};
use crate::syntax::tree::RangeEnds;

use super::column::{Column, StepSeries, StepVector};
use super::plan::{Node, NodeKind, Selector, TimeShift};
use super::selector::{Latest, each_latest};
use super::{EvalError, Evaluator, Grid, SAME_LABELS};

const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// An info series, and at each step the time of its latest sample.
struct InfoSeries {
    labels: Labels,
    times: Vec<Option<i64>>,
}

impl Evaluator<'_> {
    pub(crate) fn info(&self, args: &[Node], grid: &Grid, notes: &mut Annotations) -> Result<StepVector, EvalError> {
        let base = self.eval_vector(&args[0], grid, notes)?;
        let matchers: &[Matcher] = match args.get(1).map(|arg| &arg.kind) {
            Some(NodeKind::Selector(selector)) => &selector.matchers,
            Some(NodeKind::Invariant(inner)) => match &inner.kind {
                NodeKind::Selector(selector) => &selector.matchers,
                _ => &[],
            },
            _ => &[],
        };
        let (names, data): (Vec<Matcher>, Vec<Matcher>) =
            matchers.iter().cloned().partition(|matcher| matcher.name == METRIC_NAME);
        let names = effective_names(names);
        let is_info = |series: &StepSeries| names.iter().all(|name| name.matches(series.labels.metric_name()));
        let infos = self.info_series(&base, &is_info, &names, &data, time_of(&args[0]), grid)?;
        let mut reserved = Vec::new();
        let mut enriched = Enriched { series: Vec::new(), places: HashMap::new(), steps: grid.steps };
        for series in &base.series {
            let own_infos = infos_of(series, &infos);
            for step in (0..grid.steps).filter(|step| series.column.is_present(*step)) {
                let labels = if is_info(series) {
                    Some(series.labels.clone())
                } else {
                    enriched_labels(series, &own_infos, &data, step)?
                };
                // Labels may be others at each step.
                if enriched.series.len() > reserved.len() {
                    reserved.push(self.reserve(1, grid)?);
                }
                if let Some(labels) = labels {
                    enriched.push(labels, series, step)?;
                }
            }
        }
        drop(reserved);
        self.vector(enriched.series)
    }

    /// Info series that may belong to one of the base series.
    fn info_series(
        &self,
        base: &StepVector,
        is_info: &impl Fn(&StepSeries) -> bool,
        names: &[Matcher],
        data: &[Matcher],
        shift: TimeShift,
        grid: &Grid,
    ) -> Result<Vec<InfoSeries>, EvalError> {
        let mut matchers = Vec::new();
        for label in IDENTIFYING {
            let others = base.series.iter().filter(|series| !is_info(series));
            let values: BTreeSet<&str> =
                others.map(|series| series.labels.get(label)).filter(|value| !value.is_empty()).collect();
            if !values.is_empty() {
                let pattern: Vec<String> = values.into_iter().map(regex::escape).collect();
                let matcher = Matcher::new(MatchOperator::Regex, label, pattern.join("|"));
                matchers.push(matcher.map_err(|error| EvalError::Execution(error.to_string()))?);
            }
        }
        if matchers.is_empty() {
            return Ok(Vec::new());
        }
        matchers.extend(data.iter().chain(names).cloned());
        let hints = SelectHints { function: "info".to_owned(), step_ms: grid.step_ms, ..SelectHints::default() };
        let selector = Selector { matchers, shift, range_ends: RangeEnds::Plain, hints };
        let (series, _charge) = self.load(&selector, grid, 0)?;
        series.into_iter().map(|one| self.info_times(one, shift, grid)).collect()
    }

    fn info_times(&self, series: Series, shift: TimeShift, grid: &Grid) -> Result<InfoSeries, EvalError> {
        let mut times = vec![None; grid.steps];
        let mut has_histogram = false;
        each_latest(&series, shift, self.options.lookback_ms, grid, |step, latest| match latest {
            Latest::Float(index) => times[step] = Some(series.floats.times_ms[index]),
            Latest::Histogram(_) => has_histogram = true,
        });
        if has_histogram {
            let message = format!("this should be an info metric, with float samples: {}", series.labels);
            return Err(EvalError::Execution(message));
        }
        Ok(InfoSeries { labels: series.labels, times })
    }
}

/// Series by their enriched labels, which may change from step to step.
struct Enriched {
    series: Vec<StepSeries>,
    places: HashMap<Labels, usize>,
    steps: usize,
}

impl Enriched {
    fn push(&mut self, labels: Labels, from: &StepSeries, step: usize) -> Result<(), EvalError> {
        let place = *self.places.entry(labels.clone()).or_insert_with(|| {
            let column = Column::empty(self.steps);
            self.series.push(StepSeries { labels, drop_name: from.drop_name, column });
            self.series.len() - 1
        });
        let column = &mut self.series[place].column;
        if column.is_present(step) {
            return Err(EvalError::Execution(SAME_LABELS.to_owned()));
        }
        if let Some(point) = from.column.point(step) {
            column.set(step, point);
        }
        Ok(())
    }
}

/// With no condition on the name it is `target_info`; with conditions that only exclude, anything that ends in `_info`.
fn effective_names(names: Vec<Matcher>) -> Vec<Matcher> {
    let is_positive = |matcher: &Matcher| matches!(matcher.operator, MatchOperator::Equal | MatchOperator::Regex);
    if names.is_empty() {
        return vec![Matcher::equal(METRIC_NAME, "target_info")];
    }
    if names.iter().any(is_positive) {
        return names;
    }
    let any_info = Matcher::new(MatchOperator::Regex, METRIC_NAME, ".+_info");
    any_info.into_iter().chain(names).collect()
}

/// The time that the first selector of an expression is looked at: `@` and offsets from the inside out, up to the first
/// fixed time.
fn time_of(node: &Node) -> TimeShift {
    fn first_selector(node: &Node) -> Option<TimeShift> {
        let outer = |inner: &Node, own: Option<TimeShift>| {
            let shift = first_selector(inner)?;
            Some(match own {
                Some(own) if shift.at_ms.is_none() => {
                    TimeShift { at_ms: own.at_ms, offset_ms: shift.offset_ms + own.offset_ms }
                }
                _ => shift,
            })
        };
        match &node.kind {
            NodeKind::Selector(selector) | NodeKind::Matrix { selector, .. } => Some(selector.shift),
            NodeKind::Subquery(subquery) => outer(&subquery.inner, Some(subquery.shift)),
            NodeKind::Negate(inner) | NodeKind::Invariant(inner) => outer(inner, None),
            NodeKind::Binary(binary) => first_selector(&binary.left).or_else(|| first_selector(&binary.right)),
            NodeKind::Call { args, .. } => args.iter().find_map(first_selector),
            NodeKind::Aggregate(aggregate) => first_selector(&aggregate.inner),
            NodeKind::Number(_) | NodeKind::Text(_) => None,
        }
    }
    first_selector(node).unwrap_or(TimeShift { at_ms: None, offset_ms: 0 })
}

/// The info series that identify the same target, by metric name.
fn infos_of<'a>(series: &StepSeries, infos: &'a [InfoSeries]) -> Vec<&'a InfoSeries> {
    let is_same =
        |info: &&InfoSeries| IDENTIFYING.iter().all(|label| info.labels.get(label) == series.labels.get(label));
    infos.iter().filter(is_same).collect()
}

/// Labels with those of the info series at a step; none where a data label is demanded that no info series has.
fn enriched_labels(
    series: &StepSeries,
    infos: &[&InfoSeries],
    data: &[Matcher],
    step: usize,
) -> Result<Option<Labels>, EvalError> {
    let mut newest: HashMap<&str, (&InfoSeries, i64)> = HashMap::new();
    for info in infos {
        let Some(time) = info.times[step] else { continue };
        let name = info.labels.metric_name();
        match newest.get(name) {
            Some((_, known)) if *known > time => {}
            Some((known, known_time)) if *known_time == time => {
                let message = format!(
                    "found duplicate series for info metric: existing {} @ {time}, new {} @ {time}",
                    known.labels, info.labels
                );
                return Err(EvalError::Execution(message));
            }
            _ => {
                newest.insert(name, (info, time));
            }
        }
    }
    if newest.is_empty() {
        let all_may_be_empty = data.iter().all(|matcher| matcher.matches(""));
        return Ok(all_may_be_empty.then(|| series.labels.clone()));
    }
    let mut added = Labels::empty().to_builder();
    let mut names: Vec<&str> = newest.keys().copied().collect();
    names.sort_unstable();
    for name in names {
        for (label, value) in newest[name].0.labels.iter().filter(|(label, _)| *label != METRIC_NAME) {
            if !data.is_empty() && data.iter().all(|matcher| matcher.name != label) {
                continue;
            }
            let known = added.get(label);
            if !known.is_empty() && known != value {
                return Err(EvalError::Execution(format!("conflicting label: {label}")));
            }
            if series.labels.get(label).is_empty() {
                added.set(label, value);
            }
        }
    }
    let mut labels = series.labels.to_builder();
    for (label, value) in added.build().iter() {
        labels.set(label, value);
    }
    Ok(Some(labels.build()))
}
