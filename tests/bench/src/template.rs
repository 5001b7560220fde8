//! A request that is encoded once and made fresh before each send.
//!
//! Owns the marks: byte patterns that the corpus writes where ids, times and values go, and that no text or
//! small number contains. Owns the arithmetic of ids too, so that spans of one trace in different requests agree,
//! and who acknowledged a request can name its traces. Never touches a socket.

use crate::random::{Random, mix};

const TRACE_MARK: [u8; 8] = [0xf7, 0x9b, 0xe3, 0xa5, 0xf1, 0x9d, 0xeb, 0x8c];
const TRACE_MARK_END: [u8; 4] = [0xfd, 0x97, 0xb1, 0xe6];
const SPAN_MARK: [u8; 4] = [0xfb, 0x93, 0xed, 0xa1];
const TIME_MARK: [u8; 4] = [0xf9, 0x95, 0xe9, 0xa9];
const VALUE_MARK: [u8; 4] = [0xf5, 0x99, 0xef, 0xb9];
/// A five-byte varint, so that every request number takes the same place.
const REQUEST_BASE: u64 = 1 << 28;
/// The varint of the number that [`request_mark`] gives.
const REQUEST_MARK: [u8; 5] = [0xf3, 0x9f, 0xe7, 0xad, 0x7b];

/// A trace id that stands for trace `slot` of any round.
#[must_use]
pub fn trace_mark(slot: u32) -> Vec<u8> {
    [TRACE_MARK.as_slice(), &slot.to_le_bytes(), &TRACE_MARK_END].concat()
}

/// A span id that stands for span `slot` of any round.
#[must_use]
pub fn span_mark(slot: u32) -> Vec<u8> {
    [SPAN_MARK, slot.to_le_bytes()].concat()
}

/// A time so many microseconds after the round's.
#[must_use]
pub const fn time_mark(after_micros: u32) -> u64 {
    marked(TIME_MARK, after_micros)
}

/// A 64-bit fixed value that is computed for each send; `index` is its number in [`Template::values`].
#[must_use]
pub const fn value_mark(index: u32) -> u64 {
    marked(VALUE_MARK, index)
}

const fn marked(mark: [u8; 4], value: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (mark, value.to_le_bytes());
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

/// An integer that stands for the number of the request.
#[must_use]
pub const fn request_mark() -> i64 {
    let mut value = 0;
    let mut at = 5;
    while at > 0 {
        at -= 1;
        value = (value << 7) | (REQUEST_MARK[at] & 0x7f) as i64;
    }
    value
}

/// What the integer attribute of a request's spans is, by the request's number.
#[must_use]
pub const fn request_value(request: u64) -> u64 {
    REQUEST_BASE + request
}

/// Bits of [`numbered_value`] that are the item's.
pub const ITEM_BITS: u32 = 20;

/// What [`Motion::Numbered`] writes: who reads it back knows which point of which request it is.
#[must_use]
pub const fn numbered_value(request: u64, item: u32) -> u64 {
    (request_value(request) << ITEM_BITS) | item as u64
}

/// One pass over all templates: what is fresh about it.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    pub seed: u64,
    /// Nanoseconds since the epoch; marks are relative to it.
    pub base_time: u64,
}

impl Round {
    /// The id of a trace of this round.
    #[must_use]
    pub fn trace_id(&self, slot: u32) -> [u8; 16] {
        let low = mix(self.seed, u64::from(slot) << 1);
        let high = mix(self.seed ^ 0x5851_f42d_4c95_7f2d, (u64::from(slot) << 1) | 1);
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }

    /// The id of a span of this round.
    #[must_use]
    pub fn span_id(&self, slot: u32) -> [u8; 8] {
        mix(self.seed ^ 0x1405_7b7e_f767_814f, u64::from(slot)).to_be_bytes()
    }
}

/// A patch: where, and what is written there.
type Patch = (u32, u32);

/// A request's bytes and where to make them fresh.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Vec<u8>,
    /// Spans, points or log records.
    pub items: u32,
    trace_ids: Vec<Patch>,
    span_ids: Vec<Patch>,
    times: Vec<Patch>,
    requests: Vec<u32>,
    values: Vec<Value>,
}

