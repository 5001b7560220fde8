//! Series and samples gathered into one OTLP metrics request, grouped by target and metric.
//!
//! Owns what of a series becomes what of OTLP, and the size of the request: it never grows past the limit that it was
//! made with. Equal input gives equal bytes, so that a sender's retry is recognised.

use foldhash::{HashMap, HashMapExt};

use super::described::{Family, MetricType};
use super::histogram::{HistogramForm, NativeHistogram};
use super::{FAMILY_KEY, HISTOGRAM_KEY, NAME_LABEL, SCOPE, TYPE_KEY, is_stale_nan};
use crate::otlp::wire_writer::{
    close, open, put_bytes, put_fixed64, put_non_default_bytes, put_non_default_fixed64, put_non_default_varint,
};

const FORMS: [HistogramForm; 4] = [
    HistogramForm { is_float: false, is_gauge: false },
    HistogramForm { is_float: true, is_gauge: false },
    HistogramForm { is_float: false, is_gauge: true },
    HistogramForm { is_float: true, is_gauge: true },
];
/// Names quoted for each reason of a refusal.
const EXAMPLE_BYTES_MAX: usize = 80;
const CUMULATIVE: u64 = 2;

/// One number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Milliseconds since 1970.
    pub time_ms: i64,
    /// [`super::stale_nan`] ends the series.
    pub value: f64,
    /// When counting began; 0 where it is not known.
    pub start_ms: i64,
}

/// One exemplar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exemplar<'a> {
    pub labels: Vec<(&'a str, &'a str)>,
    pub value: f64,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}

/// Why a series is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelFault {
    #[error("a series without a name (__name__)")]
    NoName,
    #[error("a series with an empty label name")]
    EmptyLabelName,
    #[error("a series with a label twice")]
    Twice,
    #[error("the request grows too much as OTLP; send smaller requests")]
    TooLarge,
}

/// What was taken and what not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub samples: u64,
    pub histograms: u64,
    pub exemplars: u64,
    /// Samples and histograms that were not taken.
    pub rejected: u64,
    /// Why, with how many and an example, in the order in which they came up.
    reasons: Vec<(String, u64, String)>,
}

/// Reasons that are told apart.
const REASONS_MAX: usize = 8;

impl Tally {
    /// Notes that so many samples of a series were not taken.
    pub fn reject(&mut self, reason: &str, series: &str, samples: u64) {
        self.rejected += samples;
        if let Some(known) = self.reasons.iter_mut().find(|(known, ..)| known == reason) {
            known.1 += samples;
        } else if self.reasons.len() < REASONS_MAX {
            let example = series[..series.floor_char_boundary(EXAMPLE_BYTES_MAX)].to_owned();
            self.reasons.push((reason.to_owned(), samples, example));
        }
    }

    /// One sentence for the sender, where something was not taken.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let parts: Vec<String> = self
            .reasons
            .iter()
            .map(|(reason, count, example)| match example.as_str() {
                "" => format!("{count} rejected: {reason}"),
                example => format!("{count} rejected: {reason} (for example {example:?})"),
            })
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// How a metric is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Shape {
    Gauge = 5,
    Counter = 7,
    Histogram = 9,
    ExponentialHistogram = 10,
}

struct Metric {
    name: String,
    family: String,
    kind: MetricType,
    help: String,
    unit: String,
    shape: Shape,
    form: HistogramForm,
    /// Entries of its data, framed.
    points: Vec<u8>,
    /// Another one of the same name.
    other: Option<usize>,
}

#[derive(Default)]
struct Target {
    job: String,
    instance: String,
    metrics: Vec<Metric>,
    /// The newest of a name.
    by_name: HashMap<Box<str>, usize>,
}

/// Gathers series; [`RequestBuilder::finish`] gives the request.
pub struct RequestBuilder {
    targets: Vec<Target>,
    /// Positions of targets by job, then by instance.
    by_identity: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    bytes: usize,
    bytes_max: usize,
    pub tally: Tally,
    /// `KeyValue`s of the series at hand, and where each begins.
    attributes: Vec<u8>,
    starts: Vec<usize>,
}

/// Writes the samples of one series.
pub struct SeriesWriter<'b, 'a> {
    builder: &'b mut RequestBuilder,
    series: Series<'a>,
}

/// The series at hand.
pub(super) struct Series<'a> {
    target: usize,
    name: &'a str,
    family: Family<'a>,
}

