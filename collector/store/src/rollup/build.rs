//! Rollups of the rows that are written to a file, made while they pass.
//!
//! Owns which levels a series gets. Holds a part of one series, and rows until a group of them is full; the rest goes to a
//! file aside.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, FixedSizeBinaryBuilder, Float64Builder, Int64Builder, PrimitiveArray,
    UInt32Builder,
};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampNanosecondType, UInt32Type};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use super::stretch::{Kept, Sample, Stretch, Summary};
use super::{LEVELS, NOT_ROLLED_UP, RollupPlace, schema, stretch_end, tail_ms};
use crate::seal::SealError;
use crate::seal::order::milli;
use crate::seal::properties::zstd_level;
use crate::seal::tried::with_smallest;
use crate::version::COLD_LEVEL;

const ID_BYTES: usize = 16;
/// Samples from which the levels of a series are chosen.
const LOOKED_AT: usize = 512;
/// Fewer samples are not worth a row more.
const SAMPLES_MIN: usize = 10;
/// How many samples a row has to stand for.
const SAVES_MIN: f64 = 5.0;
/// Beyond, sums of samples might overflow; a series with such values is not rolled up.
const VALUE_MAX: f64 = 1e290;
/// Rows that are handed on at once.
const BATCH_ROWS: usize = 8_192;
/// Rows that are in memory until they are written, and that a query for one of their series reads.
const GROUP_ROWS: usize = 65_536;

/// Makes the rollups of one file. Takes rows in the order of the file.
pub struct RollupBuilder {
    aside: PathBuf,
    writer: Option<ArrowWriter<BufWriter<File>>>,
    /// For the cold tier: as small as can be.
    is_cold: bool,
    /// Until there is a writer: the first rows say how it writes.
    first: Vec<RecordBatch>,
    rows: Rows,
    series: Option<OneSeries>,
    /// The shortest of all levels so far.
    level_min: Option<u32>,
}

/// A series under way.
struct OneSeries {
    id: [u8; ID_BYTES],
    /// The latest sample and when it was received: of equal times the last received counts.
    latest: Option<(Sample, i64)>,
    /// As long as no levels are chosen.
    waiting: Vec<Sample>,
    /// Stretches under way.
    levels: Option<Vec<(u32, Stretch)>>,
    /// It has values that are not rolled up, or its rows are not in order.
    is_odd: bool,
    has_rows: bool,
}

/// Columns of a batch under way.
#[derive(Default)]
struct Rows {
    series: Vec<[u8; ID_BYTES]>,
    level: UInt32Builder,
    time: Int64Builder,
    start: Int64Builder,
    value: Float64Builder,
    count: UInt32Builder,
    is_end: BooleanBuilder,
    is_last: BooleanBuilder,
    min: Float64Builder,
    max: Float64Builder,
    sum: Float64Builder,
    sum_lost: Float64Builder,
    has_falls: BooleanBuilder,
}

impl RollupBuilder {
    /// For a file that is written as `aside`, beside which they wait.
    pub fn new(aside: &Path, is_cold: bool) -> Self {
        let aside = aside.with_extension("rollups.tmp");
        let (first, rows) = (Vec::new(), Rows::default());
        Self { aside, writer: None, is_cold, first, rows, series: None, level_min: None }
    }

    /// Takes rows of `points`: the next ones in the order of the file.
    ///
    /// # Errors
    /// When rollups cannot be written.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), SealError> {
        let Some(columns) = Columns::of(batch) else { return Ok(()) };
        for row in 0..batch.num_rows() {
            let id = columns.series.value(row);
            if self.series.as_ref().is_none_or(|series| series.id != id) {
                self.end_series()?;
                self.series = Some(OneSeries::new(id.try_into().expect("a series id has 16 bytes")));
            }
            if let (Some(series), Some(sample)) = (&mut self.series, columns.sample(row)) {
                series.push(sample, columns.received(row), &mut self.rows);
            }
        }
        self.write_from(BATCH_ROWS)
    }

    fn end_series(&mut self) -> Result<(), SealError> {
        if let Some(series) = self.series.take() {
            let shortest = series.finish(&mut self.rows);
            self.level_min = self.level_min.into_iter().chain(shortest).min();
        }
        self.write_from(BATCH_ROWS)
    }

    /// Hands rows on where there are at least so many.
    fn write_from(&mut self, rows_min: usize) -> Result<(), SealError> {
        if self.rows.series.len() < rows_min {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.rows).into_batch();
        let Some(writer) = &mut self.writer else {
            self.first.push(batch);
            let so_far: usize = self.first.iter().map(RecordBatch::num_rows).sum();
            return if so_far >= GROUP_ROWS { self.begin() } else { Ok(()) };
        };
        writer.write(&batch).map_err(|source| SealError::Parquet { path: self.aside.clone(), source })
    }

    /// Writes the first rows.
    fn begin(&mut self) -> Result<(), SealError> {
        let parquet_error = |source| SealError::Parquet { path: self.aside.clone(), source };
        let file = File::create(&self.aside).map_err(SealError::io("create", &self.aside))?;
        let properties = if self.is_cold { cold_properties(&self.first) } else { properties() };
        let writer = ArrowWriter::try_new(BufWriter::new(file), schema(), Some(properties.build()));
        let writer = self.writer.insert(writer.map_err(parquet_error)?);
        for batch in std::mem::take(&mut self.first) {
            writer.write(&batch).map_err(parquet_error)?;
        }
        Ok(())
    }

    /// Appends what was made to the file that it is of; says where it lies.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append_to<W: Write + Send>(mut self, file: &mut ArrowWriter<W>) -> Result<Option<RollupPlace>, SealError> {
        self.end_series()?;
        self.write_from(1)?;
        if !self.first.is_empty() {
            self.begin()?;
        }
        let (Some(writer), Some(level_min)) = (self.writer.take(), self.level_min) else { return Ok(None) };
        let parquet_error = |source| SealError::Parquet { path: self.aside.clone(), source };
        writer.close().map_err(parquet_error)?;
        file.flush().map_err(parquet_error)?;
        let offset = file.bytes_written() as u64;
        let mut made = File::open(&self.aside).map_err(SealError::io("open", &self.aside))?;
        let (mut bytes, mut buffer) = (0, vec![0; 1 << 18]);
        loop {
            let read = made.read(&mut buffer).map_err(SealError::io("read", &self.aside))?;
            if read == 0 {
                return Ok(Some(RollupPlace { offset, bytes, level_min }));
            }
            file.write_all(&buffer[..read]).map_err(SealError::io("write", &self.aside))?;
            bytes += read as u64;
        }
    }
}

