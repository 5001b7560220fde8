//! Rollups of a file, read where they lie.
//!
//! Owns the way into the file. Reads the groups of rows in which the series asked for may be, and nothing else of the file.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::ObjectStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};

use super::RollupPlace;
use crate::read::ReadError;
use crate::read::object::ObjectReader;
use crate::version::DataFile;

const BATCH_ROWS: usize = 8_192;
/// The end of a part that holds its footer, mostly in one read.
const FOOTER_BYTES: usize = 64 << 10;

/// Rollups of a file with series whose ids lie between two, both included, and of some others; nothing where it has none.
///
/// # Errors
/// When the file cannot be read.
pub async fn read_rollups(
    file: &DataFile,
    bucket: Option<&Arc<dyn ObjectStore>>,
    ids: (&[u8; 16], &[u8; 16]),
) -> std::result::Result<Vec<RecordBatch>, ReadError> {
    let Some(place) = file.entry.rollups else { return Ok(Vec::new()) };
    let source = match (&file.object, bucket) {
        (Some(location), Some(store)) => {
            Source::Object(ObjectReader::new(Arc::clone(store), location.clone(), file.entry.bytes))
        }
        _ => Source::File(Arc::new(File::open(&file.path).map_err(|source| ReadError::io(file, source))?)),
    };
    let parquet_error = |source| ReadError::parquet(file, source);
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
    File(Arc<File>),
    Object(ObjectReader),
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
            Source::File(file) => std::future::ready(read_at(file, &range)).boxed(),
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

fn read_at(file: &File, range: &Range<u64>) -> Result<Bytes> {
    let length =
        usize::try_from(range.end.saturating_sub(range.start)).map_err(|_| ParquetError::EOF("range".into()))?;
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.into())
}
