//! How many values each label of each metric got with new series.
//!
//! Owns the count over the last half to whole day, of series that began then: a series that goes on has told its values
//! when it began. In memory alone: after a start, counting begins anew. Hashes of 32 bits: of a hundred thousand values some are
//! taken for others, which lets a few more in.

use std::collections::{HashMap, HashSet};

use spanlake_schemas::ingest::NewLabel;

/// Hours after which what was told before the last ones is forgotten.
const HALF_DAY: u32 = 12;

/// A label of a metric's name.
type Label = ([u8; 4], u64);

/// Values by label.
#[derive(Debug, Default)]
pub(super) struct LabelValues {
    /// When `recent` began, hours since 1970.
    since: u32,
    recent: HashMap<Label, HashSet<u32>>,
    /// Of the half day before; without those that are recent.
    before: HashMap<Label, HashSet<u32>>,
}

impl LabelValues {
    /// Whether a new series of the metric has room for its labels, of which each may have so many values; if so they count
    /// from now on.
    pub(super) fn has_room(
        &mut self,
        metric: [u8; 4],
        labels: &mut dyn Iterator<Item = NewLabel>,
        hour: u32,
        values_max: u32,
    ) -> bool {
        self.turn(hour);
        let mut has_room = true;
        for NewLabel { key, value } in labels {
            #[expect(clippy::cast_possible_truncation, reason = "a shorter hash")]
            let value = value as u32;
            has_room &= self.add((metric, key), value, usize::try_from(values_max).unwrap_or(usize::MAX));
        }
        has_room
    }

    fn turn(&mut self, hour: u32) {
        if hour >= self.since.saturating_add(HALF_DAY) {
            let is_long_ago = hour >= self.since.saturating_add(2 * HALF_DAY);
            self.before = if is_long_ago { HashMap::new() } else { std::mem::take(&mut self.recent) };
            self.recent.clear();
            self.since = hour;
        }
    }

    fn add(&mut self, label: Label, value: u32, values_max: usize) -> bool {
        let before = self.before.get_mut(&label);
        let recent = self.recent.entry(label).or_default();
        if recent.contains(&value) {
            return true;
        }
        let (is_known, others) = before.map_or((false, 0), |before| (before.remove(&value), before.len()));
        if !is_known && recent.len() + others >= values_max {
            return false;
        }
        recent.insert(value);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(values: &mut LabelValues, metric: u8, label: (u64, u64), hour: u32) -> bool {
        let mut labels = std::iter::once(NewLabel { key: label.0, value: label.1 });
        values.has_room([metric; 4], &mut labels, hour, 3)
    }

    #[test]
    fn a_label_of_a_metric_has_so_many_values_and_those_of_yesterday_make_room() {
        let mut values = LabelValues::default();
        assert!((0..3).all(|value| takes(&mut values, 1, (7, value), 100)));
        assert!(!takes(&mut values, 1, (7, 3), 100));
        assert!(takes(&mut values, 1, (7, 2), 101), "a value that is there");
        assert!(
            takes(&mut values, 1, (8, 3), 101) && takes(&mut values, 2, (7, 3), 101),
            "another label, another metric"
        );
        assert!(takes(&mut values, 1, (7, 1), 112) && !takes(&mut values, 1, (7, 3), 112), "half a day later");
        assert!(takes(&mut values, 1, (7, 3), 124) && takes(&mut values, 1, (7, 4), 124), "only one was told again");
        assert!(!takes(&mut values, 1, (7, 5), 124));
        assert!(takes(&mut values, 1, (7, 5), 200), "all long ago");
    }
}
