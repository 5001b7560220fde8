//! What a target says, in Prometheus's text format (0.0.4), OpenMetrics (1.0) or protobuf: from bytes to samples, with
//! the place of whatever is wrong.
//!
//! Pure. The two text formats have the same lines; what they differ in (comments that mean something, times, the end)
//! is told by [`Format`]. Never decides which sample is wanted.

mod cursor;
mod lines;
mod protobuf;
#[cfg(test)]
mod tests;

use spanlake_schemas::prometheus::{FamiliesMemory, Family, MetricType, NativeHistogram};

use cursor::Cursor;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    OpenMetrics,
    Protobuf,
}

impl Format {
    /// By the content type. A target that says something else, or nothing, mostly means the plain one.
    pub(super) fn of(content_type: &str) -> Self {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "application/openmetrics-text" => Self::OpenMetrics,
            "application/vnd.google.protobuf" => Self::Protobuf,
            _ => Self::Text,
        }
    }
}

/// What is wrong, and where, both from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub(super) struct ExpositionError {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

/// One sample as it stands there.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    /// Milliseconds since 1970, where the target says it.
    pub(super) time_ms: Option<i64>,
    pub(super) exemplar: Option<LineExemplar>,
    /// In place of the value.
    pub(super) histogram: Option<Box<NativeHistogram>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct LineExemplar {
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    pub(super) time_ms: Option<i64>,
}

/// Reads a body; each sample goes to `found` with the family that it belongs to. `with_classic` asks for the classic
/// buckets of histograms that have native ones as well.
///
/// # Errors
/// At the first thing that is wrong, or that `found` refuses. What was found before is the caller's to forget.
pub(super) fn read<E: From<ExpositionError>>(
    format: Format,
    with_classic: bool,
    body: &[u8],
    mut found: impl FnMut(Line, &Family<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if format == Format::Protobuf {
        return protobuf::read(body, with_classic, found);
    }
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, error.valid_up_to()))?;
    let mut families = FamiliesMemory::default();
    let mut is_ended = false;
    let mut number = 0;
    for line in text.split_terminator('\n') {
        number += 1;
        let mut cursor = Cursor::new(line.strip_suffix('\r').unwrap_or(line), number);
        if is_ended {
            return Err(cursor.fault("something stands behind # EOF").into());
        }
        cursor.skip_spaces();
        if cursor.is_at_end() {
            if format == Format::OpenMetrics {
                return Err(cursor.fault("an empty line").into());
            }
        } else if cursor.take("#") {
            is_ended = lines::comment(&mut cursor, format, &mut families)?;
        } else {
            let sample = lines::sample(&mut cursor, format)?;
            let name = sample.name.clone();
            let family = family_of(&families, &name);
            found(sample, &family)?;
        }
    }
    if format == Format::OpenMetrics && !is_ended {
        let message = "# EOF is missing: the answer was cut short".to_owned();
        return Err(ExpositionError { line: number + 1, column: 1, message }.into());
    }
    Ok(())
}

fn family_of<'a>(families: &'a FamiliesMemory, name: &'a str) -> Family<'a> {
    let family = families.family_of(name);
    // When counting began is a time, whatever it is that is counted.
    if name.ends_with("_created") && family.name.len() < name.len() {
        return Family { name, kind: MetricType::Gauge, help: family.help, unit: "" };
    }
    family
}

fn not_utf8(body: &[u8], at: usize) -> ExpositionError {
    let before = &body[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[begin..]).chars().count() + 1;
    ExpositionError { line, column, message: "text that is not UTF-8".to_owned() }
}
