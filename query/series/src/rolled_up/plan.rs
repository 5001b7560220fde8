//! Which times are told by rollups and of which all points are read: pure.
//!
//! Owns the rule. A rollup tells of the points of its own file alone, so it is asked only where no other source has points
//! of these series between the file's first and last. Points of two files in one stretch, one behind the other, are two parts
//! of it, and each file's rollup tells of its own.

use spanlake_store::milli;
use spanlake_store::rollup::stretch_end;

use crate::reading::Window;

/// From the first to the last point of a source, milliseconds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) first_ms: i64,
    pub(super) last_ms: i64,
    pub(super) is_rolled_up: bool,
}

impl Part {
    /// Of times in nanoseconds.
    pub(super) fn of((first, last): (i64, i64), is_rolled_up: bool) -> Self {
        Self { first_ms: milli(first), last_ms: milli(last), is_rolled_up }
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.first_ms <= other.last_ms && other.first_ms <= self.last_ms
    }

    pub(super) fn meets(self, window: Window) -> bool {
        self.first_ms <= window.end_ms && window.start_ms <= self.last_ms
    }

    /// The times of it that are in the window.
    pub(super) fn within(self, window: Window) -> Option<Window> {
        within(Window { start_ms: self.first_ms, end_ms: self.last_ms }, window)
    }
}

/// What to read.
#[derive(Debug)]
pub(super) struct ReadPlan {
    /// Times of which all points are read from all sources; ascending, apart.
    pub(super) points: Vec<Window>,
    /// No rollup is asked.
    pub(super) is_all_points: bool,
    /// Whole stretches in which points of several sources lie between each other.
    mixed: Vec<Window>,
}

impl ReadPlan {
    /// Of sources that all have a part in the window, with stretches of so many seconds at most.
    pub(super) fn of(parts: &[Part], window: Window, level: u32) -> Self {
        let mixed = mixed(parts, level);
        let own = parts.iter().filter(|part| !part.is_rolled_up);
        let own = own.map(|part| Window { start_ms: part.first_ms, end_ms: part.last_ms });
        let mut points: Vec<Window> = own.chain(mixed.iter().copied()).filter_map(|one| within(one, window)).collect();
        points.sort_by_key(|one| one.start_ms);
        let files: Vec<&Part> = parts.iter().filter(|part| part.is_rolled_up).collect();
        let points = joined(points, |from, to| files.iter().any(|file| file.first_ms <= to && from <= file.last_ms));
        let plan = Self { points, is_all_points: false, mixed };
        Self { is_all_points: files.iter().all(|file| plan.is_mixed(**file)), ..plan }
    }

    /// Whether all of a source lies in stretches in which there are points of others.
    pub(super) fn is_mixed(&self, part: Part) -> bool {
        self.mixed.iter().any(|one| one.start_ms <= part.first_ms && part.last_ms <= one.end_ms)
    }

    /// Whether what rollups say of this time counts.
    pub(super) fn asks_rollups_at(&self, time_ms: i64) -> bool {
        let before = self.mixed.partition_point(|one| one.end_ms < time_ms);
        self.mixed.get(before).is_none_or(|one| time_ms < one.start_ms)
    }
}

/// Stretches in which two parts overlap; ascending, apart.
fn mixed(parts: &[Part], level: u32) -> Vec<Window> {
    let mut parts = parts.to_vec();
    parts.sort_by_key(|part| part.first_ms);
    let length = i64::from(level) * 1_000;
    let mut reach = i64::MIN;
    let mut found = Vec::new();
    for part in parts {
        let end = part.last_ms.min(reach);
        if part.first_ms <= end {
            let start_ms = stretch_end(part.first_ms, level).saturating_sub(length).saturating_add(1);
            found.push(Window { start_ms, end_ms: stretch_end(end, level) });
        }
        reach = reach.max(part.last_ms);
    }
    joined(found, |_, _| true)
}

fn within(one: Window, window: Window) -> Option<Window> {
    let both = Window { start_ms: one.start_ms.max(window.start_ms), end_ms: one.end_ms.min(window.end_ms) };
    (both.start_ms <= both.end_ms).then_some(both)
}

/// Windows as few as can be, between which some source has points.
pub(super) fn apart(mut windows: Vec<Window>, parts: &[Part]) -> Vec<Window> {
    windows.sort_by_key(|one| one.start_ms);
    joined(windows, |from, to| parts.iter().any(|part| part.first_ms <= to && from <= part.last_ms))
}

/// Windows that overlap or touch become one, and those between which there is nothing that keeps them apart.
fn joined(windows: Vec<Window>, keeps_apart: impl Fn(i64, i64) -> bool) -> Vec<Window> {
    let mut joined: Vec<Window> = Vec::new();
    for window in windows {
        match joined.last_mut() {
            Some(last)
                if window.start_ms <= last.end_ms.saturating_add(1)
                    || !keeps_apart(last.end_ms.saturating_add(1), window.start_ms.saturating_sub(1)) =>
            {
                last.end_ms = last.end_ms.max(window.end_ms);
            }
            _ => joined.push(window),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn part(first_ms: i64, last_ms: i64, is_rolled_up: bool) -> Part {
        Part { first_ms, last_ms, is_rolled_up }
    }

    fn plan(parts: &[Part]) -> (Vec<(i64, i64)>, bool) {
        let window = Window { start_ms: 1, end_ms: 100 * MINUTE };
        let plan = ReadPlan::of(parts, window, 300);
        (plan.points.iter().map(|one| (one.start_ms, one.end_ms)).collect(), plan.is_all_points)
    }

    #[test]
    fn files_one_behind_the_other_are_told_by_rollups_and_what_is_new_by_its_points() {
        let parts = [
            part(0, 60 * MINUTE - 1, true),
            part(60 * MINUTE, 80 * MINUTE, true),
            part(80 * MINUTE + 1, 90 * MINUTE, false),
            part(91 * MINUTE, 200 * MINUTE, false),
        ];
        assert_eq!(plan(&parts), (vec![(80 * MINUTE + 1, 100 * MINUTE)], false));
    }

    #[test]
    fn where_points_of_two_lie_between_each_other_whole_stretches_of_points_are_read() {
        let late = part(22 * MINUTE, 26 * MINUTE, false);
        let parts = [part(0, 60 * MINUTE, true), late];
        assert_eq!(plan(&parts), (vec![(20 * MINUTE + 1, 30 * MINUTE)], false));
        let plan = ReadPlan::of(&parts, Window { start_ms: 0, end_ms: 60 * MINUTE }, 300);
        let asked = [20 * MINUTE, 20 * MINUTE + 1, 30 * MINUTE, 30 * MINUTE + 1].map(|time| plan.asks_rollups_at(time));
        assert_eq!(asked, [true, false, false, true]);
    }

    #[test]
    fn two_files_of_the_same_times_are_read_and_rollups_of_neither_are_asked() {
        let parts = [part(1, 60 * MINUTE, true), part(2, 60 * MINUTE, true)];
        assert_eq!(plan(&parts), (vec![(1, 60 * MINUTE)], true));
        let one_reaches_further = [part(1, 40 * MINUTE, true), part(MINUTE, 60 * MINUTE, true)];
        assert_eq!(plan(&one_reaches_further), (vec![(1, 40 * MINUTE)], false));
    }

    #[test]
    fn a_point_of_the_same_millisecond_in_two_files_is_read_from_both() {
        let parts = [part(0, 30 * MINUTE, true), part(30 * MINUTE, 60 * MINUTE, true)];
        assert_eq!(plan(&parts), (vec![(25 * MINUTE + 1, 30 * MINUTE)], false));
    }
}
