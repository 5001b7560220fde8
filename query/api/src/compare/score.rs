//! How much two sides differ in an attribute. Pure.
//!
//! The score is the total variation distance of the two distributions, `½ Σ |p(v) − q(v)|` over all values `v`, absence
//! being one (Levin, Peres and Wilmer, "Markov Chains and Mixing Times", §4.1), less what chance alone would give:
//! `½ Σ √(2/π · r(1−r)(1/n + 1/m))`, the mean deviation of two samples of `n` and `m` spans from one distribution `r`.
//! So an attribute that has another value on every span does not come first. Between 0 and 1.
//!
//! A span that sampling kept with probability `p` stands for `1/p` spans; `n` and `m` are then as many spans as would tell as
//! much if each stood for itself, `(Σ w)² / Σ w²` (Kish, "Survey Sampling", 1965, §11.7).

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
    /// What the spans of each side stand for, and the sum of the squares.
    spans: [f64; 2],
    squares: [f64; 2],
    /// By the filter's name, which tells a span's key from a resource's: the key, and its values.
    attributes: BTreeMap<String, (String, HashMap<String, [f64; 2]>)>,
}

/// An attribute with its score.
#[derive(Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) key: String,
    pub(super) filter: String,
    pub(super) score: f64,
    /// Those that differ most first.
    pub(super) values: Vec<(String, [f64; 2])>,
    pub(super) absent: [f64; 2],
}

impl Counts {
    /// A span that stands for so many, whose values follow.
    pub(super) fn begin_span(&mut self, side: Side, weight: f64) {
        self.spans[side as usize] += weight;
        self.squares[side as usize] += weight * weight;
    }

    /// What the spans of a side stand for.
    pub(super) fn spans(&self, side: Side) -> f64 {
        self.spans[side as usize]
    }

    /// A value of it.
    pub(super) fn add(&mut self, (side, weight): (Side, f64), key: &str, value: &str, filter: impl FnOnce() -> String) {
        let filter = filter();
        if !self.attributes.contains_key(&filter) {
            if self.attributes.len() >= KEYS_MAX {
                return;
            }
            self.attributes.insert(filter.clone(), (key.to_owned(), HashMap::new()));
        }
        let Some((_, values)) = self.attributes.get_mut(&filter) else { return };
        match values.get_mut(value) {
            Some(counts) => counts[side as usize] += weight,
            None => {
                let mut counts = [0.0; 2];
                counts[side as usize] = weight;
                values.insert(value.to_owned(), counts);
            }
        }
    }

    /// All attributes that differ, most of all first.
    pub(super) fn ranked(self) -> Vec<Scored> {
        let sides = Sides {
            spans: self.spans,
            worth: [0, 1].map(|side| self.spans[side] * self.spans[side] / self.squares[side].max(f64::MIN_POSITIVE)),
        };
        let mut all: Vec<Scored> = self
            .attributes
            .into_iter()
            .map(|(filter, (key, values))| scored(key, filter, values.into_iter().collect(), &sides))
            .filter(|attribute| attribute.score > 0.0)
            .collect();
        all.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.filter.cmp(&other.filter)));
        all
    }
}

/// Both sides.
struct Sides {
    spans: [f64; 2],
    /// As many spans that stand for themselves would tell as much.
    worth: [f64; 2],
}

fn scored(key: String, filter: String, mut values: Vec<(String, [f64; 2])>, sides: &Sides) -> Scored {
    let spans = sides.spans;
    let absent = [0, 1].map(|side| {
        // A key that comes twice on a span counts twice.
        (spans[side] - values.iter().map(|(_, counts)| counts[side]).sum::<f64>()).max(0.0)
    });
    let of = |counts: &[f64; 2]| [0, 1].map(|side| if spans[side] > 0.0 { counts[side] / spans[side] } else { 0.0 });
    let difference = |counts: &[f64; 2]| {
        let [selected, rest] = of(counts);
        selected - rest
    };
    let all = || values.iter().map(|(_, counts)| counts).chain([&absent]);
    let distance = all().map(|counts| difference(counts).abs()).sum::<f64>() / 2.0;
    let is_one_sided = spans.contains(&0.0);
    let score = if is_one_sided { 0.0 } else { (distance - by_chance(all(), sides)).max(0.0) };
    values.sort_by(|(one, of_one), (other, of_other)| {
        difference(of_other).abs().total_cmp(&difference(of_one).abs()).then_with(|| one.cmp(other))
    });
    Scored { key, filter, score, values, absent }
}

/// The distance that two samples of one distribution are expected to have.
fn by_chance<'a>(counts: impl Iterator<Item = &'a [f64; 2]>, sides: &Sides) -> f64 {
    let [selected, rest] = sides.worth;
    let spread = std::f64::consts::FRAC_2_PI * (1.0 / selected + 1.0 / rest);
    let deviation = |counts: &[f64; 2]| {
        let share = (counts[0] + counts[1]) / (sides.spans[0] + sides.spans[1]);
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
                counts.begin_span(*side, 1.0);
                counts.add((*side, 1.0), key, value, || format!("span.{key}"));
                counts.add((*side, 1.0), "id", &format!("{value}{side:?}{span}"), || "span.id".to_owned());
                counts.add((*side, 1.0), "same", "x", || "span.same".to_owned());
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
        assert_eq!(ranked[0].values[0], ("/pay".to_owned(), [100.0, 0.0]));
        assert_eq!(ranked[0].absent, [0.0, 0.0]);
        let id = ranked.iter().find(|attribute| attribute.key == "id").map_or(0.0, |attribute| attribute.score);
        assert!(id < 0.5, "a value of its own on every span tells less: {id}");
        assert!(ranked.iter().all(|attribute| attribute.key != "same"));
    }

    #[test]
    fn a_kept_span_counts_as_those_that_it_stands_for() {
        let mut counts = Counts::default();
        for (side, value, spans, weight) in [
            (Side::Selected, "seldom", 900, 1.0),
            (Side::Selected, "usual", 100, 81.0),
            (Side::Rest, "seldom", 100, 1.0),
            (Side::Rest, "usual", 900, 1.0),
        ] {
            for _ in 0..spans {
                counts.begin_span(side, weight);
                counts.add((side, weight), "value", value, || "span.value".to_owned());
            }
        }
        // Nine of ten on both sides are usual, though most kept spans of one are not.
        assert_eq!(counts.spans(Side::Selected), 9_000.0);
        assert!(counts.ranked().is_empty());
    }

    #[test]
    fn nothing_differs_from_nothing() {
        assert!(counts(&[(Side::Selected, "route", "/pay")], 5).ranked().is_empty());
    }
}