/// `KeyValue`s of a series.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a> {
    bytes: &'a [u8],
    /// Where each begins.
    starts: &'a [usize],
}

impl<'a> Attributes<'a> {
    /// Each as its message.
    pub(super) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let ends = self.starts.iter().skip(1).copied().chain([self.bytes.len()]);
        self.starts.iter().zip(ends).map(move |(start, end)| &self.bytes[*start..end])
    }
}

/// Nanoseconds of a time that OTLP can carry.
pub(super) fn nanoseconds(time_ms: i64) -> Option<u64> {
    u64::try_from(time_ms.checked_mul(1_000_000)?).ok()
}

fn put_text_attribute(out: &mut Vec<u8>, number: u32, key: &str, value: &str) {
    let entry = open(out, number);
    put_text_pair(out, key, value);
    close(out, entry);
}

fn put_text_pair(out: &mut Vec<u8>, key: &str, value: &str) {
    put_bytes(out, 1, key.as_bytes());
    let any = open(out, 2);
    put_bytes(out, 1, value.as_bytes());
    close(out, any);
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        // Capital letters would come back as small ones.
        if text[2 * at..2 * at + 2].bytes().any(|digit| !matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return None;
        }
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    (bytes != [0; N]).then_some(bytes)
}

// === impl Exemplar ===

impl Exemplar<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>, number: u32) {
        let exemplar = open(out, number);
        put_non_default_fixed64(out, 2, nanoseconds(self.time_ms).unwrap_or_default());
        put_fixed64(out, 3, self.value.to_bits());
        for (name, value) in &self.labels {
            match *name {
                "trace_id" if from_hex::<16>(value).is_some() => {
                    put_bytes(out, 5, &from_hex::<16>(value).unwrap_or_default());
                }
                "span_id" if from_hex::<8>(value).is_some() => {
                    put_bytes(out, 4, &from_hex::<8>(value).unwrap_or_default());
                }
                _ => put_text_attribute(out, 7, name, value),
            }
        }
        close(out, exemplar);
    }
}

// === impl RequestBuilder ===

impl RequestBuilder {
    /// A request of at most so many bytes.
    #[must_use]
    pub fn new(bytes_max: u64) -> Self {
        Self {
            targets: Vec::new(),
            by_identity: HashMap::new(),
            bytes: 0,
            bytes_max: usize::try_from(bytes_max).unwrap_or(usize::MAX),
            tally: Tally::default(),
            attributes: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// Whether there is no point in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.iter().all(|target| target.metrics.iter().all(|metric| metric.points.is_empty()))
    }

    /// Begins a series. Labels come in any order, the name among them; empty ones are as good as absent.
    ///
    /// # Errors
    /// When the labels are none that a series may have, or there is no room.
    pub fn series<'b, 'a>(
        &'b mut self,
        labels: &[(&'a str, &'a str)],
        family: &Family<'a>,
    ) -> Result<SeriesWriter<'b, 'a>, LabelFault> {
        let series = self.begin(labels, family)?;
        Ok(self.writer(series))
    }

    /// A writer for what was begun last.
    pub(super) fn writer<'a>(&mut self, series: Series<'a>) -> SeriesWriter<'_, 'a> {
        SeriesWriter { builder: self, series }
    }

