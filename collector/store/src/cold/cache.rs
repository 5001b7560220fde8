//! Blocks of the bucket's files on the local disk, so that what was read once is not fetched twice.
//!
//! Owns a folder of at most so many bytes; the blocks longest not used go first. Files in the bucket never change, so
//! nothing is ever stale; each block carries its checksum, as nothing here is synced. Never caches what is written.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use parking_lot::Mutex;

/// Unit of what is fetched and kept.
const BLOCK_BYTES: u64 = 1 << 20;
/// Blocks fetched by one request.
const BLOCKS_AT_ONCE: u64 = 8;
const CHECKSUM_BYTES: usize = 4;

/// A bucket seen through the cache.
#[derive(Clone)]
pub struct ReadCache {
    bucket: Arc<dyn ObjectStore>,
    dir: PathBuf,
    bytes_max: u64,
    kept: Arc<Mutex<Kept>>,
    reads: Arc<BlockReads>,
}

/// Blocks that someone asked for.
#[derive(Debug, Default)]
pub struct BlockReads {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl BlockReads {
    /// Those that were on the local disk.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// Those that had to be fetched.
    #[must_use]
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}

/// Which blocks are there.
#[derive(Default)]
struct Kept {
    blocks: HashMap<PathBuf, Block>,
    bytes: u64,
    clock: u64,
}

#[derive(Clone, Copy)]
struct Block {
    bytes: u64,
    used: u64,
}

impl ReadCache {
    /// Over a bucket, with the blocks that earlier starts left.
    #[must_use]
    pub fn open(bucket: Arc<dyn ObjectStore>, dir: PathBuf, bytes_max: u64) -> Self {
        let mut kept = Kept::default();
        for folder in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                let bytes = file.metadata().map_or(0, |metadata| metadata.len());
                kept.add(file.path(), bytes);
            }
        }
        kept.shrink(bytes_max);
        Self { bucket, dir, bytes_max, kept: Arc::new(Mutex::new(kept)), reads: Arc::default() }
    }

    /// The same cache, for someone who counts what is asked through it.
    #[must_use]
    pub fn counting(&self, reads: &Arc<BlockReads>) -> Self {
        Self { reads: Arc::clone(reads), ..self.clone() }
    }

    /// Removes every block of an object that is data no more.
    pub fn forget(&self, location: &Path) {
        let dir = self.dir_of(location);
        let mut kept = self.kept.lock();
        let blocks: Vec<PathBuf> = kept.blocks.keys().filter(|path| path.starts_with(&dir)).cloned().collect();
        blocks.iter().for_each(|path| kept.forget(path));
        // One that was written aside and never named is in no list.
        let _ = std::fs::remove_dir_all(&dir);
    }

    fn dir_of(&self, location: &Path) -> PathBuf {
        let name = xxhash_rust::xxh3::xxh3_128(location.as_ref().as_bytes());
        self.dir.join(format!("{name:032x}"))
    }

    fn path_of(&self, location: &Path, block: u64) -> PathBuf {
        self.dir_of(location).join(block.to_string())
    }

    /// Bytes of an object, of which blocks that are not here are fetched and kept.
    async fn read(&self, location: &Path, range: Range<u64>) -> Result<Bytes> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let first = range.start / BLOCK_BYTES;
        let last = (range.end - 1) / BLOCK_BYTES;
        let mut joined = BytesMut::new();
        let mut block = first;
        while block <= last {
            if let Some(bytes) = self.kept_block(self.path_of(location, block)).await {
                self.reads.hits.fetch_add(1, Ordering::Relaxed);
                joined.extend_from_slice(&bytes);
                block += 1;
                continue;
            }
            let mut end = block + 1;
            while end <= last && end - block < BLOCKS_AT_ONCE && !self.has(&self.path_of(location, end)) {
                end += 1;
            }
            self.reads.misses.fetch_add(end - block, Ordering::Relaxed);
            let fetched = self.bucket.get_range(location, block * BLOCK_BYTES..end * BLOCK_BYTES).await?;
            joined.extend_from_slice(&fetched);
            self.keep(location, block, fetched).await;
            block = end;
        }
        let skip = usize::try_from(range.start - first * BLOCK_BYTES).expect("less than a block");
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let joined = joined.freeze();
        let skip = skip.min(joined.len());
        let end = skip.saturating_add(wanted).min(joined.len());
        Ok(joined.slice(skip..end))
    }

    fn has(&self, path: &FilePath) -> bool {
        self.kept.lock().blocks.contains_key(path)
    }

    /// A block that is whole.
    async fn kept_block(&self, path: PathBuf) -> Option<Bytes> {
        if !self.kept.lock().touch(&path) {
            return None;
        }
        let from = path.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read(from)).await.ok()?;
        let whole = read.ok().and_then(|mut bytes| {
            let sum = bytes.split_off(bytes.len().checked_sub(CHECKSUM_BYTES)?);
            (sum == crc32c::crc32c(&bytes).to_le_bytes()).then(|| Bytes::from(bytes))
        });
        if whole.is_none() {
            self.kept.lock().forget(&path);
        }
        whole
    }

    /// Keeps fetched blocks. What cannot be written is fetched again next time.
    async fn keep(&self, location: &Path, first: u64, fetched: Bytes) {
        let this = self.clone();
        let paths: Vec<PathBuf> = (0..BLOCKS_AT_ONCE).map(|offset| self.path_of(location, first + offset)).collect();
        let write = move || {
            let size = usize::try_from(BLOCK_BYTES).expect("fits");
            for (bytes, path) in fetched.chunks(size).zip(paths) {
                if write_block(&path, bytes).is_ok() {
                    let mut kept = this.kept.lock();
                    kept.add(path, (bytes.len() + CHECKSUM_BYTES) as u64);
                    kept.shrink(this.bytes_max);
                }
            }
        };
        let _ = tokio::task::spawn_blocking(write).await;
    }
}

