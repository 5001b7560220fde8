//! Every series in memory, found by name and labels.
//!
//! Owns the metrics (a name, unit and type of OTLP), their series, and Prometheus's names for them. Made of the catalog:
//! added to as that grows, made anew when something was forgotten there. Never reads a point.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use foldhash::{HashMap, HashSet, HashSetExt};
use spanlake_promql::labels::{Labels, METRIC_NAME};
use spanlake_promql::matcher::{MatchOperator, Matcher};
use spanlake_promql::source::Temporality;
use spanlake_schemas::ingest::OVERFLOW_KEY;
use spanlake_schemas::prometheus::{FAMILY_KEY, HISTOGRAM_KEY, HistogramForm, MetricType, TYPE_KEY};
use spanlake_schemas::tables::Table;
use spanlake_store::{Catalog, DimensionRows};

use crate::exporter::second_name;
use crate::labels::{Pairs, ResourceLabels, Texts, as_labels, entries, scope_labels};
use crate::names::{Kind, Strategy, metric_name};
use crate::target_info::TARGET_INFO;

/// What of a metric a Prometheus series shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum View {
    /// The number of a gauge or sum; of `target_info` always 1.
    Value,
    /// A histogram as a native one: exponential, or with custom buckets.
    Native,
    /// A classic histogram's buckets, a series for each `le`.
    Bucket,
    Sum,
    Count,
    /// A summary's quantiles, a series for each `quantile`.
    Quantile,
}

impl View {
    /// Views of a stored type, and what is added to the name. What Prometheus sent is only what it sent.
    const fn of(table: Table, is_verbatim: bool) -> &'static [(Self, &'static str)] {
        match table {
            Table::Histograms if is_verbatim => &[(Self::Native, "")],
            Table::Points | Table::Resources => &[(Self::Value, "")],
            Table::Histograms => {
                &[(Self::Native, ""), (Self::Bucket, "_bucket"), (Self::Sum, "_sum"), (Self::Count, "_count")]
            }
            Table::ExpHistograms => &[(Self::Native, "")],
            Table::Summaries => &[(Self::Quantile, ""), (Self::Sum, "_sum"), (Self::Count, "_count")],
            _ => &[],
        }
    }

    /// The label that tells series of one stored series apart.
    pub(crate) const fn own_label(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("le"),
            Self::Quantile => Some("quantile"),
            _ => None,
        }
    }
}

/// A metric of OTLP: one name, unit and type.
#[derive(Debug)]
pub(crate) struct Metric {
    /// Where its points are. Of `target_info`, which has none, it is that of the resources.
    pub(crate) table: Table,
    pub(crate) temporality: Temporality,
    /// What its histograms say in a way that is not OTLP's.
    pub(crate) form: HistogramForm,
    unit: String,
    description: String,
    kind: &'static str,
    /// Prometheus's names, in the order of [`Strategy::ALL`].
    names: [String; 4],
    /// The family, of metrics that came from Prometheus: their names and labels are taken as they are.
    family: Option<String>,
    /// Whether a series of it is an overflow series.
    overflows: bool,
    pub(crate) series: Vec<StoredSeries>,
    /// Names of labels that any of them has of its own.
    own_names: HashSet<Arc<str>>,
}

/// A series as it is stored.
#[derive(Debug)]
pub(crate) struct StoredSeries {
    /// Of `target_info`, which is not stored, nothing.
    pub(crate) id: [u8; 16],
    /// With the metric's first name.
    labels: Labels,
    pub(crate) resource: Option<Arc<ResourceLabels>>,
    /// `otel_scope_name` and its like, for whoever names one.
    scope: Option<Pairs>,
}

/// Series of one metric that a selector means, seen in one way.
#[derive(Debug)]
pub(crate) struct Selected<'a> {
    pub(crate) metric: &'a Metric,
    pub(crate) view: View,
    /// Positions in the metric's series, and their labels with the name.
    pub(crate) series: Vec<(usize, Labels)>,
}

/// Series of one metric that belong to some resources.
#[derive(Debug)]
pub(crate) struct OfResources {
    pub(crate) table: Table,
    /// Ids, and the position of each one's resource among those asked for.
    pub(crate) series: Vec<([u8; 16], usize)>,
}

