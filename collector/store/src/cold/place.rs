//! Where the cold tier is: a folder, or a bucket of S3, GCS or Azure; and the few things that are done there.
//!
//! Owns durability of a folder (object_store syncs nothing) and the meaning of an answer of a bucket: created, there
//! already, or unknown. Calls block; they belong on threads of their own. Never decides what is written.

use std::fmt;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload, WriteMultipart};
use tokio::runtime::Runtime;
use url::Url;

use super::bucket;
use crate::durable::{self, sync_dir};

/// Parts of an upload; S3 wants at least 5 MiB.
const PART_BYTES: usize = 8 << 20;
/// Parts under way at once.
const PARTS_AT_ONCE: usize = 2;
/// No single thing that is done may take longer, an upload's parts each.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why something could not be done in the cold tier.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("`cold.url` is {url:?}: {reason}")]
    Url { url: String, reason: String },
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The sentence names the place and what to do; the source is the client's own.
    #[error("{hint}: cannot {action} {key} in {place}")]
    Bucket {
        hint: &'static str,
        action: &'static str,
        key: String,
        place: String,
        #[source]
        source: Box<object_store::Error>,
    },
    #[error("{place} does not answer: no answer to {action} {key} within {} s", PATIENCE.as_secs())]
    Silent { action: &'static str, key: String, place: String },
    #[error("{place} does not keep to conditional puts ({what}): two servers could destroy each other's commits there")]
    Unconditional { place: String, what: &'static str },
}

/// What a conditional put did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Created,
    /// Another content has this name.
    Taken,
}

/// The place. Cheap to clone.
#[derive(Clone)]
pub struct Place {
    kind: Kind,
    /// For messages; never holds a secret.
    name: Arc<str>,
}

#[derive(Clone)]
enum Kind {
    Folder(PathBuf),
    Bucket { store: Arc<dyn ObjectStore>, prefix: Key, runtime: Arc<IoThread> },
}

/// The thread on which a bucket is talked to. May be dropped anywhere: a start that fails drops it within a runtime,
/// where waiting for its end is not allowed.
struct IoThread(Option<Runtime>);

impl IoThread {
    fn start() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(1)
            .thread_name("spanlake-cold-io")
            .enable_all()
            .build()
            .map(|runtime| Self(Some(runtime)))
    }

    fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.as_ref().expect("there until it is dropped").block_on(work)
    }
}

impl Drop for IoThread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Place {
    /// A folder of this machine.
    #[must_use]
    pub fn folder(dir: PathBuf) -> Self {
        let name = dir.display().to_string().into();
        Self { kind: Kind::Folder(dir), name }
    }

    /// What a URL names: `s3://bucket/prefix`, `gs://…`, `az://…`, `file:///…`, or a path. `options` are the client's
    /// own (`aws_endpoint`, `aws_access_key_id` and so on), which go before the environment's.
    ///
    /// # Errors
    /// [`PlaceError::Url`] where it names nothing.
    pub fn open(url: &str, options: &[(String, String)]) -> Result<Self, PlaceError> {
        let wrong = |reason: String| PlaceError::Url { url: bucket::without_secrets(url), reason };
        if !url.contains("://") {
            return Ok(Self::folder(PathBuf::from(url)));
        }
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        if parsed.scheme() == "file" {
            let path = parsed.to_file_path().map_err(|()| wrong("it names no path of this machine".to_owned()))?;
            return Ok(Self::folder(path));
        }
        let (store, prefix) = bucket::open(&parsed, options).map_err(wrong)?;
        let runtime = IoThread::start().map_err(|error| wrong(format!("no thread for it can be started: {error}")))?;
        let name = bucket::without_secrets(url).into();
        Ok(Self { kind: Kind::Bucket { store, prefix, runtime: Arc::new(runtime) }, name })
    }

    /// The path of a file where it can be opened as one.
    #[must_use]
    pub fn local_path(&self, key: &str) -> Option<PathBuf> {
        match &self.kind {
            Kind::Folder(dir) => Some(dir.join(key)),
            Kind::Bucket { .. } => None,
        }
    }

    /// The bucket's client and the prefix of every key; `None` for a folder.
    #[must_use]
    pub fn bucket(&self) -> Option<(Arc<dyn ObjectStore>, Key)> {
        match &self.kind {
            Kind::Folder(_) => None,
            Kind::Bucket { store, prefix, .. } => Some((Arc::clone(store), prefix.clone())),
        }
    }

