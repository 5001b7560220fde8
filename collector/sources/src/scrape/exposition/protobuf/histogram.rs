//! `Histogram`: a native one, classic buckets, or both.

use spanlake_schemas::prometheus::{Buckets, HistogramForm, NativeHistogram};

use super::wire::{Field, Read, each_field, take, unzigzag, varint};
use super::{Line, LineExemplar, Start, bound, exemplar};

/// A larger message is refused unread: its numbers take eight times as much.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Integers up to here are exact as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

#[derive(Default)]
struct Side {
    spans: Vec<(i32, u32)>,
    deltas: Vec<i64>,
    floats: Vec<f64>,
}

#[derive(Default)]
struct Histogram {
    count: f64,
    sum: f64,
    schema: i32,
    zero_threshold: f64,
    zero_count: f64,
    negative: Side,
    positive: Side,
    /// Upper bound, cumulative count, exemplar.
    buckets: Vec<(f64, f64, Option<LineExemplar>)>,
    exemplar: Option<LineExemplar>,
}

/// Numbers that come packed or one by one.
fn integers(into: &mut Vec<i64>, value: Field<'_>) -> Read<()> {
    match value {
        Field::Varint(number) => into.push(unzigzag(number)),
        Field::Bytes(mut packed) => {
            while !packed.is_empty() {
                into.push(unzigzag(varint(&mut packed)?));
            }
        }
        _ => {}
    }
    Ok(())
}

fn doubles(into: &mut Vec<f64>, value: Field<'_>) -> Read<()> {
    match value {
        Field::Fixed64(bits) => into.push(f64::from_bits(bits)),
        Field::Bytes(mut packed) => {
            while !packed.is_empty() {
                let bytes = take(&mut packed, 8)?;
                into.extend(bytes.first_chunk().map(|bytes| f64::from_le_bytes(*bytes)));
            }
        }
        _ => {}
    }
    Ok(())
}

fn span(value: Field<'_>, into: &mut Vec<(i32, u32)>) -> Read<()> {
    let Field::Bytes(message) = value else { return Ok(()) };
    let (mut offset, mut length) = (0, 0);
    each_field(message, |field, value| {
        match (field, value) {
            (1, Field::Varint(number)) => offset = unzigzag(number) as i32,
            (2, Field::Varint(number)) => length = number as u32,
            _ => {}
        }
        Ok(())
    })?;
    into.push((offset, length));
    Ok(())
}

fn bucket(message: &[u8]) -> Read<(f64, f64, Option<LineExemplar>)> {
    let mut bucket = (0.0, 0.0, None);
    each_field(message, |field, value| {
        match (field, value) {
            (1, Field::Varint(count)) => bucket.1 = count as f64,
            (2, Field::Fixed64(bits)) => bucket.0 = f64::from_bits(bits),
            (3, Field::Bytes(message)) => bucket.2 = Some(exemplar(message)?),
            (4, Field::Fixed64(bits)) => bucket.1 = f64::from_bits(bits),
            _ => {}
        }
        Ok(())
    })?;
    Ok(bucket)
}

fn read(message: &[u8]) -> Read<Histogram> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err("a histogram of more than 1 MiB");
    }
    let mut histogram = Histogram::default();
    each_field(message, |field, value| {
        match (field, value) {
            (1, Field::Varint(count)) => histogram.count = count as f64,
            (2, Field::Fixed64(bits)) => histogram.sum = f64::from_bits(bits),
            (3, Field::Bytes(message)) => histogram.buckets.push(bucket(message)?),
            (4, Field::Fixed64(bits)) => histogram.count = f64::from_bits(bits),
            (5, Field::Varint(schema)) => histogram.schema = unzigzag(schema) as i32,
            (6, Field::Fixed64(bits)) => histogram.zero_threshold = f64::from_bits(bits),
            (7, Field::Varint(count)) => histogram.zero_count = count as f64,
            (8, Field::Fixed64(bits)) => histogram.zero_count = f64::from_bits(bits),
            (9, value) => span(value, &mut histogram.negative.spans)?,
            (10, value) => integers(&mut histogram.negative.deltas, value)?,
            (11, value) => doubles(&mut histogram.negative.floats, value)?,
            (12, value) => span(value, &mut histogram.positive.spans)?,
            (13, value) => integers(&mut histogram.positive.deltas, value)?,
            (14, value) => doubles(&mut histogram.positive.floats, value)?,
            (16, Field::Bytes(message)) => histogram.exemplar = Some(exemplar(message)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(histogram)
}

fn is_whole(number: f64) -> bool {
    (0.0..=EXACT_MAX).contains(&number) && number.fract() == 0.0
}

/// As it is kept: a whole number, or the bits of a double.
fn kept(number: f64, is_float: bool) -> u64 {
    if is_float { number.to_bits() } else { number as u64 }
}

impl Side {
    fn buckets(self, is_float: bool) -> Read<Buckets> {
        let counts = if self.floats.is_empty() {
            let mut count = 0_i64;
            let absolute = self.deltas.iter().map(|delta| {
                count = count.checked_add(*delta)?;
                let count = u64::try_from(count).ok()?;
                Some(if is_float { (count as f64).to_bits() } else { count })
            });
            absolute.collect::<Option<_>>().ok_or("a histogram with a negative count")?
        } else {
            self.floats.into_iter().map(|count| kept(count, is_float)).collect()
        };
        Ok(Buckets { spans: self.spans, counts })
    }
}

impl Histogram {
    /// As Prometheus tells it: one that says anything of native buckets.
    fn is_native(&self) -> bool {
        let has_buckets = !self.positive.spans.is_empty() || !self.negative.spans.is_empty();
        has_buckets || self.zero_threshold > 0.0 || self.zero_count > 0.0
    }

    fn native(self, start: &Start<'_>) -> Read<Line> {
        let mut counts = [self.count, self.zero_count].into_iter().chain(self.positive.floats.iter().copied());
        let is_float = !(counts.all(is_whole) && self.negative.floats.iter().copied().all(is_whole));
        let native = NativeHistogram {
            form: HistogramForm { is_float, is_gauge: false },
            schema: self.schema,
            count: kept(self.count, is_float),
            sum: self.sum,
            zero_threshold: self.zero_threshold,
            zero_count: kept(self.zero_count, is_float),
            positive: self.positive.buckets(is_float)?,
            negative: self.negative.buckets(is_float)?,
            ..NativeHistogram::default()
        };
        let exemplar = self.exemplar.or_else(|| self.buckets.into_iter().find_map(|(.., exemplar)| exemplar));
        Ok(Line { exemplar, histogram: Some(Box::new(native)), ..start.line("", None, 0.0) })
    }
}

/// The samples of one histogram.
pub(super) fn lines(start: &Start<'_>, message: &[u8], with_classic: bool, found: &mut dyn FnMut(Line)) -> Read<()> {
    let histogram = read(message)?;
    let is_native = histogram.is_native();
    if !is_native || (with_classic && !histogram.buckets.is_empty()) {
        let has_end = histogram.buckets.iter().any(|(bound, ..)| *bound == f64::INFINITY);
        for (upper, count, exemplar) in &histogram.buckets {
            let line = start.line("_bucket", Some(("le", bound(*upper))), *count);
            found(Line { exemplar: exemplar.clone(), ..line });
        }
        if !has_end {
            found(start.line("_bucket", Some(("le", bound(f64::INFINITY))), histogram.count));
        }
        found(start.line("_sum", None, histogram.sum));
        found(start.line("_count", None, histogram.count));
    }
    if is_native {
        found(histogram.native(start)?);
    }
    Ok(())
}
