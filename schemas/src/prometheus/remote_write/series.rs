//! The `TimeSeries` messages: labels and description first, then each sample as it is read.

use super::histogram;
use super::symbols::Symbols;
use crate::otlp::wire::{Reader, Wire};
use crate::prometheus::{
    Exemplar, FamiliesMemory, Family, MetricType, NAME_LABEL, RequestBuilder, Sample, SeriesWriter,
};

/// More labels than any series has; each takes sixteen times of what it can take on the wire.
const LABELS_MAX: usize = 4096;
/// Room that is made at once.
const USUAL_LABELS_MAX: usize = 16;
/// Exemplars of one series in one request, and labels of each; more are left out.
const EXEMPLARS_MAX: usize = 1024;
const EXEMPLAR_LABELS_MAX: usize = 64;

/// What is looked at before the samples.
#[derive(Default)]
struct Head<'a> {
    labels: Vec<(&'a str, &'a str)>,
    exemplars: Vec<Exemplar<'a>>,
    /// Samples and histograms.
    items: u64,
    family: Family<'a>,
    start_ms: i64,
    fault: Option<&'static str>,
}

impl<'a> Head<'a> {
    fn name(&self) -> &'a str {
        self.labels.iter().find(|(name, _)| *name == NAME_LABEL).map(|(_, value)| *value).unwrap_or_default()
    }

    fn label(&mut self, pair: Result<(&'a str, &'a str), &'static str>) {
        if self.labels.is_empty() {
            self.labels.reserve(USUAL_LABELS_MAX);
        }
        match pair {
            _ if self.labels.len() >= LABELS_MAX => self.fault = Some("a series with more than 4096 labels"),
            Ok(pair) => self.labels.push(pair),
            Err(fault) => self.fault = Some(fault),
        }
    }

    fn exemplar(&mut self, exemplar: Result<Exemplar<'a>, &'static str>) {
        if let Ok(exemplar) = exemplar
            && self.exemplars.len() < EXEMPLARS_MAX
        {
            self.exemplars.push(exemplar);
        }
    }

    /// Begins the series; notes why where it may not be.
    fn begin<'b>(&self, family: &Family<'a>, into: &'b mut RequestBuilder) -> Option<SeriesWriter<'b, 'a>> {
        let begun = match self.fault {
            Some(fault) => Err(fault.to_owned()),
            None => into.begin(&self.labels, family).map_err(|fault| fault.to_string()),
        };
        match begun {
            Ok(series) => Some(into.writer(series)),
            Err(fault) => {
                into.tally.reject(&fault, self.name(), self.items.max(1));
                None
            }
        }
    }
}

fn text(bytes: &[u8]) -> Result<&str, &'static str> {
    std::str::from_utf8(bytes).map_err(|_| "text that is not UTF-8")
}

/// `Label`
fn pair(message: &[u8]) -> Wire<Result<(&str, &str), &'static str>> {
    let (mut name, mut value): (&[u8], &[u8]) = (&[], &[]);
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => name = reader.bytes()?,
            0x12 => value = reader.bytes()?,
            other => reader.skip(other, 0b110)?,
        }
    }
    Ok(text(name).and_then(|name| Ok((name, text(value)?))))
}

/// `Exemplar` of 1.0
fn exemplar_one(message: &[u8]) -> Wire<Result<Exemplar<'_>, &'static str>> {
    let mut exemplar = Exemplar::default();
    let mut fault = None;
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => match pair(reader.bytes()?)? {
                Ok(pair) if exemplar.labels.len() < EXEMPLAR_LABELS_MAX => exemplar.labels.push(pair),
                Ok(_) => {}
                Err(reason) => fault = Some(reason),
            },
            0x11 => exemplar.value = reader.double()?,
            0x18 => exemplar.time_ms = reader.varint()?.cast_signed(),
            other => reader.skip(other, 0b1110)?,
        }
    }
    Ok(fault.map_or(Ok(exemplar), Err))
}

/// A repeated number that may come packed or one by one: calls for each.
fn each_reference(reader: &mut Reader<'_>, key: u32, mut found: impl FnMut(u64)) -> Wire<()> {
    if key & 7 == 0 {
        found(reader.varint()?);
        return Ok(());
    }
    let mut packed = Reader::new(reader.bytes()?);
    while !packed.is_empty() {
        found(packed.varint()?);
    }
    Ok(())
}

/// Pairs of references as pairs of texts.
#[derive(Default)]
struct Pairs {
    name: Option<u64>,
}

impl Pairs {
    fn add<'a>(&mut self, reference: u64, symbols: &Symbols<'a>) -> Option<Result<(&'a str, &'a str), &'static str>> {
        match self.name.take() {
            None => {
                self.name = Some(reference);
                None
            }
            Some(name) => Some(symbols.get(name).and_then(|name| Ok((name, symbols.get(reference)?)))),
        }
    }
}