/// What is known of a metric's name, for lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricFamily {
    pub name: String,
    /// Prometheus's word: `counter`, `gauge`, `histogram`, `summary`; of what came from Prometheus also `unknown`,
    /// `gaugehistogram`, `info` and `stateset`.
    pub kind: &'static str,
    pub help: String,
    pub unit: String,
    /// Stored series.
    pub series: usize,
    /// Whether one of them holds points of series that were one too many.
    pub overflows: bool,
}

/// What makes a metric one.
#[derive(Debug, PartialEq, Eq, Hash)]
struct MetricKey {
    name: String,
    unit: String,
    table: Table,
    is_monotonic: bool,
    is_delta: bool,
    /// Family and type as Prometheus said them.
    prometheus: Option<(String, &'static str)>,
    form: HistogramForm,
}

/// The index.
#[derive(Debug, Default)]
pub struct SeriesIndex {
    metrics: Vec<Metric>,
    by_key: HashMap<MetricKey, usize>,
    /// Every name in every strategy: metrics and views.
    by_name: HashMap<String, BTreeSet<(usize, View)>>,
    /// Metrics under names of others, by name: their series are those of other metrics.
    seconds: HashMap<(String, Table), usize>,
    /// `target_info`, and the resources that have a series of it.
    target_info: Option<usize>,
    targets: HashSet<i64>,
    texts: Texts,
    resources: HashMap<i64, Arc<ResourceLabels>>,
    scopes: HashMap<i64, Pairs>,
    /// Positions of the catalog that are in it, blank ones among them.
    resource_rows: usize,
    scope_rows: usize,
    series_rows: usize,
    /// Forgotten rows of both when it was made.
    blanks: usize,
    /// The state of the catalog's series that it shows.
    changes: u64,
}

impl SeriesIndex {
    /// Whether the catalog's series are not those that are in it.
    #[must_use]
    pub fn is_behind(&self, catalog: &Catalog) -> bool {
        catalog.series.changes() != self.changes
    }

    /// Takes in what is new in the catalog, and lets go what was forgotten there.
    pub fn refresh(&mut self, catalog: &Catalog) {
        if !self.is_behind(catalog) {
            return;
        }
        // Series first: resources and scopes are there before the series that point to them.
        let series = catalog.series.rows();
        let resources = catalog.resources.rows();
        let scopes = catalog.scopes.rows();
        let blanks = series.blanks.len() + resources.blanks.len() + scopes.blanks.len();
        if blanks != self.blanks {
            *self = Self { blanks, ..Self::default() };
        }
        self.resource_rows = each_new(&resources, self.resource_rows, |batch, row| self.add_resource(batch, row));
        self.scope_rows = each_new(&scopes, self.scope_rows, |batch, row| self.add_scope(batch, row));
        self.series_rows = each_new(&series, self.series_rows, |batch, row| self.add_series(batch, row));
        self.changes = series.changes;
    }

    fn add_resource(&mut self, batch: &RecordBatch, row: usize) {
        let id = batch.column(0).as_primitive::<Int64Type>().value(row);
        self.resources.insert(id, Arc::new(ResourceLabels::of(entries(batch, "attributes", row))));
    }

    fn add_scope(&mut self, batch: &RecordBatch, row: usize) {
        let id = batch.column(0).as_primitive::<Int64Type>().value(row);
        self.scopes.insert(id, scope_labels(batch, row));
    }