fn write_block(path: &FilePath, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().expect("a block has a folder"))?;
    let aside = path.with_extension("tmp");
    let sum = crc32c::crc32c(bytes).to_le_bytes();
    std::fs::write(&aside, [bytes, &sum].concat())?;
    std::fs::rename(&aside, path)
}

impl Kept {
    fn add(&mut self, path: PathBuf, bytes: u64) {
        self.clock += 1;
        let block = Block { bytes, used: self.clock };
        if let Some(old) = self.blocks.insert(path, block) {
            self.bytes -= old.bytes;
        }
        self.bytes += bytes;
    }

    fn touch(&mut self, path: &FilePath) -> bool {
        self.clock += 1;
        let clock = self.clock;
        self.blocks.get_mut(path).map(|block| block.used = clock).is_some()
    }

    fn forget(&mut self, path: &FilePath) {
        if let Some(block) = self.blocks.remove(path) {
            self.bytes -= block.bytes;
            let _ = std::fs::remove_file(path);
        }
    }

    /// Makes room for a while, so that not every block that comes looks for one that goes.
    fn shrink(&mut self, bytes_max: u64) {
        if self.bytes <= bytes_max {
            return;
        }
        let mut oldest: Vec<(u64, PathBuf)> =
            self.blocks.iter().map(|(path, block)| (block.used, path.clone())).collect();
        oldest.sort();
        for (_, path) in oldest {
            if self.bytes <= bytes_max - bytes_max / 8 {
                return;
            }
            self.forget(&path);
        }
    }
}

impl fmt::Debug for ReadCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ReadCache").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl fmt::Display for ReadCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} through {}", self.bucket, self.dir.display())
    }
}