    pub(super) fn begin<'a>(
        &mut self,
        labels: &[(&'a str, &'a str)],
        family: &Family<'a>,
    ) -> Result<Series<'a>, LabelFault> {
        // As senders should have them.
        let mut in_order = Vec::new();
        let sorted = match labels.is_sorted() {
            true => labels,
            false => {
                in_order.extend_from_slice(labels);
                in_order.sort_unstable();
                &in_order[..]
            }
        };
        if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(LabelFault::Twice);
        }
        if sorted.first().is_some_and(|(name, _)| name.is_empty()) {
            return Err(LabelFault::EmptyLabelName);
        }
        let (mut name, mut job, mut instance) = ("", "", "");
        self.attributes.clear();
        self.starts.clear();
        for (label, value) in sorted.iter().copied().filter(|(_, value)| !value.is_empty()) {
            match label {
                NAME_LABEL => name = value,
                "job" => job = value,
                "instance" => instance = value,
                _ => {
                    self.starts.push(self.attributes.len());
                    put_text_pair(&mut self.attributes, label, value);
                }
            }
        }
        if name.is_empty() {
            return Err(LabelFault::NoName);
        }
        if self.bytes > self.bytes_max {
            return Err(LabelFault::TooLarge);
        }
        let target = self.target(job, instance);
        let family_name = if family.name.is_empty() { family.kind.family_of(name) } else { family.name };
        Ok(Series { target, name, family: Family { name: family_name, ..*family } })
    }

    fn target(&mut self, job: &str, instance: &str) -> usize {
        if let Some(known) = self.by_identity.get(job).and_then(|instances| instances.get(instance)) {
            return *known;
        }
        self.bytes += job.len() + instance.len() + 80;
        let at = self.targets.len();
        self.targets.push(Target { job: job.to_owned(), instance: instance.to_owned(), ..Target::default() });
        self.by_identity.entry(job.into()).or_default().insert(instance.into(), at);
        at
    }

    fn metric(&mut self, series: &Series<'_>, shape: Shape, form: HistogramForm) -> &mut Metric {
        let Series { target, name, family } = series;
        let target = &mut self.targets[*target];
        let newest = target.by_name.get(*name).copied();
        let mut of_name = std::iter::successors(newest, |at| target.metrics[*at].other);
        let is_meant = |metric: &Metric| (metric.shape, metric.form, metric.kind) == (shape, form, family.kind);
        let known = of_name.find(|at| is_meant(&target.metrics[*at]));
        let at = known.unwrap_or_else(|| {
            let at = target.metrics.len();
            self.bytes += name.len() + family.name.len() + family.help.len() + family.unit.len() + 80;
            target.metrics.push(Metric {
                name: (*name).to_owned(),
                family: family.name.to_owned(),
                kind: family.kind,
                help: family.help.to_owned(),
                unit: family.unit.to_owned(),
                shape,
                form,
                points: Vec::new(),
                other: newest,
            });
            target.by_name.insert((*name).into(), at);
            at
        });
        &mut target.metrics[at]
    }

    /// The request, an `ExportMetricsServiceRequest`, and what came of it.
    #[must_use]
    pub fn finish(self) -> (Vec<u8>, Tally) {
        let mut out = Vec::with_capacity(self.bytes + self.bytes / 8);
        for target in self.targets.iter().filter(|target| !target.metrics.is_empty()) {
            let of_resource = open(&mut out, 1);
            let resource = open(&mut out, 1);
            for (key, value) in [("service.name", &target.job), ("service.instance.id", &target.instance)] {
                if !value.is_empty() {
                    put_text_attribute(&mut out, 1, key, value);
                }
            }
            close(&mut out, resource);
            for form in FORMS {
                target.write_scope(&mut out, form);
            }
            close(&mut out, of_resource);
        }
        (out, self.tally)
    }
}

// === impl Target ===

impl Target {
    /// Metrics of one form. Each has a scope of its own: what is said of a series once counts for all its points.
    fn write_scope(&self, out: &mut Vec<u8>, form: HistogramForm) {
        let mut metrics =
            self.metrics.iter().filter(|metric| metric.form == form && !metric.points.is_empty()).peekable();
        if metrics.peek().is_none() {
            return;
        }
        let of_scope = open(out, 2);
        let scope = open(out, 1);
        match form.word() {
            "" => put_bytes(out, 1, SCOPE.as_bytes()),
            word => put_bytes(out, 1, format!("{SCOPE}.{word}").as_bytes()),
        }
        close(out, scope);
        metrics.for_each(|metric| metric.write(out));
        close(out, of_scope);
    }
}

// === impl Metric ===

impl Metric {
    fn write(&self, out: &mut Vec<u8>) {
        let metric = open(out, 2);
        put_non_default_bytes(out, 1, self.name.as_bytes());
        put_non_default_bytes(out, 2, self.help.as_bytes());
        put_non_default_bytes(out, 3, self.unit.as_bytes());
        let data = open(out, self.shape as u32);
        out.extend_from_slice(&self.points);
        if self.shape != Shape::Gauge {
            put_non_default_varint(out, 2, CUMULATIVE);
        }
        if self.shape == Shape::Counter {
            put_non_default_varint(out, 3, 1);
        }
        close(out, data);
        put_text_attribute(out, 12, FAMILY_KEY, &self.family);
        put_text_attribute(out, 12, TYPE_KEY, self.kind.word());
        if !self.form.word().is_empty() {
            put_text_attribute(out, 12, HISTOGRAM_KEY, self.form.word());
        }
        close(out, metric);
    }
}

