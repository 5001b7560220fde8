//! Metrics: each point to the table of its kind, each new series to `series`.
//!
//! Owns what a series is (its id and its description), and where points go whose series would be one too many: to the
//! overflow series of their metric, resource and scope. Whether it is too many the caller says. The columns of points are in `points` and `distributions`.

use std::collections::{HashMap, HashSet};

use arrow::datatypes::{Int64Type, TimestampNanosecondType};

use super::attributes::{Attribute, AttributeColumns, AttributeList, Value};
use super::canonical::{PartsHash, attributes_hash, label_hashes, series_hash, short_hash};
use super::columns::{Assembler, ColumnError, Ids, Numbers, SparseFlags, SparseText, Text, fields_of};
use super::descriptors::{self, Message};
use super::distributions::{ExpHistogramRows, HistogramRows, SummaryRows};
use super::envelope::{Origin, Room, Shared, SignalRows};
use super::notes::{Change, Rejection};
use super::points::{ExemplarRows, NumberRows, PointStart};
use super::repair;
use super::value_text::write_integer;
use super::wire::{Reader, Singular, Wire};
use crate::ingest::{Batches, KnownSeries, NewSeries, OVERFLOW_KEY};
use crate::tables::Table;

pub(super) const TEMPORALITIES: [&str; 3] = ["unspecified", "delta", "cumulative"];

/// The kinds of metric, by their field's number in `Metric`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Gauge = 5,
    Sum = 7,
    Histogram = 9,
    ExponentialHistogram = 10,
    Summary = 11,
}

impl Kind {
    const fn of_key(key: u32) -> Option<Self> {
        match key {
            0x2a => Some(Self::Gauge),
            0x3a => Some(Self::Sum),
            0x4a => Some(Self::Histogram),
            0x52 => Some(Self::ExponentialHistogram),
            0x5a => Some(Self::Summary),
            _ => None,
        }
    }

    /// `series.type`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Sum => "sum",
            Self::Histogram => "histogram",
            Self::ExponentialHistogram => "exponential_histogram",
            Self::Summary => "summary",
        }
    }

    fn message(self) -> &'static Message {
        match self {
            Self::Gauge => &descriptors::GAUGE,
            Self::Sum => &descriptors::SUM,
            Self::Histogram => &descriptors::HISTOGRAM,
            Self::ExponentialHistogram => &descriptors::EXPONENTIAL_HISTOGRAM,
            Self::Summary => &descriptors::SUMMARY,
        }
    }

    /// The fields that the kind's message knows, a bit each.
    const fn known_fields(self) -> u32 {
        match self {
            Self::Gauge | Self::Summary => 0b10,
            Self::Histogram | Self::ExponentialHistogram => 0b110,
            Self::Sum => 0b1110,
        }
    }
}

/// A metric's fields, not copied.
#[derive(Default)]
struct Metric<'a> {
    name: &'a [u8],
    description: &'a [u8],
    unit: &'a [u8],
    kind: Option<Kind>,
    data: Singular<'a>,
    metadata: Vec<Attribute<'a>>,
    points: Vec<&'a [u8]>,
    temporality: i32,
    is_monotonic: bool,
}

impl Metric<'_> {
    fn temporality(&self) -> Option<i32> {
        match self.kind {
            None | Some(Kind::Gauge | Kind::Summary) => None,
            Some(_) => Some(self.temporality),
        }
    }

    fn is_monotonic(&self) -> Option<bool> {
        (self.kind == Some(Kind::Sum)).then_some(self.is_monotonic)
    }
}

fn read_metric<'a>(shared: &mut Shared<'a>, message: &'a [u8]) -> Wire<Metric<'a>> {
    let mut metric = Metric::default();
    let mut metadata = AttributeList::default();
    let mut reader = Reader::new(message);
    while let Some(key) = reader.key()? {
        match key {
            0x0a => metric.name = reader.bytes()?,
            0x12 => metric.description = reader.bytes()?,
            0x1a => metric.unit = reader.bytes()?,
            0x62 => metadata.read(&mut shared.scan, shared.limits, reader.bytes()?)?,
            other => match Kind::of_key(other) {
                Some(kind) => replace_data(&mut metric, kind, reader.bytes()?)?,
                None => shared.scan.skip(&mut reader, other, 0b1_1110_1010_1110)?,
            },
        }
    }
    shared.notes.change(Change::AttributesOverLimit, metadata.over_limit);
    shared.notes.change(Change::AttributesTooDeep, metadata.too_deep);
    metric.metadata = metadata.entries;
    read_data(shared, &mut metric)?;
    Ok(metric)
}

