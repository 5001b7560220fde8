//! Opening a data directory: lock, manifest, dimensions, log replay, threads.
//!
//! Owns the order of a start. When it returns, every acknowledged row is visible exactly once. Replay seals
//! as it goes, so it needs no more memory than running does.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use spanlake_schemas::ingest::Filing;
use spanlake_schemas::otlp;
use spanlake_schemas::tables::Table;

use crate::catalog::Catalog;
use crate::cold::ColdLogError;
use crate::cold::mover::Mover;
use crate::cold::tier::ColdTier;
use crate::compact::compactor::Compactor;
use crate::config::StoreConfig;
use crate::durable::{files_below, sync_dir, sync_tree};
use crate::forget::Forgetting;
use crate::forget::files::ForgetFileError;
use crate::keeper::{Command, Keeper};
use crate::last_points::LastPoints;
use crate::log::frame::{FrameBuilder, RecordHeader};
use crate::log::recent::{self, RecentRequests, Seen};
use crate::log::replay::{ReplayReport, check_beginning, replay};
use crate::log::salvage::{Salvaged, salvage};
use crate::log::{LogError, payload, segment};
use crate::manifest::{Manifest, ManifestError, State};
use crate::memory::MemoryAccount;
use crate::metrics::StoreMetrics;
use crate::read::ReadHalf;
use crate::reserve::Reserve;
use crate::retention::checked::Checked;
use crate::sealer::{SealFailure, Sealer};
use crate::series_guard::{LoggedSeries, SeriesGuard};
use crate::store::{Inner, KeeperHandle, Store};
use crate::version::{DataFile, Version};

