//! Prometheus's protobuf format: `io.prometheus.client.MetricFamily` messages, each with its length before it. The only
//! one that native histograms come in.
//!
//! Read straight from the wire: a few bytes can stand for a large struct, so nothing is built of what has not been
//! looked at. What has no line and column is told by the number of its family and its name.

mod histogram;
mod wire;

use spanlake_schemas::prometheus::{Family, MetricType};

use super::{ExpositionError, Line, LineExemplar};
use wire::{Field, Read, each_field, text};

/// Labels of one sample; more are no one's.
const LABELS_MAX: usize = 4096;

type Labels = Vec<(String, String)>;

/// What of a family is known before its metrics are read.
struct Head<'a> {
    name: &'a str,
    help: &'a str,
    unit: &'a str,
    kind: MetricType,
}

/// Reads a body; each sample goes to `found` with the family that it belongs to.
pub(super) fn read<E: From<ExpositionError>>(
    body: &[u8],
    with_classic: bool,
    mut found: impl FnMut(Line, &Family<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut rest, mut number) = (body, 0);
    while !rest.is_empty() {
        number += 1;
        let wrong = |message: String| ExpositionError { line: number, column: 1, message };
        let message = wire::varint(&mut rest)
            .and_then(|length| wire::take(&mut rest, length))
            .map_err(|fault| wrong(format!("family {number}: {fault}")))?;
        let head = head(message).map_err(|fault| wrong(format!("family {number}: {fault}")))?;
        let family = Family { name: head.name, kind: head.kind, help: head.help, unit: head.unit };
        let mut refused = None;
        let read = each_field(message, |field, value| match (field, value) {
            (4, Field::Bytes(metric)) => lines(metric, &head, with_classic, &mut |line| {
                if refused.is_none() {
                    refused = found(line, &family).err();
                }
            }),
            _ => Ok(()),
        });
        read.map_err(|fault| wrong(format!("family {number} ({}): {fault}", head.name)))?;
        if let Some(error) = refused {
            return Err(error);
        }
    }
    Ok(())
}