/// Takes the next member of the oneof: it merges with one of its own kind and replaces any other.
fn replace_data<'a>(metric: &mut Metric<'a>, kind: Kind, data: &'a [u8]) -> Wire<()> {
    if let Some(before) = metric.kind
        && before != kind
    {
        // What is replaced is never stored, but must still be well formed.
        for part in metric.data.parts() {
            repair::check(before.message(), part)?;
        }
        metric.data = Singular::default();
    }
    metric.kind = Some(kind);
    metric.data.push(data);
    Ok(())
}

fn read_data<'a>(shared: &mut Shared<'a>, metric: &mut Metric<'a>) -> Wire<()> {
    let Some(kind) = metric.kind else {
        return Ok(());
    };
    let known = kind.known_fields();
    for part in metric.data.parts() {
        let mut reader = Reader::new(part);
        while let Some(key) = reader.key()? {
            match key {
                0x0a => metric.points.push(reader.bytes()?),
                0x10 if known & 0b100 != 0 => metric.temporality = reader.varint()? as i32,
                0x18 if known & 0b1000 != 0 => metric.is_monotonic = reader.varint()? != 0,
                other => shared.scan.skip(&mut reader, other, known)?,
            }
        }
    }
    Ok(())
}

/// The rows of a metrics request.
pub(super) struct MetricRows<'k, 'a> {
    accepted: u64,
    series: SeriesRows<'k>,
    numbers: NumberRows<'a>,
    histograms: HistogramRows<'a>,
    exp_histograms: ExpHistogramRows<'a>,
    summaries: SummaryRows,
    exemplars: ExemplarRows<'a>,
}

impl<'k> MetricRows<'k, '_> {
    pub(super) fn new(known: &'k dyn KnownSeries) -> Self {
        Self {
            accepted: 0,
            series: SeriesRows::new(known),
            numbers: NumberRows::default(),
            histograms: HistogramRows::default(),
            exp_histograms: ExpHistogramRows::default(),
            summaries: SummaryRows::default(),
            exemplars: ExemplarRows::default(),
        }
    }
}

impl<'a> MetricRows<'_, 'a> {
    /// Reads one point; the attributes that make its series are in `Shared::list`.
    #[inline]
    fn read_point(
        &mut self,
        shared: &mut Shared<'a>,
        kind: Kind,
        described: &SeriesOf<'_, 'a>,
        point: &'a [u8],
    ) -> Wire<()> {
        shared.list.clear();
        let (start, exemplars): (PointStart, &[&'a [u8]]) = match kind {
            Kind::Gauge | Kind::Sum => (self.numbers.read(shared, point)?, &self.numbers.exemplars),
            Kind::Histogram => (self.histograms.read(shared, point)?, &self.histograms.exemplars),
            Kind::ExponentialHistogram => (self.exp_histograms.read(shared, point)?, &self.exp_histograms.exemplars),
            Kind::Summary => (self.summaries.read(shared, point)?, &[]),
        };
        let attributes = shared.list.part();
        let (over_limit, too_deep) = (shared.list.over_limit, shared.list.too_deep);
        self.exemplars.read(shared, exemplars)?;
        let refused = if too_deep > 0 {
            Some(Rejection::Depth)
        } else if !start.in_range() {
            Some(Rejection::Time)
        } else if kind == Kind::Histogram && !self.histograms.buckets_fit() {
            Some(Rejection::Buckets)
        } else if !shared.room.take(0) {
            Some(Rejection::Expansion)
        } else {
            None
        };
        let series_id = match refused {
            None => self.series.id_of(shared, described, attributes).ok_or(Rejection::Expansion),
            Some(rejection) => Err(rejection),
        };
        let series_id = match series_id {
            Ok(series_id) => series_id,
            Err(rejection) => {
                shared.notes.reject(rejection, described.metric.name);
                return Ok(());
            }
        };
        shared.notes.change(Change::AttributesOverLimit, over_limit);
        match kind {
            Kind::Gauge | Kind::Sum => self.numbers.push(&series_id, &start),
            Kind::Histogram => self.histograms.push(&series_id, &start),
            Kind::ExponentialHistogram => self.exp_histograms.push(&series_id, &start),
            Kind::Summary => self.summaries.push(&series_id, &start),
        }
        self.exemplars.push(shared, &series_id, &start);
        self.accepted += 1;
        Ok(())
    }
}

impl<'a> SignalRows<'a> for MetricRows<'_, 'a> {
    fn reserve(&mut self, _items: usize) {}

