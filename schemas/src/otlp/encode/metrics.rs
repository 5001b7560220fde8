//! Points under their metric, scope and resource, by what `series` says of each.
//!
//! Owns what makes one `Metric` message of several series. What a point's own columns are is in `points`.

use std::collections::HashMap;
use std::rc::Rc;

use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use super::attributes::AttributeColumns;
use super::columns::Columns;
use super::dimensions::{DimensionLookup, DimensionRow, Headers, existing};
use super::exemplars::Exemplars;
use super::items::{ITEMS, RESOURCE_ITEMS, SCOPE_ITEMS};
use super::points::PointBatch;
use super::tree::{LevelId, Tree, Written};
use super::{EncodeError, Tally, number_of_word};
use crate::otlp::metrics::{Kind, TEMPORALITIES};
use crate::otlp::wire_writer::{put_non_default_bytes, put_non_default_int32, put_non_default_varint};
use crate::tables::Table;

/// The number of `data_points` in the message of every kind.
const DATA_POINTS: u32 = 1;

/// What tells levels of one parent apart.
#[derive(Clone, PartialEq, Eq, Hash)]
enum LevelKey {
    /// A resource or a scope.
    Id(Option<i64>),
    /// The resource, and in it the scope, of series that nobody knows.
    Unknown,
    /// A metric's own fields, its kind, and the fields of that kind's message.
    Metric(Rc<[u8]>, Kind, Rc<[u8]>),
    /// The metric of one series that nobody knows.
    UnknownMetric(SeriesKey),
    /// The kind's message, of which a metric has one.
    Data,
}

/// A series as points name it; a table of points is part of it, as each has its own kind of message.
type SeriesKey = (Table, Option<[u8; 16]>);

/// Where a point is, and its series among [`Grouping::series`].
#[derive(Clone, Copy)]
struct Point {
    batch: usize,
    row: usize,
    series: usize,
}

struct Series {
    /// The message of its metric's kind.
    data: LevelId,
    /// Fields of each of its points.
    attributes: Vec<u8>,
}

/// Writes points of every kind.
pub(super) fn write(
    tables: &[(Table, RecordBatch)],
    lookup: &dyn DimensionLookup,
    request_bytes_max: Option<usize>,
    tally: &mut Tally,
) -> Result<Written, EncodeError> {
    let mut grouping = Grouping::new(lookup);
    let mut batches = Vec::new();
    for (table, batch) in tables {
        let Some(points) = PointBatch::new(*table, &Columns::of_batch(*table, batch))? else {
            continue;
        };
        for row in 0..batch.num_rows() {
            let series = grouping.series_of((*table, points.start.series_id.get(row).copied()), tally)?;
            let data = grouping.series[series].data;
            grouping.tree.add(data, DATA_POINTS, Point { batch: batches.len(), row, series });
        }
        batches.push(points);
    }
    let mut exemplars = Exemplars::new(tables)?;
    let written = grouping.tree.write(request_bytes_max, |out, point| {
        out.extend_from_slice(&grouping.series[point.series].attributes);
        batches[point.batch].put(out, point.row, &mut exemplars, tally);
    });
    tally.exemplars_without_point += exemplars.left();
    Ok(written)
}

struct Grouping<'l> {
    tree: Tree<LevelKey, Point>,
    headers: Headers<'l>,
    series: Vec<Series>,
    known: HashMap<SeriesKey, usize>,
    /// Of the row before: stored points lie series by series.
    last: Option<(SeriesKey, usize)>,
}

impl<'l> Grouping<'l> {
    fn new(lookup: &'l dyn DimensionLookup) -> Self {
        Self { tree: Tree::new(), headers: Headers::new(lookup), series: Vec::new(), known: HashMap::new(), last: None }
    }

    fn series_of(&mut self, key: SeriesKey, tally: &mut Tally) -> Result<usize, EncodeError> {
        let (table, id) = key;
        if let Some((of, series)) = self.last
            && of == key
        {
            return Ok(series);
        }
        let series = match self.known.get(&key) {
            Some(series) => *series,
            None => {
                let found = existing(id.and_then(|id| self.headers.lookup.series(&id)));
                let series = match found {
                    Some(found) => self.describe(table, &found, tally)?,
                    None => self.unknown(key, tally),
                };
                self.series.push(series);
                self.known.insert(key, self.series.len() - 1);
                self.series.len() - 1
            }
        };
        self.last = Some((key, series));
        Ok(series)
    }

