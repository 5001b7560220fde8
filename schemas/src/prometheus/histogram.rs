//! Native histograms as points of OTLP: exponential ones dense, those with custom buckets as explicit bounds.
//!
//! Prometheus's bucket `i` ends at `base^i`, OTLP's begins there: the index is one less. What is sparse becomes dense,
//! at a coarser scale where it would be too long, which keeps every count and the quantiles of what is near.
//!
//! OTLP counts in whole numbers. Counts that are none (results of recording rules) are kept as the bits of doubles in
//! the list of buckets, those of all and of the zero bucket before them; `count` and `zero_count` are rounded.

use super::request::{Attributes, nanoseconds};
use super::{Exemplar, is_stale_nan};
use crate::otlp::wire_writer::{
    close, open, put_bytes, put_fixed64, put_non_default_fixed64, put_non_default_sint32, put_non_default_varint,
    put_varint,
};

/// Dense buckets of one side.
const BUCKETS_MAX: i64 = 8192;
/// The scales that PromQL knows.
const SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;
/// Marks custom buckets.
pub(super) const CUSTOM_SCHEMA: i32 = -53;

/// What of a histogram OTLP has no word for; said by [`super::HISTOGRAM_KEY`] of the metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HistogramForm {
    /// Counts are the bits of doubles.
    pub is_float: bool,
    /// Its counts may fall: no counter.
    pub is_gauge: bool,
}

impl HistogramForm {
    /// As it is in the metric's metadata; empty where there is nothing to say.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match (self.is_float, self.is_gauge) {
            (false, false) => "",
            (true, false) => "float",
            (false, true) => "gauge",
            (true, true) => "float_gauge",
        }
    }

    /// The form of such a word.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        Self { is_float: word.starts_with("float"), is_gauge: word.ends_with("gauge") }
    }
}

/// One side of a histogram: runs of buckets, each with the gap before it, and the count of each bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Buckets {
    /// Gap to the run before (or the first index), and length.
    pub spans: Vec<(i32, u32)>,
    /// Bits of doubles in a float histogram.
    pub counts: Vec<u64>,
}

/// One histogram sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NativeHistogram {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// When counting began; 0 where it is not known.
    pub start_ms: i64,
    pub form: HistogramForm,
    pub schema: i32,
    pub count: u64,
    pub sum: f64,
    pub zero_threshold: f64,
    pub zero_count: u64,
    pub positive: Buckets,
    pub negative: Buckets,
    /// Upper bounds, of custom buckets only.
    pub custom_bounds: Vec<f64>,
}

/// Buckets without gaps, from an index on.
struct Dense {
    first: i64,
    counts: Vec<u64>,
}

impl Buckets {
    /// Index and count of each bucket that counts something.
    fn entries(&self) -> Result<Vec<(i64, u64)>, &'static str> {
        let told: u64 = self.spans.iter().map(|(_, length)| u64::from(*length)).sum();
        if told != self.counts.len() as u64 {
            return Err("a histogram whose spans and buckets differ in number");
        }
        let (mut index, mut counts) = (0_i64, self.counts.iter());
        let mut entries = Vec::with_capacity(self.counts.len());
        for (gap, length) in &self.spans {
            index += i64::from(*gap);
            for count in counts.by_ref().take(*length as usize) {
                if *count > 0 {
                    entries.push((index, *count));
                }
                index += 1;
            }
        }
        Ok(entries)
    }
}

/// How many steps coarser the buckets must be to fit.
fn steps_coarser(sides: &[Vec<(i64, u64)>; 2]) -> u32 {
    let length = |side: &Vec<(i64, u64)>, steps: u32| match (side.first(), side.last()) {
        (Some((first, _)), Some((last, _))) => (last >> steps) - (first >> steps) + 1,
        _ => 0,
    };
    (0..32).find(|steps| sides.iter().all(|side| length(side, *steps) <= BUCKETS_MAX)).unwrap_or(32)
}

fn dense(entries: &[(i64, u64)], steps: u32, is_float: bool) -> Option<Dense> {
    let (first, last) = (entries.first()?.0 >> steps, entries.last()?.0 >> steps);
    let mut counts = vec![0_u64; usize::try_from(last - first + 1).unwrap_or_default()];
    for (index, count) in entries {
        let at = usize::try_from((index >> steps) - first).unwrap_or_default();
        counts[at] = match is_float {
            true => (f64::from_bits(counts[at]) + f64::from_bits(*count)).to_bits(),
            false => counts[at].saturating_add(*count),
        };
    }
    Some(Dense { first, counts })
}

/// What of a float histogram's counts whole numbers can say.
fn rounded(count: u64, is_float: bool) -> u64 {
    // A cast of a float saturates, and makes 0 of NaN.
    if is_float { f64::from_bits(count).round() as u64 } else { count }
}

fn ascending(entries: &[(i64, u64)]) -> bool {
    entries.windows(2).all(|pair| pair[0].0 < pair[1].0)
}

