//! Which encoding suits a column of numbers: tried on the first rows of its file.
//!
//! Owns the candidates and the rows that are looked at. Never looks at a whole file.
//!
//! How times repeat is not known beforehand: a process that is scraped tells all its series one time, a source that is polled
//! each second has more times than a dictionary holds, others have a time of their own for each point. What is small of one is
//! three bytes a row of the other, so the rows say it themselves.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

/// Rows that are tried, and so held before the first is written: those of a hundred or more series of an hour.
pub const TRIED_ROWS: usize = 65_536;

/// How one column is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
    encoding: Encoding,
    /// As long as it is not full; what follows has the encoding.
    has_dictionary: bool,
}

/// Whether columns of this type are tried.
fn candidates(data_type: &DataType) -> &'static [Encoding] {
    match data_type {
        DataType::Float64 => &[Encoding::BYTE_STREAM_SPLIT, Encoding::PLAIN],
        DataType::Int16 | DataType::UInt32 | DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _) => {
            &[Encoding::DELTA_BINARY_PACKED, Encoding::PLAIN, Encoding::BYTE_STREAM_SPLIT]
        }
        _ => &[],
    }
}

/// `builder` with the encoding of every column of numbers that makes the `first` rows smallest, compressed and paged as
/// `builder` says. Types that cannot be tried stay as they are, and where trying fails, all do: it fails again where it is told.
pub fn with_smallest(
    builder: WriterPropertiesBuilder,
    schema: &Schema,
    first: &[RecordBatch],
) -> WriterPropertiesBuilder {
    let of_file = builder.clone().build();
    schema.fields().iter().enumerate().fold(builder, |builder, (index, field)| {
        let Some(choice) = smallest(&of_file, index, candidates(field.data_type()), first) else { return builder };
        written_so(builder, field.name(), choice)
    })
}

fn written_so(builder: WriterPropertiesBuilder, name: &str, choice: Choice) -> WriterPropertiesBuilder {
    let path = ColumnPath::new(vec![name.to_owned()]);
    builder
        .set_column_dictionary_enabled(path.clone(), choice.has_dictionary)
        .set_column_encoding(path, choice.encoding)
}

/// A dictionary before the best of the encodings, as what does not fit into it is encoded so: it costs its own page at most.
fn smallest(
    of_file: &WriterProperties,
    column: usize,
    encodings: &[Encoding],
    first: &[RecordBatch],
) -> Option<Choice> {
    if first.iter().all(|batch| batch.num_rows() == 0) {
        return None;
    }
    let bytes = |choice: Choice| bytes_of(of_file, column, choice, first).ok();
    let alone = encodings.iter().map(|encoding| Choice { encoding: *encoding, has_dictionary: false });
    let (bytes_alone, alone) =
        alone.filter_map(|choice| Some((bytes(choice)?, choice))).min_by_key(|(bytes, _)| *bytes)?;
    let beside = Choice { has_dictionary: true, ..alone };
    Some(if bytes(beside)? < bytes_alone { beside } else { alone })
}

