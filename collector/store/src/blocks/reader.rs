//! Readers of files that check what they read.
//!
//! Owns no state but the checksums of one file. A file without them, written before there were any, is read as it is.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use parquet::file::reader::{ChunkReader, Length};

use super::{BLOCK_BYTES, Blocks, KeptBlocks};
use crate::version::DataFile;

/// Read ahead where a reader goes through a file.
const AHEAD_BYTES: u64 = 4 * BLOCK_BYTES;
/// Ranges are read as one up to this.
const JOINED_BYTES_MAX: u64 = 64 * BLOCK_BYTES;

/// A local file.
#[derive(Clone)]
pub struct CheckedFile {
    file: Arc<File>,
    bytes: u64,
    path: Arc<str>,
    blocks: Option<Arc<Blocks>>,
}

impl CheckedFile {
    /// Opens it; the checksums are looked for among those kept.
    ///
    /// # Errors
    /// When it cannot be read, or what lies behind its blocks is damaged.
    pub fn open(file: &DataFile, kept: Option<&KeptBlocks>) -> Result<Self> {
        let handle = Arc::new(File::open(&file.path)?);
        let bytes = handle.metadata()?.len();
        let path = file.path.display().to_string().into();
        let mut this = Self { file: handle, bytes, path, blocks: None };
        let Some(place) = file.entry.blocks else { return Ok(this) };
        this.blocks = kept.and_then(|kept| kept.get(&file.entry.path));
        if this.blocks.is_none() {
            let behind = this.read_unchecked(&(place.offset..bytes.max(place.offset)))?;
            let blocks = Blocks::parse(place, &behind).map_err(|error| told(&this.path, &error))?;
            this.blocks = Some(keep(file, kept, blocks));
        }
        Ok(this)
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// When they cannot be read, or are damaged.
    pub fn read(&self, range: &Range<u64>) -> Result<Bytes> {
        let Some(blocks) = &self.blocks else { return self.read_unchecked(range) };
        let around = blocks.around(range);
        let read = self.read_unchecked(&around)?;
        blocks.check(around.start, &read).map_err(|error| told(&self.path, &error))?;
        Ok(within(&read, around.start, range))
    }

    fn read_unchecked(&self, range: &Range<u64>) -> Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(range.end - range.start)?];
        self.file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.into())
    }
}

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.bytes
    }
}

impl ChunkReader for CheckedFile {
    type T = BufReader<Onward>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(BufReader::new(Onward { file: self.clone(), position: start, ahead: Bytes::new() }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.read(&(start..start + length as u64))
    }
}

/// A way through a local file from some place on.
pub struct Onward {
    file: CheckedFile,
    position: u64,
    ahead: Bytes,
}

impl Read for Onward {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.ahead.is_empty() {
            let end = (self.position + AHEAD_BYTES).min(self.file.bytes);
            if self.position >= end {
                return Ok(0);
            }
            self.ahead = self.file.read(&(self.position..end)).map_err(std::io::Error::other)?;
            self.position = end;
        }
        let taken = self.ahead.split_to(buffer.len().min(self.ahead.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

/// A file that is read by ranges, wherever it lies.
#[derive(Clone)]
pub struct CheckedReader<R> {
    inner: R,
    file: Arc<DataFile>,
    kept: Option<Arc<KeptBlocks>>,
    blocks: Option<Arc<Blocks>>,
}

impl<R: AsyncFileReader> CheckedReader<R> {
    /// Checks what `inner` reads of a file.
    pub fn new(inner: R, file: Arc<DataFile>, kept: Option<Arc<KeptBlocks>>) -> Self {
        Self { inner, file, kept, blocks: None }
    }

    async fn blocks(&mut self) -> Result<Option<Arc<Blocks>>> {
        let Some(place) = self.file.entry.blocks else { return Ok(None) };
        if self.blocks.is_none() {
            self.blocks = self.kept.as_ref().and_then(|kept| kept.get(&self.file.entry.path));
        }
        if self.blocks.is_none() {
            let behind = self.inner.get_bytes(place.offset..self.file.entry.bytes).await?;
            let blocks = Blocks::parse(place, &behind).map_err(|error| self.told(&error))?;
            self.blocks = Some(keep(&self.file, self.kept.as_deref(), blocks));
        }
        Ok(self.blocks.clone())
    }

    fn told(&self, error: &ParquetError) -> ParquetError {
        match &self.file.object {
            Some(object) => told(object.as_ref(), error),
            None => told(&self.file.path.display().to_string(), error),
        }
    }
}

impl<R: AsyncFileReader> AsyncFileReader for CheckedReader<R> {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        self.get_byte_ranges(vec![range]).map(|read| Ok(read?.into_iter().next().unwrap_or_default())).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move {
            let Some(blocks) = self.blocks().await? else { return self.inner.get_byte_ranges(ranges).await };
            let around = joined(ranges.iter().map(|range| blocks.around(range)).collect());
            let read = self.inner.get_byte_ranges(around.clone()).await?;
            for (around, read) in around.iter().zip(&read) {
                blocks.check(around.start, read).map_err(|error| self.told(&error))?;
            }
            let checked = ranges.iter().map(|range| {
                let of = around.partition_point(|around| around.end < range.end);
                within(&read[of], around[of].start, range)
            });
            Ok(checked.collect())
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            // Looks at the footer, where nobody did yet.
            self.blocks().await?;
            // DataFusion asks for the footer alone first and reads the page index for itself, each time: whoever keeps footers
            // is to keep them with it.
            let options = options.cloned().unwrap_or_default().with_page_index_policy(PageIndexPolicy::Optional);
            self.inner.get_metadata(Some(&options)).await
        }
        .boxed()
    }
}

fn keep(file: &DataFile, kept: Option<&KeptBlocks>, blocks: Blocks) -> Arc<Blocks> {
    let blocks = Arc::new(blocks);
    if let Some(kept) = kept {
        kept.keep(&file.entry.path, Arc::clone(&blocks), blocks.memory_bytes());
    }
    blocks
}

/// In order, those that touch as one, as columns that lie side by side have a block in common; none inside another. Large ones stay
/// by themselves: all that is read as one stays in memory until the last of it is decoded.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let is_small = |last: &Range<u64>| range.start <= last.end && range.end - last.start <= JOINED_BYTES_MAX;
        match joined.last_mut().filter(|last| range.end <= last.end || is_small(last)) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    joined
}

fn within(read: &Bytes, start: u64, range: &Range<u64>) -> Bytes {
    let at = |position: u64| usize::try_from(position - start).unwrap_or(usize::MAX);
    read.slice(at(range.start)..at(range.end))
}

/// Who asked sees that the answer failed; who runs the server has to see it too.
fn told(path: &str, error: &ParquetError) -> ParquetError {
    tracing::error!(path, %error, "a data file is damaged");
    let what = match error {
        ParquetError::General(what) => what.clone(),
        other => other.to_string(),
    };
    ParquetError::General(format!("the file {path} is damaged: {what}; `spanlake fsck` tells what to do"))
}
