//! Which requests came lately: a retry with the same bytes is acknowledged, not stored twice.
//!
//! Owns the digests of the last ten minutes, in memory and, for records whose segments are gone, in small
//! `digests-*.bin` files beside the log. Never keeps a body.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{LogError, LogSequence};
use crate::durable::sync_dir;

/// How long a retry is recognised.
pub const WINDOW: Duration = Duration::from_secs(600);
/// More requests than this within the window, and the oldest are forgotten: about 64 MB.
const DIGESTS_MAX: usize = 1_000_000;

/// A request's digest and when it was received, nanoseconds.
pub type Seen = (u128, i64);

/// The digests of the window.
#[derive(Debug, Default)]
pub struct RecentRequests {
    seen: HashMap<u128, i64>,
    order: VecDeque<Seen>,
}

impl RecentRequests {
    /// Whether a request with these bytes was taken within the window before `now`.
    pub fn contains(&mut self, digest: u128, now: i64) -> bool {
        self.expire(now);
        self.seen.contains_key(&digest)
    }

    /// Remembers a request.
    pub fn insert(&mut self, (digest, received_at): Seen) {
        if self.seen.insert(digest, received_at).is_none() {
            self.order.push_back((digest, received_at));
        }
        if self.order.len() > DIGESTS_MAX {
            self.forget_oldest();
        }
    }

    /// Forgets a request that was not stored after all.
    pub fn remove(&mut self, digest: u128) {
        self.seen.remove(&digest);
        self.order.retain(|(of, _)| *of != digest);
    }

    fn expire(&mut self, now: i64) {
        let window = i64::try_from(WINDOW.as_nanos()).expect("ten minutes fit");
        while self.order.front().is_some_and(|(_, received_at)| received_at.saturating_add(window) < now) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((digest, _)) = self.order.pop_front() {
            self.seen.remove(&digest);
        }
    }
}

/// Writes the digests of records that are about to leave the log.
///
/// # Errors
/// As the file system says.
pub fn save(dir: &Path, last_lsn: LogSequence, digests: &[Seen]) -> Result<(), LogError> {
    let path = dir.join(format!("digests-{last_lsn:020}.bin"));
    let mut bytes = Vec::with_capacity(digests.len() * 24 + 4);
    for (digest, received_at) in digests {
        bytes.extend_from_slice(&digest.to_le_bytes());
        bytes.extend_from_slice(&received_at.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    let mut file = std::fs::File::create(&path).map_err(LogError::io("create", &path))?;
    file.write_all(&bytes).map_err(LogError::io("write", &path))?;
    file.sync_all().map_err(LogError::io("sync", &path))?;
    sync_dir(dir).map_err(LogError::io("sync", dir))
}

/// Reads what [`save`] wrote within the window before `now`, and removes older files. A file that is torn
/// (a crash while it was written) is dropped: its records are still in the log.
///
/// # Errors
/// When the folder cannot be read.
pub fn load(dir: &Path, now: i64) -> Result<Vec<Seen>, LogError> {
    let mut seen = Vec::new();
    for path in files(dir)? {
        let bytes = std::fs::read(&path).map_err(LogError::io("read", &path))?;
        let fresh = parse(&bytes).filter(|digests| digests.iter().any(|digest| is_fresh(*digest, now)));
        match fresh {
            Some(digests) => seen.extend(digests.into_iter().filter(|digest| is_fresh(*digest, now))),
            None => std::fs::remove_file(&path).map_err(LogError::io("remove", &path))?,
        }
    }
    seen.sort_by_key(|(_, received_at)| *received_at);
    Ok(seen)
}

/// Removes files whose newest digest is older than the window.
pub fn remove_stale(dir: &Path, now: i64) {
    for path in files(dir).unwrap_or_default() {
        let stale = std::fs::read(&path)
            .ok()
            .and_then(|bytes| parse(&bytes))
            .is_some_and(|digests| !digests.iter().any(|digest| is_fresh(*digest, now)));
        if stale {
            let _ = std::fs::remove_file(&path);
        }
    }
}

fn is_fresh((_, received_at): Seen, now: i64) -> bool {
    received_at.saturating_add(i64::try_from(WINDOW.as_nanos()).expect("ten minutes fit")) >= now
}

fn files(dir: &Path) -> Result<Vec<PathBuf>, LogError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(LogError::io("list", dir))? {
        let path = entry.map_err(LogError::io("list", dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with("digests-") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn parse(bytes: &[u8]) -> Option<Vec<Seen>> {
    let (body, crc) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
    if crc32c::crc32c(body).to_le_bytes() != crc || body.len() % 24 != 0 {
        return None;
    }
    body.chunks_exact(24)
        .map(|entry| {
            Some((u128::from_le_bytes(entry[..16].try_into().ok()?), i64::from_le_bytes(entry[16..].try_into().ok()?)))
        })
        .collect()
}
