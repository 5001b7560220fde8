//! A store in a temporary directory as what scripts are run against.
//!
//! What a script loads comes in as a remote write request, through the decoder and the log.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use spanlake_engine::{Engine, EngineLimits};
use spanlake_promql::labels::Labels;
use spanlake_promql::series_notation::SequenceValue;
use spanlake_promql::source::SeriesSource;
use spanlake_promql::syntax::{Expr, named_labels};
use spanlake_schemas::ingest::{Compression, DecodeLimits, Encoding, Ingest, Request, Signal};
use spanlake_schemas::otlp::decode;
use spanlake_schemas::prometheus::remote_write::{self, Version};
use spanlake_schemas::prometheus::{FamiliesMemory, RequestBuilder};
use spanlake_series::{SeriesIndex, StoreSeries};
use spanlake_store::{Store, StoreConfig, now_nanos};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::commands::Load;
use crate::execute::Subject;
use crate::nhcb;
use crate::request::{Body, Value};

const REQUEST_BYTES_MAX: u64 = 64 << 20;

pub struct Lake<'r> {
    runtime: &'r Runtime,
    is_sealed: bool,
    opened: Opened,
}

struct Opened {
    store: Store,
    engine: Engine,
    index: Arc<RwLock<SeriesIndex>>,
    _dir: TempDir,
}

impl Opened {
    fn new(runtime: &Runtime) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let config = StoreConfig {
            seal_interval: Duration::from_secs(3600),
            compaction: false,
            ..StoreConfig::in_dir(dir.path().join("data"))
        };
        let _entered = runtime.enter();
        let store = Store::open(config).expect("a new store can be opened").store;
        let limits = EngineLimits {
            memory_bytes_max: 256 << 20,
            timeout: Duration::from_secs(60),
            concurrency: 4,
            queue_wait: Duration::from_secs(10),
            threads: 1,
            spill_dir: dir.path().join("spill"),
            spill_bytes_max: 64 << 20,
        };
        let engine = Engine::new(store.read(), limits).expect("an engine over an open store can be made");
        Self { store, engine, index: Arc::new(RwLock::new(SeriesIndex::default())), _dir: dir }
    }
}

impl<'r> Lake<'r> {
    /// An empty one. If `is_sealed`, what is loaded is in files before it is asked for, else in memory.
    pub fn new(runtime: &'r Runtime, is_sealed: bool) -> Self {
        Self { runtime, is_sealed, opened: Opened::new(runtime) }
    }

    pub fn close(&self) {
        self.runtime.block_on(self.opened.store.shutdown());
    }

    /// One request with all samples, converted, decoded and stored as the door does it.
    fn write(&self, body: &[u8]) -> Result<(), String> {
        let mut builder = RequestBuilder::new(REQUEST_BYTES_MAX);
        remote_write::convert(Version::Two, body, &FamiliesMemory::default(), &mut builder)
            .map_err(|error| error.to_string())?;
        let (body, tally) = builder.finish();
        if let Some(message) = tally.message() {
            return Err(message);
        }
        let (received_at, limits, store) = (now_nanos(), DecodeLimits::default(), &self.opened.store);
        let decoded = decode(Signal::Metrics, Encoding::Protobuf, &body, received_at, &limits, store.known_series())
            .map_err(|error| error.to_string())?;
        if decoded.rejected > 0 {
            return Err(format!("{} points rejected: {:?}", decoded.rejected, decoded.message));
        }
        let request = Request {
            signal: Signal::Metrics,
            encoding: Encoding::Protobuf,
            compression: Compression::None,
            body: Bytes::from(body),
            received_at,
            limits,
            door: spanlake_schemas::door::DoorThresholds::default(),
            decoded,
        };
        let _permit = store.admit(1).map_err(|refusal| refusal.to_string())?;
        self.runtime.block_on(store.store(request)).map_err(|refusal| refusal.to_string())?;
        if self.is_sealed {
            self.runtime.block_on(store.seal());
        }
        Ok(())
    }
}

/// Time, start time and value.
type Loaded = (i64, i64, SequenceValue);

/// What a `load` loads, by label set.
fn loaded(load: &Load) -> Result<BTreeMap<Labels, Vec<Loaded>>, String> {
    let mut all: BTreeMap<Labels, Vec<Loaded>> = BTreeMap::new();
    for series in &load.series {
        let samples = all.entry(series.labels.clone()).or_default();
        for (index, value) in series.values.iter().enumerate() {
            let time = index as i64 * load.step_ms;
            let start = series.start_offsets_ms.get(index).copied().flatten().map_or(0, |offset| time + offset);
            samples.push((time, start, value.clone()));
        }
    }
    if load.with_nhcb {
        for (labels, samples) in nhcb::of(load)? {
            all.entry(labels).or_default().extend(samples.into_iter().map(|(time, value)| (time, 0, value)));
        }
    }
    Ok(all)
}

impl Subject for Lake<'_> {
    fn clear(&mut self) {
        self.close();
        self.opened = Opened::new(self.runtime);
    }

    fn load(&mut self, load: &Load) -> Result<(), String> {
        let mut body = Body::new();
        for (labels, samples) in &loaded(load)? {
            let samples: Vec<(i64, i64, Value<'_>)> = samples
                .iter()
                .filter_map(|(time, start, value)| match value {
                    SequenceValue::Omitted => None,
                    SequenceValue::Float(value) => Some((*time, *start, Value::Float(*value))),
                    SequenceValue::Histogram { value, .. } => Some((*time, *start, Value::Histogram(value))),
                })
                .collect();
            body.add(labels, &samples);
        }
        self.write(&body.finish())
    }

    fn source(&self, expr: &Expr) -> Box<dyn SeriesSource + '_> {
        let Opened { store, engine, index, .. } = &self.opened;
        let read = store.read();
        let runtime = self.runtime.handle().clone();
        Box::new(StoreSeries::pin(index, read.catalog(), engine, runtime, named_labels(expr)))
    }
}
