//! A store in a temporary directory as what scripts are run against.
//!
//! What a script loads comes in as a remote write request, through the decoder and the log.

use std::collections::BTreeMap;

use spanlake_promql::labels::Labels;
use spanlake_promql::series_notation::SequenceValue;
use spanlake_promql::source::SeriesSource;
use spanlake_promql::syntax::{Expr, named_labels};
use tokio::runtime::Runtime;

use crate::commands::Load;
use crate::execute::Subject;
use crate::nhcb;
use crate::opened::Opened;
use crate::opened::request::{Body, Value};

pub struct Lake<'r> {
    runtime: &'r Runtime,
    is_sealed: bool,
    opened: Opened,
}

impl<'r> Lake<'r> {
    /// An empty one. If `is_sealed`, what is loaded is in files before it is asked for, else in memory.
    pub fn new(runtime: &'r Runtime, is_sealed: bool) -> Self {
        Self { runtime, is_sealed, opened: Opened::new(runtime, false) }
    }

    pub fn close(&self) {
        self.runtime.block_on(self.opened.store.shutdown());
    }

    fn write(&self, body: &[u8]) -> Result<(), String> {
        self.opened.write(self.runtime, body)?;
        if self.is_sealed {
            self.runtime.block_on(self.opened.store.seal());
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
        self.opened = Opened::new(self.runtime, false);
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
        Box::new(self.opened.source(self.runtime, named_labels(expr)))
    }
}
