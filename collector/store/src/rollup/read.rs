//! Rollups of a file, read where they lie.
//!
//! Owns the way into the file. Reads the groups of rows in which the series asked for may be, and nothing else of the file.

use std::ops::Range;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::ObjectStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::Result;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};

use super::RollupPlace;
use crate::blocks::{CheckedFile, CheckedReader, KeptBlocks};
use crate::read::ReadError;
use crate::read::object::{ObjectReader, object_of};
use crate::version::DataFile;

const BATCH_ROWS: usize = 8_192;
/// The end of a part that holds its footer, mostly in one read.
const FOOTER_BYTES: usize = 64 << 10;

/// Rollups of a file with series whose ids lie between two, both included, and of some others; nothing where it has none.
///
/// # Errors
/// When the file cannot be read.
pub async fn read_rollups(
    file: &Arc<DataFile>,
    bucket: Option<&Arc<dyn ObjectStore>>,
    blocks: &Arc<KeptBlocks>,
    ids: (&[u8; 16], &[u8; 16]),
) -> std::result::Result<Vec<RecordBatch>, ReadError> {
    let Some(place) = file.entry.rollups else { return Ok(Vec::new()) };
    let parquet_error = |source| ReadError::parquet(file, source);
    let source = match object_of(file, bucket, Some(blocks)) {
        Some(object) => Source::Object(object),
        None => Source::File(CheckedFile::open(file, Some(blocks)).map_err(parquet_error)?),
    };
    let builder = ParquetRecordBatchStreamBuilder::new(Part { source, place }).await.map_err(parquet_error)?;
    let groups = builder.metadata().row_groups().iter().enumerate();
    let wanted: Vec<usize> = groups.filter(|(_, group)| may_hold(group, ids)).map(|(at, _)| at).collect();
    let rows = builder.with_row_groups(wanted).with_batch_size(BATCH_ROWS).build().map_err(parquet_error)?;
    rows.try_collect().await.map_err(parquet_error)
}

fn may_hold(group: &RowGroupMetaData, (first, last): (&[u8; 16], &[u8; 16])) -> bool {
    let Some(known) = group.column(0).statistics() else { return true };
    match (known.min_bytes_opt(), known.max_bytes_opt()) {
        (Some(min), Some(max)) => min <= last.as_slice() && first.as_slice() <= max,
        _ => true,
    }
}

enum Source {
    File(CheckedFile),
    Object(CheckedReader<ObjectReader>),
}

/// A part of a file, which is a Parquet file of its own.
struct Part {
    source: Source,
    place: RollupPlace,
}

impl AsyncFileReader for Part {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        let range = range.start + self.place.offset..range.end + self.place.offset;
        match &mut self.source {
            Source::Object(object) => object.get_bytes(range),
            Source::File(file) => std::future::ready(file.read(&range)).boxed(),
        }
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let bytes = self.place.bytes;
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        }
        .boxed()
    }
}
