//! A store in a temporary directory, written to as the door for remote write does it, and its series.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use spanlake_engine::{Engine, EngineLimits};
use spanlake_schemas::ingest::{Compression, DecodeLimits, Encoding, Ingest, Request, Signal};
use spanlake_schemas::otlp::decode;
use spanlake_schemas::prometheus::remote_write::{self, Version};
use spanlake_schemas::prometheus::{FamiliesMemory, RequestBuilder};
use spanlake_series::{SeriesIndex, StoreSeries};
use spanlake_store::{Store, StoreConfig, now_nanos};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub mod request;

const REQUEST_BYTES_MAX: u64 = 64 << 20;

pub struct Opened {
    pub store: Store,
    engine: Engine,
    index: Arc<RwLock<SeriesIndex>>,
    _dir: TempDir,
}

impl Opened {
    /// An empty one, sealed only when told to.
    pub fn new(runtime: &Runtime, compaction: bool) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let config = StoreConfig {
            seal_interval: Duration::from_secs(3600),
            compaction,
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

    /// One request with all samples, converted, decoded and stored.
    pub fn write(&self, runtime: &Runtime, body: &[u8]) -> Result<(), String> {
        let mut builder = RequestBuilder::new(REQUEST_BYTES_MAX);
        remote_write::convert(Version::Two, body, &FamiliesMemory::default(), &mut builder)
            .map_err(|error| error.to_string())?;
        let (body, tally) = builder.finish();
        if let Some(message) = tally.message() {
            return Err(message);
        }
        let (received_at, limits, store) = (now_nanos(), DecodeLimits::default(), &self.store);
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
        runtime.block_on(store.store(request)).map_err(|refusal| refusal.to_string())
    }

    /// What there is now; `named` labels are those that a query names.
    pub fn source(&self, runtime: &Runtime, named: Vec<String>) -> StoreSeries {
        let read = self.store.read();
        StoreSeries::pin(&self.index, read.catalog(), &self.engine, runtime.handle().clone(), named)
    }
}