// === impl SeriesWriter ===

impl SeriesWriter<'_, '_> {
    fn shape_of_numbers(&self) -> Shape {
        let Series { name, family, .. } = &self.series;
        if family.kind.is_counter(name, family.name) { Shape::Counter } else { Shape::Gauge }
    }

    /// Adds a number. One whose time OTLP cannot carry, or that there is no room for, is counted as rejected.
    pub fn sample(&mut self, sample: &Sample, exemplars: &[Exemplar<'_>]) {
        let shape = self.shape_of_numbers();
        let Some(time) = nanoseconds(sample.time_ms) else {
            self.builder.tally.reject("a time out of range", self.series.name, 1);
            return;
        };
        let start = nanoseconds(sample.start_ms).unwrap_or_default().min(time);
        let value = (!is_stale_nan(sample.value)).then_some(sample.value);
        if self.write((shape, HistogramForm::default()), |out, attributes| {
            number(out, attributes, (start, time), value, exemplars, true)
        }) {
            self.builder.tally.samples += 1;
            self.builder.tally.exemplars += exemplars.len() as u64;
        }
    }

    /// Adds exemplars that come without a sample, at a point that has no value.
    pub fn exemplars(&mut self, exemplars: &[Exemplar<'_>]) {
        let Some(first) = exemplars.iter().find_map(|exemplar| nanoseconds(exemplar.time_ms)) else { return };
        let shape = self.shape_of_numbers();
        if self.write((shape, HistogramForm::default()), |out, attributes| {
            number(out, attributes, (0, first), None, exemplars, false)
        }) {
            self.builder.tally.exemplars += exemplars.len() as u64;
        }
    }

    /// Adds a native histogram; one that cannot be kept is counted as rejected.
    pub fn histogram(&mut self, histogram: &NativeHistogram, exemplars: &[Exemplar<'_>]) {
        let shape = if histogram.has_custom_buckets() { Shape::Histogram } else { Shape::ExponentialHistogram };
        let mut fault = None;
        let is_written = self.write((shape, histogram.form), |out, attributes| {
            let begin = out.len();
            if let Err(reason) = histogram.write(out, attributes, exemplars) {
                out.truncate(begin);
                fault = Some(reason);
            }
        });
        match fault {
            Some(reason) => self.builder.tally.reject(reason, self.series.name, 1),
            None if is_written => {
                self.builder.tally.histograms += 1;
                self.builder.tally.exemplars += exemplars.len() as u64;
            }
            None => {}
        }
    }

    /// Writes a point, unless the request is full.
    fn write(
        &mut self,
        (shape, form): (Shape, HistogramForm),
        write: impl FnOnce(&mut Vec<u8>, Attributes<'_>),
    ) -> bool {
        if self.builder.bytes > self.builder.bytes_max {
            self.builder.tally.reject(&LabelFault::TooLarge.to_string(), self.series.name, 1);
            return false;
        }
        let kept = std::mem::take(&mut self.builder.attributes);
        let starts = std::mem::take(&mut self.builder.starts);
        let metric = self.builder.metric(&self.series, shape, form);
        let before = metric.points.len();
        write(&mut metric.points, Attributes { bytes: &kept, starts: &starts });
        let grown = metric.points.len() - before;
        self.builder.bytes += grown;
        self.builder.attributes = kept;
        self.builder.starts = starts;
        true
    }
}

/// A `NumberDataPoint`. Without a value it says that there is none any more, if it `ends`.
fn number(
    out: &mut Vec<u8>,
    attributes: Attributes<'_>,
    (start, time): (u64, u64),
    value: Option<f64>,
    exemplars: &[Exemplar<'_>],
    ends: bool,
) {
    let point = open(out, 1);
    put_non_default_fixed64(out, 2, start);
    put_fixed64(out, 3, time);
    if let Some(value) = value {
        put_fixed64(out, 4, value.to_bits());
    }
    exemplars.iter().for_each(|exemplar| exemplar.write(out, 5));
    attributes.iter().for_each(|attribute| put_bytes(out, 7, attribute));
    put_non_default_varint(out, 8, u64::from(value.is_none() && ends));
    close(out, point);
}
