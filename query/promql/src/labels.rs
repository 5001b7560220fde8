//! Label sets: what names a series.
//!
//! Owns sorted, shared label sets and the ways to derive one from another. A label set never holds an empty value and
//! never a name twice; the metric's name is the label `__name__`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::number::quote;

/// The label that holds a metric's name.
pub const METRIC_NAME: &str = "__name__";
/// The label of a classic histogram's bucket that holds its upper bound.
pub const BUCKET_BOUND: &str = "le";
/// Labels that tell what kind of metric it is; functions that change the meaning of values drop them together.
const METADATA: [&str; 3] = [METRIC_NAME, "__type__", "__unit__"];

/// One name and its value. Whoever makes many shares equal texts, which are compared by their place first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Label {
    pub name: Arc<str>,
    pub value: Arc<str>,
}

/// A label set, sorted by name, cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[Label]>);

// === impl Label ===

impl PartialOrd for Label {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Label {
    fn cmp(&self, other: &Self) -> Ordering {
        let compare = |left: &Arc<str>, right: &Arc<str>| {
            if Arc::ptr_eq(left, right) { Ordering::Equal } else { left.cmp(right) }
        };
        compare(&self.name, &other.name).then_with(|| compare(&self.value, &other.value))
    }
}

// === impl Labels ===

impl Labels {
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::from([]))
    }

    /// Sorts, drops empty values; of a name that comes twice the last value stays.
    pub fn new<N: Into<Arc<str>>, V: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let mut builder = LabelsBuilder::default();
        for (name, value) in pairs {
            builder.labels.push(Label { name: name.into(), value: value.into() });
        }
        builder.labels.sort_by(|left, right| left.name.cmp(&right.name));
        // Reversed, so that of equal names the last one given is kept.
        builder.labels.reverse();
        builder.labels.dedup_by(|left, right| left.name == right.name);
        builder.labels.reverse();
        builder.build()
    }

    /// The value of a label; empty where the label is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        match self.0.binary_search_by(|label| (*label.name).cmp(name)) {
            Ok(index) => &self.0[index].value,
            Err(_) => "",
        }
    }

    /// The metric's name; empty where there is none.
    #[must_use]
    pub fn metric_name(&self) -> &str {
        self.get(METRIC_NAME)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|label| (&*label.name, &*label.value))
    }

    /// All of them, by name.
    #[must_use]
    pub fn as_slice(&self) -> &[Label] {
        &self.0
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A copy to change.
    #[must_use]
    pub fn to_builder(&self) -> LabelsBuilder {
        LabelsBuilder { labels: self.0.to_vec() }
    }

    /// Only the named labels.
    #[must_use]
    pub fn only(&self, names: &[String]) -> Self {
        self.filter(|name| names.iter().any(|kept| kept == name))
    }

    /// All but the named labels.
    #[must_use]
    pub fn without(&self, names: &[String]) -> Self {
        self.filter(|name| names.iter().all(|dropped| dropped != name))
    }

    /// Without the metric's name, type and unit.
    #[must_use]
    pub fn without_metadata(&self) -> Self {
        if self.0.iter().any(|label| METADATA.contains(&&*label.name)) {
            self.filter(|name| !METADATA.contains(&name))
        } else {
            self.clone()
        }
    }

    /// The labels that matching compares: the named ones, or all but those and the metric's name.
    #[must_use]
    pub fn matching(&self, on: bool, names: &[String]) -> Self {
        self.filter(|name| {
            let is_named = names.iter().any(|other| other == name);
            if on { is_named } else { !is_named && name != METRIC_NAME }
        })
    }

    /// The hash that Prometheus's default build gives the set; `limit_ratio()` samples by it, so both keep the same series.
    #[must_use]
    pub fn sampling_hash(&self) -> u64 {
        let mut encoded = Vec::with_capacity(64);
        for (name, value) in self.iter() {
            for text in [name, value] {
                let length = text.len();
                if length < 255 {
                    encoded.push(length as u8);
                } else {
                    encoded.extend_from_slice(&[255, length as u8, (length >> 8) as u8, (length >> 16) as u8]);
                }
                encoded.extend_from_slice(text.as_bytes());
            }
        }
        xxhash_rust::xxh64::xxh64(&encoded, 0)
    }

    fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|label| keep(&label.name)).cloned().collect())
    }
}

impl Default for Labels {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("{")?;
        for (index, (name, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let name = if is_plain_label_name(name) { name.to_owned() } else { quote(name) };
            write!(formatter, "{separator}{name}={}", quote(value))?;
        }
        formatter.write_str("}")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Changes a label set; the result is sorted again and shared.
#[derive(Clone, Debug, Default)]
pub struct LabelsBuilder {
    labels: Vec<Label>,
}

impl LabelsBuilder {
    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        match self.labels.binary_search_by(|label| (*label.name).cmp(name)) {
            Ok(index) if value.is_empty() => {
                self.labels.remove(index);
            }
            Ok(index) => self.labels[index].value = value.into(),
            Err(_) if value.is_empty() => {}
            Err(index) => self.labels.insert(index, Label { name: name.into(), value: value.into() }),
        }
        self
    }

    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.set(name, "")
    }

    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.labels.iter().find(|label| &*label.name == name).map_or("", |label| &label.value)
    }

    pub fn remove_metadata(&mut self) -> &mut Self {
        self.labels.retain(|label| !METADATA.contains(&&*label.name));
        self
    }

    pub fn keep(&mut self, names: &[String]) -> &mut Self {
        self.labels.retain(|label| names.iter().any(|name| **name == *label.name));
        self
    }

    #[must_use]
    pub fn build(&mut self) -> Labels {
        self.labels.retain(|label| !label.value.is_empty());
        Labels(std::mem::take(&mut self.labels).into())
    }
}

/// Whether a name can stand in a query without quotes.
#[must_use]
pub fn is_plain_label_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .enumerate()
            .all(|(index, byte)| byte == b'_' || byte.is_ascii_alphabetic() || (index > 0 && byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sorted_and_without_empty_values() {
        let labels = Labels::new([("b", "2"), ("a", "1"), ("c", ""), ("__name__", "up"), ("a", "3")]);
        assert_eq!(labels.to_string(), r#"{__name__="up", a="3", b="2"}"#);
        assert_eq!(labels.get("b"), "2");
        assert_eq!(labels.get("nothing"), "");
        assert_eq!(labels.without_metadata().to_string(), r#"{a="3", b="2"}"#);
        assert_eq!(labels.matching(false, &["a".to_owned()]).to_string(), r#"{b="2"}"#);
        assert_eq!(labels.matching(true, &["a".to_owned()]).to_string(), r#"{a="3"}"#);
    }

    #[test]
    fn a_builder_sets_and_removes() {
        let mut builder = Labels::new([("a", "1")]).to_builder();
        builder.set("b.c", "x").set("a", "");
        assert_eq!(builder.build().to_string(), r#"{"b.c"="x"}"#);
    }
}