impl Drop for RollupBuilder {
    fn drop(&mut self) {
        // There where something was made.
        let _ = std::fs::remove_file(&self.aside);
    }
}

/// Values as doubles split by byte, times as differences; pages know which series they are of.
fn properties() -> WriterPropertiesBuilder {
    let path = |name: &str| ColumnPath::new(vec![name.to_owned()]);
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(BATCH_ROWS)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(path("series_id"), EnabledStatistics::Page)
        .set_column_dictionary_enabled(path("time"), false)
        .set_column_encoding(path("time"), Encoding::DELTA_BINARY_PACKED);
    for name in ["value", "min", "max", "sum", "sum_lost"] {
        builder = builder
            .set_column_dictionary_enabled(path(name), false)
            .set_column_encoding(path(name), Encoding::BYTE_STREAM_SPLIT);
    }
    builder
}

/// Kept for years and seldom read.
fn cold_properties(first: &[RecordBatch]) -> WriterPropertiesBuilder {
    let level = zstd_level(COLD_LEVEL);
    with_smallest(properties().set_compression(Compression::ZSTD(level)), &schema(), first)
}

/// What rollups need of rows of `points`.
struct Columns<'a> {
    series: &'a arrow::array::FixedSizeBinaryArray,
    time: &'a PrimitiveArray<TimestampNanosecondType>,
    start: Option<&'a PrimitiveArray<TimestampNanosecondType>>,
    received: Option<&'a PrimitiveArray<TimestampNanosecondType>>,
    flags: Option<&'a PrimitiveArray<UInt32Type>>,
    doubles: Option<&'a PrimitiveArray<Float64Type>>,
    integers: Option<&'a PrimitiveArray<Int64Type>>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        fn numbers<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<T>> {
            batch.column_by_name(name)?.as_primitive_opt::<T>()
        }
        Some(Self {
            series: batch.column_by_name("series_id")?.as_fixed_size_binary_opt()?,
            time: numbers(batch, "time")?,
            start: numbers(batch, "start_time"),
            received: numbers(batch, "received_time"),
            flags: numbers(batch, "flags"),
            doubles: numbers(batch, "value_double"),
            integers: numbers(batch, "value_int"),
        })
    }

    /// `None` of a row that only carries exemplars.
    fn sample(&self, row: usize) -> Option<Sample> {
        let is_end = self.flags.is_some_and(|flags| flags.value(row) & 1 == 1);
        let double = self.doubles.filter(|doubles| doubles.is_valid(row)).map(|doubles| doubles.value(row));
        let integer = || self.integers.filter(|integers| integers.is_valid(row)).map(|integers| integers.value(row));
        #[expect(clippy::cast_precision_loss, reason = "PromQL has doubles")]
        let value = if is_end { Some(0.0) } else { double.or_else(|| integer().map(|integer| integer as f64)) };
        let time_ms = milli(self.time.value(row));
        let start = self.start.filter(|start| start.is_valid(row)).map_or(0, |start| start.value(row));
        let start_ms = milli(start);
        value.map(|value| Sample { time_ms, start_ms, value, is_end })
    }

    fn received(&self, row: usize) -> i64 {
        self.received.map_or(0, |received| received.value(row))
    }
}

impl OneSeries {
    fn new(id: [u8; ID_BYTES]) -> Self {
        Self { id, latest: None, waiting: Vec::new(), levels: None, is_odd: false, has_rows: false }
    }

