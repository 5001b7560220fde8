//! Answers at a moment as a table: a row for each set of labels, a column for each query.
//!
//! Pure. The same table that the page draws of them (`ui/src/model/boardData.ts`).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::rows::{Column, Role, Rows};
use super::{name_of, number};

/// Labels by name.
type Labels = serde_json::Map<String, Value>;

/// What one query of a panel says of a moment.
pub(in super::super) struct Vector {
    pub(in super::super) legend: String,
    /// Of its place among the queries: what it is called where nothing else names it.
    pub(in super::super) letter: String,
    pub(in super::super) series: Vec<(Labels, Option<f64>)>,
}

impl Vector {
    /// Of the answer of Prometheus's `query`.
    pub(in super::super) fn of_prometheus(answer: &Value, place: usize, legend: String) -> Self {
        let series = answer["data"]["result"].as_array().into_iter().flatten().filter_map(|one| {
            let labels = one["metric"].as_object()?.clone();
            Some((labels, number(one["value"].get(1)?)))
        });
        Self { legend, letter: letter(place), series: series.collect() }
    }

    /// What a table calls the column of its values: the legend where it says the same of all of them.
    fn column(&self, queries: usize) -> String {
        match self.legend.as_str() {
            legend if !legend.is_empty() && !legend.contains("{{") => legend.to_owned(),
            _ if queries == 1 => "value".to_owned(),
            _ => self.letter.clone(),
        }
    }
}

/// Of a query by its place: A, B, C.
pub(super) fn letter(place: usize) -> String {
    char::from(b'A' + (place % 26) as u8).to_string()
}

fn without_name(labels: &Labels) -> impl Iterator<Item = (&String, &Value)> {
    labels.iter().filter(|(label, _)| *label != "__name__")
}

/// A row for each set of labels, whichever queries say something of it.
pub(in super::super) fn table(vectors: &[Vector]) -> Rows {
    let series = || vectors.iter().flat_map(|vector| &vector.series);
    let labels: BTreeSet<&String> =
        series().flat_map(|(labels, _)| without_name(labels)).map(|(name, _)| name).collect();
    let labels: Vec<&String> = labels.into_iter().collect();
    let mut places = BTreeMap::new();
    let mut cells: Vec<Vec<Value>> = Vec::new();
    for (place, vector) in vectors.iter().enumerate() {
        for (of, value) in &vector.series {
            let words: Vec<Option<&str>> = labels.iter().map(|label| of.get(*label).and_then(Value::as_str)).collect();
            let row = *places.entry(words.clone()).or_insert_with(|| {
                let words = words.iter().map(|word| Value::from(word.unwrap_or_default()));
                cells.push(words.chain(vectors.iter().map(|_| Value::Null)).collect());
                cells.len() - 1
            });
            cells[row][labels.len() + place] = value.map_or(Value::Null, Value::from);
        }
    }
    let texts = labels.into_iter().map(|name| Column::new(name.clone(), Role::Text));
    let numbers = vectors.iter().map(|vector| Column::new(vector.column(vectors.len()), Role::Number));
    Rows { columns: texts.chain(numbers).collect(), cells }
}

/// A row for each series, named by its query's legend.
pub(in super::super) fn bars(vectors: &[Vector]) -> Rows {
    let named = |vector: &Vector, labels: &Labels| {
        let words = without_name(labels).filter_map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" · ");
        match (vector.legend.is_empty(), words.is_empty()) {
            (false, _) => name_of(&Value::Object(labels.clone()), &vector.legend, &vector.letter),
            (true, true) => vector.letter.clone(),
            (true, false) => words,
        }
    };
    let cells = vectors.iter().flat_map(|vector| {
        let of = vector.series.iter();
        of.map(move |(labels, value)| vec![named(vector, labels).into(), value.map_or(Value::Null, Value::from)])
    });
    let cells = cells.collect();
    Rows { columns: vec![Column::new("name".into(), Role::Text), Column::new("value".into(), Role::Number)], cells }
}
