//! One segment file: creating, appending, syncing, and reading frames in order.
//!
//! Owns file names and the segment header. Never decides when a segment may go.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::frame::{FRAME_HEADER_BYTES, FrameHeader};
use super::{LogError, LogSequence};

const SEGMENT_MAGIC: &[u8; 8] = b"SPANLOG1";
pub const SEGMENT_HEADER_BYTES: u64 = 40;
/// Room for scale-out: one shard for now.
const SHARD: u32 = 0;

/// `<dir>/<first lsn, 20 digits>.log`.
#[must_use]
pub fn path_of(dir: &Path, first_lsn: LogSequence) -> PathBuf {
    dir.join(format!("{first_lsn:020}.log"))
}

/// The segments of a folder with their first sequence numbers, oldest first.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list(dir: &Path) -> Result<Vec<(LogSequence, PathBuf)>, LogError> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(LogError::io("list", dir))? {
        let path = entry.map_err(LogError::io("list", dir))?.path();
        let is_log = path.extension().is_some_and(|extension| extension == "log");
        let first = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if let (true, Some(first)) = (is_log, first) {
            segments.push((first, path));
        }
    }
    segments.sort();
    Ok(segments)
}

fn header(first_lsn: LogSequence, epoch: u64) -> [u8; 40] {
    let mut header = [0_u8; 40];
    header[0..8].copy_from_slice(SEGMENT_MAGIC);
    header[8..12].copy_from_slice(&1_u32.to_le_bytes());
    header[12..16].copy_from_slice(&SHARD.to_le_bytes());
    header[16..24].copy_from_slice(&epoch.to_le_bytes());
    header[24..32].copy_from_slice(&first_lsn.to_le_bytes());
    let crc = crc32c::crc32c(&header[..32]);
    header[32..36].copy_from_slice(&crc.to_le_bytes());
    header
}

/// The header for a rewritten segment: its own where that is whole, else one made from the file's name.
pub(super) fn header_for(path: &Path, reader: &SegmentReader) -> Result<[u8; 40], LogError> {
    if reader.header_is_valid() {
        let mut own = [0_u8; 40];
        reader.file.read_exact_at(&mut own, 0).map_err(LogError::io("read", path))?;
        return Ok(own);
    }
    let first_lsn = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok()).unwrap_or(1);
    Ok(header(first_lsn, 0))
}

/// A segment open for appending.
#[derive(Debug)]
pub struct SegmentWriter {
    file: File,
    pub path: PathBuf,
    pub first_lsn: LogSequence,
    /// Where the next frame goes.
    pub position: u64,
}

impl SegmentWriter {
    /// Creates and preallocates a segment and makes its name durable.
    ///
    /// # Errors
    /// `StorageFull` when there is no room; nothing is left behind then.
    pub fn create(dir: &Path, first_lsn: LogSequence, epoch: u64, segment_bytes: u64) -> io::Result<Self> {
        let path = path_of(dir, first_lsn);
        match Self::create_at(dir, &path, first_lsn, epoch, segment_bytes) {
            Ok(writer) => Ok(writer),
            Err(error) => {
                let _ = std::fs::remove_file(&path);
                Err(error)
            }
        }
    }

    fn create_at(dir: &Path, path: &Path, first_lsn: LogSequence, epoch: u64, segment_bytes: u64) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).read(true).create_new(true).open(path)?;
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, segment_bytes) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
        file.write_all_at(&header(first_lsn, epoch), 0)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Self { file, path: path.to_path_buf(), first_lsn, position: SEGMENT_HEADER_BYTES })
    }

    /// Writes a frame at the end; on an error the end stays where it was.
    ///
    /// # Errors
    /// As the file system says.
    pub fn append(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.write_all_at(frame, self.position)?;
        self.position += u64::try_from(frame.len()).expect("a length fits u64");
        Ok(())
    }

    /// After a frame could not be written whole: makes sure that its beginning is not taken for a torn tail.
    ///
    /// # Errors
    /// As the file system says.
    pub fn wipe_after_end(&mut self) -> io::Result<()> {
        self.file.set_len(self.position)
    }

    /// Makes all appended frames durable.
    ///
    /// # Errors
    /// As the file system says; the caller MUST treat it as fatal.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// What is at a place of a segment.