/// Why the store does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot {action} {path}")]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the data directory {path} is in use by another spanlake process ({owner}); stop it or choose another --data-dir"
    )]
    InUse { path: PathBuf, owner: String },
    #[error("{path} is no data directory: it has no manifest")]
    NotADataDir { path: PathBuf },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "{path} names no file, but there are data files below hot and nothing in the log tells of them; \
         restore the manifest from a copy"
    )]
    NoManifest { path: PathBuf },
    #[error("the manifest names {path}, which is {problem}; restore the file from a copy")]
    DataFile { path: PathBuf, problem: String },
    #[error(transparent)]
    Cold(#[from] ColdLogError),
    #[error("the cold tier could not be opened: {0}")]
    ColdTier(String),
    #[error(transparent)]
    Forget(#[from] ForgetFileError),
    #[error("sealing while the log was replayed failed")]
    Seal(#[from] SealFailure),
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> OpenError {
    let path = path.to_path_buf();
    move |source| OpenError::Io { action, path, source }
}

/// What a start found.
#[derive(Debug, Clone, Default)]
pub struct OpenReport {
    pub replay: ReplayReport,
    pub files: usize,
    /// Files that no edit names, left by a crash in a seal, and removed.
    pub orphans: usize,
}

/// An open store and what its start found.
pub struct Opened {
    pub store: Store,
    pub report: OpenReport,
}

impl Store {
    /// Opens a data directory, creating it if need be.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing that was acknowledged is lost by an error.
    pub fn open(config: StoreConfig) -> Result<Opened, OpenError> {
        let lock = DataDirLock::take(&config.data_dir)?;
        Self::open_locked(config, lock)
    }

    /// The same for a caller that holds the directory already.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_locked(config: StoreConfig, lock: DataDirLock) -> Result<Opened, OpenError> {
        let log_dir = config.data_dir.join("log");
        let manifest_dir = config.data_dir.join("manifest");
        for dir in [&log_dir, &manifest_dir, &config.data_dir.join("hot")] {
            std::fs::create_dir_all(dir).map_err(io("create", dir))?;
        }
        make_durable(&config.data_dir)?;
        let mut manifest = Manifest::open(&manifest_dir)?;
        check_nothing_is_missing(&config.data_dir, &manifest)?;
        let cold = config.cold.as_ref().map(|cold| ColdTier::open(&config.data_dir, cold)).transpose()?;
        if let Some(cold) = &cold {
            cold.finish_local(&mut manifest)?;
        }
        let mut report = OpenReport { files: manifest.state().files.len(), ..OpenReport::default() };
        report.orphans = remove_orphans(&config.data_dir, &manifest)?;
        let mut version = first_version(&config.data_dir, &manifest)?;
        if let Some(cold) = &cold {
            cold.show(&mut version);
        }
        version.last_points = Arc::new(LastPoints::without(version.files(Table::Points)));
        let metrics = Arc::new(StoreMetrics::default());
        metrics.hot_file_bytes.store(version.hot_file_bytes(), Ordering::Relaxed);
        let read = ReadHalf::new(version, Catalog::default(), cold.as_ref().and_then(ColdTier::bucket));
        load_dimensions(&read)?;
        let forgetting = Forgetting::open(&config.data_dir)?;
        let memory = MemoryAccount::new(config.memory_bytes_max, Arc::clone(&metrics));
        let series = SeriesGuard::new(Arc::clone(read.catalog()), config.series_limits);
        let reserve = cold.as_ref().map(|_| Reserve::of(config.data_dir.clone()));
        let inner = Arc::new(Inner {
            config,
            read,
            memory,
            metrics,
            stopping: std::sync::atomic::AtomicBool::new(false),
            claims: Mutex::default(),
            cold: cold.as_ref().map(|cold| cold.status.clone()),
            place: cold.as_ref().map(|cold| cold.place().clone()),
            is_cold_known: std::sync::atomic::AtomicBool::new(cold.is_none()),
            forgetting,
            series,
            reserve,
            _lock: lock,
        });
        let mut sealer = Sealer { inner: Arc::clone(&inner), manifest: Arc::new(Mutex::new(manifest)) };
        let replayed = replay_log(&mut sealer)?;
        report.replay = replayed.report.clone();
        let manifest = Arc::clone(&sealer.manifest);
        let mover = cold.map(|cold| cold.into_mover(&inner, manifest)).transpose()?;
        Ok(Opened { store: start(inner, sealer, replayed, mover)?, report })
    }
}

impl Store {
    /// Rewrites the damaged segments of a log that no process uses; see [`crate::log::salvage`].
    ///
    /// # Errors
    /// When the directory is in use or a file cannot be read or written.
    pub fn salvage(data_dir: &Path) -> Result<Vec<Salvaged>, OpenError> {
        let log_dir = data_dir.join("log");
        if !log_dir.is_dir() {
            return Err(io("find", &log_dir)(std::io::ErrorKind::NotFound.into()));
        }
        let _lock = DataDirLock::take(data_dir)?;
        let manifest_dir = data_dir.join("manifest");
        let flushed = if manifest_dir.is_dir() { Manifest::open(&manifest_dir)?.state().flushed_lsn } else { 0 };
        Ok(salvage(&log_dir, flushed)?)
    }
}

/// A data directory that this process alone uses, until this is dropped.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    /// Takes a directory, creating it if need be.
    ///
    /// # Errors
    /// [`OpenError::InUse`] where another process has it.
    pub fn take(data_dir: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(data_dir).map_err(io("create", data_dir))?;
        let path = data_dir.join("LOCK");
        let options = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = options.map_err(io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                let owner = std::fs::read_to_string(&path).unwrap_or_default().trim().to_owned();
                return Err(OpenError::InUse { path: data_dir.to_path_buf(), owner });
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(io("lock", &path)(error)),
        }
        file.set_len(0).map_err(io("write", &path))?;
        writeln!(file, "pid {}", std::process::id()).map_err(io("write", &path))?;
        Ok(Self { _file: file })
    }
}

/// Removes data files that no edit names: what a crash in the middle of a seal or merge leaves.
fn remove_orphans(data_dir: &Path, manifest: &Manifest) -> Result<usize, OpenError> {
    let orphans = orphans(data_dir, manifest.state())?;
    for path in &orphans {
        std::fs::remove_file(path).map_err(io("remove", path))?;
    }
    Ok(orphans.len())
}

/// The names of the folders: else the first acknowledgements would stand in one that a power cut takes away. And those of edits and
/// segments, which a killed process may not have come to sync: what they say was done is relied upon from here on.
fn make_durable(data_dir: &Path) -> Result<(), OpenError> {
    let parent = data_dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map(Path::to_path_buf);
    let within = ["manifest", "log"].map(|name| Some(data_dir.join(name)).filter(|dir| dir.is_dir()));
    for dir in [Some(data_dir.to_path_buf()), parent].into_iter().chain(within).flatten() {
        let dir = dir.as_path();
        sync_dir(dir).map_err(io("sync", dir))?;
    }
    sync_tree(&data_dir.join("hot")).map_err(|(path, error)| io("sync", &path)(error))
}

/// Before anything is removed that no edit names: what it holds must be in the log, or in files that one names.
fn check_nothing_is_missing(data_dir: &Path, manifest: &Manifest) -> Result<(), OpenError> {
    let state = manifest.state();
    let first_record = check_beginning(&data_dir.join("log"), data_dir, state.flushed_lsn)?;
    if state.number == 0 && first_record.is_none() && !orphans(data_dir, state)?.is_empty() {
        return Err(OpenError::NoManifest { path: data_dir.join("manifest") });
    }
    Ok(())
}

/// Data files that no edit names.
pub(crate) fn orphans(data_dir: &Path, state: &State) -> Result<Vec<PathBuf>, OpenError> {
    let files = files_below(&data_dir.join("hot")).map_err(|(path, error)| io("list", &path)(error))?;
    let is_named = |path: &Path| {
        let relative = path.strip_prefix(data_dir).expect("listed below it");
        state.files.contains_key(relative.to_string_lossy().as_ref())
    };
    Ok(files.into_iter().map(|(path, _)| path).filter(|path| !is_named(path)).collect())
}

fn first_version(data_dir: &Path, manifest: &Manifest) -> Result<Version, OpenError> {
    let mut files: [Vec<Arc<DataFile>>; Table::COUNT] = Default::default();
    for entry in manifest.state().files.values() {
        let path = data_dir.join(&entry.path);
        let problem = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.len() == entry.bytes => None,
            Ok(metadata) => Some(format!("{} bytes long instead of {}", metadata.len(), entry.bytes)),
            Err(error) => Some(format!("not readable ({error})")),
        };
        if let Some(problem) = problem {
            return Err(OpenError::DataFile { path, problem });
        }
        let Some(table) = Table::by_name(&entry.table) else {
            return Err(OpenError::DataFile { path, problem: format!("of an unknown table {}", entry.table) });
        };
        files[table as usize].push(Arc::new(DataFile::new(entry.clone(), path)));
    }
    let mut version = Version::default();
    for (table, mut files) in version.tables.iter_mut().zip(files) {
        files.sort_by(|left, right| {
            (left.entry.last_lsn, &left.entry.path).cmp(&(right.entry.last_lsn, &right.entry.path))
        });
        table.files = Arc::new(files);
    }
    Ok(version)
}