fn head(message: &[u8]) -> Read<Head<'_>> {
    let mut head = Head { name: "", help: "", unit: "", kind: MetricType::Counter };
    each_field(message, |field, value| {
        match (field, value) {
            (1, Field::Bytes(name)) => head.name = text(name)?,
            (2, Field::Bytes(help)) => head.help = text(help)?,
            (5, Field::Bytes(unit)) => head.unit = text(unit)?,
            (3, Field::Varint(kind)) => {
                head.kind = match kind {
                    0 => MetricType::Counter,
                    1 => MetricType::Gauge,
                    2 => MetricType::Summary,
                    4 => MetricType::Histogram,
                    5 => MetricType::GaugeHistogram,
                    _ => MetricType::Unknown,
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    if head.name.is_empty() { Err("a family without a name") } else { Ok(head) }
}

/// `Metric`: its labels and time first, then the samples that it stands for.
fn lines(metric: &[u8], head: &Head<'_>, with_classic: bool, found: &mut dyn FnMut(Line)) -> Read<()> {
    let (mut labels, mut time_ms) = (Labels::new(), None);
    each_field(metric, |field, value| {
        match (field, value) {
            (1, Field::Bytes(pair)) if labels.len() < LABELS_MAX => labels.push(label(pair)?),
            (1, _) => return Err("more than 4096 labels"),
            (6, Field::Varint(time)) => time_ms = Some(time.cast_signed()),
            _ => {}
        }
        Ok(())
    })?;
    let start = Start { head, labels, time_ms };
    each_field(metric, |field, value| match (field, value) {
        (2 | 5, Field::Bytes(number)) => start.number(number, found),
        (3, Field::Bytes(counter)) => start.counter(counter, found),
        (4, Field::Bytes(summary)) => start.summary(summary, found),
        (7, Field::Bytes(message)) => histogram::lines(&start, message, with_classic, found),
        _ => Ok(()),
    })
}

/// What all samples of a metric have.
struct Start<'a> {
    head: &'a Head<'a>,
    labels: Labels,
    time_ms: Option<i64>,
}

impl Start<'_> {
    fn line(&self, suffix: &str, own: Option<(&str, String)>, value: f64) -> Line {
        let mut labels = self.labels.clone();
        labels.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Line { name: format!("{}{suffix}", self.head.name), labels, value, time_ms: self.time_ms, ..Line::default() }
    }

    /// `Gauge` and `Untyped`.
    fn number(&self, message: &[u8], found: &mut dyn FnMut(Line)) -> Read<()> {
        let mut value = 0.0;
        each_field(message, |field, of| {
            if let (1, Field::Fixed64(bits)) = (field, of) {
                value = f64::from_bits(bits);
            }
            Ok(())
        })?;
        found(self.line("", None, value));
        Ok(())
    }

    fn counter(&self, message: &[u8], found: &mut dyn FnMut(Line)) -> Read<()> {
        let (mut value, mut with_exemplar) = (0.0, None);
        each_field(message, |field, of| {
            match (field, of) {
                (1, Field::Fixed64(bits)) => value = f64::from_bits(bits),
                (2, Field::Bytes(message)) => with_exemplar = Some(exemplar(message)?),
                _ => {}
            }
            Ok(())
        })?;
        found(Line { exemplar: with_exemplar, ..self.line("", None, value) });
        Ok(())
    }

    fn summary(&self, message: &[u8], found: &mut dyn FnMut(Line)) -> Read<()> {
        let (mut count, mut sum) = (0, 0.0);
        each_field(message, |field, of| {
            match (field, of) {
                (1, Field::Varint(number)) => count = number,
                (2, Field::Fixed64(bits)) => sum = f64::from_bits(bits),
                (3, Field::Bytes(quantile)) => {
                    let mut pair = [0.0; 2];
                    each_field(quantile, |field, of| {
                        if let (1 | 2, Field::Fixed64(bits)) = (field, of) {
                            pair[field as usize - 1] = f64::from_bits(bits);
                        }
                        Ok(())
                    })?;
                    found(self.line("", Some(("quantile", bound(pair[0]))), pair[1]));
                }
                _ => {}
            }
            Ok(())
        })?;
        found(self.line("_sum", None, sum));
        found(self.line("_count", None, count as f64));
        Ok(())
    }
}

/// `LabelPair`
fn label(message: &[u8]) -> Read<(String, String)> {
    let mut pair = [""; 2];
    each_field(message, |field, value| {
        if let (1 | 2, Field::Bytes(bytes)) = (field, value) {
            pair[field as usize - 1] = text(bytes)?;
        }
        Ok(())
    })?;
    Ok((pair[0].to_owned(), pair[1].to_owned()))
}

/// `Exemplar`, with a `google.protobuf.Timestamp`.
fn exemplar(message: &[u8]) -> Read<LineExemplar> {
    let mut exemplar = LineExemplar::default();
    each_field(message, |field, value| {
        match (field, value) {
            (1, Field::Bytes(pair)) if exemplar.labels.len() < 64 => exemplar.labels.push(label(pair)?),
            (2, Field::Fixed64(bits)) => exemplar.value = f64::from_bits(bits),
            (3, Field::Bytes(time)) => {
                let mut parts = [0_i64; 2];
                each_field(time, |field, value| {
                    if let (1 | 2, Field::Varint(number)) = (field, value) {
                        parts[field as usize - 1] = number.cast_signed();
                    }
                    Ok(())
                })?;
                exemplar.time_ms = Some(parts[0].saturating_mul(1000).saturating_add(parts[1] / 1_000_000));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(exemplar)
}

/// A bound or quantile as Prometheus's own reader of this format writes it: `1.0`, `0.25`, `+Inf`.
fn bound(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => {
            let text = value.to_string();
            if text.contains(['.', 'N']) { text } else { text + ".0" }
        }
    }
}