    fn push(&mut self, sample: Sample, received: i64, rows: &mut Rows) {
        self.has_rows = true;
        if let Some((latest, latest_received)) = self.latest {
            if sample.time_ms == latest.time_ms {
                if received >= latest_received {
                    self.latest = Some((sample, received));
                }
                return;
            }
            self.is_odd |= sample.time_ms < latest.time_ms;
            self.take(latest, rows);
        }
        self.latest = Some((sample, received));
    }

    fn take(&mut self, sample: Sample, rows: &mut Rows) {
        // A start after its sample means one thing beside one sample and another beside another.
        let is_number = (-VALUE_MAX..VALUE_MAX).contains(&sample.value);
        self.is_odd |= !is_number || sample.start_ms > sample.time_ms;
        if self.is_odd {
            return;
        }
        if self.levels.is_some() {
            return self.roll(sample, rows);
        }
        self.waiting.push(sample);
        if self.waiting.len() >= LOOKED_AT {
            self.choose(rows);
        }
    }

    fn choose(&mut self, rows: &mut Rows) {
        let waiting = std::mem::take(&mut self.waiting);
        let chosen = levels_of(&waiting).into_iter().map(|level| (level, Stretch::until(i64::MIN, level)));
        self.levels = Some(chosen.collect());
        for sample in waiting {
            self.roll(sample, rows);
        }
    }

    fn roll(&mut self, sample: Sample, rows: &mut Rows) {
        for (level, stretch) in self.levels.iter_mut().flatten() {
            let end = stretch_end(sample.time_ms, *level);
            if end != stretch.end_ms() {
                let over = std::mem::replace(stretch, Stretch::until(end, *level));
                rows.add(self.id, *level, over.finish());
            }
            stretch.add(sample);
        }
    }

    /// Its shortest level, if it has any.
    fn finish(mut self, rows: &mut Rows) -> Option<u32> {
        if let Some((latest, _)) = self.latest.take() {
            self.take(latest, rows);
        }
        if self.levels.is_none() && !self.is_odd {
            self.choose(rows);
        }
        let levels = self.levels.unwrap_or_default();
        let shortest = levels.iter().map(|(level, _)| *level).min().filter(|_| !self.is_odd);
        if self.has_rows && (self.is_odd || levels.is_empty()) {
            let marker = Sample { time_ms: 0, start_ms: 0, value: 0.0, is_end: false };
            let kept = vec![Kept { sample: marker, count: 0 }];
            rows.add(self.id, NOT_ROLLED_UP, Summary { kept, ..Summary::default() });
        }
        for (level, stretch) in levels {
            rows.add(self.id, level, stretch.finish());
        }
        shortest
    }
}

/// Levels at which a row stands for enough samples: of a stretch the first is kept, and those of its tail or the last.
#[expect(clippy::cast_precision_loss, reason = "milliseconds and counts of some samples")]
fn levels_of(samples: &[Sample]) -> Vec<u32> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    if samples.len() < SAMPLES_MIN {
        return Vec::new();
    }
    let each_ms = (last.time_ms - first.time_ms) as f64 / (samples.len() - 1) as f64;
    let saves = |level: &u32| {
        let rows = 1.0 + (tail_ms(*level) as f64 / each_ms).max(1.0);
        f64::from(*level) * 1_000.0 / each_ms >= SAVES_MIN * rows
    };
    LEVELS.into_iter().filter(saves).collect()
}

impl Rows {
    fn add(&mut self, id: [u8; ID_BYTES], level: u32, Summary { kept, totals, has_falls }: Summary) {
        let first = kept.first().map(|row| row.sample.value);
        let unless = |value: f64, told: Option<f64>| Some(value).filter(|value| Some(*value) != told);
        let end = kept.len().saturating_sub(1);
        for (at, Kept { sample, count }) in kept.into_iter().enumerate() {
            let totals = totals.filter(|_| at == 0);
            self.series.push(id);
            self.level.append_value(level);
            self.time.append_value(sample.time_ms);
            self.start.append_value(sample.start_ms);
            self.value.append_value(sample.value);
            self.count.append_value(count);
            self.is_end.append_value(sample.is_end);
            self.is_last.append_value(at == end);
            self.min.append_option(totals.and_then(|totals| unless(totals.min, first)));
            self.max.append_option(totals.and_then(|totals| unless(totals.max, first)));
            self.sum.append_option(totals.map(|totals| totals.sum));
            self.sum_lost.append_option(totals.and_then(|totals| unless(totals.lost, Some(0.0))));
            self.has_falls.append_value(at == 0 && has_falls);
        }
    }

    fn into_batch(mut self) -> RecordBatch {
        let mut ids = FixedSizeBinaryBuilder::with_capacity(self.series.len(), 16);
        for id in &self.series {
            ids.append_value(id).expect("sixteen bytes");
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(ids.finish()),
            Arc::new(self.level.finish()),
            Arc::new(self.time.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.count.finish()),
            Arc::new(self.is_end.finish()),
            Arc::new(self.is_last.finish()),
            Arc::new(self.min.finish()),
            Arc::new(self.max.finish()),
            Arc::new(self.sum.finish()),
            Arc::new(self.sum_lost.finish()),
            Arc::new(self.has_falls.finish()),
        ];
        RecordBatch::try_new(schema(), columns).expect("the columns of the schema")
    }
}