fn load_dimensions(read: &ReadHalf) -> Result<(), OpenError> {
    let version = read.pin();
    for table in [Table::Resources, Table::Scopes, Table::Series] {
        let dimension = read.catalog().dimension(table).expect("these are the dimensions");
        for file in version.files(table) {
            let problem = |error: String| OpenError::DataFile { path: file.path.clone(), problem: error };
            for batch in crate::read::whole_file(file).map_err(|error| problem(error.to_string()))? {
                dimension.insert_new(&batch).map_err(|error| problem(error.to_string()))?;
            }
        }
    }
    Ok(())
}

/// What replay leaves for the keeper.
struct Replayed {
    report: ReplayReport,
    digests: Vec<Seen>,
    generation: u64,
}

fn replay_log(sealer: &mut Sealer) -> Result<Replayed, OpenError> {
    let inner = Arc::clone(&sealer.inner);
    let flushed = sealer.flushed_lsn();
    let mut generation = 1;
    let mut digests: Vec<Seen> = Vec::new();
    let mut failure = None;
    let report = replay(&inner.log_dir(), &inner.config.data_dir, flushed, |lsn, header, payload, path| {
        if failure.is_some() {
            return Ok(());
        }
        replay_record(&inner, generation, header, payload).map_err(|reason| LogError::Undecodable {
            path: path.to_path_buf(),
            reason: format!("record {lsn}: {reason}"),
            data_dir: inner.config.data_dir.clone(),
        })?;
        digests.push((header.digest, header.received_at));
        if inner.metrics.unsealed_bytes.load(Ordering::Acquire) >= inner.config.seal_bytes {
            failure = sealer.seal(generation, lsn, &digests).err();
            generation += 1;
            digests.clear();
        }
        Ok(())
    })?;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(Replayed { report, digests, generation }),
    }
}

