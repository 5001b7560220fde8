use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::file::reader::ChunkReader;
use spanlake_schemas::tables::Table;

use super::{CheckedFile, CheckedReader, KeptBlocks, SummedFile};
use crate::version::{DataFile, FileEntry};

const BEHIND: &[u8] = b"indexes and a footer";

/// Some bytes, their blocks' checksums and what lies behind.
fn written(dir: &Path, bytes: usize) -> (Arc<DataFile>, Vec<u8>) {
    let path = dir.join("file");
    let mut content: Vec<u8> = (0..bytes).map(|at| (at * 7 % 251) as u8).collect();
    let mut summed = SummedFile::new(Vec::new());
    // In pieces of all lengths.
    let (mut rest, mut piece) = (content.as_slice(), 1);
    while !rest.is_empty() {
        let (now, later) = rest.split_at(piece.min(rest.len()));
        summed.write_all(now).unwrap();
        (rest, piece) = (later, piece * 3 % 40_009);
    }
    let sums = summed.end_blocks();
    summed.write_all(&sums).unwrap();
    summed.write_all(BEHIND).unwrap();
    let (all, checksum, blocks) = summed.finish();
    content.clone_from(&all);
    assert_eq!(checksum, crc32c::crc32c(&all));
    assert_eq!(blocks.unwrap().offset, bytes as u64);
    std::fs::write(&path, &all).unwrap();
    let entry = FileEntry { blocks, ..FileEntry::sample("file", Table::Spans, all.len() as u64) };
    (Arc::new(DataFile::new(entry, path)), content)
}

/// A reader of ranges that does not look at them.
#[derive(Clone)]
struct Unchecked(Vec<u8>);

impl AsyncFileReader for Unchecked {
    fn get_bytes(
        &mut self,
        range: std::ops::Range<u64>,
    ) -> futures::future::BoxFuture<'_, parquet::errors::Result<bytes::Bytes>> {
        let bytes = bytes::Bytes::copy_from_slice(&self.0[range.start as usize..range.end as usize]);
        std::future::ready(Ok(bytes)).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a parquet::arrow::arrow_reader::ArrowReaderOptions>,
    ) -> futures::future::BoxFuture<'a, parquet::errors::Result<Arc<parquet::file::metadata::ParquetMetaData>>> {
        unreachable!("nobody asks")
    }
}

#[test]
fn readers_give_the_bytes_of_any_range() {
    for bytes in [0, 1, 16_383, 16_384, 16_385, 100_000, 3_000_000] {
        let dir = tempfile::tempdir().unwrap();
        let (file, content) = written(dir.path(), bytes);
        let kept = Arc::new(KeptBlocks::default());
        let local = CheckedFile::open(&file, Some(&kept)).unwrap();
        let mut ranged = CheckedReader::new(Unchecked(content.clone()), Arc::clone(&file), Some(kept));
        let ends = [0, 1, 5_000, 16_384, 16_385, 33_000, 1_500_000, bytes, bytes + 3, content.len()];
        let mut asked_together = Vec::new();
        let ranges = ends.iter().flat_map(|start| ends.iter().map(move |end| *start..*end));
        for range in ranges.filter(|range| range.start <= range.end && range.end <= content.len()) {
            let asked = range.start as u64..range.end as u64;
            assert_eq!(local.read(&asked).unwrap(), content[range.clone()], "{range:?} of {bytes}");
            let given = ranged.get_bytes(asked).now_or_never().unwrap().unwrap();
            assert_eq!(given, content[range.clone()], "{range:?} of {bytes}");
            asked_together.push(range.clone());
            let mut onward = Vec::new();
            local.get_read(range.start as u64).unwrap().read_to_end(&mut onward).unwrap();
            assert_eq!(onward, content[range.start..]);
        }
        asked_together.reverse();
        let asked = asked_together.iter().map(|range| range.start as u64..range.end as u64).collect();
        let given = ranged.get_byte_ranges(asked).now_or_never().unwrap().unwrap();
        for (range, given) in asked_together.into_iter().zip(given) {
            assert_eq!(given, content[range.clone()], "{range:?} of {bytes}, among others");
        }
    }
}

#[test]
fn a_changed_byte_is_given_to_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = written(dir.path(), 50_000);
    for damaged in [0, 16_383, 16_384, 49_999] {
        let mut changed = content.clone();
        changed[damaged] ^= 1;
        std::fs::write(&file.path, &changed).unwrap();
        let local = CheckedFile::open(&file, None).unwrap();
        let mut ranged = CheckedReader::new(Unchecked(changed), Arc::clone(&file), None);
        for at in 0..50_000 / 1_000_u64 {
            let range = at * 1_000..at * 1_000 + 1_000;
            let touches =
                range.start / 16_384 <= damaged as u64 / 16_384 && damaged as u64 / 16_384 <= (range.end - 1) / 16_384;
            let read = local.read(&range);
            assert_eq!(read.is_err(), touches, "{range:?}, {damaged}");
            let given = ranged.get_bytes(range).now_or_never().unwrap();
            assert_eq!(given.is_err(), touches);
            if let Err(error) = given {
                assert!(error.to_string().contains("file is damaged: bytes "), "{error}");
            }
        }
    }
}

#[test]
fn a_file_whose_end_is_changed_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = written(dir.path(), 50_000);
    for damaged in [50_000, 50_013, content.len() - 1] {
        let mut changed = content.clone();
        changed[damaged] ^= 1;
        std::fs::write(&file.path, &changed).unwrap();
        assert!(CheckedFile::open(&file, None).is_err());
        let mut ranged = CheckedReader::new(Unchecked(changed), Arc::clone(&file), None);
        assert!(ranged.get_bytes(0..1).now_or_never().unwrap().is_err());
    }
    std::fs::write(&file.path, &content[..40_000]).unwrap();
    assert!(CheckedFile::open(&file, None).is_err(), "cut off");
}

#[test]
fn kept_checksums_are_read_once_and_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let (file, content) = written(dir.path(), 50_000);
    let kept = KeptBlocks::default();
    CheckedFile::open(&file, Some(&kept)).unwrap();
    let mut changed = content;
    *changed.last_mut().unwrap() ^= 1;
    std::fs::write(&file.path, &changed).unwrap();
    CheckedFile::open(&file, Some(&kept)).unwrap().read(&(0..50_000)).unwrap();
    kept.forget("file");
    assert!(CheckedFile::open(&file, Some(&kept)).is_err());
}
