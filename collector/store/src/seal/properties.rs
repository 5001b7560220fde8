//! How each column of a file is written: encodings, compression, pages, statistics, filters.
//!
//! Owns these choices. Never writes.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use spanlake_schemas::tables::Table;

use super::few_words::has_few_words;
use super::tried::{TRIED_ROWS, with_smallest};
use super::writer::ROW_GROUP_ROWS;
use crate::attribute_columns::is_attribute_column;
use crate::version::COLD_LEVEL;

/// Level of compression of cold files.
const COLD_ZSTD: i32 = 7;
const PAGE_ROWS: usize = 2_048;
/// Of cold files, which are seldom looked into and kept for years, and of merged points, of which many are read at once: larger
/// pages compress better.
const LARGE_PAGE_ROWS: usize = 8_192;
/// About as many rows of eight bytes, where pages end by their bytes.
const LARGE_PAGE_BYTES: usize = LARGE_PAGE_ROWS * 8;
/// An id and its length, as one is written plainly.
const PLAIN_ID_BYTES: usize = 20;
/// A lookup decodes the whole dictionary for a handful of rows; larger ones save next to nothing on disk.
const DICTIONARY_BYTES_MAX: usize = 32 << 10;
/// The leaf with the values of attributes, by the form of the file.
pub const HOT_VALUES: [&str; 3] = ["attributes", "entries", "values"];
pub const COLD_VALUES: [&str; 3] = ["attributes", "key_value", "value"];
/// How often a filter of values lets a row group through that has none: each is a few pages read in vain.
const VALUE_FPP: f64 = 0.03;
/// Different values that a filter is made for; with more it lets more through.
const VALUES_MAX: u64 = 131_072;

/// What the properties of a file depend on, beside its rows.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// 0 as sealed, 1 merged.
    pub level: u8,
    pub bucket_seconds: u32,
    /// At most so many different traces are in a row group.
    pub traces_max: usize,
}

const fn page_rows(table: Table, level: u8) -> usize {
    let is_large = level >= COLD_LEVEL || level > 0 && matches!(table, Table::Points);
    if is_large { LARGE_PAGE_ROWS } else { PAGE_ROWS }
}

fn path_of(parts: &[&str]) -> ColumnPath {
    ColumnPath::new(parts.iter().map(|part| (*part).to_owned()).collect())
}

/// Rows that `properties` wants to see, or all where there are fewer.
pub const fn first_rows(table: Table, effort: Effort) -> usize {
    if effort.level >= COLD_LEVEL && is_metric(table) { TRIED_ROWS } else { 1 }
}

const fn is_metric(table: Table) -> bool {
    matches!(table, Table::Points | Table::Histograms | Table::ExpHistograms | Table::Summaries | Table::Exemplars)
}

