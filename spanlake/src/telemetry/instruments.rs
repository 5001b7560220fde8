//! Spanlake's own metrics as OpenTelemetry instruments, read from the same counters as `/metrics`.
//!
//! Owns names and units. Never counts anything itself.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use opentelemetry::{KeyValue, global};
use spanlake_receiver::ReceiverMetrics;
use spanlake_store::StoreMetrics;

/// Name, unit, and what reads it.
type Instrument = (&'static str, &'static str, fn(&StoreMetrics) -> u64);

/// Registers the instruments with the global meter; they are read at every export.
pub fn register(store: &Arc<StoreMetrics>, receiver: &Arc<ReceiverMetrics>) {
    let meter = global::meter("spanlake");
    let counters: [Instrument; 7] = [
        ("spanlake.log.written", "By", |metrics| metrics.log_written_bytes.load(Relaxed)),
        ("spanlake.log.requests", "{request}", |metrics| metrics.log_requests.load(Relaxed)),
        ("spanlake.log.duplicates", "{request}", |metrics| metrics.duplicate_requests.load(Relaxed)),
        ("spanlake.seal.count", "{seal}", |metrics| metrics.seals.load(Relaxed)),
        ("spanlake.seal.failures", "{seal}", |metrics| metrics.seal_failures.load(Relaxed)),
        ("spanlake.seal.rows", "{row}", |metrics| metrics.sealed_rows.load(Relaxed)),
        ("spanlake.seal.written", "By", |metrics| metrics.sealed_bytes.load(Relaxed)),
    ];
    for (name, unit, read) in counters {
        let store = Arc::clone(store);
        let _ = meter
            .u64_observable_counter(name)
            .with_unit(unit)
            .with_callback(move |observer| observer.observe(read(&store), &[]))
            .build();
    }
    let gauges: [Instrument; 4] = [
        ("spanlake.unsealed.rows", "{row}", |metrics| metrics.unsealed_rows.load(Relaxed)),
        ("spanlake.unsealed.size", "By", |metrics| metrics.unsealed_bytes.load(Relaxed)),
        ("spanlake.in_flight.size", "By", |metrics| metrics.in_flight_bytes.load(Relaxed)),
        ("spanlake.log.disk", "By", |metrics| metrics.log_disk_bytes.load(Relaxed)),
    ];
    for (name, unit, read) in gauges {
        let store = Arc::clone(store);
        let _ = meter
            .u64_observable_gauge(name)
            .with_unit(unit)
            .with_callback(move |observer| observer.observe(read(&store), &[]))
            .build();
    }
    let receiver = Arc::clone(receiver);
    let _ = meter
        .u64_observable_counter("spanlake.accepted")
        .with_unit("{item}")
        .with_callback(move |observer| {
            for signal in receiver.snapshot().signals {
                observer.observe(signal.accepted_items, &[KeyValue::new("signal", signal.signal.name())]);
            }
        })
        .build();
}