    /// Syncs the names of a folder's folders, which a killed process may not have come to; a bucket has none.
    ///
    /// # Errors
    /// When the folder cannot be read or synced.
    pub fn make_durable(&self) -> Result<(), PlaceError> {
        match &self.kind {
            Kind::Folder(dir) => {
                create_dirs(dir)?;
                durable::sync_tree(dir).map_err(|(path, error)| io("sync", &path)(error))
            }
            Kind::Bucket { .. } => Ok(()),
        }
    }

    /// Creates a small object only if there is none of this name. An answer that was lost is found out by reading.
    ///
    /// # Errors
    /// When nobody knows what happened, or nothing did.
    pub fn create(&self, key: &str, content: &[u8]) -> Result<Put, PlaceError> {
        match &self.kind {
            Kind::Folder(dir) => create_file(&dir.join(key), content),
            Kind::Bucket { store, prefix, .. } => {
                let location = location(prefix, key);
                let put = store.put_opts(
                    &location,
                    PutPayload::from(Bytes::copy_from_slice(content)),
                    PutMode::Create.into(),
                );
                let created = self.wait("create", key, put);
                match created {
                    Ok(_) => Ok(Put::Created),
                    // Whoever was first, or this very request, sent twice; the client cannot tell.
                    Err(error) => match self.read(key) {
                        Ok(Some(there)) if there == content => Ok(Put::Created),
                        Ok(Some(_)) => Ok(Put::Taken),
                        _ => Err(error),
                    },
                }
            }
        }
    }

    /// Writes a small object in place of what is there.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn replace(&self, key: &str, content: &[u8]) -> Result<(), PlaceError> {
        match &self.kind {
            Kind::Folder(dir) => {
                let aside = dir.join(format!("{key}.tmp"));
                create_dirs(aside.parent().expect("a key has a folder"))?;
                let written = File::create(&aside).and_then(|mut file| {
                    file.write_all(content)?;
                    file.sync_all()
                });
                written.map_err(io("write", &aside))?;
                move_file(&aside, &dir.join(key))
            }
            Kind::Bucket { store, prefix, .. } => {
                let payload = PutPayload::from(Bytes::copy_from_slice(content));
                let location = location(prefix, key);
                self.wait("write", key, store.put(&location, payload)).map(drop)
            }
        }
    }

    /// Copies a local file there, whole or not at all.
    ///
    /// # Errors
    /// When it could not be read or not be written.
    pub fn upload(&self, from: &Path, key: &str) -> Result<(), PlaceError> {
        match &self.kind {
            Kind::Folder(dir) => move_file(from, &dir.join(key)),
            Kind::Bucket { store, prefix, runtime } => {
                let file = File::open(from).map_err(io("open", from))?;
                runtime.block_on(self.upload_parts(store.as_ref(), file, from, &location(prefix, key), key))
            }
        }
    }

    async fn upload_parts(
        &self,
        store: &dyn ObjectStore,
        mut file: File,
        from: &Path,
        location: &Key,
        key: &str,
    ) -> Result<(), PlaceError> {
        let upload = self.patiently("upload", key, store.put_multipart_opts(location, Default::default())).await?;
        let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let mut buffer = vec![0; PART_BYTES];
        let sent = loop {
            let read = file.read(&mut buffer).map_err(io("read", from))?;
            if read == 0 {
                break Ok(());
            }
            parts.write(&buffer[..read]);
            let room = parts.wait_for_capacity(PARTS_AT_ONCE);
            if let Err(error) = self.patiently("upload", key, room).await {
                break Err(error);
            }
        };
        match sent {
            Ok(()) => self.patiently("upload", key, parts.finish()).await.map(drop),
            Err(error) => {
                // Parts that stay cost money until the bucket's own rules remove them; no more can be done.
                let _ = self.patiently("abort the upload of", key, parts.abort()).await;
                Err(error)
            }
        }
    }

    /// Copies an object to a local file, unless it can be opened where it is; gives the path.
    ///
    /// # Errors
    /// When it is not there or could not be copied.
    pub fn fetch(&self, key: &str, to: &Path) -> Result<PathBuf, PlaceError> {
        let Kind::Bucket { store, prefix, runtime } = &self.kind else {
            return Ok(self.local_path(key).expect("a folder's files are local"));
        };
        create_dirs(to.parent().expect("a file has a folder"))?;
        let mut file = File::create(to).map_err(io("create", to))?;
        let location = location(prefix, key);
        let copy = async {
            let mut parts = self.patiently("read", key, store.get(&location)).await?.into_stream();
            while let Some(part) = self.patiently("read", key, parts.try_next()).await? {
                file.write_all(&part).map_err(io("write", to))?;
            }
            Ok(())
        };
        runtime.block_on(copy).map(|()| to.to_path_buf())
    }

    /// A small object; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, key: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        match &self.kind {
            Kind::Folder(dir) => {
                let path = dir.join(key);
                match std::fs::read(&path) {
                    Ok(content) => Ok(Some(content)),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(io("read", &path)(error)),
                }
            }
            Kind::Bucket { store, prefix, .. } => {
                let location = location(prefix, key);
                let read = async { store.get(&location).await?.bytes().await };
                match self.wait("read", key, read) {
                    Ok(content) => Ok(Some(content.to_vec())),
                    Err(PlaceError::Bucket { source, .. }) if bucket::is_absent(&source) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// Keys below a folder and their sizes, ascending.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub fn list(&self, below: &str) -> Result<Vec<(String, u64)>, PlaceError> {
        let mut found = match &self.kind {
            Kind::Folder(dir) => list_files(dir, &dir.join(below))?,
            Kind::Bucket { store, prefix, .. } => {
                let from = location(prefix, below);
                let objects: Vec<_> = self.wait("list", below, store.list(Some(&from)).try_collect())?;
                let root = prefix.as_ref();
                let relative = |key: &Key| key.as_ref()[root.len()..].trim_start_matches('/').to_owned();
                objects.iter().map(|object| (relative(&object.location), object.size)).collect()
            }
        };
        found.sort();
        Ok(found)
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// When it could not be removed.
    pub fn remove(&self, key: &str) -> Result<(), PlaceError> {
        match &self.kind {
            Kind::Folder(dir) => {
                let path = dir.join(key);
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("remove", &path)(error)),
                    _ => Ok(()),
                }
            }
            Kind::Bucket { store, prefix, .. } => {
                let location = location(prefix, key);
                match self.wait("remove", key, store.delete(&location)) {
                    Err(PlaceError::Bucket { source, .. }) if bucket::is_absent(&source) => Ok(()),
                    other => other,
                }
            }
        }
    }

    /// Waits for work on objects of the bucket, on the thread that talks to it.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        match &self.kind {
            Kind::Bucket { runtime, .. } => runtime.block_on(work),
            Kind::Folder(_) => futures::executor::block_on(work),
        }
    }

    fn wait<T>(
        &self,
        action: &'static str,
        key: &str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, PlaceError> {
        let Kind::Bucket { runtime, .. } = &self.kind else { unreachable!("only buckets are waited for") };
        runtime.block_on(self.patiently(action, key, work))
    }

    async fn patiently<T>(
        &self,
        action: &'static str,
        key: &str,
        work: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, PlaceError> {
        let (key, place) = (key.to_owned(), self.name.to_string());
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(source)) => {
                Err(PlaceError::Bucket { hint: bucket::hint(&source), action, key, place, source: Box::new(source) })
            }
            Err(_) => Err(PlaceError::Silent { action, key, place }),
        }
    }
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> PlaceError {
    let path = path.to_path_buf();
    move |source| PlaceError::Io { action, path, source }
}