    fn add_series(&mut self, batch: &RecordBatch, row: usize) {
        let text = |name: &str| {
            let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
            column.filter(|column| arrow::array::Array::is_valid(column, row)).map_or("", |column| column.value(row))
        };
        let is_monotonic = is_true(batch, "is_monotonic", row);
        let (table, kind, suffix) = match (text("type"), is_monotonic) {
            ("sum", true) => (Table::Points, "counter", Kind::Counter),
            ("sum", false) => (Table::Points, "gauge", Kind::Other),
            ("histogram", _) => (Table::Histograms, "histogram", Kind::Other),
            ("exponential_histogram", _) => (Table::ExpHistograms, "histogram", Kind::Other),
            ("summary", _) => (Table::Summaries, "summary", Kind::Other),
            _ => (Table::Points, "gauge", Kind::Gauge),
        };
        let is_delta = text("temporality") == "delta";
        let (name, unit) = (text("name"), text("unit"));
        let prometheus = prometheus_family(batch, row, kind);
        let is_verbatim = prometheus.is_some();
        let kind = prometheus.as_ref().map_or(kind, |(_, kind)| kind);
        let family = prometheus.as_ref().map(|(family, _)| family.clone());
        let form = histogram_form(batch, row);
        let (name_of_key, unit_of_key) = (name.to_owned(), unit.to_owned());
        let key = MetricKey { name: name_of_key, unit: unit_of_key, table, is_monotonic, is_delta, prometheus, form };
        let position = self.by_key.get(&key).copied().unwrap_or_else(|| {
            let position = self.metrics.len();
            let names = Strategy::ALL.map(|strategy| match is_verbatim {
                true => name.to_owned(),
                false => metric_name(strategy, name, unit, suffix),
            });
            for name in &names {
                for (view, suffix) in View::of(table, is_verbatim) {
                    self.by_name.entry(format!("{name}{suffix}")).or_default().insert((position, *view));
                }
            }
            self.metrics.push(Metric {
                table,
                temporality: if is_delta { Temporality::Delta } else { Temporality::Cumulative },
                form,
                unit: unit.to_owned(),
                description: text("description").to_owned(),
                kind,
                names,
                family,
                overflows: false,
                series: Vec::new(),
                own_names: HashSet::new(),
            });
            self.by_key.insert(key, position);
            position
        });
        let id = batch.column(0).as_fixed_size_binary().value(row).try_into().expect("a series id has 16 bytes");
        let resource_id = batch.column_by_name("resource_id").and_then(|ids| ids.as_primitive_opt::<Int64Type>());
        let resource_id = resource_id.map(|ids| ids.value(row));
        let resource = resource_id.and_then(|id| self.resources.get(&id)).cloned();
        if let (Some(id), Some(resource)) = (resource_id, &resource) {
            self.add_target(id, resource);
        }
        let scope_id = batch.column_by_name("scope_id").and_then(|ids| ids.as_primitive_opt::<Int64Type>());
        let scope = scope_id.filter(|_| !is_verbatim).and_then(|ids| self.scopes.get(&ids.value(row))).cloned();
        let attributes = entries(batch, "attributes", row);
        self.metrics[position].overflows |= attributes.iter().any(|(key, _)| key == OVERFLOW_KEY);
        if let Some(second) = second_name(name, &attributes).filter(|_| !is_verbatim) {
            self.add_second(position, second, id, resource.as_ref());
        }
        let mut labels = if is_verbatim { attributes.into_iter().collect() } else { as_labels(attributes) };
        if let Some(resource) = &resource {
            // An attribute of the point with such a name gives way, as in Prometheus.
            labels.extend(resource.identity.clone());
        }
        let labels = self.texts.labels(&self.metrics[position].names[0], labels);
        self.metrics[position].add(StoredSeries { id, labels, resource, scope });
    }

    /// Adds the `target_info` of a resource, once it has a series.
    fn add_target(&mut self, id: i64, resource: &Arc<ResourceLabels>) {
        let Some(labels) = resource.target_info.clone().filter(|_| self.targets.insert(id)) else { return };
        let position = *self.target_info.get_or_insert_with(|| {
            let position = self.metrics.len();
            self.by_name.entry(TARGET_INFO.to_owned()).or_default().insert((position, View::Value));
            self.metrics.push(Metric {
                table: Table::Resources,
                temporality: Temporality::Cumulative,
                form: HistogramForm::default(),
                unit: String::new(),
                description: "Target metadata".to_owned(),
                kind: "gauge",
                names: Strategy::ALL.map(|_| TARGET_INFO.to_owned()),
                family: Some(TARGET_INFO.to_owned()),
                overflows: false,
                series: Vec::new(),
                own_names: HashSet::new(),
            });
            position
        });
        let resource = Some(Arc::clone(resource));
        let labels = self.texts.labels(TARGET_INFO, labels.iter().map(|(name, value)| (&**name, &**value)));
        self.metrics[position].add(StoredSeries { id: [0; 16], labels, resource, scope: None });
    }