/// How a metric's value goes on.
#[derive(Clone, Copy, Debug)]
pub enum Motion {
    /// A counter of integers or doubles.
    IntegerCounter {
        step_max: u64,
    },
    DoubleCounter {
        step_max: f64,
    },
    IntegerGauge {
        around: u64,
    },
    DoubleGauge {
        around: f64,
    },
    /// The first of a histogram's marks; its `count`, `sum` and buckets have consecutive ones.
    Histogram {
        buckets: usize,
    },
    /// One of the marks that [`Motion::Histogram`] writes.
    OfHistogram,
    /// No motion: the number of the request and that of the item in it, see [`numbered_value`].
    Numbered {
        item: u32,
    },
}

#[derive(Clone, Debug)]
struct Value {
    offset: u32,
    motion: Motion,
    /// An integer, or the bits of a double.
    state: u64,
}

// === impl Template ===

impl Template {
    /// Finds the marks in an encoded request. `motions` are those of the value marks, by index.
    #[must_use]
    pub fn new(bytes: Vec<u8>, items: u32, motions: &[Motion]) -> Self {
        let mut values: Vec<Value> =
            motions.iter().map(|motion| Value { offset: 0, motion: *motion, state: 0 }).collect();
        let mut found = Self {
            items,
            trace_ids: Vec::new(),
            span_ids: Vec::new(),
            times: Vec::new(),
            requests: Vec::new(),
            values: Vec::new(),
            bytes: Vec::new(),
        };
        let mut at = 0;
        while at + 5 <= bytes.len() {
            // Every mark begins with a byte from 0xf3 up; nothing else of OTLP often does.
            if bytes[at] < 0xf3 {
                at += 1;
                continue;
            }
            at += found.mark_at(&bytes, at, &mut values).max(1);
        }
        found.bytes = bytes;
        found.values = values;
        found
    }

    /// Notes the mark at a place and gives its length, 0 for none.
    fn mark_at(&mut self, bytes: &[u8], at: usize, values: &mut [Value]) -> usize {
        let offset = u32::try_from(at).expect("a request is far below 4 GiB");
        let rest = &bytes[at..];
        let number = |from: usize| Some(u32::from_le_bytes(rest.get(from..from + 4)?.try_into().ok()?));
        if rest.starts_with(&TRACE_MARK) && rest.get(12..16) == Some(&TRACE_MARK_END) {
            self.trace_ids.push((offset, number(8).expect("16 bytes are there")));
            return 16;
        }
        if rest.starts_with(&REQUEST_MARK) {
            self.requests.push(offset);
            return 5;
        }
        let Some(value) = number(4) else { return 0 };
        match rest[..4].try_into().expect("4 bytes are there") {
            SPAN_MARK => self.span_ids.push((offset, value)),
            TIME_MARK => self.times.push((offset, value)),
            VALUE_MARK => values[usize::try_from(value).expect("an index")].offset = offset,
            _ => return 0,
        }
        8
    }

    /// The request as it is now.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The slots of the traces that this request has spans of, one entry a span.
    pub fn trace_slots(&self) -> impl ExactSizeIterator<Item = u32> {
        self.trace_ids.iter().map(|(_, slot)| *slot)
    }

    /// How many marks of each kind there are: trace ids, span ids, times, request numbers, values.
    #[must_use]
    pub fn marks(&self) -> [usize; 5] {
        [self.trace_ids.len(), self.span_ids.len(), self.times.len(), self.requests.len(), self.values.len()]
    }

