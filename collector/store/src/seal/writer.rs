//! One Parquet file: its properties, its rows a slice at a time, and the rename that makes it real.
//!
//! Owns encodings and page sizes. Never holds more than one slice of gathered rows.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::tables::Table;

use super::SealError;
use super::gather::Gather;
use super::order::{SortedRow, has_buckets};
use crate::attribute_columns::{AttributeNote, Splitter, is_attribute_column};
use crate::cold::form::{cold_schema, to_cold};
use crate::durable::{create_dirs, sync_dir};
use crate::version::{COLD_LEVEL, FileEntry};

/// Level of compression of cold files.
const COLD_ZSTD: i32 = 7;
pub const ROW_GROUP_ROWS: usize = 131_072;
const PAGE_ROWS: usize = 2_048;
/// Of cold files, which are seldom looked into and kept for years: larger pages compress better.
const COLD_PAGE_ROWS: usize = 8_192;
/// A lookup decodes the whole dictionary for a handful of rows; larger ones save next to nothing on disk.
const DICTIONARY_BYTES_MAX: usize = 32 << 10;
/// Rows gathered at once: small enough to stay in the second-level cache, a column at a time.
const SLICE_ROWS: usize = 8_192;

/// The leaf with the values of attributes, by the form of the file.
pub const HOT_VALUES: [&str; 3] = ["attributes", "entries", "values"];
pub const COLD_VALUES: [&str; 3] = ["attributes", "key_value", "value"];
/// How often a filter of values lets a row group through that has none: each is a few pages read in vain.
const VALUE_FPP: f64 = 0.03;
/// Different values that a filter is made for; with more it lets more through.
const VALUES_MAX: u64 = 131_072;

/// A file that is being written: under another name until it is whole.
pub struct FileWriter {
    table: Table,
    path: PathBuf,
    aside: PathBuf,
    /// `None` once finished.
    writer: Option<ArrowWriter<BufWriter<Summed>>>,
    entry: FileEntry,
    /// `None` where the table has no attributes.
    splitter: Option<Splitter>,
    is_cold: bool,
}

/// A file, and the checksum of what was written to it.
struct Summed {
    file: File,
    sum: u32,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.sum = crc32c::crc32c_append(self.sum, &bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// What the properties of a file depend on.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// 0 as sealed, 1 merged.
    pub level: u8,
    pub bucket_seconds: u32,
    /// At most so many different traces are in a row group.
    pub traces_max: usize,
}

impl FileWriter {
    /// Begins a file; `relative` to the data directory. `note` says what is in the attributes of its rows.
    pub fn create(
        data_dir: &Path,
        relative: &str,
        table: Table,
        schema: SchemaRef,
        note: Option<&AttributeNote>,
        effort: Effort,
    ) -> Result<Self, SealError> {
        let path = data_dir.join(relative);
        create_dirs(path.parent().expect("a data file lies in a folder"))
            .map_err(|(dir, error)| SealError::io("create", &dir)(error))?;
        let aside = path.with_extension("tmp");
        let file = File::create(&aside).map_err(SealError::io("create", &aside))?;
        let buffered = BufWriter::with_capacity(1 << 18, Summed { file, sum: 0 });
        let is_cold = effort.level >= COLD_LEVEL;
        let schema = if is_cold { cold_schema(&schema) } else { schema };
        let splitter = note.map(|note| Splitter::new(note, &schema, is_cold));
        let schema = splitter.as_ref().map_or(schema, |splitter| Arc::clone(splitter.schema()));
        let properties = properties(table, &schema, effort);
        let entry = super::entry(relative, table, effort);
        let mut this = Self { table, path, aside, writer: None, entry, splitter, is_cold };
        let writer = ArrowWriter::try_new(buffered, schema, Some(properties));
        this.writer = Some(writer.map_err(|source| SealError::Parquet { path: this.aside.clone(), source })?);
        Ok(this)
    }

    /// Appends rows in the order given.
    pub fn write(&mut self, gather: &Gather, rows: &[SortedRow]) -> Result<(), SealError> {
        for slice in rows.chunks(SLICE_ROWS) {
            let arrow_error = |source| SealError::Arrow { table: self.table.name(), source };
            let batch = gather.take(slice).map_err(arrow_error)?;
            let batch = if self.is_cold { to_cold(&batch).map_err(arrow_error)? } else { batch };
            let batch = match &self.splitter {
                Some(splitter) => splitter.split(&batch).map_err(arrow_error)?,
                None => batch,
            };
            let writer = self.writer.as_mut().expect("not finished");
            writer.write(&batch).map_err(|source| SealError::Parquet { path: self.aside.clone(), source })?;
        }
        widen(&mut self.entry, self.table, rows);
        Ok(())
    }

