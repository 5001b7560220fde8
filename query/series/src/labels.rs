//! Labels of one stored series, and the attributes of its resource by the names that labels would have.
//!
//! Pure. A label comes from an attribute of the point; `job` and `instance` from the resource. Keys that become the same
//! name have their values joined by `;` in the order of the keys, as the specification asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, MapArray};
use arrow::record_batch::RecordBatch;
use foldhash::HashSet;

use spanlake_promql::labels::{Labels, METRIC_NAME};

use crate::names::label_name;

/// Names and values, sorted by name.
pub(crate) type Pairs = Arc<[(Arc<str>, Arc<str>)]>;

/// The entries of a row of a map column.
pub(crate) fn entries(batch: &RecordBatch, column: &str, row: usize) -> Vec<(String, String)> {
    let Some(map) = batch.column_by_name(column).and_then(|column| column.as_map_opt()) else { return Vec::new() };
    entries_of(map, row)
}

pub(crate) fn entries_of(map: &MapArray, row: usize) -> Vec<(String, String)> {
    if map.is_null(row) {
        return Vec::new();
    }
    let entries = map.value(row);
    let (Some(keys), Some(values)) =
        (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>())
    else {
        return Vec::new();
    };
    (0..entries.len())
        .map(|at| {
            (keys.value(at).to_owned(), if values.is_null(at) { String::new() } else { values.value(at).to_owned() })
        })
        .collect()
}

/// Attributes as labels.
pub(crate) fn as_labels(mut attributes: Vec<(String, String)>) -> BTreeMap<String, String> {
    attributes.sort();
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for (key, value) in attributes.into_iter().filter(|(_, value)| !value.is_empty()) {
        labels
            .entry(label_name(&key))
            .and_modify(|known| {
                known.push(';');
                known.push_str(&value);
            })
            .or_insert(value);
    }
    labels
}

pub(crate) fn pairs(labels: BTreeMap<String, String>) -> Pairs {
    labels.into_iter().map(|(name, value)| (Arc::from(name), Arc::from(value))).collect()
}

/// Names and values of labels: each text once, however many series have it.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// A label set with a metric's name.
    pub(crate) fn labels<T: AsRef<str>>(&mut self, metric: &str, labels: impl IntoIterator<Item = (T, T)>) -> Labels {
        let own = labels.into_iter().map(|(name, value)| (self.shared(name.as_ref()), self.shared(value.as_ref())));
        let mut all: Vec<(Arc<str>, Arc<str>)> = own.collect();
        all.push((self.shared(METRIC_NAME), self.shared(metric)));
        Labels::new(all)
    }

    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&new));
        new
    }
}

/// Attributes that `job` and `instance` are made of.
const IDENTIFYING: [&str; 3] = ["service.namespace", "service.name", "service.instance.id"];

/// What a resource gives to all its series.
#[derive(Clone, Debug)]
pub(crate) struct ResourceLabels {
    /// `job` and `instance`, where there are such.
    pub(crate) identity: BTreeMap<String, String>,
    /// Every attribute, for whoever names one.
    pub(crate) all: Pairs,
    /// Labels of its `target_info`, by the specification's section "Resource Attributes": `job`, `instance` and all attributes
    /// that these are not made of. `None` where there would be only the one or only the other.
    pub(crate) target_info: Option<Pairs>,
}

impl ResourceLabels {
    pub(crate) fn of(attributes: Vec<(String, String)>) -> Self {
        let get = |key: &str| attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let mut identity = BTreeMap::new();
        if let Some(name) = get("service.name").filter(|name| !name.is_empty()) {
            let job = match get("service.namespace").filter(|namespace| !namespace.is_empty()) {
                Some(namespace) => format!("{namespace}/{name}"),
                None => name.to_owned(),
            };
            identity.insert("job".to_owned(), job);
        }
        if let Some(instance) = get("service.instance.id").filter(|instance| !instance.is_empty()) {
            identity.insert("instance".to_owned(), instance.to_owned());
        }
        let target_info = target_info(&identity, &attributes);
        Self { identity, all: pairs(as_labels(attributes)), target_info }
    }
}

fn target_info(identity: &BTreeMap<String, String>, attributes: &[(String, String)]) -> Option<Pairs> {
    let others = attributes.iter().filter(|(key, _)| !IDENTIFYING.contains(&key.as_str()));
    let mut labels = as_labels(others.cloned().collect());
    if identity.is_empty() || labels.is_empty() {
        return None;
    }
    labels.extend(identity.clone());
    Some(pairs(labels))
}

/// What a scope gives to its series: its name, version, schema and attributes, each behind `otel_scope_`.
pub(crate) fn scope_labels(batch: &RecordBatch, row: usize) -> Pairs {
    let mut all: Vec<(String, String)> = Vec::new();
    for name in ["name", "version", "schema_url"] {
        let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        if let Some(column) = column.filter(|column| column.is_valid(row)) {
            all.push((format!("otel_scope_{name}"), column.value(row).to_owned()));
        }
    }
    let attributes = entries(batch, "attributes", row).into_iter();
    all.extend(attributes.map(|(key, value)| (format!("otel_scope_{key}"), value)));
    pairs(as_labels(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_that_fall_together_are_joined() {
        let labels = as_labels(attributes(&[("a.b", "2"), ("a_b", "3"), ("a-b", "1"), ("c", "")]));
        assert_eq!(labels.into_iter().collect::<Vec<_>>(), [("a_b".to_owned(), "1;2;3".to_owned())]);
    }

    #[test]
    fn a_resource_is_a_job_and_an_instance() {
        let resource = ResourceLabels::of(attributes(&[
            ("service.name", "cart"),
            ("service.namespace", "shop"),
            ("service.instance.id", "cart-1"),
        ]));
        assert_eq!(resource.identity["job"], "shop/cart");
        assert_eq!(resource.identity["instance"], "cart-1");
        assert!(ResourceLabels::of(Vec::new()).identity.is_empty());
    }

    #[test]
    fn target_info_needs_an_identity_and_something_to_say() {
        let labels = |pairs: &[(&str, &str)]| {
            let info = ResourceLabels::of(attributes(pairs)).target_info?;
            Some(info.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(labels(&[("service.name", "cart"), ("service.instance.id", "1")]), None);
        assert_eq!(labels(&[("k8s.pod.name", "pod-1")]), None);
        let told = [("k8s.pod.name", "pod-1"), ("job", "mine"), ("service.name", "cart")];
        assert_eq!(labels(&told).as_deref(), Some("job=cart k8s_pod_name=pod-1"));
    }
}