impl NativeHistogram {
    /// Whether it ends its series.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        is_stale_nan(self.sum)
    }

    pub(super) fn has_custom_buckets(&self) -> bool {
        self.schema == CUSTOM_SCHEMA
    }

    /// Writes the point as the next entry of its metric's data.
    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        attributes: Attributes<'_>,
        exemplars: &[Exemplar<'_>],
    ) -> Result<(), &'static str> {
        match self.has_custom_buckets() {
            true => self.write_explicit(out, attributes, exemplars),
            false => self.write_exponential(out, attributes, exemplars),
        }
    }

    fn times(&self) -> Result<(u64, u64), &'static str> {
        let time = nanoseconds(self.time_ms).ok_or("a time out of range")?;
        Ok((nanoseconds(self.start_ms).unwrap_or_default().min(time), time))
    }

    fn write_exponential(
        &self,
        out: &mut Vec<u8>,
        attributes: Attributes<'_>,
        exemplars: &[Exemplar<'_>],
    ) -> Result<(), &'static str> {
        let (start, time) = self.times()?;
        if !SCHEMAS.contains(&self.schema) {
            return Err("a histogram of a schema that is not known (-53, and -4 to 8, are)");
        }
        // OTLP's index is one less.
        let shifted = |side: &Buckets| {
            let entries = side.entries()?;
            let entries: Vec<(i64, u64)> = entries.into_iter().map(|(index, count)| (index - 1, count)).collect();
            if ascending(&entries) { Ok(entries) } else { Err("a histogram whose buckets overlap") }
        };
        let sides = [shifted(&self.positive)?, shifted(&self.negative)?];
        let steps = steps_coarser(&sides);
        let scale = self.schema - i32::try_from(steps).unwrap_or(i32::MAX / 2);
        if !SCHEMAS.contains(&scale) {
            return Err("a histogram whose buckets are too far apart");
        }
        let is_float = self.form.is_float;
        let mut sides = sides.map(|side| dense(&side, steps, is_float));
        if is_float {
            let positive = sides[0].get_or_insert(Dense { first: 0, counts: Vec::new() });
            positive.first -= 2;
            positive.counts.splice(0..0, [self.count, self.zero_count]);
        }
        let point = open(out, 1);
        attributes.iter().for_each(|attribute| put_bytes(out, 1, attribute));
        put_non_default_fixed64(out, 2, start);
        put_fixed64(out, 3, time);
        if self.is_stale() {
            put_non_default_varint(out, 10, 1);
        } else {
            put_fixed64(out, 4, rounded(self.count, is_float));
            put_fixed64(out, 5, self.sum.to_bits());
            put_non_default_sint32(out, 6, scale);
            put_non_default_fixed64(out, 7, rounded(self.zero_count, is_float));
            for (number, side) in [8, 9].into_iter().zip(&sides) {
                let Some(side) = side else { continue };
                let buckets = open(out, number);
                put_non_default_sint32(out, 1, i32::try_from(side.first).map_err(|_| "a bucket out of range")?);
                let packed = open(out, 2);
                side.counts.iter().for_each(|count| put_varint(out, *count));
                close(out, packed);
                close(out, buckets);
            }
            exemplars.iter().for_each(|exemplar| exemplar.write(out, 11));
            put_non_default_fixed64(out, 14, self.zero_threshold.to_bits());
        }
        close(out, point);
        Ok(())
    }

    fn write_explicit(
        &self,
        out: &mut Vec<u8>,
        attributes: Attributes<'_>,
        exemplars: &[Exemplar<'_>],
    ) -> Result<(), &'static str> {
        let (start, time) = self.times()?;
        let (mut bounds, is_float) = (self.custom_bounds.clone(), self.form.is_float);
        let is_ascending =
            bounds.windows(2).all(|pair| pair[0] < pair[1]) && bounds.iter().all(|bound| bound.is_finite());
        if !is_ascending {
            return Err("a histogram whose custom bounds are not ascending");
        }
        let mut counts = vec![0_u64; bounds.len() + 1];
        for (index, count) in self.positive.entries()? {
            let place = usize::try_from(index).ok().and_then(|index| counts.get_mut(index));
            let place = place.ok_or("a histogram with a bucket beyond its custom bounds")?;
            // Each bucket comes once: buckets that overlap would not be ascending.
            *place = if is_float { count } else { *place + count };
        }
        if is_float {
            // One bucket more than bounds, as OTLP has it.
            bounds.push(f64::INFINITY);
            counts.push(self.count);
        }
        let point = open(out, 1);
        attributes.iter().for_each(|attribute| put_bytes(out, 9, attribute));
        put_non_default_fixed64(out, 2, start);
        put_fixed64(out, 3, time);
        if self.is_stale() {
            put_non_default_varint(out, 10, 1);
        } else {
            put_fixed64(out, 4, rounded(self.count, is_float));
            put_fixed64(out, 5, self.sum.to_bits());
            for (number, values) in [(6, counts), (7, bounds.iter().map(|bound| bound.to_bits()).collect())] {
                let packed = open(out, number);
                values.iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes()));
                close(out, packed);
            }
            exemplars.iter().for_each(|exemplar| exemplar.write(out, 8));
        }
        close(out, point);
        Ok(())
    }
}