/// Bytes of one column of the rows on disk.
fn bytes_of(
    of_file: &WriterProperties,
    column: usize,
    choice: Choice,
    first: &[RecordBatch],
) -> Result<i64, ParquetError> {
    let Some(batch) = first.first() else { return Ok(0) };
    let schema = std::sync::Arc::new(batch.schema().project(&[column])?);
    let name = schema.field(0).name();
    let path = ColumnPath::new(vec![name.clone()]);
    let builder = WriterProperties::builder()
        .set_compression(of_file.compression(&path))
        .set_data_page_row_count_limit(of_file.data_page_row_count_limit())
        .set_data_page_size_limit(of_file.column_data_page_size_limit(&path))
        .set_dictionary_page_size_limit(of_file.column_dictionary_page_size_limit(&path))
        .set_statistics_enabled(EnabledStatistics::None);
    let properties = written_so(builder, name, choice).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), std::sync::Arc::clone(&schema), Some(properties))?;
    for batch in first {
        writer.write(&batch.project(&[column])?)?;
    }
    let file = writer.close()?;
    Ok(file.row_groups().iter().map(|group| group.column(0).compressed_size()).sum())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, BinaryArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};
    use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::metadata::PageIndexPolicy;
    use spanlake_schemas::tables::Table;

    use super::*;
    use crate::seal::properties::{Effort, properties};
    use crate::version::COLD_LEVEL;

    const SECOND: i64 = 1_000_000;

    fn rows(columns: Vec<(&str, ArrayRef)>) -> Vec<RecordBatch> {
        vec![RecordBatch::try_from_iter(columns).unwrap()]
    }

    fn times(micros: impl Iterator<Item = i64>) -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
    }

    /// Numbers that look random, the same each time.
    fn scattered(index: i64, below: i64) -> i64 {
        (index.wrapping_mul(0x5851_F42D_4C95_7F2D) >> 20).rem_euclid(below)
    }

    /// So many series of so many rows, at times by the row.
    fn series(count: i64, rows: i64, time: impl Fn(i64, i64) -> i64) -> ArrayRef {
        let all: Vec<i64> =
            (0..count).flat_map(|series| (0..rows).map(move |row| (series, row))).map(|(s, r)| time(s, r)).collect();
        times(all.into_iter())
    }

    fn chosen(column: ArrayRef) -> Choice {
        let first = rows(vec![("time", column)]);
        let encodings = candidates(first[0].schema().field(0).data_type());
        let of_file = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let choice = smallest(&of_file, 0, encodings, &first).unwrap();
        let all = encodings
            .iter()
            .flat_map(|encoding| [true, false].map(|has_dictionary| Choice { encoding: *encoding, has_dictionary }));
        let least = all.map(|choice| bytes_of(&of_file, 0, choice, &first).unwrap()).min();
        assert_eq!(Some(bytes_of(&of_file, 0, choice, &first).unwrap()), least, "{choice:?}");
        choice
    }

    #[test]
    fn equal_distances_are_differences() {
        let choice = chosen(series(4, 8_640, |_, row| row * 10 * SECOND));
        assert_eq!(choice, Choice { encoding: Encoding::DELTA_BINARY_PACKED, has_dictionary: false });
    }

    #[test]
    fn few_times_that_come_in_any_order_are_a_dictionary() {
        let choice = chosen(times((0..30_000).map(|row| scattered(row, 16) * SECOND * 7_919)));
        assert!(choice.has_dictionary, "{choice:?}");
    }

    #[test]
    fn odd_times_that_many_series_share_are_plain_or_split() {
        let choice = chosen(series(100, 360, |_, row| row * 10 * SECOND + scattered(row, 100_000)));
        assert_ne!(choice.encoding, Encoding::DELTA_BINARY_PACKED);
    }

    #[test]
    fn text_and_no_rows_are_left_alone() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b"]));
        let none: ArrayRef = Arc::new(Int64Array::from(Vec::<i64>::new()));
        for (name, column) in [("text", text), ("none", none)] {
            let first = rows(vec![(name, column)]);
            let path = ColumnPath::new(vec![name.to_owned()]);
            let made = with_smallest(WriterProperties::builder(), &first[0].schema(), &first).build();
            assert_eq!(made.encoding(&path), None, "{name}");
            let made = with_smallest(WriterProperties::builder(), &first[0].schema(), &[]).build();
            assert_eq!(made.encoding(&path), None, "{name}");
        }
    }

    #[test]
    fn a_cold_file_of_points_has_times_in_one_page_and_series_in_small_ones() {
        let (count, each) = (200, 500);
        let ids: Vec<[u8; 16]> =
            (0..count * each).map(|row| u128::try_from(row / each).unwrap().to_be_bytes()).collect();
        let first = rows(vec![
            ("series_id", Arc::new(BinaryArray::from_iter_values(&ids))),
            ("time", series(count, each, |_, row| row * SECOND)),
            ("received_time", series(count, each, |_, row| row * SECOND + scattered(row, 5_000))),
            (
                "value_double",
                Arc::new(Float64Array::from_iter_values((0..count * each).map(|row| scattered(row, 1 << 40) as f64))),
            ),
        ]);
        let effort = Effort { level: COLD_LEVEL, bucket_seconds: 0, traces_max: 0 };
        let properties = properties(Table::Points, &first[0].schema(), &first, effort);
        let mut writer = ArrowWriter::try_new(Vec::new(), first[0].schema(), Some(properties)).unwrap();
        writer.write(&first[0]).unwrap();
        let bytes = bytes::Bytes::from(writer.into_inner().unwrap());
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        let metadata = ArrowReaderMetadata::load(&bytes, options).unwrap();
        let pages = |column: usize| metadata.metadata().offset_index().unwrap()[0][column].page_locations().len();
        assert_eq!([pages(1), pages(2)], [1, 1]);
        assert!((11..=14).contains(&pages(0)), "{} pages of series", pages(0));
        assert!((11..=14).contains(&pages(3)), "{} pages of values", pages(3));
    }
}
