//! Numbers in a real store, read in every way that is quicker than reading all of them, against the plain way.

use std::time::{Duration, Instant};

use spanlake_promql::labels::Labels;
use spanlake_schemas::tables::Table;
use spanlake_series::StoreSeries;
use tokio::runtime::Runtime;

mod latest;
mod lists;
#[allow(dead_code, reason = "histograms are for the scripts")]
#[path = "../opened/mod.rs"]
mod opened;
mod rolled_up;

use opened::Opened;
use opened::request::{Body, Value};

/// A store in a temporary directory, merged as in life, sealed when told to.
struct Lake {
    runtime: Runtime,
    opened: Opened,
}

impl Lake {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let opened = Opened::new(&runtime, true);
        Self { runtime, opened }
    }

    fn write(&self, series: &[(Labels, Vec<(i64, f64)>)]) {
        let mut body = Body::new();
        for (labels, samples) in series.iter().filter(|(_, samples)| !samples.is_empty()) {
            let samples: Vec<_> = samples.iter().map(|(time, value)| (*time, 0, Value::Float(*value))).collect();
            body.add(labels, &samples);
        }
        self.opened.write(&self.runtime, &body.finish()).expect("the store takes it");
    }

    fn seal(&self) {
        self.runtime.block_on(self.opened.store.seal());
    }

    fn source(&self) -> StoreSeries {
        self.opened.source(&self.runtime, Vec::new())
    }

    fn wait_for_merges(&self, hours: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let version = self.opened.store.read().pin();
            let merged = version.files(Table::Points).iter().filter(|file| file.entry.rollups.is_some()).count();
            if merged >= hours {
                return;
            }
            assert!(Instant::now() < deadline, "{merged} files are merged");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}