    fn read_item(&mut self, shared: &mut Shared<'a>, origin: &Origin<'a>, message: &'a [u8]) -> Wire<()> {
        let metric = read_metric(shared, message)?;
        let Some(kind) = metric.kind else {
            shared.notes.change(Change::MetricsWithoutData, 1);
            return Ok(());
        };
        if matches!(kind, Kind::Gauge | Kind::Sum) {
            self.numbers.reserve(metric.points.len());
        }
        let described = SeriesOf::new(&metric, kind, origin);
        for point in &metric.points {
            self.read_point(shared, kind, &described, point)?;
        }
        Ok(())
    }

    fn end_scope(&mut self, _origin: &Origin<'a>) {}

    fn accepted(&self) -> u64 {
        self.accepted
    }

    fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        self.series.finish(received_at, batches)?;
        self.numbers.finish(received_at, batches)?;
        self.histograms.finish(received_at, batches)?;
        self.exp_histograms.finish(received_at, batches)?;
        self.summaries.finish(received_at, batches)?;
        self.exemplars.finish(received_at, batches)
    }
}

/// What all series of a metric of one scope share.
struct SeriesOf<'m, 'a> {
    metric: &'m Metric<'a>,
    kind: Kind,
    origin: &'m Origin<'a>,
    /// The first eight bytes of their ids.
    prefix: [u8; 8],
    hash: u64,
    /// Text that each series' row repeats.
    repeated_bytes: usize,
}

impl<'m, 'a> SeriesOf<'m, 'a> {
    fn new(metric: &'m Metric<'a>, kind: Kind, origin: &'m Origin<'a>) -> Self {
        let hash = PartsHash::default()
            .text(metric.name)
            .text(metric.unit)
            .text(kind.name().as_bytes())
            .number(metric.temporality().map_or(u64::MAX, |number| u64::from(number.cast_unsigned())))
            .number(metric.is_monotonic().map_or(u64::MAX, u64::from))
            .number(origin.resource_id.cast_unsigned())
            .number(origin.scope_id.cast_unsigned())
            .finish();
        let [a, b, c, d] = short_hash(metric.name);
        let [e, f, g, h] = short_hash(&origin.resource_id.to_le_bytes());
        let texts = [metric.name, metric.description, metric.unit, origin.service_name];
        // Metadata is a field of the metric's message, so that its text is bounded by the keys' and values' bytes.
        let metadata_bytes: usize = metric.metadata.iter().map(Attribute::wire_bytes).sum();
        let repeated_bytes = texts.iter().map(|text| text.len()).sum::<usize>() + metadata_bytes;
        Self { metric, kind, origin, prefix: [a, b, c, d, e, f, g, h], hash, repeated_bytes }
    }

    /// The id of the series with these attributes.
    #[inline]
    fn id_of(&self, attributes: &[Attribute<'_>], scratch: &mut Vec<u8>) -> [u8; 16] {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.prefix);
        id[8..].copy_from_slice(&series_hash(self.hash, attributes_hash(attributes, scratch)));
        id
    }

    /// What of an id is that of the metric's name.
    fn name_prefix(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.prefix;
        [a, b, c, d]
    }
}

/// The series that the store does not know yet.
struct SeriesRows<'k> {
    known: &'k dyn KnownSeries,
    seen: HashSet<[u8; 16]>,
    /// How many of these there are by metric's name.
    seen_of: HashMap<[u8; 4], u32>,
    series_id: Ids<16>,
    name: Text,
    description: Text,
    unit: Text,
    kind: Text,
    temporality: SparseText,
    is_monotonic: SparseFlags,
    resource_id: Numbers<Int64Type>,
    scope_id: Numbers<Int64Type>,
    service_name: Text,
    attributes: AttributeColumns,
    metadata: AttributeColumns,
}

impl<'k> SeriesRows<'k> {
    fn new(known: &'k dyn KnownSeries) -> Self {
        Self {
            known,
            seen: HashSet::default(),
            seen_of: HashMap::default(),
            series_id: Ids::default(),
            name: Text::default(),
            description: Text::default(),
            unit: Text::default(),
            kind: Text::default(),
            temporality: SparseText::default(),
            is_monotonic: SparseFlags::default(),
            resource_id: Numbers::default(),
            scope_id: Numbers::default(),
            service_name: Text::default(),
            attributes: AttributeColumns::default(),
            metadata: AttributeColumns::default(),
        }
    }