#[derive(Debug)]
pub enum Found {
    Frame {
        first_lsn: LogSequence,
        records: u32,
        body: Vec<u8>,
        next: u64,
    },
    /// Nothing but zeros up to the end of the file.
    End,
    /// Neither: torn or damaged.
    Broken,
}

/// A segment open for reading.
#[derive(Debug)]
pub struct SegmentReader {
    file: File,
    pub path: PathBuf,
    pub bytes: u64,
}

impl SegmentReader {
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let file = File::open(path).map_err(LogError::io("open", path))?;
        let bytes = file.metadata().map_err(LogError::io("stat", path))?.len();
        Ok(Self { file, path: path.to_path_buf(), bytes })
    }

    /// Makes what was read durable, whoever wrote it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> Result<(), LogError> {
        self.file.sync_data().map_err(LogError::io("sync", &self.path))
    }

    /// Whether the file begins as a segment of ours.
    #[must_use]
    pub fn header_is_valid(&self) -> bool {
        let mut header = [0_u8; 40];
        self.file.read_exact_at(&mut header, 0).is_ok()
            && header[0..8] == *SEGMENT_MAGIC
            && crc32c::crc32c(&header[..32]).to_le_bytes() == header[32..36]
    }

    /// What is at `position`.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn frame_at(&self, position: u64) -> Result<Found, LogError> {
        let mut head = [0_u8; FRAME_HEADER_BYTES];
        let head_bytes = u64::try_from(FRAME_HEADER_BYTES).expect("fits");
        if position + head_bytes > self.bytes {
            return self.end_or_broken(position);
        }
        self.file.read_exact_at(&mut head, position).map_err(LogError::io("read", &self.path))?;
        let Some(header) = FrameHeader::parse(&head) else { return self.end_or_broken(position) };
        let body_bytes = u64::try_from(header.body_bytes).expect("fits");
        let next = position + head_bytes + body_bytes;
        if next > self.bytes {
            return Ok(Found::Broken);
        }
        let mut body = vec![0; header.body_bytes];
        self.file.read_exact_at(&mut body, position + head_bytes).map_err(LogError::io("read", &self.path))?;
        if !header.matches(&head, &body) {
            return Ok(Found::Broken);
        }
        Ok(Found::Frame { first_lsn: header.first_lsn, records: header.records, body, next })
    }

    fn end_or_broken(&self, position: u64) -> Result<Found, LogError> {
        Ok(if self.last_nonzero_after(position)?.is_none() { Found::End } else { Found::Broken })
    }

    /// The place behind the last byte that is not zero, at or after `position`.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn last_nonzero_after(&self, position: u64) -> Result<Option<u64>, LogError> {
        let mut last = None;
        self.chunks(position, |start, chunk| {
            if let Some(index) = chunk.iter().rposition(|byte| *byte != 0) {
                last = Some(start + u64::try_from(index).expect("fits") + 1);
            }
            true
        })?;
        Ok(last)
    }

    /// The next place after `position` where a whole valid frame begins.
    ///
    /// # Errors
    /// When the disk cannot be read.
    pub fn next_valid_frame(&self, position: u64) -> Result<Option<u64>, LogError> {
        let magic = super::frame::FRAME_MAGIC.to_le_bytes();
        let mut candidates = Vec::new();
        let mut tail: Vec<u8> = Vec::new();
        self.chunks(position + 1, |start, chunk| {
            let begin = start - u64::try_from(tail.len()).expect("fits");
            let joined = [tail.as_slice(), chunk].concat();
            let hits = joined.windows(4).enumerate().filter(|(_, window)| *window == magic);
            candidates.extend(hits.map(|(index, _)| begin + u64::try_from(index).expect("fits")));
            tail = joined[joined.len().saturating_sub(3)..].to_vec();
            true
        })?;
        for candidate in candidates {
            if matches!(self.frame_at(candidate)?, Found::Frame { .. }) {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    fn chunks(&self, from: u64, mut each: impl FnMut(u64, &[u8]) -> bool) -> Result<(), LogError> {
        let mut buffer = vec![0_u8; 1 << 20];
        let mut position = from;
        loop {
            let read = self.file.read_at(&mut buffer, position).map_err(LogError::io("read", &self.path))?;
            if read == 0 || !each(position, &buffer[..read]) {
                return Ok(());
            }
            position += u64::try_from(read).expect("fits");
        }
    }
}
