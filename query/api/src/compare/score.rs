//! How much two sides differ in an attribute. Pure.
//!
//! The score is the total variation distance of the two distributions, `½ Σ |p(v) − q(v)|` over all values `v`, absence
//! being one (Levin, Peres and Wilmer, "Markov Chains and Mixing Times", §4.1), less what chance alone would give:
//! `½ Σ √(2/π · r(1−r)(1/n + 1/m))`, the mean deviation of two samples of `n` and `m` spans from one distribution `r`.
//! So an attribute that has another value on every span does not come first. Between 0 and 1.

use std::collections::{BTreeMap, HashMap};

/// Attributes that are told apart; there are more only where keys are data.
const KEYS_MAX: usize = 2_000;

/// Which spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Selected,
    Rest,
}

/// Spans with each value of each attribute, on both sides.
#[derive(Debug, Default)]
pub(super) struct Counts {
    spans: [u64; 2],
    /// By the filter's name, which tells a span's key from a resource's: the key, and its values.
    attributes: BTreeMap<String, (String, HashMap<String, [u64; 2]>)>,
}

/// An attribute with its score.
#[derive(Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) key: String,
    pub(super) filter: String,
    pub(super) score: f64,
    /// Those that differ most first.
    pub(super) values: Vec<(String, [u64; 2])>,
    pub(super) absent: [u64; 2],
}

impl Counts {
    /// A span, whose values follow.
    pub(super) fn begin_span(&mut self, side: Side) {
        self.spans[side as usize] += 1;
    }

    /// A value of it.
    pub(super) fn add(&mut self, side: Side, key: &str, value: &str, filter: impl FnOnce() -> String) {
        let filter = filter();
        if !self.attributes.contains_key(&filter) {
            if self.attributes.len() >= KEYS_MAX {
                return;
            }
            self.attributes.insert(filter.clone(), (key.to_owned(), HashMap::new()));
        }
        let Some((_, values)) = self.attributes.get_mut(&filter) else { return };
        match values.get_mut(value) {
            Some(counts) => counts[side as usize] += 1,
            None => {
                let mut counts = [0; 2];
                counts[side as usize] = 1;
                values.insert(value.to_owned(), counts);
            }
        }
    }

    /// All attributes that differ, most of all first.
    pub(super) fn ranked(self) -> Vec<Scored> {
        let spans = self.spans;
        let mut all: Vec<Scored> = self
            .attributes
            .into_iter()
            .map(|(filter, (key, values))| scored(key, filter, values.into_iter().collect(), spans))
            .filter(|attribute| attribute.score > 0.0)
            .collect();
        all.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.filter.cmp(&other.filter)));
        all
    }
}

fn scored(key: String, filter: String, mut values: Vec<(String, [u64; 2])>, spans: [u64; 2]) -> Scored {
    let absent = [0, 1].map(|side| {
        // A key that comes twice on a span counts twice.
        spans[side].saturating_sub(values.iter().map(|(_, counts)| counts[side]).sum())
    });
    let of = |counts: &[u64; 2]| [0, 1].map(|side| counts[side] as f64 / spans[side].max(1) as f64);
    let difference = |counts: &[u64; 2]| {
        let [selected, rest] = of(counts);
        selected - rest
    };
    let all = || values.iter().map(|(_, counts)| counts).chain([&absent]);
    let distance = all().map(|counts| difference(counts).abs()).sum::<f64>() / 2.0;
    let score = if spans.contains(&0) { 0.0 } else { (distance - by_chance(all(), spans)).max(0.0) };
    values.sort_by(|(one, of_one), (other, of_other)| {
        difference(of_other).abs().total_cmp(&difference(of_one).abs()).then_with(|| one.cmp(other))
    });
    Scored { key, filter, score, values, absent }
}

/// The distance that two samples of one distribution are expected to have.
fn by_chance<'a>(counts: impl Iterator<Item = &'a [u64; 2]>, spans: [u64; 2]) -> f64 {
    let [selected, rest] = spans.map(|count| count as f64);
    let spread = std::f64::consts::FRAC_2_PI * (1.0 / selected + 1.0 / rest);
    let deviation = |counts: &[u64; 2]| {
        let share = (counts[0] + counts[1]) as f64 / (selected + rest);
        (spread * share * (1.0 - share).max(0.0)).sqrt()
    };
    counts.map(deviation).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(rows: &[(Side, &str, &str)], each: u64) -> Counts {
        let mut counts = Counts::default();
        for (side, key, value) in rows {
            for span in 0..each {
                counts.begin_span(*side);
                counts.add(*side, key, value, || format!("span.{key}"));
                counts.add(*side, "id", &format!("{value}{side:?}{span}"), || "span.id".to_owned());
                counts.add(*side, "same", "x", || "span.same".to_owned());
            }
        }
        counts
    }

    #[test]
    fn what_tells_the_sides_apart_comes_first() {
        let rows = [(Side::Selected, "route", "/pay"), (Side::Rest, "route", "/cart"), (Side::Rest, "route", "/home")];
        let ranked = counts(&rows, 100).ranked();
        assert_eq!(ranked[0].key, "route");
        assert!(ranked[0].score > 0.85, "{}", ranked[0].score);
        assert_eq!(ranked[0].values[0], ("/pay".to_owned(), [100, 0]));
        assert_eq!(ranked[0].absent, [0, 0]);
        let id = ranked.iter().find(|attribute| attribute.key == "id").map_or(0.0, |attribute| attribute.score);
        assert!(id < 0.5, "a value of its own on every span tells less: {id}");
        assert!(ranked.iter().all(|attribute| attribute.key != "same"));
    }

    #[test]
    fn nothing_differs_from_nothing() {
        assert!(counts(&[(Side::Selected, "route", "/pay")], 5).ranked().is_empty());
    }
}