/// How the columns of `schema` are written, of which these are the `first` rows.
pub fn properties(table: Table, schema: &Schema, first: &[RecordBatch], effort: Effort) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_created_by(concat!("spanlake ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(zstd_level(effort.level)))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(page_rows(table, effort.level))
        .set_dictionary_page_size_limit(DICTIONARY_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_column_statistics_enabled(path_of(&[table.time_column()]), EnabledStatistics::Page);
    let builder = time_column(builder, table.time_column());
    let builder = if table.has_attribute_columns() { attributes(builder, schema, effort) } else { builder };
    let builder = match table {
        Table::Spans => spans(builder, effort.traces_max),
        Table::Logs => logs(builder),
        table if is_metric(table) => metric(builder),
        _ => builder,
    };
    if effort.level >= COLD_LEVEL {
        let builder = plain_text(cold_columns(builder, schema), &COLD_VALUES);
        let builder = if is_metric(table) { cold_metric(builder, schema, first) } else { builder };
        return builder.build();
    }
    let builder = plain_text(builder, &HOT_VALUES);
    if matches!(table, Table::Spans | Table::Logs) {
        few_codecs(builder, schema, first).build()
    } else {
        builder.build()
    }
}

/// Values of attributes are searched for: a filter a row group says where one cannot be, in the columns of the frequent
/// and in the map of all others. What has few values costs a few bytes.
fn attributes(mut builder: WriterPropertiesBuilder, schema: &Schema, effort: Effort) -> WriterPropertiesBuilder {
    let values: &[&str] = if effort.level >= COLD_LEVEL { &COLD_VALUES } else { &HOT_VALUES };
    let own = schema.fields().iter().filter(|field| is_attribute_column(field.name()));
    let paths = own.map(|field| path_of(&[field.name()])).chain(std::iter::once(path_of(values)));
    for path in paths {
        builder = value_filter(builder, path);
    }
    builder
}

/// A filter a row group of the values of one column, folded to what they need.
fn value_filter(builder: WriterPropertiesBuilder, path: ColumnPath) -> WriterPropertiesBuilder {
    builder
        .set_column_bloom_filter_enabled(path.clone(), true)
        .set_column_bloom_filter_fpp(path.clone(), VALUE_FPP)
        .set_column_bloom_filter_max_ndv(path, VALUES_MAX)
}

/// Written once in the hot tier, read soon; written once more for years in the cold one.
pub fn zstd_level(level: u8) -> ZstdLevel {
    if level < COLD_LEVEL { ZstdLevel::default() } else { ZstdLevel::try_new(COLD_ZSTD).expect("a level that is") }
}

/// Ids are byte arrays here: their lengths are all alike. Neighbours are often of one trace, siblings have one parent;
/// all of it is compressed but the ids of spans, which never repeat.
fn cold_columns(mut builder: WriterPropertiesBuilder, schema: &Schema) -> WriterPropertiesBuilder {
    for field in schema.fields() {
        if matches!(field.data_type(), DataType::Binary) {
            let path = path_of(&[field.name()]);
            builder = builder
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_LENGTH_BYTE_ARRAY);
            if field.name() == "span_id" {
                builder = builder.set_column_compression(path_of(&["span_id"]), Compression::UNCOMPRESSED);
            }
        }
    }
    builder
}

/// A lookup of one trace reads a page of every column, and a reader sets up a codec for each compressed one, which
/// costs more than the page. So of spans and logs only what gains by it is compressed: text that varies. Numbers are
/// delta-coded, words are small dictionaries with run lengths.
fn few_codecs(mut builder: WriterPropertiesBuilder, schema: &Schema, first: &[RecordBatch]) -> WriterPropertiesBuilder {
    for (index, field) in schema.fields().iter().enumerate() {
        let is_number = !matches!(
            field.data_type(),
            DataType::Utf8 | DataType::FixedSizeBinary(_) | DataType::Binary | DataType::Map(_, _) | DataType::List(_)
        );
        let is_plain = is_number
            || field.name() == "span_id"
            || first.first().is_some_and(|batch| has_few_words(batch.column(index)));
        if is_plain {
            builder = builder.set_column_compression(path_of(&[field.name()]), Compression::UNCOMPRESSED);
        }
    }
    let keys = ["attributes", "entries", "keys"];
    builder = builder.set_column_compression(path_of(&keys), Compression::UNCOMPRESSED);
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

/// Random bytes: neither dictionary nor statistics help.
fn random_bytes(builder: WriterPropertiesBuilder, name: &str) -> WriterPropertiesBuilder {
    builder
        .set_column_dictionary_enabled(path_of(&[name]), false)
        .set_column_statistics_enabled(path_of(&[name]), EnabledStatistics::None)
}

fn spans(builder: WriterPropertiesBuilder, traces_max: usize) -> WriterPropertiesBuilder {
    let builder = random_bytes(random_bytes(builder, "span_id"), "parent_span_id");
    let builder = time_column(builder, "duration");
    // A name that is misspelt, or that only one version had, is in few row groups.
    let builder = value_filter(builder, path_of(&["name"]));
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

/// Neighbouring series come from one process, which tells them all with one time, in one request: a row group has few different
/// times, each at many series, and zstd finds that the indexes into them repeat. Packed as differences they would begin anew at each
/// series. Where each point has a time of its own, the dictionary is soon full, and the rest is plain.
fn metric(builder: WriterPropertiesBuilder) -> WriterPropertiesBuilder {
    let builder = shared_times(shared_times(time_column(builder, "value_int"), "time"), "received_time");
    builder
        .set_column_dictionary_enabled(path_of(&["value_double"]), false)
        .set_column_encoding(path_of(&["value_double"]), Encoding::BYTE_STREAM_SPLIT)
        .set_column_statistics_enabled(path_of(&["series_id"]), EnabledStatistics::Page)
}

/// Times repeat from series to series, which zstd finds where all of a row group are in one page: a quarter of what they are in
/// pages of 8,192 rows. Pages of series, by which a lookup knows what to decode of the other columns, stay small. Pages of one
/// column can be smaller than those of others by their bytes only, so ids are plain: each takes as many.
fn cold_metric(
    mut builder: WriterPropertiesBuilder,
    schema: &Schema,
    first: &[RecordBatch],
) -> WriterPropertiesBuilder {
    let series = path_of(&["series_id"]);
    builder = builder
        .set_data_page_row_count_limit(ROW_GROUP_ROWS)
        .set_data_page_size_limit(LARGE_PAGE_BYTES)
        .set_column_encoding(series.clone(), Encoding::PLAIN)
        .set_column_data_page_size_limit(series, LARGE_PAGE_ROWS * PLAIN_ID_BYTES);
    for field in schema.fields().iter().filter(|field| matches!(field.data_type(), DataType::Timestamp(..))) {
        builder = builder.set_column_data_page_size_limit(path_of(&[field.name()]), ROW_GROUP_ROWS * 8 + 1);
    }
    with_smallest(builder, schema, first)
}

fn shared_times(builder: WriterPropertiesBuilder, name: &str) -> WriterPropertiesBuilder {
    builder.set_column_dictionary_enabled(path_of(&[name]), true).set_column_encoding(path_of(&[name]), Encoding::PLAIN)
}