fn replay_record(inner: &Inner, generation: u64, header: &RecordHeader, packed: &[u8]) -> Result<(), String> {
    let body =
        payload::unpack(header.codec, packed, header.limits.inflated_bytes_max).map_err(|error| error.to_string())?;
    let known = LoggedSeries::new(inner.read.catalog(), &header.overflowed);
    let mut decoded = otlp::decode(header.signal, header.encoding, &body, header.received_at, &header.limits, &known)
        .map_err(|error| error.to_string())?;
    match &inner.config.door {
        Some(door) if header.limits.filing == Filing::Receipt => {
            door.replay(&header.door, &mut decoded.batches).map_err(|error| error.to_string())?;
        }
        None if !header.door.let_all_pass() => {
            return Err("a part of its traces was held back at the door, which this command cannot do again".to_owned());
        }
        _ => {}
    }
    inner.read.append(decoded.batches.tables, generation, &inner.metrics).map_err(|error| error.to_string())
}

fn start(inner: Arc<Inner>, sealer: Sealer, replayed: Replayed, mover: Option<Mover>) -> Result<Store, OpenError> {
    let log_dir = inner.log_dir();
    let mut recent = RecentRequests::default();
    for seen in recent::load(&log_dir, crate::now_nanos())?.into_iter().chain(replayed.digests.iter().copied()) {
        recent.insert(seen);
    }
    let next_lsn = replayed.report.next_lsn;
    // A segment with this name was created just before a crash and holds no record.
    let unused = segment::path_of(&log_dir, next_lsn);
    if unused.exists() {
        std::fs::remove_file(&unused).map_err(io("remove", &unused))?;
    }
    let (commands, inbox) = std::sync::mpsc::channel::<Command>();
    let (seal_tasks, seal_inbox) = std::sync::mpsc::sync_channel(1);
    let log_bytes: u64 = segment::list(&log_dir)?
        .iter()
        .map(|(_, path)| std::fs::metadata(path).map_or(0, |metadata| metadata.len()))
        .sum();
    inner.metrics.log_disk_bytes.store(log_bytes, Ordering::Relaxed);
    let has_rows = inner.metrics.unsealed_rows.load(Ordering::Acquire) > 0;
    let keeper = Keeper {
        inner: Arc::clone(&inner),
        log_dir,
        epoch: sealer.manifest.lock().state().epoch,
        segment: None,
        next_lsn,
        recent,
        generation: replayed.generation,
        generation_digests: replayed.digests,
        generation_began: has_rows.then(std::time::Instant::now),
        sealing: false,
        seal_waiters: Vec::new(),
        cuts: Vec::new(),
        last_cut: None,
        shutdown: None,
        stopped: false,
        sealer: seal_tasks,
        frame: FrameBuilder::default(),
    };
    let to_keeper = commands.clone();
    let (seals, seals_seen) = std::sync::mpsc::sync_channel(1);
    let manifest = Arc::clone(&sealer.manifest);
    let (moves, moves_seen) = std::sync::mpsc::sync_channel(1);
    if let Some(mover) = mover {
        spawn("spanlake-cold", move || mover.run(&moves_seen))?;
    }
    let compactor = Compactor {
        inner: Arc::clone(&inner),
        manifest,
        barred: HashSet::new(),
        merges: 0,
        checked: Checked::open(&inner.config.data_dir, "retention-hot.json"),
        commands: commands.clone(),
        _mover: moves,
    };
    spawn("spanlake-merge", move || compactor.run(&seals_seen))?;
    spawn("spanlake-seal", move || sealer.run(&seal_inbox, &to_keeper, &seals))?;
    spawn("spanlake-log", move || keeper.run(&inbox))?;
    Ok(Store { keeper: Arc::new(KeeperHandle { commands, inner: Arc::clone(&inner) }), inner })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), OpenError> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map(drop).map_err(io("start a thread for", Path::new(name)))
}