    /// Writes this round's ids and times, this request's number, and new values.
    pub fn freshen(&mut self, round: &Round, request: u64, random: &mut Random) {
        let bytes = self.bytes.as_mut_slice();
        for (offset, slot) in &self.trace_ids {
            put(bytes, *offset, round.trace_id(*slot));
        }
        for (offset, slot) in &self.span_ids {
            put(bytes, *offset, round.span_id(*slot));
        }
        for (offset, after_micros) in &self.times {
            // The low digits of a clock are as random as ids; a file without them would be too small. What happens at one time has the
            // same: a process tells all its points the time of their collection.
            let jitter = mix(round.seed, u64::from(*after_micros));
            put(bytes, *offset, (round.base_time + u64::from(*after_micros) * 1000 + jitter % 1000).to_le_bytes());
        }
        let number = varint(request_value(request));
        for offset in &self.requests {
            put(bytes, *offset, number);
        }
        move_values(bytes, &mut self.values, random, request);
    }
}

fn put<const N: usize>(bytes: &mut [u8], offset: u32, value: [u8; N]) {
    let at = usize::try_from(offset).expect("an offset fits");
    bytes[at..at + N].copy_from_slice(&value);
}

fn varint(mut value: u64) -> [u8; 5] {
    let mut bytes = [0x80; 5];
    for byte in &mut bytes {
        *byte |= u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
    }
    bytes[4] &= 0x7f;
    bytes
}

#[allow(clippy::cast_precision_loss, reason = "made-up values")]
fn move_values(bytes: &mut [u8], values: &mut [Value], random: &mut Random, request: u64) {
    let mut index = 0;
    while index < values.len() {
        let value = &mut values[index];
        value.state = match value.motion {
            Motion::IntegerCounter { step_max } => value.state + random.below(step_max),
            Motion::DoubleCounter { step_max } => {
                (f64::from_bits(value.state) + random.fraction() * step_max).to_bits()
            }
            Motion::IntegerGauge { around } => around + random.below(around / 8 + 2),
            Motion::DoubleGauge { around } => (around * (0.9 + 0.2 * random.fraction())).to_bits(),
            Motion::Histogram { buckets } => {
                move_histogram(bytes, &mut values[index..index + 2 + buckets], random);
                index += 2 + buckets;
                continue;
            }
            Motion::OfHistogram => value.state,
            Motion::Numbered { item } => numbered_value(request, item),
        };
        put(bytes, value.offset, value.state.to_le_bytes());
        index += 1;
    }
}

/// A few observations, most of them in the lower middle, as latencies are.
#[allow(clippy::cast_precision_loss, reason = "made-up values")]
fn move_histogram(bytes: &mut [u8], values: &mut [Value], random: &mut Random) {
    let (totals, buckets) = values.split_at_mut(2);
    for _ in 0..random.below(6) {
        let bucket = (random.index(buckets.len()) + random.index(buckets.len())) / 2;
        buckets[bucket].state += 1;
        totals[0].state += 1;
        totals[1].state = (f64::from_bits(totals[1].state) + bucket as f64 * random.fraction()).to_bits();
    }
    for value in values {
        put(bytes, value.offset, value.state.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_and_replaced_in_place() {
        let request = u64::try_from(request_mark()).unwrap();
        let bytes = [
            b"\x0a\x10".as_slice(),
            &trace_mark(3),
            b"\x12\x08",
            &span_mark(9),
            b"\x39",
            &time_mark(5).to_le_bytes(),
            b"\x18",
            &varint(request),
            b"\x31",
            &value_mark(0).to_le_bytes(),
        ]
        .concat();
        let mut template = Template::new(bytes.clone(), 1, &[Motion::IntegerCounter { step_max: 5 }]);
        assert_eq!(template.marks(), [1, 1, 1, 1, 1]);
        let round = Round { seed: 11, base_time: 1_000_000 };
        template.freshen(&round, 77, &mut Random::new(1));
        let fresh = template.bytes();
        assert_eq!(fresh.len(), bytes.len());
        assert_eq!(fresh[2..18], round.trace_id(3));
        assert_eq!(fresh[20..28], round.span_id(9));
        let time = u64::from_le_bytes(fresh[29..37].try_into().unwrap());
        assert_eq!(time / 1000, 1_005);
        assert_eq!(fresh[38..43], varint(request_value(77)));
        assert!(u64::from_le_bytes(fresh[44..52].try_into().unwrap()) < 5);
    }
}
