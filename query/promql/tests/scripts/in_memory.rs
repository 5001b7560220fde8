//! The crate's own source as what scripts are run against.

use spanlake_promql::memory::MemorySource;
use spanlake_promql::series_notation::SequenceValue;
use spanlake_promql::source::SeriesSource;
use spanlake_promql::syntax::Expr;

use crate::commands::Load;
use crate::execute::Subject;
use crate::{hints, nhcb};

impl Subject for MemorySource {
    fn clear(&mut self) {
        Self::clear(self);
    }

    fn load(&mut self, load: &Load) -> Result<(), String> {
        for series in &load.series {
            let mut histograms = hints::as_stored(&series.values);
            for (index, value) in series.values.iter().enumerate() {
                let time_ms = index as i64 * load.step_ms;
                let start = series.start_offsets_ms.get(index).copied().flatten().map_or(0, |offset| time_ms + offset);
                match value {
                    SequenceValue::Omitted => {}
                    SequenceValue::Float(value) => self.push_float(&series.labels, time_ms, *value, start),
                    SequenceValue::Histogram { .. } => {
                        if let Some(histogram) = histograms[index].take() {
                            self.push_histogram(&series.labels, time_ms, histogram, start);
                        }
                    }
                }
            }
        }
        if !load.with_nhcb {
            return Ok(());
        }
        for (labels, samples) in nhcb::of(load)? {
            let (times, values): (Vec<i64>, Vec<SequenceValue>) = samples.into_iter().unzip();
            for (time_ms, histogram) in times.into_iter().zip(hints::as_stored(&values)) {
                if let Some(histogram) = histogram {
                    self.push_histogram(&labels, time_ms, histogram, 0);
                }
            }
        }
        Ok(())
    }

    fn source(&self, _: &Expr) -> Box<dyn SeriesSource + '_> {
        Box::new(self.clone())
    }
}