    fn describe(&mut self, table: Table, found: &DimensionRow, tally: &mut Tally) -> Result<Series, EncodeError> {
        let columns = Columns::of_batch(Table::Series, &found.batch);
        let row = found.row;
        let resource_id = columns.numbers::<Int64Type>("resource_id")?.get(row);
        let header = self.headers.resource(resource_id, tally)?;
        let resource = self.tree.level(None, LevelKey::Id(resource_id), RESOURCE_ITEMS, &header);
        let scope_id = columns.numbers::<Int64Type>("scope_id")?.get(row);
        let header = self.headers.scope(scope_id, tally)?;
        let scope = self.tree.level(Some(resource), LevelKey::Id(scope_id), SCOPE_ITEMS, &header);
        let kind = kind_of(table, columns.text("type")?.get(row));
        let header: Rc<[u8]> = metric_header(&columns, row, tally)?.into();
        let data_header: Rc<[u8]> = data_header(kind, &columns, row, tally)?.into();
        let key = LevelKey::Metric(Rc::clone(&header), kind, Rc::clone(&data_header));
        let metric = self.tree.level(Some(scope), key, ITEMS, &header);
        let data = self.tree.level(Some(metric), LevelKey::Data, kind as u32, &data_header);
        let mut attributes = Vec::new();
        AttributeColumns::new(&columns)?.put(&mut attributes, attributes_number(kind), row, tally);
        Ok(Series { data, attributes })
    }

    fn unknown(&mut self, key: SeriesKey, tally: &mut Tally) -> Series {
        tally.unknown_series += 1;
        let (header, nothing): (Rc<[u8]>, Rc<[u8]>) = (Headers::unknown(), Rc::from([]));
        let resource = self.tree.level(None, LevelKey::Unknown, RESOURCE_ITEMS, &header);
        let scope = self.tree.level(Some(resource), LevelKey::Unknown, SCOPE_ITEMS, &header);
        let metric = self.tree.level(Some(scope), LevelKey::UnknownMetric(key), ITEMS, &nothing);
        let kind = kind_of(key.0, None);
        let data = self.tree.level(Some(metric), LevelKey::Data, kind as u32, &nothing);
        Series { data, attributes: Vec::new() }
    }
}

/// The table says what the points are; only gauges and sums share one.
fn kind_of(table: Table, series_type: Option<&str>) -> Kind {
    match table {
        Table::Histograms => Kind::Histogram,
        Table::ExpHistograms => Kind::ExponentialHistogram,
        Table::Summaries => Kind::Summary,
        _ if series_type == Some(Kind::Sum.name()) => Kind::Sum,
        _ => Kind::Gauge,
    }
}

/// The number of `attributes` in the points of a kind.
const fn attributes_number(kind: Kind) -> u32 {
    match kind {
        Kind::Gauge | Kind::Sum | Kind::Summary => 7,
        Kind::Histogram => 9,
        Kind::ExponentialHistogram => 1,
    }
}

/// The fields of `Metric` besides its data.
fn metric_header(columns: &Columns<'_>, row: usize, tally: &mut Tally) -> Result<Vec<u8>, EncodeError> {
    let mut header = Vec::new();
    put_non_default_bytes(&mut header, 1, columns.text("name")?.bytes(row));
    put_non_default_bytes(&mut header, 2, columns.text("description")?.bytes(row));
    put_non_default_bytes(&mut header, 3, columns.text("unit")?.bytes(row));
    AttributeColumns::named(columns, "metadata", "metadata_types")?.put(&mut header, 12, row, tally);
    Ok(header)
}

/// The fields of `Sum` and its likes besides the points.
fn data_header(kind: Kind, columns: &Columns<'_>, row: usize, tally: &mut Tally) -> Result<Vec<u8>, EncodeError> {
    let mut header = Vec::new();
    if matches!(kind, Kind::Gauge | Kind::Summary) {
        return Ok(header);
    }
    let temporality = columns.text("temporality")?.get(row);
    let temporality = temporality.map_or(0, |word| number_of_word(&TEMPORALITIES, word, tally));
    put_non_default_int32(&mut header, 2, temporality);
    if kind == Kind::Sum {
        put_non_default_varint(&mut header, 3, u64::from(columns.flags("is_monotonic")?.is_set(row)));
    }
    Ok(header)
}
