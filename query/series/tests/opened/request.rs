//! What a script loads, as one request of remote write 2.0.
//!
//! Owns the message as Prometheus publishes it, written byte by byte: nothing of what reads it is used.

use std::collections::HashMap;

use spanlake_promql::histogram::{BucketSide, Histogram, ResetHint};
use spanlake_promql::labels::Labels;

/// A sample of either kind.
pub enum Value<'a> {
    Float(f64),
    Histogram(&'a Histogram),
}

/// `io.prometheus.write.v2.Request`, series by series.
pub struct Body {
    symbols: Vec<String>,
    references: HashMap<String, u64>,
    series: Vec<u8>,
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn put_number(out: &mut Vec<u8>, field: u32, number: u64) {
    varint(out, u64::from(field << 3));
    varint(out, number);
}

fn put_double(out: &mut Vec<u8>, field: u32, double: f64) {
    varint(out, u64::from(field << 3 | 1));
    out.extend_from_slice(&double.to_le_bytes());
}

fn put_bytes(out: &mut Vec<u8>, field: u32, bytes: &[u8]) {
    varint(out, u64::from(field << 3 | 2));
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn is_whole(count: f64) -> bool {
    (0.0..=9e15).contains(&count) && count.fract() == 0.0
}

impl Body {
    pub fn new() -> Self {
        Self { symbols: vec![String::new()], references: HashMap::new(), series: Vec::new() }
    }

    fn reference(&mut self, text: &str) -> u64 {
        let next = self.symbols.len() as u64;
        *self.references.entry(text.to_owned()).or_insert_with(|| {
            self.symbols.push(text.to_owned());
            next
        })
    }

    /// Adds a series: samples with their times and when counting began (0: unknown), in milliseconds.
    pub fn add(&mut self, labels: &Labels, samples: &[(i64, i64, Value<'_>)]) {
        let (mut references, mut series) = (Vec::new(), Vec::new());
        for (name, value) in labels.iter() {
            varint(&mut references, self.reference(name));
            varint(&mut references, self.reference(value));
        }
        put_bytes(&mut series, 1, &references);
        for (time, start, value) in samples {
            let mut sample = Vec::new();
            match value {
                Value::Float(float) => {
                    put_double(&mut sample, 1, *float);
                    put_number(&mut sample, 2, time.cast_unsigned());
                    put_number(&mut sample, 3, start.cast_unsigned());
                    put_bytes(&mut series, 2, &sample);
                }
                Value::Histogram(histogram) => {
                    write(&mut sample, histogram);
                    put_number(&mut sample, 15, time.cast_unsigned());
                    put_number(&mut sample, 17, start.cast_unsigned());
                    put_bytes(&mut series, 3, &sample);
                }
            }
        }
        put_bytes(&mut self.series, 5, &series);
    }

    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        self.symbols.iter().for_each(|symbol| put_bytes(&mut out, 4, symbol.as_bytes()));
        out.extend(self.series);
        out
    }
}

fn write(out: &mut Vec<u8>, histogram: &Histogram) {
    let sides = [&histogram.positive, &histogram.negative];
    let mut counts = sides.into_iter().flat_map(|side| side.iter().map(|(_, count)| count));
    let whole = is_whole(histogram.count) && is_whole(histogram.zero_count) && counts.all(is_whole);
    if whole {
        put_number(out, 1, histogram.count as u64);
        put_number(out, 6, histogram.zero_count as u64);
    } else {
        put_double(out, 2, histogram.count);
        put_double(out, 7, histogram.zero_count);
    }
    put_double(out, 3, histogram.sum);
    put_number(out, 4, zigzag(i64::from(histogram.schema)));
    put_double(out, 5, histogram.zero_threshold);
    for (first, side) in [(8, &histogram.negative), (11, &histogram.positive)] {
        write_side(out, first, side, whole);
    }
    let hint = match histogram.reset_hint {
        ResetHint::Unknown => 0,
        ResetHint::Reset => 1,
        ResetHint::NotReset => 2,
        ResetHint::Gauge => 3,
    };
    put_number(out, 14, hint);
    let bounds: Vec<u8> = histogram.custom_bounds.iter().flat_map(|bound| bound.to_le_bytes()).collect();
    put_bytes(out, 16, &bounds);
}

/// Spans, and counts as differences or as doubles, in fields that follow each other.
fn write_side(out: &mut Vec<u8>, first: u32, side: &BucketSide, whole: bool) {
    let (mut packed, mut next, mut before) = (Vec::new(), 0, 0_i64);
    for (index, count) in side.iter() {
        let mut span = Vec::new();
        put_number(&mut span, 1, zigzag(i64::from(index - next)));
        put_number(&mut span, 2, 1);
        put_bytes(out, first, &span);
        next = index + 1;
        if whole {
            varint(&mut packed, zigzag(count as i64 - before));
            before = count as i64;
        } else {
            packed.extend_from_slice(&count.to_le_bytes());
        }
    }
    if !packed.is_empty() {
        put_bytes(out, if whole { first + 1 } else { first + 2 }, &packed);
    }
}
