//! What is remembered of the sampler's decisions: one file for each, below the data directory.
//!
//! Owns their names, their checksums and how long they stay. A file is as large as its hour has traces, so none is ever in
//! memory as a whole: it is written and checked by pieces and read by place. Never looks into one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use spanlake_schemas::sampling::{Readable, Remembered};

use super::place::{Place, PlaceError};
use super::write::WriteError;
use crate::durable::create_dirs;
use crate::seal::order::hour_of;

const FOLDER: &str = "decisions";
/// For so many hours late rows find out what became of their trace.
const REMEMBERED_HOURS: i64 = 7 * 24;
const PIECE_BYTES: usize = 1 << 20;
/// CRC-32C of all bytes before it, little endian.
const SUM_BYTES: usize = 4;

/// What was decided on an hour and those beside it.
pub struct Neighbourhood {
    pub decisions: Vec<Remembered>,
    /// The number of the next decision on the hour.
    pub next: usize,
}

/// A decision's file, less its checksum.
struct DecisionFile {
    file: File,
    length: u64,
}

/// Reads what was decided on an hour and those beside it.
///
/// # Errors
/// When a file cannot be read, or is damaged.
pub fn around(dir: &Place, hour: i64) -> Result<Neighbourhood, WriteError> {
    let mut found = Neighbourhood { decisions: Vec::new(), next: 0 };
    for (key, _) in dir.list(FOLDER)? {
        let Some((of, number)) = parse_key(&key) else { continue };
        if of == hour {
            found.next = found.next.max(number + 1);
        }
        if (of - hour).abs() > 1 {
            continue;
        }
        let path = dir.local_path(&key).expect("decisions lie in a folder");
        let file = open(&path).map_err(|source| PlaceError::Io { action: "read", path, source })?;
        let Some(file) = file else {
            let reason = format!(
                "{key} below {dir} is damaged; restore it from a copy, or remove it: traces of that hour are then decided \
                 anew, and one with late rows may be kept in part"
            );
            return Err(WriteError::Sampler { reason });
        };
        found.decisions.push(Remembered { hour: of, bytes: Arc::new(file) });
    }
    Ok(found)
}

/// Makes a decision durable. Whatever ends the process leaves the whole file or none.
///
/// # Errors
/// When it cannot be written, or its bytes cannot be read.
pub fn put(dir: &Place, hour: i64, number: usize, memory: &dyn Readable) -> Result<(), WriteError> {
    let key = key_of(hour, number);
    let aside = dir.local_path(&format!("{key}.tmp")).expect("decisions lie in a folder");
    let failed = |action: &'static str| move |(path, source)| PlaceError::Io { action, path, source };
    aside.parent().map_or(Ok(()), create_dirs).map_err(failed("create"))?;
    write(&aside, memory).map_err(|source| failed("write")((aside.clone(), source)))?;
    Ok(dir.upload(&aside, &key)?)
}

/// Removes decisions that are so old that no row asks for them.
///
/// # Errors
/// When a file cannot be removed.
pub fn forget_old(dir: &Place) -> Result<(), PlaceError> {
    let oldest = hour_of(crate::now_nanos()) - REMEMBERED_HOURS;
    for (key, _) in dir.list(FOLDER)? {
        if parse_key(&key).is_some_and(|(hour, _)| hour < oldest) {
            dir.remove(&key)?;
        }
    }
    Ok(())
}

fn write(path: &Path, memory: &dyn Readable) -> io::Result<()> {
    let mut file = File::create(path)?;
    let (mut at, mut sum) = (0, 0);
    while at < memory.byte_len() {
        let length = usize::try_from(memory.byte_len() - at).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let piece = memory.read(at, length)?;
        sum = crc32c::crc32c_append(sum, &piece);
        file.write_all(&piece)?;
        at += length as u64;
    }
    file.write_all(&sum.to_le_bytes())?;
    file.sync_all()
}

/// `None`: its bytes are not those that were written.
fn open(path: &Path) -> io::Result<Option<DecisionFile>> {
    let mut file = File::open(path)?;
    let Some(length) = file.metadata()?.len().checked_sub(SUM_BYTES as u64) else { return Ok(None) };
    let mut piece = vec![0; PIECE_BYTES];
    let (mut left, mut sum) = (length, 0);
    while left > 0 {
        let read = file.read(&mut piece[..usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES))])?;
        if read == 0 {
            return Ok(None);
        }
        sum = crc32c::crc32c_append(sum, &piece[..read]);
        left -= read as u64;
    }
    let mut written = [0; SUM_BYTES];
    file.read_exact(&mut written)?;
    Ok((written == sum.to_le_bytes()).then_some(DecisionFile { file, length }))
}

impl Readable for DecisionFile {
    fn byte_len(&self) -> u64 {
        self.length
    }

    fn read(&self, at: u64, length: usize) -> io::Result<Vec<u8>> {
        if at.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }
}

fn key_of(hour: i64, number: usize) -> String {
    format!("{FOLDER}/{hour:012}-{number:04}.bin")
}

fn parse_key(key: &str) -> Option<(i64, usize)> {
    let (hour, number) = key.rsplit('/').next()?.strip_suffix(".bin")?.split_once('-')?;
    Some((hour.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_come_back_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Place::folder(folder.path().to_path_buf());
        let memory: Vec<u8> =
            (0..3_000_000_u32).map(|number| number.to_le_bytes()[0] ^ number.to_le_bytes()[1]).collect();
        put(&dir, 500, 0, &memory).unwrap();
        put(&dir, 500, 1, &b"second".to_vec()).unwrap();
        put(&dir, 499, 0, &Vec::new()).unwrap();
        put(&dir, 502, 0, &memory).unwrap();
        let found = around(&dir, 500).unwrap();
        assert_eq!((found.next, found.decisions.len()), (2, 3));
        let read: Vec<(i64, Vec<u8>)> = found
            .decisions
            .iter()
            .map(|one| (one.hour, one.bytes.read(0, usize::try_from(one.bytes.byte_len()).unwrap()).unwrap()))
            .collect();
        assert!(read == [(499, Vec::new()), (500, memory.clone()), (500, b"second".to_vec())]);
        assert_eq!(found.decisions[1].bytes.read(1_500_000, 3).unwrap(), memory[1_500_000..1_500_003]);
        assert!(found.decisions[2].bytes.read(4, 3).is_err());

        let path = folder.path().join(key_of(500, 0));
        let mut bytes = std::fs::read(&path).unwrap();
        for length in [0, 3, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(matches!(around(&dir, 500), Err(WriteError::Sampler { .. })), "{length}");
        }
        bytes[2_000_000] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(around(&dir, 501).is_err() && around(&dir, 502).is_ok());
        forget_old(&dir).unwrap();
        assert!(dir.list(FOLDER).unwrap().is_empty());
    }
}
