//! The objects: a map under a lock, so that a conditional put is one step.
//!
//! Owns bytes, tags and times of objects and of uploads in parts. Never fails by itself and never waits.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode, S3Result};
use xxhash_rust::xxh3::xxh3_128;

use crate::conditions::{if_match, if_none_match};

/// An object.
#[derive(Clone, Debug)]
pub struct Stored {
    pub bytes: Bytes,
    pub tag: ETag,
    pub modified: SystemTime,
    /// When a listing without lag first showed it.
    created: Instant,
}

/// What a put wants to be true, and whether it is looked at.
#[derive(Clone, Debug, Default)]
pub struct PutConditions {
    pub if_match: Option<ETagCondition>,
    pub if_none_match: Option<ETagCondition>,
}

#[derive(Debug, Default)]
struct Held {
    objects: BTreeMap<String, Stored>,
    /// What was removed, and when: listings that lag still show it.
    removed: BTreeMap<String, (Stored, Instant)>,
    uploads: BTreeMap<String, Upload>,
    next_upload: u64,
}

#[derive(Debug)]
struct Upload {
    key: String,
    parts: BTreeMap<i32, Bytes>,
}

/// All objects of the bucket.
#[derive(Debug, Default)]
pub struct Objects {
    held: Mutex<Held>,
}

fn tag_of(bytes: &[u8]) -> ETag {
    ETag::Strong(format!("{:032x}", xxh3_128(bytes)))
}

// === impl Objects ===

impl Objects {
    /// An object.
    pub fn get(&self, key: &str) -> Option<Stored> {
        self.held.lock().objects.get(key).cloned()
    }

    /// Everything there is now.
    pub fn all(&self) -> BTreeMap<String, Bytes> {
        self.held.lock().objects.iter().map(|(key, stored)| (key.clone(), stored.bytes.clone())).collect()
    }

    /// Creates or replaces an object where the conditions hold; looking and doing is one step.
    pub fn put(&self, key: &str, bytes: Bytes, conditions: &PutConditions) -> S3Result<ETag> {
        self.held.lock().put(key, bytes, conditions)
    }

    /// Removes an object, if it is there.
    pub fn remove(&self, key: &str) {
        let mut held = self.held.lock();
        if let Some(stored) = held.objects.remove(key) {
            held.removed.insert(key.to_owned(), (stored, Instant::now()));
        }
    }

    /// What a listing shows that lags so far behind, by key.
    pub fn listed(&self, lag: Duration) -> BTreeMap<String, Stored> {
        let mut held = self.held.lock();
        let now = Instant::now();
        let is_recent = |at: &Instant| now.duration_since(*at) < lag;
        held.removed.retain(|_, (_, at)| is_recent(at));
        let gone = held.removed.iter().map(|(key, (stored, _))| (key, stored));
        let both = gone.chain(&held.objects).filter(|(_, stored)| !is_recent(&stored.created));
        both.map(|(key, stored)| (key.clone(), stored.clone())).collect()
    }

    /// Begins an upload in parts.
    pub fn begin_upload(&self, key: &str) -> String {
        let mut held = self.held.lock();
        held.next_upload += 1;
        let id = format!("upload-{}", held.next_upload);
        held.uploads.insert(id.clone(), Upload { key: key.to_owned(), parts: BTreeMap::new() });
        id
    }

    /// Keeps a part.
    pub fn put_part(&self, id: &str, number: i32, bytes: Bytes) -> S3Result<ETag> {
        let mut held = self.held.lock();
        let upload = held.uploads.get_mut(id).ok_or_else(no_upload)?;
        let tag = tag_of(&bytes);
        upload.parts.insert(number, bytes);
        Ok(tag)
    }

    /// Makes an object of the parts, which must be those that are named; the upload stays where that fails.
    pub fn complete_upload(
        &self,
        id: &str,
        parts: &[(i32, Option<ETag>)],
        conditions: &PutConditions,
    ) -> S3Result<ETag> {
        let mut held = self.held.lock();
        let upload = held.uploads.get(id).ok_or_else(no_upload)?;
        let mut whole = BytesMut::new();
        for (number, tag) in parts {
            let part = upload.parts.get(number).ok_or_else(|| S3Error::new(S3ErrorCode::InvalidPart))?;
            if tag.as_ref().is_some_and(|tag| *tag != tag_of(part)) {
                return Err(S3Error::new(S3ErrorCode::InvalidPart));
            }
            whole.extend_from_slice(part);
        }
        let key = upload.key.clone();
        let tag = held.put(&key, whole.freeze(), conditions)?;
        held.uploads.remove(id);
        Ok(tag)
    }

    /// Forgets an upload.
    pub fn abort_upload(&self, id: &str) -> S3Result<()> {
        self.held.lock().uploads.remove(id).map(drop).ok_or_else(no_upload)
    }

    /// How many uploads were begun and neither completed nor aborted.
    pub fn open_uploads(&self) -> usize {
        self.held.lock().uploads.len()
    }
}

impl Held {
    fn put(&mut self, key: &str, bytes: Bytes, conditions: &PutConditions) -> S3Result<ETag> {
        let now = self.objects.get(key);
        if let Some(condition) = &conditions.if_match {
            let Some(now) = now else { return Err(S3Error::new(S3ErrorCode::NoSuchKey)) };
            if_match(condition, &now.tag)?;
        }
        if let (Some(condition), Some(now)) = (&conditions.if_none_match, now) {
            if_none_match(condition, &now.tag, S3ErrorCode::PreconditionFailed)?;
        }
        let created = now.map_or_else(Instant::now, |stored| stored.created);
        let tag = tag_of(&bytes);
        let stored = Stored { bytes, tag: tag.clone(), modified: SystemTime::now(), created };
        self.objects.insert(key.to_owned(), stored);
        Ok(tag)
    }
}

fn no_upload() -> S3Error {
    S3Error::new(S3ErrorCode::NoSuchUpload)
}
