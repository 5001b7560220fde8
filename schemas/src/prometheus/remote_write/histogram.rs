//! The `Histogram` message, which both versions share.

use crate::otlp::wire::{Reader, Wire, unzigzag};
use crate::prometheus::{Buckets, HistogramForm, NativeHistogram};

/// A larger message is refused unread: its numbers take eight times as much.
const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Integers up to here are exact as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// `ResetHint.GAUGE`. Other hints are found out again.
const GAUGE: u64 = 3;

/// Buckets as they are on the wire: integers as differences, or plain doubles.
#[derive(Default)]
struct Side {
    spans: Vec<(i32, u32)>,
    deltas: Vec<i64>,
    floats: Vec<f64>,
}

const fn unzigzag64(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

fn is_whole(float: f64) -> bool {
    (0.0..=EXACT_MAX).contains(&float) && float.fract() == 0.0
}

/// A double as it is kept: a whole number, or its bits.
fn kept(float: f64, is_float: bool) -> u64 {
    if is_float { float.to_bits() } else { float as u64 }
}

impl Side {
    fn buckets(self, is_float: bool) -> Result<Buckets, &'static str> {
        let counts = if self.floats.is_empty() {
            let mut count = 0_i64;
            let absolute = self.deltas.iter().map(|delta| {
                count = count.checked_add(*delta)?;
                let count = u64::try_from(count).ok()?;
                Some(if is_float { (count as f64).to_bits() } else { count })
            });
            absolute.collect::<Option<Vec<u64>>>().ok_or("a histogram with a negative count")?
        } else {
            self.floats.into_iter().map(|count| kept(count, is_float)).collect()
        };
        Ok(Buckets { spans: self.spans, counts })
    }
}

fn span(message: &[u8]) -> Wire<(i32, u32)> {
    let (mut offset, mut length) = (0, 0);
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x08 => offset = unzigzag(reader.varint()?),
            0x10 => length = reader.varint()? as u32,
            other => reader.skip(other, 0b110)?,
        }
    }
    Ok((offset, length))
}

fn packed_deltas(into: &mut Vec<i64>, packed: &[u8]) -> Wire<()> {
    let mut reader = Reader::new(packed);
    while !reader.is_empty() {
        into.push(unzigzag64(reader.varint()?));
    }
    Ok(())
}

fn packed_doubles(into: &mut Vec<f64>, packed: &[u8]) -> Wire<()> {
    let mut reader = Reader::new(packed);
    while !reader.is_empty() {
        into.push(reader.double()?);
    }
    Ok(())
}

/// Reads one; the inner error says why it is left out.
pub(super) fn read(message: &[u8]) -> Wire<Result<NativeHistogram, &'static str>> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Ok(Err("a histogram of more than 1 MiB"));
    }
    let mut histogram = NativeHistogram::default();
    let (mut float_count, mut float_zero_count) = (None, None);
    let (mut positive, mut negative) = (Side::default(), Side::default());
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x08 => histogram.count = reader.varint()?,
            0x11 => float_count = Some(reader.double()?),
            0x19 => histogram.sum = reader.double()?,
            0x20 => histogram.schema = unzigzag(reader.varint()?),
            0x29 => histogram.zero_threshold = reader.double()?,
            0x30 => histogram.zero_count = reader.varint()?,
            0x39 => float_zero_count = Some(reader.double()?),
            0x42 => negative.spans.push(span(reader.bytes()?)?),
            0x48 => negative.deltas.push(unzigzag64(reader.varint()?)),
            0x4a => packed_deltas(&mut negative.deltas, reader.bytes()?)?,
            0x51 => negative.floats.push(reader.double()?),
            0x52 => packed_doubles(&mut negative.floats, reader.bytes()?)?,
            0x5a => positive.spans.push(span(reader.bytes()?)?),
            0x60 => positive.deltas.push(unzigzag64(reader.varint()?)),
            0x62 => packed_deltas(&mut positive.deltas, reader.bytes()?)?,
            0x69 => positive.floats.push(reader.double()?),
            0x6a => packed_doubles(&mut positive.floats, reader.bytes()?)?,
            0x70 => histogram.form.is_gauge = reader.varint()? == GAUGE,
            0x78 => histogram.time_ms = reader.varint()?.cast_signed(),
            0x81 => histogram.custom_bounds.push(reader.double()?),
            0x82 => packed_doubles(&mut histogram.custom_bounds, reader.bytes()?)?,
            0x88 => histogram.start_ms = reader.varint()?.cast_signed(),
            other => reader.skip(other, 0x3_fffe)?,
        }
    }
    Ok((|| {
        if histogram.is_stale() {
            histogram.form = HistogramForm::default();
            return Ok(histogram);
        }
        let mut floats = positive.floats.iter().chain(&negative.floats).chain(&float_count).chain(&float_zero_count);
        let is_float = floats.any(|count| !is_whole(*count));
        histogram.form.is_float = is_float;
        let whole = |count: u64| if is_float { (count as f64).to_bits() } else { count };
        histogram.count = float_count.map_or(whole(histogram.count), |count| kept(count, is_float));
        histogram.zero_count = float_zero_count.map_or(whole(histogram.zero_count), |count| kept(count, is_float));
        histogram.positive = positive.buckets(is_float)?;
        histogram.negative = negative.buckets(is_float)?;
        Ok(histogram)
    })())
}