    /// The id of the series with these of the list's attributes; described if it is new. `None` where there is no
    /// room for the description.
    #[inline]
    fn id_of(
        &mut self,
        shared: &mut Shared<'_>,
        described: &SeriesOf<'_, '_>,
        attributes: std::ops::Range<usize>,
    ) -> Option<[u8; 16]> {
        let attributes = &shared.list.entries[attributes];
        let id = described.id_of(attributes, &mut shared.scratch);
        // What was said of a series holds for the whole request, though it may become known meanwhile.
        if !shared.overflowed.series.contains(&id) {
            if self.known.is_known(&id) || self.seen.contains(&id) {
                return Some(id);
            }
            let scratch = &mut shared.scratch;
            let mut labels = attributes.iter().map(|attribute| label_hashes(attribute, scratch));
            if !self.known.overflows(&id, self.new_series(described), &mut labels) {
                return self.describe_new(&mut shared.room, id, described, attributes);
            }
            shared.overflowed.series.insert(id);
        }
        self.overflow_id(shared, described)
    }

    /// The series of points that have none of their own; described if it is new, however many there are.
    #[cold]
    fn overflow_id(&mut self, shared: &mut Shared<'_>, described: &SeriesOf<'_, '_>) -> Option<[u8; 16]> {
        shared.overflowed.points += 1;
        shared.notes.change(Change::SeriesOverLimit, 1);
        let attributes = [Attribute { key: OVERFLOW_KEY.as_bytes(), value: Value::Bool(true) }];
        let id = described.id_of(&attributes, &mut shared.scratch);
        if self.known.is_known(&id) || self.seen.contains(&id) {
            return Some(id);
        }
        self.describe_new(&mut shared.room, id, described, &attributes)
    }

    fn new_series(&self, described: &SeriesOf<'_, '_>) -> NewSeries {
        let of_metric = self.seen_of.get(&described.name_prefix()).copied().unwrap_or(0);
        NewSeries { of_metric, all: u32::try_from(self.seen.len()).unwrap_or(u32::MAX) }
    }

    /// Describes a series, where there is room.
    fn describe_new(
        &mut self,
        room: &mut Room,
        id: [u8; 16],
        described: &SeriesOf<'_, '_>,
        attributes: &[Attribute<'_>],
    ) -> Option<[u8; 16]> {
        if !room.take(described.repeated_bytes) {
            return None;
        }
        *self.seen_of.entry(described.name_prefix()).or_default() += 1;
        self.describe(id, described, attributes);
        Some(id)
    }

    fn describe(&mut self, id: [u8; 16], described: &SeriesOf<'_, '_>, attributes: &[Attribute<'_>]) {
        let row = self.seen.len();
        self.seen.insert(id);
        let metric = described.metric;
        self.series_id.push(&id);
        self.name.push(metric.name);
        self.description.push(metric.description);
        self.unit.push(metric.unit);
        self.kind.push(described.kind.name().as_bytes());
        if let Some(temporality) = metric.temporality() {
            let word = usize::try_from(temporality).ok().and_then(|index| TEMPORALITIES.get(index));
            let out = self.temporality.open(row);
            match word {
                Some(word) => out.extend_from_slice(word.as_bytes()),
                None => write_integer(out, i64::from(temporality)),
            }
            self.temporality.end_value();
        }
        if let Some(is_monotonic) = metric.is_monotonic() {
            self.is_monotonic.set(row, is_monotonic);
        }
        self.resource_id.push(described.origin.resource_id);
        self.scope_id.push(described.origin.scope_id);
        self.service_name.push(described.origin.service_name);
        self.attributes.push_row(attributes);
        self.metadata.push_row(&metric.metadata);
    }

    fn finish(self, received_at: i64, batches: &mut Batches) -> Result<(), ColumnError> {
        let rows = self.seen.len();
        if rows == 0 {
            return Ok(());
        }
        let fields = fields_of(Table::Series);
        let mut batch = Assembler::new(rows, &fields);
        batch.add("series_id", self.series_id)?;
        batch.add("name", self.name)?;
        batch.add("description", self.description)?;
        batch.add("unit", self.unit)?;
        batch.add("type", self.kind)?;
        batch.add("temporality", self.temporality)?;
        batch.add("is_monotonic", self.is_monotonic)?;
        batch.add("resource_id", self.resource_id)?;
        batch.add("scope_id", self.scope_id)?;
        batch.add("service_name", self.service_name)?;
        let (map, types) = self.attributes.into_columns();
        batch.add("attributes", map)?;
        batch.add("attribute_types", types)?;
        let (map, types) = self.metadata.into_columns();
        batch.add("metadata", map)?;
        batch.add("metadata_types", types)?;
        batch.add("received_time", Numbers::<TimestampNanosecondType>::constant(received_at, rows))?;
        batches.tables.push((Table::Series, batch.into_batch()?));
        Ok(())
    }
}