    /// Syncs and renames: afterwards the file is whole under its name.
    pub fn finish(mut self) -> Result<FileEntry, SealError> {
        let writer = self.writer.take().expect("finished once");
        let buffered = writer.into_inner().map_err(|source| SealError::Parquet { path: self.aside.clone(), source })?;
        let Summed { file, sum } =
            buffered.into_inner().map_err(|error| SealError::io("write", &self.aside)(error.into_error()))?;
        file.sync_all().map_err(SealError::io("sync", &self.aside))?;
        self.entry.checksum = Some(sum);
        self.entry.bytes = file.metadata().map_err(SealError::io("stat", &self.aside))?.len();
        std::fs::rename(&self.aside, &self.path).map_err(SealError::io("rename", &self.aside))?;
        let dir = self.path.parent().expect("a data file lies in a folder");
        sync_dir(dir).map_err(SealError::io("sync", dir))?;
        Ok(self.entry.clone())
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        // Gone already where the file was finished.
        let _ = std::fs::remove_file(&self.aside);
    }
}

fn path_of(parts: &[&str]) -> ColumnPath {
    ColumnPath::new(parts.iter().map(|part| (*part).to_owned()).collect())
}

fn properties(table: Table, schema: &Schema, effort: Effort) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_created_by(concat!("spanlake ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(zstd_level(effort.level)))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(if effort.level >= COLD_LEVEL { COLD_PAGE_ROWS } else { PAGE_ROWS })
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(path_of(&[table.time_column()]), EnabledStatistics::Page);
    let builder = time_column(builder, table.time_column());
    let builder = if table.has_attribute_columns() { attributes(builder, schema, effort) } else { builder };
    let builder = match table {
        Table::Spans => spans(builder, effort.traces_max),
        Table::Logs => logs(builder),
        Table::Resources | Table::Scopes | Table::Series | Table::SpanRed => builder,
        Table::Points | Table::Histograms | Table::ExpHistograms | Table::Summaries | Table::Exemplars => {
            metric(builder)
        }
    };
    if effort.level >= COLD_LEVEL {
        return plain_text(cold_columns(builder, schema), &COLD_VALUES).build();
    }
    let builder = plain_text(builder, &HOT_VALUES);
    if matches!(table, Table::Spans | Table::Logs) { few_codecs(builder, schema).build() } else { builder.build() }
}

/// Values of attributes are searched for: a filter a row group says where one cannot be, in the columns of the frequent
/// and in the map of all others. What has few values costs a few bytes.
fn attributes(mut builder: WriterPropertiesBuilder, schema: &Schema, effort: Effort) -> WriterPropertiesBuilder {
    let values: &[&str] = if effort.level >= COLD_LEVEL { &COLD_VALUES } else { &HOT_VALUES };
    let own = schema.fields().iter().filter(|field| is_attribute_column(field.name()));
    let paths = own.map(|field| path_of(&[field.name()])).chain(std::iter::once(path_of(values)));
    for path in paths {
        builder = builder
            .set_column_bloom_filter_enabled(path.clone(), true)
            .set_column_bloom_filter_fpp(path.clone(), VALUE_FPP)
            .set_column_bloom_filter_max_ndv(path, VALUES_MAX);
    }
    builder
}

/// Written once in the hot tier, read soon; written once more for years in the cold one.
fn zstd_level(level: u8) -> ZstdLevel {
    if level < COLD_LEVEL { ZstdLevel::default() } else { ZstdLevel::try_new(COLD_ZSTD).expect("a level that is") }
}

/// Ids are byte arrays here: their lengths are all alike. Neighbours are often of one trace, siblings have one parent,
/// and runs of series are long; all of it is compressed but the ids of spans, which never repeat.
fn cold_columns(mut builder: WriterPropertiesBuilder, schema: &Schema) -> WriterPropertiesBuilder {
    for field in schema.fields() {
        if matches!(field.data_type(), DataType::Binary) {
            let path = path_of(&[field.name()]);
            let has_runs = field.name() == "series_id";
            let encoding = if has_runs { Encoding::DELTA_BYTE_ARRAY } else { Encoding::DELTA_LENGTH_BYTE_ARRAY };
            builder = builder.set_column_dictionary_enabled(path.clone(), false).set_column_encoding(path, encoding);
            if field.name() == "parent_span_id" {
                let zstd = Compression::ZSTD(zstd_level(COLD_LEVEL));
                builder = builder.set_column_compression(path_of(&["parent_span_id"]), zstd);
            }
        }
    }
    builder
}

/// A lookup of one trace reads a page of every column, and a reader sets up a codec for each compressed one, which
/// costs more than the page. So of spans and logs only what gains by it is compressed: text that varies. Numbers are
/// delta-coded, words are small dictionaries with run lengths.
fn few_codecs(mut builder: WriterPropertiesBuilder, schema: &Schema) -> WriterPropertiesBuilder {
    for field in schema.fields() {
        let is_number = !matches!(
            field.data_type(),
            DataType::Utf8
                | DataType::FixedSizeBinary(16)
                | DataType::Binary
                | DataType::Int16
                | DataType::Map(_, _)
                | DataType::List(_)
        );
        if is_number || WORDS.contains(&field.name().as_str()) {
            builder = builder.set_column_compression(path_of(&[field.name()]), Compression::UNCOMPRESSED);
        }
    }
    for (list, leaves) in LIST_NUMBERS {
        for leaf in *leaves {
            for item in ["item", "element"] {
                let path = path_of(&[list, "list", item, leaf]);
                builder = builder.set_column_compression(path, Compression::UNCOMPRESSED);
            }
        }
    }
    builder
}

/// Text columns of few distinct words.
const WORDS: &[&str] = &[
    "kind",
    "status_code",
    "service_name",
    "severity_text",
    "body_type",
    "http_request_method",
    "http_method",
    "url_scheme",
    "rpc_system",
    "db_system_name",
    "db_system",
    "messaging_system",
    "gen_ai_provider_name",
];

/// Leaves of lists that are no text.
const LIST_NUMBERS: &[(&str, &[&str])] = &[
    ("events", &["time", "name", "attribute_types", "dropped_attributes_count"]),
    ("links", &["trace_id", "span_id", "trace_state", "flags", "attribute_types", "dropped_attributes_count"]),
];

/// Values that hardly repeat: a dictionary only costs, at writing and at each lookup.
fn plain_text(builder: WriterPropertiesBuilder, parts: &[&str]) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(path_of(parts), false)
        .set_column_statistics_enabled(path_of(parts), EnabledStatistics::None)
}

fn time_column(builder: WriterPropertiesBuilder, name: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(path_of(&[name]), false)
        .set_column_encoding(path_of(&[name]), Encoding::DELTA_BINARY_PACKED)
}

/// Random bytes: neither dictionary nor compression nor statistics help.
fn random_bytes(builder: WriterPropertiesBuilder, name: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(path_of(&[name]), false)
        .set_column_compression(path_of(&[name]), Compression::UNCOMPRESSED)
        .set_column_statistics_enabled(path_of(&[name]), EnabledStatistics::None)
}

fn spans(builder: WriterPropertiesBuilder, traces_max: usize) -> WriterPropertiesBuilder {
    let builder = random_bytes(random_bytes(builder, "span_id"), "parent_span_id");
    let builder = time_column(builder, "duration");
    builder
        .set_column_statistics_enabled(path_of(&["trace_id"]), EnabledStatistics::Page)
        .set_column_bloom_filter_enabled(path_of(&["trace_id"]), true)
        .set_column_bloom_filter_fpp(path_of(&["trace_id"]), 0.01)
        .set_column_bloom_filter_max_ndv(
            path_of(&["trace_id"]),
            u64::try_from(traces_max.min(ROW_GROUP_ROWS)).expect("fits"),
        )
}

fn logs(builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
    let builder = time_column(random_bytes(builder, "span_id"), "observed_time");
    plain_text(builder, &["body"])
        .set_column_statistics_enabled(path_of(&["service_name"]), EnabledStatistics::Page)
        .set_column_bloom_filter_enabled(path_of(&["trace_id"]), true)
        .set_column_bloom_filter_fpp(path_of(&["trace_id"]), 0.01)
        .set_column_bloom_filter_max_ndv(path_of(&["trace_id"]), 65_536)
}

fn metric(builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
    time_column(builder, "value_int").set_column_statistics_enabled(path_of(&["series_id"]), EnabledStatistics::Page)
}

/// Widens the entry's ranges to more rows.
fn widen(entry: &mut FileEntry, table: Table, rows: &[SortedRow]) {
    entry.rows += rows.len() as u64;
    for row in rows {
        entry.time_min = entry.time_min.min(row.time);
        entry.time_max = entry.time_max.max(row.time);
        entry.received_min = entry.received_min.min(row.received);
        entry.received_max = entry.received_max.max(row.received);
    }
    let by_series = !table.is_dimension() && !has_buckets(table) && table != Table::SpanRed;
    if let (true, Some(first), Some(last)) = (by_series, rows.first(), rows.last()) {
        entry.series_min.get_or_insert_with(|| to_hex(&first.key_bytes()));
        entry.series_max = Some(to_hex(&last.key_bytes()));
    }
}
