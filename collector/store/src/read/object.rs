//! Reading a file of the cold tier that lies in a bucket.
//!
//! Owns nothing but the way there. Never reads more than it is asked for.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};

use crate::blocks::{CheckedReader, KeptBlocks};
use crate::version::DataFile;

/// The end of a file that holds its footer, mostly in one read.
const FOOTER_BYTES: usize = 256 << 10;

/// An object, read by ranges.
#[derive(Clone)]
pub struct ObjectReader {
    store: Arc<dyn ObjectStore>,
    location: Path,
    bytes: u64,
}

/// The file's object, checked as it is read; `None` where the file is local.
pub fn object_of(
    file: &Arc<DataFile>,
    bucket: Option<&Arc<dyn ObjectStore>>,
    kept: Option<&Arc<KeptBlocks>>,
) -> Option<CheckedReader<ObjectReader>> {
    let (location, store) = file.object.clone().zip(bucket.cloned())?;
    let object = ObjectReader { store, location, bytes: file.entry.bytes };
    Some(CheckedReader::new(object, Arc::clone(file), kept.cloned()))
}

fn external(error: object_store::Error) -> ParquetError {
    ParquetError::External(Box::new(error))
}

impl AsyncFileReader for ObjectReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move { self.store.get_range(&self.location, range).await.map_err(external) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { self.store.get_ranges(&self.location, &ranges).await.map_err(external) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let bytes = self.bytes;
            let reader = ParquetMetaDataReader::new()
                .with_page_index_policy(PageIndexPolicy::Optional)
                .with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_and_finish(self, bytes).await?))
        }
        .boxed()
    }
}
