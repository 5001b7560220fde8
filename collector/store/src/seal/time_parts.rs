//! Of which times a file has rows: parts with nothing between them.
//!
//! Owns when a gap is one. A file of an hour may hold rows that are a day older, as what comes that late is filed by its
//! receipt: its first and last time alone would say that it reaches over the whole day. Never holds a time for each row.

use std::collections::BTreeMap;

const NANOS_PER_MINUTE: i64 = 60_000_000_000;
/// Less than this between two rows is no gap.
const GAP: i64 = NANOS_PER_MINUTE;
/// Of more parts, those that are nearest to each other count as one.
const PARTS_MAX: usize = 32;
/// With rows in more minutes than two days have, the whole counts as one part.
const MINUTES_MAX: usize = 2 * 24 * 60;

/// First and last time, nanoseconds, both included.
type Range = (i64, i64);

/// Gathers the times of rows in any order.
#[derive(Default)]
pub struct TimeParts {
    /// By minute since the epoch.
    minutes: BTreeMap<i64, Range>,
    /// The minute of the last row, which the next mostly shares; not in the map yet.
    current: Option<(i64, Range)>,
    is_too_much: bool,
}

impl TimeParts {
    pub fn add(&mut self, time: i64) {
        let minute = time.div_euclid(NANOS_PER_MINUTE);
        match &mut self.current {
            Some((of, range)) if *of == minute => *range = (range.0.min(time), range.1.max(time)),
            _ => {
                self.keep_current();
                self.current = Some((minute, (time, time)));
            }
        }
    }

    fn keep_current(&mut self) {
        let Some((minute, (first, last))) = self.current.take().filter(|_| !self.is_too_much) else { return };
        let range = self.minutes.entry(minute).or_insert((first, last));
        *range = (range.0.min(first), range.1.max(last));
        self.is_too_much = self.minutes.len() > MINUTES_MAX;
    }

    /// The parts, ascending; empty where there is but one.
    pub fn finish(mut self) -> Vec<Range> {
        self.keep_current();
        if self.is_too_much {
            return Vec::new();
        }
        let mut parts: Vec<Range> = Vec::new();
        for (first, last) in self.minutes.into_values() {
            match parts.last_mut() {
                Some(part) if first - part.1 < GAP => part.1 = last,
                _ => parts.push((first, last)),
            }
        }
        while parts.len() > PARTS_MAX {
            let gap = |at: &usize| parts[*at + 1].0 - parts[*at].1;
            let Some(nearest) = (0..parts.len() - 1).min_by_key(gap) else { break };
            let (_, last) = parts.remove(nearest + 1);
            parts[nearest].1 = last;
        }
        if parts.len() > 1 { parts } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn parts(times: impl IntoIterator<Item = i64>) -> Vec<Range> {
        let mut parts = TimeParts::default();
        times.into_iter().for_each(|time| parts.add(time * SECOND));
        parts.finish().into_iter().map(|(first, last)| (first / SECOND, last / SECOND)).collect()
    }

    #[test]
    fn rows_without_a_gap_are_one_part_which_needs_no_word() {
        assert_eq!(parts([]), []);
        assert_eq!(parts([7]), []);
        assert_eq!(parts((0..600).rev().step_by(59)), []);
    }

    #[test]
    fn what_came_late_is_a_part_of_its_own_in_whatever_order() {
        let day = 24 * 3600;
        assert_eq!(parts([day + 5, 30, -90, day, 0, day + 50]), [(-90, -90), (0, 30), (day, day + 50)]);
    }

    #[test]
    fn of_many_parts_the_nearest_are_joined_and_of_very_many_nothing_is_said() {
        let found = parts((0..100).map(|at| at * 300 + at / 50 * 7_000));
        assert_eq!(found.len(), PARTS_MAX);
        assert!(found.windows(2).all(|two| two[0].1 < two[1].0));
        assert!(found.iter().any(|part| part.0 == 50 * 300 + 7_000), "the widest gap is kept: {found:?}");
        assert_eq!(parts((0..4_000).map(|at| at * 300)), []);
    }
}