/// `Exemplar` of 2.0
fn exemplar_two<'a>(message: &[u8], symbols: &Symbols<'a>) -> Wire<Result<Exemplar<'a>, &'static str>> {
    let mut exemplar = Exemplar::default();
    let (mut fault, mut pairs) = (None, Pairs::default());
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x08 | 0x0a => each_reference(&mut reader, key, |reference| match pairs.add(reference, symbols) {
                Some(Ok(pair)) if exemplar.labels.len() < EXEMPLAR_LABELS_MAX => exemplar.labels.push(pair),
                Some(Err(reason)) => fault = Some(reason),
                _ => {}
            })?,
            0x11 => exemplar.value = reader.double()?,
            0x18 => exemplar.time_ms = reader.varint()?.cast_signed(),
            other => reader.skip(other, 0b1110)?,
        }
    }
    Ok(fault.map_or(Ok(exemplar), Err))
}

/// `Metadata` of 2.0
fn described<'a>(message: &[u8], symbols: &Symbols<'a>) -> Wire<Result<Family<'a>, &'static str>> {
    let (mut kind, mut help, mut unit) = (0, 0, 0);
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x08 => kind = reader.varint()?,
            0x18 => help = reader.varint()?,
            0x20 => unit = reader.varint()?,
            other => reader.skip(other, 0b1_1010)?,
        }
    }
    // Absent texts are reference 0, which senders without descriptions need not have.
    let get = |at| if at == 0 { Ok("") } else { symbols.get(at) };
    Ok(get(help).and_then(|help| Ok(Family { name: "", kind: MetricType::of_number(kind), help, unit: get(unit)? })))
}

fn sample(message: &[u8], start_ms: i64) -> Wire<Sample> {
    let mut sample = Sample { start_ms, ..Sample::default() };
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x09 => sample.value = reader.double()?,
            0x10 => sample.time_ms = reader.varint()?.cast_signed(),
            0x18 => sample.start_ms = reader.varint()?.cast_signed(),
            other => reader.skip(other, 0b1110)?,
        }
    }
    Ok(sample)
}

/// Writes samples and histograms, exemplars with the last of them. The fields' keys are those of the version.
fn items(
    message: &[u8],
    (sample_key, histogram_key): (u32, u32),
    head: &Head<'_>,
    mut writer: Option<SeriesWriter<'_, '_>>,
) -> Wire<Vec<&'static str>> {
    let (mut left, mut faults) = (head.items, Vec::new());
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        let is_item = key == sample_key || key == histogram_key;
        if !is_item {
            reader.skip(key, 0)?;
            continue;
        }
        let item = reader.bytes()?;
        left -= 1;
        let exemplars = if left == 0 { &head.exemplars[..] } else { &[] };
        // What is left out must be well formed all the same.
        if key == sample_key {
            let sample = sample(item, head.start_ms)?;
            if let Some(writer) = &mut writer {
                writer.sample(&sample, exemplars);
            }
        } else {
            match (histogram::read(item)?, &mut writer) {
                (Ok(mut histogram), Some(writer)) => {
                    if histogram.start_ms == 0 {
                        histogram.start_ms = head.start_ms;
                    }
                    writer.histogram(&histogram, exemplars);
                }
                (Err(fault), Some(_)) => faults.push(fault),
                (_, None) => {}
            }
        }
    }
    if let Some(writer) = &mut writer
        && head.items == 0
        && !head.exemplars.is_empty()
    {
        writer.exemplars(&head.exemplars);
    }
    Ok(faults)
}

fn write<'a>(
    message: &[u8],
    keys: (u32, u32),
    head: &Head<'a>,
    family: &Family<'a>,
    into: &mut RequestBuilder,
) -> Wire<()> {
    if head.items == 0 && head.exemplars.is_empty() && head.fault.is_none() {
        return Ok(());
    }
    let writer = head.begin(family, into);
    let faults = items(message, keys, head, writer)?;
    faults.into_iter().for_each(|fault| into.tally.reject(fault, head.name(), 1));
    Ok(())
}

/// `TimeSeries` of 1.0
pub(super) fn read_one(message: &[u8], families: &FamiliesMemory, into: &mut RequestBuilder) -> Wire<()> {
    let mut head = Head::default();
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => head.label(pair(reader.bytes()?)?),
            0x1a => head.exemplar(exemplar_one(reader.bytes()?)?),
            0x12 | 0x22 => {
                reader.bytes()?;
                head.items += 1;
            }
            other => reader.skip(other, 0b1_1110)?,
        }
    }
    let family = families.family_of(head.name());
    write(message, (0x12, 0x22), &head, &family, into)
}

/// `TimeSeries` of 2.0
pub(super) fn read_two(message: &[u8], symbols: &Symbols<'_>, into: &mut RequestBuilder) -> Wire<()> {
    let (mut head, mut pairs) = (Head::default(), Pairs::default());
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x08 | 0x0a => each_reference(&mut reader, key, |reference| {
                if let Some(pair) = pairs.add(reference, symbols) {
                    head.label(pair);
                }
            })?,
            0x12 | 0x1a => {
                reader.bytes()?;
                head.items += 1;
            }
            0x22 => head.exemplar(exemplar_two(reader.bytes()?, symbols)?),
            0x2a => match described(reader.bytes()?, symbols)? {
                Ok(family) => head.family = family,
                Err(fault) => head.fault = Some(fault),
            },
            0x30 => head.start_ms = reader.varint()?.cast_signed(),
            other => reader.skip(other, 0b111_1110)?,
        }
    }
    if pairs.name.is_some() {
        head.fault = Some("an odd number of label references");
    }
    let family = head.family;
    write(message, (0x12, 0x1a), &head, &family, into)
}