    /// The stored series of some resources, by metric. `positions`: of each resource among those asked for.
    pub(crate) fn of_resources(&self, positions: &HashMap<*const ResourceLabels, usize>) -> Vec<OfResources> {
        let of_metric = |metric: &Metric| {
            let series = metric.series.iter().filter_map(|series| {
                let position = positions.get(&Arc::as_ptr(series.resource.as_ref()?))?;
                Some((series.id, *position))
            });
            OfResources { table: metric.table, series: series.collect() }
        };
        let others = self.not_stored();
        let metrics = self.metrics.iter().enumerate().filter(|(position, _)| !others.contains(position));
        metrics.map(|(_, metric)| of_metric(metric)).filter(|found| !found.series.is_empty()).collect()
    }

    /// Metrics whose series are not stored under that name.
    fn not_stored(&self) -> BTreeSet<usize> {
        self.seconds.values().chain(&self.target_info).copied().collect()
    }

    /// Adds a stored series under another name: of the same points, with the labels that belong to that name.
    fn add_second(
        &mut self,
        of: usize,
        (name, labels): (String, Vec<(String, String)>),
        id: [u8; 16],
        resource: Option<&Arc<ResourceLabels>>,
    ) {
        let of = &self.metrics[of];
        let (table, temporality, kind) = (of.table, of.temporality, of.kind);
        let (unit, description) = (of.unit.clone(), of.description.clone());
        let position = *self.seconds.entry((name.clone(), table)).or_insert_with(|| {
            let (position, is_verbatim) = (self.metrics.len(), true);
            for (view, suffix) in View::of(table, is_verbatim) {
                self.by_name.entry(format!("{name}{suffix}")).or_default().insert((position, *view));
            }
            let (names, family) = (Strategy::ALL.map(|_| name.clone()), Some(name));
            let (form, overflows, series) = (HistogramForm::default(), false, Vec::new());
            let own_names = HashSet::new();
            let metric = Metric {
                table,
                temporality,
                form,
                unit,
                description,
                kind,
                names,
                family,
                overflows,
                series,
                own_names,
            };
            self.metrics.push(metric);
            position
        });
        let mut labels: BTreeMap<String, String> = labels.into_iter().collect();
        labels.extend(resource.iter().flat_map(|resource| resource.identity.clone()));
        let (labels, resource) = (self.texts.labels(&self.metrics[position].names[0], labels), resource.cloned());
        self.metrics[position].add(StoredSeries { id, labels, resource, scope: None });
    }

    /// Series that all matchers let through. Labels of series that are told apart by one of their own (`le`,
    /// `quantile`) lack it still, and matchers on it are not asked. `named` are labels that the query names: an
    /// attribute of the resource is a label of the series wherever it is named.
    pub(crate) fn select(&self, matchers: &[Matcher], named: &[String]) -> Vec<Selected<'_>> {
        let (of_name, others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| matcher.name == METRIC_NAME);
        let mut selected = Vec::new();
        for (position, view, name) in self.named(&of_name) {
            let metric = &self.metrics[position];
            let asked: Vec<&&Matcher> =
                others.iter().filter(|matcher| Some(matcher.name.as_str()) != view.own_label()).collect();
            let series: Vec<(usize, Labels)> = (0..metric.series.len())
                .filter(|at| asked.iter().all(|matcher| matcher.matches(metric.series[*at].get(&matcher.name))))
                .map(|at| (at, metric.series[at].labels(&name, &others, named)))
                .collect();
            if !series.is_empty() {
                selected.push(Selected { metric, view, series });
            }
        }
        selected
    }

