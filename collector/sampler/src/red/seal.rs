//! RED sketches as the store asks for them: batches of spans that are sealed in, rows of `span_red` out.
//!
//! Owns the series between seals. Never does I/O.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampNanosecondType};
use arrow::error::ArrowError;
use spanlake_schemas::red::{RollUp, SpanSums};

use crate::red::columns::record_batch;
use crate::red::dimension::Dimension;
use crate::red::rolled::RolledUp;
use crate::red::unannounced::Unannounced;
use crate::red::{Arrived, RedLimits, RedSketches, RedSpan};
use crate::span::{SpanKind, StatusCode};
use crate::stamps::{stamped, stored_thresholds};
use crate::threshold::Threshold;
use crate::tracestate;

/// The sketches of one store.
#[derive(Debug)]
pub struct SealedSpanSums {
    sketches: Mutex<(RedSketches, Unannounced)>,
    dimensions: Vec<String>,
}

impl SealedSpanSums {
    /// Without any series.
    #[must_use]
    pub fn new(limits: RedLimits) -> Self {
        let dimensions = limits.extra_dimensions.iter().take(RedLimits::EXTRA_DIMENSIONS_MAX).cloned().collect();
        Self { sketches: Mutex::new((RedSketches::new(limits), Unannounced::default())), dimensions }
    }
}

impl SpanSums for SealedSpanSums {
    fn sum(&self, spans: &[&RecordBatch]) -> Result<RecordBatch, ArrowError> {
        // A panic elsewhere left at most sums of a seal that failed.
        let mut locked = self.sketches.lock().unwrap_or_else(PoisonError::into_inner);
        let (sketches, unannounced) = &mut *locked;
        let _left_over = sketches.take_rows();
        let mut received = 0;
        for batch in spans {
            received = received.max(add(sketches, unannounced, &self.dimensions, batch)?);
        }
        unannounced.look_again();
        record_batch(&sketches.take_rows(), received)
    }

    fn roll_up(&self, resolution_seconds: u32) -> Box<dyn RollUp> {
        Box::new(RolledUp::new(resolution_seconds))
    }
}

/// Adds a batch; gives the time at which the last of it was received, in nanoseconds.
fn add(
    sketches: &mut RedSketches,
    unannounced: &mut Unannounced,
    dimensions: &[String],
    batch: &RecordBatch,
) -> Result<i64, ArrowError> {
    let column = |name: &str| {
        batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("spans without their column {name}")))
    };
    let names = column("name")?.as_string::<i32>();
    let services = column("service_name")?.as_string::<i32>();
    let kinds = column("kind")?.as_string::<i32>();
    let statuses = column("status_code")?.as_string::<i32>();
    let starts = column("start_time")?.as_primitive::<TimestampNanosecondType>().values();
    let durations = column("duration")?.as_primitive::<Int64Type>().values();
    let received = column("received_time")?.as_primitive::<TimestampNanosecondType>().values();
    let traces = column("trace_id")?.as_fixed_size_binary();
    // Without a single parent there is no such column.
    let parents = batch.column_by_name("parent_span_id");
    let states = batch.column_by_name("trace_state").map(|states| states.as_string::<i32>());
    let stored = stored_thresholds(batch);
    let dimensions: Vec<Dimension<'_>> = dimensions.iter().map(|name| Dimension::of(batch, name)).collect();
    for row in 0..batch.num_rows() {
        let values: Vec<Cow<'_, str>> = dimensions.iter().map(|dimension| dimension.value(row)).collect();
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        let state = states.filter(|states| states.is_valid(row)).map_or("", |states| states.value(row));
        let door = stored.map_or(Threshold::KEEP_ALL, |stored| stamped(stored, row));
        sketches.add(&RedSpan {
            service: services.value(row),
            operation: names.value(row),
            kind: SpanKind::from_word(kinds.value(row)).unwrap_or_default(),
            status: StatusCode::from_word(statuses.value(row)).unwrap_or_default(),
            is_root: parents.is_none_or(|parents| parents.is_null(row)),
            extra: &values,
            start_time: starts[row],
            duration: durations[row],
            arrived: match tracestate::threshold_of(state) {
                Threshold::KEEP_ALL if unannounced.samples(services.value(row), traces.value(row)) => Arrived::Unknown,
                said => Arrived::Sampled(said.and_then(door)),
            },
        });
    }
    Ok(received.iter().copied().max().unwrap_or(0))
}
