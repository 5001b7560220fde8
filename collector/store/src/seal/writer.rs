//! One Parquet file: its properties, its rows a slice at a time, and the rename that makes it real.
//!
//! Owns encodings and page sizes. Never holds more than one slice of gathered rows.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use arrow::datatypes::{DataType, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use spanlake_schemas::ids::to_hex;
use spanlake_schemas::tables::Table;

use super::SealError;
use super::gather::Gather;
use super::order::SortedRow;
use crate::manifest::sync_dir;
use crate::version::FileEntry;

pub const ROW_GROUP_ROWS: usize = 131_072;
const PAGE_ROWS: usize = 2_048;
/// A lookup decodes the whole dictionary for a handful of rows; larger ones save next to nothing on disk.
const DICTIONARY_BYTES_MAX: usize = 32 << 10;
/// Rows gathered at once: small enough to stay in the second-level cache, a column at a time.
const SLICE_ROWS: usize = 8_192;

/// Writes the rows, syncs, renames. Afterwards the file is whole under its name or absent.
pub fn write_file(
    data_dir: &Path,
    relative: &str,
    table: Table,
    gather: &Gather,
    rows: &[SortedRow],
    last_lsn: u64,
) -> Result<FileEntry, SealError> {
    let path = data_dir.join(relative);
    let dir = path.parent().expect("a data file lies in a folder");
    create_dirs(data_dir, dir)?;
    let aside = path.with_extension("tmp");
    let result = write_rows(&aside, table, gather, rows);
    if let Err(error) = result {
        let _ = std::fs::remove_file(&aside);
        return Err(error);
    }
    std::fs::rename(&aside, &path).map_err(SealError::io("rename", &aside))?;
    sync_dir(dir).map_err(SealError::io("sync", dir))?;
    let mut entry = super::entry(relative, table, u64::try_from(rows.len()).expect("fits"), last_lsn);
    entry.bytes = std::fs::metadata(&path).map_err(SealError::io("stat", &path))?.len();
    fill_ranges(&mut entry, table, rows);
    Ok(entry)
}

/// Creates missing folders and makes their names durable.
fn create_dirs(data_dir: &Path, dir: &Path) -> Result<(), SealError> {
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(dir).map_err(SealError::io("create", dir))?;
    for ancestor in dir.ancestors().skip(1).take_while(|ancestor| ancestor.starts_with(data_dir)) {
        sync_dir(ancestor).map_err(SealError::io("sync", ancestor))?;
    }
    Ok(())
}

fn write_rows(path: &Path, table: Table, gather: &Gather, rows: &[SortedRow]) -> Result<(), SealError> {
    let parquet_error = |source| SealError::Parquet { path: path.to_path_buf(), source };
    let file = File::create(path).map_err(SealError::io("create", path))?;
    let buffered = BufWriter::with_capacity(1 << 18, file);
    let schema = std::sync::Arc::clone(&gather.schema);
    let properties = properties(table, &schema, rows);
    let mut writer = ArrowWriter::try_new(buffered, schema, Some(properties)).map_err(parquet_error)?;
    for slice in rows.chunks(SLICE_ROWS) {
        let batch = gather.take(slice).map_err(|source| SealError::Arrow { table: table.name(), source })?;
        writer.write(&batch).map_err(parquet_error)?;
    }
    let buffered = writer.into_inner().map_err(parquet_error)?;
    let file = buffered.into_inner().map_err(|error| SealError::io("write", path)(error.into_error()))?;
    file.sync_all().map_err(SealError::io("sync", path))
}

fn path_of(parts: &[&str]) -> ColumnPath {
    ColumnPath::new(parts.iter().map(|part| (*part).to_owned()).collect())
}

fn properties(table: Table, schema: &Schema, rows: &[SortedRow]) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_created_by(concat!("spanlake ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(path_of(&[table.time_column()]), EnabledStatistics::Page);
    let builder = time_column(builder, table.time_column());
    let builder = match table {
        Table::Spans => spans(builder, rows),
        Table::Logs => logs(builder),
        Table::Resources | Table::Scopes | Table::Series => builder,
        Table::Points | Table::Histograms | Table::ExpHistograms | Table::Summaries | Table::Exemplars => {
            metric(builder)
        }
    };
    let builder = plain_text(builder, &["attributes", "entries", "values"]);
    if matches!(table, Table::Spans | Table::Logs) { few_codecs(builder, schema).build() } else { builder.build() }
}

/// A lookup of one trace reads a page of every column, and a reader sets up a codec for each compressed one, which
/// costs more than the page. So of spans and logs only what gains by it is compressed: text that varies. Numbers are
/// delta-coded, words are small dictionaries with run lengths.
fn few_codecs(mut builder: WriterPropertiesBuilder, schema: &Schema) -> WriterPropertiesBuilder {
    for field in schema.fields() {
        let is_number = !matches!(
            field.data_type(),
            DataType::Utf8 | DataType::FixedSizeBinary(16) | DataType::Map(_, _) | DataType::List(_)
        );
        if is_number || WORDS.contains(&field.name().as_str()) {
            builder = builder.set_column_compression(path_of(&[field.name()]), Compression::UNCOMPRESSED);
        }
    }
    for (list, leaves) in LIST_NUMBERS {
        for leaf in *leaves {
            builder = builder.set_column_compression(path_of(&[list, "list", "item", leaf]), Compression::UNCOMPRESSED);
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

fn spans(builder: WriterPropertiesBuilder, rows: &[SortedRow]) -> WriterPropertiesBuilder {
    let builder = random_bytes(random_bytes(builder, "span_id"), "parent_span_id");
    let builder = time_column(builder, "duration");
    let traces = rows.chunk_by(|left, right| left.same_key(right)).count();
    builder
        .set_column_statistics_enabled(path_of(&["trace_id"]), EnabledStatistics::Page)
        .set_column_bloom_filter_enabled(path_of(&["trace_id"]), true)
        .set_column_bloom_filter_fpp(path_of(&["trace_id"]), 0.01)
        .set_column_bloom_filter_max_ndv(
            path_of(&["trace_id"]),
            u64::try_from(traces.min(ROW_GROUP_ROWS)).expect("fits"),
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

fn fill_ranges(entry: &mut FileEntry, table: Table, rows: &[SortedRow]) {
    for row in rows {
        entry.time_min = entry.time_min.min(row.time);
        entry.time_max = entry.time_max.max(row.time);
        entry.received_min = entry.received_min.min(row.received);
        entry.received_max = entry.received_max.max(row.received);
    }
    let by_series = !table.is_dimension() && !matches!(table, Table::Spans | Table::Logs);
    if let (true, Some(first), Some(last)) = (by_series, rows.first(), rows.last()) {
        entry.series_min = Some(to_hex(&first.key_bytes()));
        entry.series_max = Some(to_hex(&last.key_bytes()));
    }
}