#[async_trait]
impl ObjectStore for ReadCache {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.bucket.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.bucket.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let range = match &options.range {
            Some(GetRange::Bounded(range)) if !options.head => range.clone(),
            _ => return self.bucket.get_opts(location, options).await,
        };
        let bytes = self.read(location, range.clone()).await?;
        let range = range.start..range.start + bytes.len() as u64;
        // Of the object itself nothing is known here but that it has these bytes; who reads ranges asks no more.
        let meta = ObjectMeta {
            location: location.clone(),
            last_modified: std::time::SystemTime::UNIX_EPOCH.into(),
            size: range.end,
            e_tag: None,
            version: None,
        };
        let payload = GetResultPayload::Stream(async move { Ok(bytes) }.into_stream().boxed());
        Ok(GetResult { payload, meta, range, attributes: Default::default() })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut all = Vec::with_capacity(ranges.len());
        for range in ranges {
            all.push(self.read(location, range.clone()).await?);
        }
        Ok(all)
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.bucket.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.bucket.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.bucket.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.bucket.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    async fn filled(bytes: usize) -> (Arc<InMemory>, Path, Vec<u8>) {
        let bucket = Arc::new(InMemory::new());
        let content: Vec<u8> = (0..bytes).map(|index| (index * 7 % 251) as u8).collect();
        let location = Path::from("spans/a.parquet");
        bucket.put(&location, PutPayload::from(content.clone())).await.unwrap();
        (bucket, location, content)
    }

    #[tokio::test]
    async fn ranges_come_whole_from_the_bucket_and_then_without_it() {
        let (bucket, location, content) = filled(5_300_000).await;
        let dir = tempfile::tempdir().unwrap();
        let cache = ReadCache::open(Arc::clone(&bucket) as _, dir.path().into(), 100 << 20);
        let reads = Arc::new(BlockReads::default());
        let cache = cache.counting(&reads);
        let ranges = [0..10, 1_048_570..1_048_590, 3_000_000..5_300_000, 0..5_300_000, 5_299_999..5_300_000];
        for round in 0..2 {
            for range in ranges.clone() {
                let found = cache.get_range(&location, range.clone()).await.unwrap();
                assert!(found == content[range.start as usize..range.end as usize], "round {round}: {range:?}");
            }
            // From now on nothing can be fetched.
            let _ = bucket.delete(&location).await;
        }
        // Six blocks were fetched once each.
        assert_eq!((reads.misses(), reads.hits()), (6, 8 + 14));
        let all = cache.get_ranges(&location, &ranges).await.unwrap();
        assert!(all.iter().zip(&ranges).all(|(found, range)| found.len() as u64 == range.end - range.start));
        let again = ReadCache::open(bucket, dir.path().into(), 100 << 20);
        assert_eq!(again.get_range(&location, 7..9).await.unwrap(), &content[7..9]);
    }

    #[tokio::test]
    async fn blocks_of_an_object_go_with_it() {
        let (bucket, location, content) = filled(2 << 20).await;
        let other = Path::from("spans/b.parquet");
        bucket.put(&other, PutPayload::from(content.clone())).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let cache = ReadCache::open(bucket, dir.path().into(), 10 << 20);
        for path in [&location, &other] {
            cache.get_range(path, 0..2 << 20).await.unwrap();
        }
        cache.forget(&location);
        assert!(!cache.dir_of(&location).exists() && cache.dir_of(&other).exists());
        assert_eq!(cache.kept.lock().bytes, 2 * ((1 << 20) + CHECKSUM_BYTES as u64));
        assert_eq!(cache.get_range(&location, 5..9).await.unwrap(), &content[5..9]);
    }

    #[tokio::test]
    async fn a_block_that_is_damaged_is_fetched_again_and_old_ones_make_room() {
        let (bucket, location, content) = filled(8 << 20).await;
        let dir = tempfile::tempdir().unwrap();
        let cache = ReadCache::open(bucket, dir.path().into(), 3 << 20);
        for block in 0..8_u64 {
            let at = block << 20;
            let found = cache.get_range(&location, at..at + 5).await.unwrap();
            assert_eq!(found, &content[at as usize..at as usize + 5]);
            assert!(cache.kept.lock().bytes <= 3 << 20);
        }
        let path = cache.path_of(&location, 7);
        let mut damaged = std::fs::read(&path).unwrap();
        damaged[3] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(cache.get_range(&location, 7 << 20..(7 << 20) + 5).await.unwrap(), &content[7 << 20..(7 << 20) + 5]);
    }
}