/// The key of an object below the prefix.
#[must_use]
pub fn location(prefix: &Key, key: &str) -> Key {
    // Not `Key::parse`, which would refuse nothing that is made here.
    prefix.parts().chain(Key::from(key).parts()).collect()
}

fn create_dirs(dir: &Path) -> Result<(), PlaceError> {
    durable::create_dirs(dir).map_err(|(path, error)| io("create", &path)(error))
}

fn create_file(path: &Path, content: &[u8]) -> Result<Put, PlaceError> {
    create_dirs(path.parent().expect("a key has a folder"))?;
    let is_new = durable::create_new(path, content).map_err(|(action, error)| io(action, path)(error))?;
    // Ours too where a crash came between the link and the answer.
    let is_ours = is_new || std::fs::read(path).is_ok_and(|there| there == content);
    Ok(if is_ours { Put::Created } else { Put::Taken })
}

/// The file was synced when it was written; on another disk it is copied.
fn move_file(from: &Path, to: &Path) -> Result<(), PlaceError> {
    let dir = to.parent().expect("a key has a folder");
    create_dirs(dir)?;
    if std::fs::rename(from, to).is_err() {
        let aside = to.with_extension("tmp");
        std::fs::copy(from, &aside)
            .and_then(|_| File::open(&aside)?.sync_all())
            .and_then(|()| std::fs::rename(&aside, to))
            .map_err(io("write", to))?;
    }
    sync_dir(dir).map_err(io("sync", dir))
}

fn list_files(root: &Path, below: &Path) -> Result<Vec<(String, u64)>, PlaceError> {
    let files = durable::files_below(below).map_err(|(path, error)| io("list", &path)(error))?;
    let relative = |path: &Path| path.strip_prefix(root).expect("listed below it").to_string_lossy().into_owned();
    Ok(files.iter().map(|(path, bytes)| (relative(path), *bytes)).collect())
}