    /// Adds the values of a label over all series that the matchers let through, without making their label sets. False, and
    /// nothing of worth added, where only points tell: of a label that tells buckets or quantiles apart.
    pub(crate) fn add_values<'a>(&'a self, matchers: &[Matcher], label: &str, into: &mut HashSet<&'a str>) -> bool {
        let (of_name, others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| matcher.name == METRIC_NAME);
        let mut beside = HashSet::new();
        for (position, view, _) in self.named(&of_name) {
            let asks_own = |name: &str| Some(name) == view.own_label();
            if !matchers.is_empty() && (asks_own(label) || others.iter().any(|matcher| asks_own(&matcher.name))) {
                return false;
            }
            if others.is_empty() {
                self.metrics[position].add_values(label, &mut beside, into);
                continue;
            }
            let series = self.metrics[position].series.iter();
            let meant = series.filter(|one| others.iter().all(|matcher| matcher.matches(one.get(&matcher.name))));
            into.extend(meant.map(|one| one.get(label)).filter(|value| !value.is_empty()));
        }
        true
    }

    /// Adds the names of labels that the series have which the matchers let through, without making their label sets. False,
    /// and nothing of worth added, where only points tell: of buckets and quantiles.
    pub(crate) fn add_names<'a>(&'a self, matchers: &'a [Matcher], into: &mut BTreeSet<&'a str>) -> bool {
        let (of_name, others): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| matcher.name == METRIC_NAME);
        for (position, view, _) in self.named(&of_name) {
            if !matchers.is_empty() && view.own_label().is_some() {
                return false;
            }
            self.metrics[position].add_names(&others, into);
        }
        true
    }

    /// Metrics and views by their names, and the name that their series are to have.
    fn named(&self, matchers: &[&Matcher]) -> Vec<(usize, View, Arc<str>)> {
        let exact =
            matchers.iter().find(|matcher| matcher.operator == MatchOperator::Equal && !matcher.value.is_empty());
        if let Some(exact) = exact {
            let is_meant = matchers.iter().all(|matcher| matcher.matches(&exact.value));
            let name: Arc<str> = Arc::from(exact.value.as_str());
            let found = self.by_name.get(&exact.value).filter(|_| is_meant);
            return found.into_iter().flatten().map(|(metric, view)| (*metric, *view, Arc::clone(&name))).collect();
        }
        let mut found = Vec::new();
        for (position, metric) in self.metrics.iter().enumerate() {
            for (view, suffix) in View::of(metric.table, metric.family.is_some()) {
                let name = format!("{}{suffix}", metric.names[0]);
                if matchers.iter().all(|matcher| matcher.matches(&name)) {
                    found.push((position, *view, Arc::from(name)));
                }
            }
        }
        found
    }

    /// Every metric as lists show it, sorted by name.
    #[must_use]
    pub fn families(&self) -> Vec<MetricFamily> {
        let mut families: BTreeMap<&str, MetricFamily> = BTreeMap::new();
        for metric in &self.metrics {
            let name = metric.family.as_ref().unwrap_or(&metric.names[0]);
            let described = || MetricFamily {
                name: name.clone(),
                kind: metric.kind,
                help: metric.description.clone(),
                unit: metric.unit.clone(),
                series: 0,
                overflows: false,
            };
            let family = families.entry(name).or_insert_with(described);
            // Series of before their type was told.
            if family.kind == MetricType::Unknown.word() {
                *family = MetricFamily { series: family.series, overflows: family.overflows, ..described() };
            }
            family.series += metric.series.len();
            family.overflows |= metric.overflows;
        }
        families.into_values().collect()
    }

    /// Stored series.
    #[must_use]
    pub fn len(&self) -> usize {
        let others = self.not_stored();
        let own = self.metrics.iter().enumerate().filter(|(position, _)| !others.contains(position));
        own.map(|(_, metric)| metric.series.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Calls for every row from a position on that is not blank; gives the position after the last.
fn each_new(rows: &DimensionRows, from: usize, mut add: impl FnMut(&RecordBatch, usize)) -> usize {
    let is_blank = |position: usize| u32::try_from(position).is_ok_and(|position| rows.blanks.contains(&position));
    let mut at = 0;
    for batch in &rows.batches {
        for row in 0..batch.num_rows() {
            if at + row >= from && !is_blank(at + row) {
                add(batch, row);
            }
        }
        at += batch.num_rows();
    }
    at
}

impl Metric {
    fn add(&mut self, series: StoredSeries) {
        for label in series.labels.as_slice() {
            if !self.own_names.contains(&label.name) {
                self.own_names.insert(Arc::clone(&label.name));
            }
        }
        self.series.push(series);
    }

    /// Names of labels of the series that the matchers let through, and of what else they name.
    fn add_names<'a>(&'a self, others: &[&'a Matcher], into: &mut BTreeSet<&'a str>) {
        let mut before: Option<&Labels> = None;
        for one in &self.series {
            if !others.iter().all(|matcher| matcher.matches(one.get(&matcher.name))) {
                continue;
            }
            into.extend(others.iter().map(|matcher| matcher.name.as_str()).filter(|name| !one.get(name).is_empty()));
            // Mostly those of the series before.
            let is_alike =
                |known: &Labels| known.iter().map(|(name, _)| name).eq(one.labels.iter().map(|(name, _)| name));
            if !before.is_some_and(is_alike) {
                into.extend(one.labels.iter().map(|(name, _)| name));
            }
            before = Some(&one.labels);
        }
    }

    /// Values of a label of all series. `seen` are resources and scopes that were asked already: most series share theirs.
    fn add_values<'a>(&'a self, label: &str, seen: &mut HashSet<(usize, usize)>, into: &mut HashSet<&'a str>) {
        let is_own = self.own_names.contains(label);
        for one in &self.series {
            let resource = one.resource.as_ref().map_or(0, |resource| Arc::as_ptr(resource).addr());
            let scope = one.scope.as_ref().map_or(0, |scope| Arc::as_ptr(scope).cast::<()>().addr());
            if !is_own && !seen.insert((resource, scope)) {
                continue;
            }
            into.extend(Some(one.get(label)).filter(|value| !value.is_empty()));
        }
    }
}

impl StoredSeries {
    /// A label, or else what [`StoredSeries::beside`] gives; empty where there is neither.
    fn get(&self, name: &str) -> &str {
        Some(self.labels.get(name)).filter(|value| !value.is_empty()).or_else(|| self.beside(name)).unwrap_or_default()
    }

    /// What is a label wherever it is named: an attribute of the resource, or of the scope.
    fn beside(&self, name: &str) -> Option<&str> {
        let of_resource = self.resource.as_ref().and_then(|resource| find(&resource.all, name));
        of_resource.or_else(|| self.scope.as_ref().and_then(|scope| find(scope, name)))
    }

    fn labels(&self, name: &Arc<str>, matchers: &[&Matcher], named: &[String]) -> Labels {
        let asked = matchers.iter().map(|matcher| matcher.name.as_str()).chain(named.iter().map(String::as_str));
        let beside = asked.filter(|label| self.labels.get(label).is_empty());
        let beside: Vec<(&str, &str)> = beside.filter_map(|label| Some((label, self.beside(label)?))).collect();
        if beside.is_empty() && self.labels.metric_name() == &**name {
            return self.labels.clone();
        }
        let own = self.labels.as_slice().iter().map(|label| (Arc::clone(&label.name), Arc::clone(&label.value)));
        let beside = beside.into_iter().map(|(label, value)| (Arc::from(label), Arc::from(value)));
        Labels::new(own.chain([(Arc::from(METRIC_NAME), Arc::clone(name))]).chain(beside))
    }
}

fn is_true(batch: &RecordBatch, name: &str, row: usize) -> bool {
    let column = batch.column_by_name(name).and_then(|column| column.as_boolean_opt());
    column.is_some_and(|column| arrow::array::Array::is_valid(column, row) && column.value(row))
}

/// Family and type of a metric that came from Prometheus.
fn prometheus_family(batch: &RecordBatch, row: usize, kind: &'static str) -> Option<(String, &'static str)> {
    let metadata = entries(batch, "metadata", row);
    let said = |key: &str| metadata.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
    let family = said(FAMILY_KEY)?.to_owned();
    Some((family, said(TYPE_KEY).and_then(MetricType::of_word).map_or(kind, MetricType::word)))
}

/// The form of native histograms, where a metric says one.
fn histogram_form(batch: &RecordBatch, row: usize) -> HistogramForm {
    let metadata = entries(batch, "metadata", row);
    let said = metadata.iter().find(|(key, _)| key == HISTOGRAM_KEY);
    said.map(|(_, word)| HistogramForm::of_word(word)).unwrap_or_default()
}

fn find<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.binary_search_by(|(known, _)| (**known).cmp(name)).ok().map(|at| &*pairs[at].1)
}
