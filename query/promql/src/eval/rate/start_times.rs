//! What samples' start times say of counter resets.
//!
//! Owns the reading of start times as OpenTelemetry defines them. Samples without them say nothing.

use super::super::window::Slice;

/// Whether a sample's start time says that counting began anew behind the sample before.
pub(super) fn start_says_reset<V>(samples: &Slice<'_, V>, index: usize) -> bool {
    if samples.starts.is_empty() {
        return false;
    }
    let (start, time) = (samples.start(index), samples.times[index]);
    let (before_start, before) = (samples.start(index - 1), samples.times[index - 1]);
    is_start_reset(before_start, before, start, time)
}

/// A start of 0, or not before its sample, says nothing. One at the sample before is a reset for deltas, which begin
/// there, but not for a counter whose start is not known and was set to its first sample.
pub(crate) fn is_start_reset(before_start: i64, before: i64, start: i64, time: i64) -> bool {
    if start == 0 || start >= time || start < before {
        return false;
    }
    start > before || (before_start <= before && before_start != 0 && before_start != before)
}

/// Whether a sample says that it began before the sample before it ended.
pub(super) fn start_overlaps<V>(samples: &Slice<'_, V>, index: usize) -> bool {
    let (start, before_start) = (samples.start(index), samples.start(index - 1));
    start != 0 && start < samples.times[index - 1] && start != before_start
}
