//! `compare()`: how often each value of each attribute occurs in a selection and in the rest.
//!
//! Owns which attributes are counted and the labels of the series. Never decides which difference matters.

use std::collections::{BTreeMap, BTreeSet};

use crate::eval::filter::holds;
use crate::eval::operand::Operand;
use crate::model::Attributes;
use crate::syntax::field::{Field, Intrinsic, Scope};
use crate::syntax::tree::Compare;

use super::Observed;
use super::series::Series;

/// The label that says which of the four kinds a series is.
pub const TYPE_LABEL: &str = "__meta_type";
/// The label of attributes with more values than are told apart.
pub const ERROR_LABEL: &str = "__meta_error";
/// Its value.
pub const TOO_MANY_VALUES: &str = "__too_many_values__";

/// Intrinsics that are counted; ids, durations and numbers of nested sets differ from span to span and say nothing.
pub const INTRINSICS: [Intrinsic; 8] = [
    Intrinsic::Name,
    Intrinsic::Status,
    Intrinsic::StatusMessage,
    Intrinsic::Kind,
    Intrinsic::RootName,
    Intrinsic::RootServiceName,
    Intrinsic::InstrumentationName,
    Intrinsic::InstrumentationVersion,
];

/// Counts of one side, by attribute, then by value.
type Side = BTreeMap<String, BTreeMap<String, (Operand<'static>, Vec<f64>)>>;

/// Both sides while they are counted.
pub(super) struct Counts<'q> {
    compare: &'q Compare,
    intervals: usize,
    baseline: Side,
    selection: Side,
}

impl<'q> Counts<'q> {
    pub(super) fn new(compare: &'q Compare, intervals: usize) -> Self {
        Self { compare, intervals, baseline: Side::new(), selection: Side::new() }
    }

    pub(super) fn add(&mut self, observed: &Observed<'_, '_>) {
        let time = observed.start_time();
        let is_in_range = self.compare.range.is_none_or(|(start, end)| time > start && time <= end);
        let is_selected = is_in_range && holds(&self.compare.selection, observed.view, observed.span);
        let side = if is_selected { &mut self.selection } else { &mut self.baseline };
        for (name, value) in fields_of(observed) {
            let values = side.entry(name).or_default();
            let (_, counts) = values.entry(value.key()).or_insert_with(|| (value, vec![0.0; self.intervals]));
            counts[observed.interval] += 1.0;
        }
    }

    pub(super) fn series(self) -> Vec<Series> {
        let top = usize::try_from(self.compare.top).unwrap_or(usize::MAX);
        let mut series = Vec::new();
        let mut too_many: BTreeSet<String> = BTreeSet::new();
        for (side, kind) in [(self.baseline, "baseline"), (self.selection, "selection")] {
            for (name, values) in side {
                if values.len() > top {
                    too_many.insert(name.clone());
                }
                let mut totals = vec![0.0; self.intervals];
                for (_, counts) in values.values() {
                    for (total, count) in totals.iter_mut().zip(counts) {
                        *total += count;
                    }
                }
                series.push(one(TYPE_LABEL, &format!("{kind}_total"), &name, Operand::Nil, totals));
                let mut values: Vec<_> = values.into_values().collect();
                // The sort is stable: of equally frequent ones the first by value.
                values.sort_by(|(_, one), (_, other)| other.iter().sum::<f64>().total_cmp(&one.iter().sum::<f64>()));
                for (value, counts) in values.into_iter().take(top) {
                    series.push(one(TYPE_LABEL, kind, &name, value, counts));
                }
            }
        }
        for name in too_many {
            series.push(one(ERROR_LABEL, TOO_MANY_VALUES, &name, Operand::Nil, vec![f64::NAN; self.intervals]));
        }
        series
    }
}

fn one(label: &str, kind: &str, name: &str, value: Operand<'static>, values: Vec<f64>) -> Series {
    let labels = vec![(label.to_owned(), Operand::Text(kind.to_owned().into())), (name.to_owned(), value)];
    Series { labels, values, exemplars: Vec::new() }
}

/// Everything that is counted of a span, each name once.
fn fields_of(observed: &Observed<'_, '_>) -> BTreeMap<String, Operand<'static>> {
    let span = &observed.view.trace().spans[observed.span];
    let mut fields: Vec<Field> = INTRINSICS.into_iter().map(Field::Intrinsic).collect();
    let mut add = |scope: Scope, attributes: &Attributes| {
        fields.extend(attributes.0.iter().map(|(key, _)| Field::attribute(scope, key.as_str())));
    };
    add(Scope::Span, &span.attributes);
    add(Scope::Resource, &span.resource.attributes);
    add(Scope::Instrumentation, &span.instrumentation.attributes);
    span.events.iter().for_each(|event| add(Scope::Event, &event.attributes));
    span.links.iter().for_each(|link| add(Scope::Link, &link.attributes));
    fields
        .into_iter()
        .map(|field| (field.to_string(), observed.view.value(observed.span, &field).into_owned()))
        .filter(|(_, value)| value.exists())
        .collect()
}
