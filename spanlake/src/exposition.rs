//! `/metrics`: the server's own counters in Prometheus's text format.
//!
//! Owns names and help texts. Never counts anything itself.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use spanlake_receiver::{ReceiverMetrics, Transport};
use spanlake_sampler::door::gate::{DoorCounts, DroppedRows};
use spanlake_store::metrics::DurationBuckets;
use spanlake_store::{ColdCondition, ColdStatus, StoreMetrics};

/// Appends everything that receiver and store count.
pub fn write(out: &mut String, store: &StoreMetrics, receiver: &ReceiverMetrics) {
    write_receiver(out, receiver);
    write_store(out, store);
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn single(out: &mut String, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
    family(out, name, kind, help);
    let _ = writeln!(out, "{name} {value}");
}

fn write_receiver(out: &mut String, receiver: &ReceiverMetrics) {
    let snapshot = receiver.snapshot();
    family(out, "spanlake_accepted_items_total", "counter", "Spans, log records and data points acknowledged.");
    for signal in &snapshot.signals {
        let _ = writeln!(
            out,
            "spanlake_accepted_items_total{{signal=\"{}\"}} {}",
            signal.signal.name(),
            signal.accepted_items
        );
    }
    family(out, "spanlake_rejected_items_total", "counter", "Items refused in a partial success.");
    for signal in &snapshot.signals {
        let _ = writeln!(
            out,
            "spanlake_rejected_items_total{{signal=\"{}\"}} {}",
            signal.signal.name(),
            signal.rejected_items
        );
    }
    family(out, "spanlake_requests_total", "counter", "OTLP requests, refused ones included.");
    for signal in &snapshot.signals {
        for (transport, count) in Transport::ALL.into_iter().zip(signal.requests) {
            let (signal, transport) = (signal.signal.name(), transport.name());
            let _ = writeln!(out, "spanlake_requests_total{{signal=\"{signal}\",transport=\"{transport}\"}} {count}");
        }
    }
    family(out, "spanlake_refused_requests_total", "counter", "OTLP requests refused as a whole, by reason.");
    for signal in &snapshot.signals {
        for refused in &signal.refused {
            let (signal, reason, count) = (signal.signal.name(), refused.reason.name(), refused.requests);
            let _ = writeln!(out, "spanlake_refused_requests_total{{signal=\"{signal}\",reason=\"{reason}\"}} {count}");
        }
    }
    family(out, "spanlake_received_bytes_total", "counter", "Bytes of OTLP bodies as received.");
    for signal in &snapshot.signals {
        let _ =
            writeln!(out, "spanlake_received_bytes_total{{signal=\"{}\"}} {}", signal.signal.name(), signal.body_bytes);
    }
    family(out, "spanlake_unknown_fields_total", "counter", "OTLP fields that this version does not know, skipped.");
    for signal in &snapshot.signals {
        let _ = writeln!(
            out,
            "spanlake_unknown_fields_total{{signal=\"{}\"}} {}",
            signal.signal.name(),
            signal.unknown_fields
        );
    }
    family(out, "spanlake_connections", "gauge", "Open OTLP connections.");
    for (transport, count) in Transport::ALL.into_iter().zip(snapshot.connections) {
        let _ = writeln!(out, "spanlake_connections{{transport=\"{}\"}} {count}", transport.name());
    }
    single(
        out,
        "spanlake_own_requests_total",
        "counter",
        "Requests of the server's own telemetry.",
        snapshot.own_requests,
    );
}

fn write_store(out: &mut String, store: &StoreMetrics) {
    let get = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
    single(
        out,
        "spanlake_log_written_bytes_total",
        "counter",
        "Bytes appended to the log.",
        get(&store.log_written_bytes),
    );
    single(out, "spanlake_log_disk_bytes", "gauge", "Bytes of the log on disk.", get(&store.log_disk_bytes));
    single(out, "spanlake_log_groups_total", "counter", "Group commits.", get(&store.log_groups));
    single(out, "spanlake_log_requests_total", "counter", "Requests appended to the log.", get(&store.log_requests));
    let help = "Points of more series than may be active, which went to series with otel.metric.overflow=true.";
    single(out, "spanlake_overflowed_points_total", "counter", help, get(&store.overflowed_points));
    let help = "Byte-equal retries acknowledged and not stored twice.";
    single(out, "spanlake_duplicate_requests_total", "counter", help, get(&store.duplicate_requests));
    write_durations(out, "spanlake_log_sync_seconds", "Time of a log sync.", &store.sync_seconds);
    let p99 = store.sync_seconds.quantile(0.99).as_secs_f64();
    single(out, "spanlake_log_sync_p99_seconds", "gauge", "Upper bound of the 99th percentile since the start.", p99);
    single(out, "spanlake_unsealed_rows", "gauge", "Rows in memory that are not in a file.", get(&store.unsealed_rows));
    single(out, "spanlake_hot_bytes", "gauge", "Bytes of rows in memory.", get(&store.unsealed_bytes));
    single(out, "spanlake_in_flight_bytes", "gauge", "Bytes set aside for requests.", get(&store.in_flight_bytes));
    single(out, "spanlake_oldest_unsealed_seconds", "gauge", "Age of the oldest unsealed row.", oldest_seconds(store));
    single(out, "spanlake_seals_total", "counter", "Seals done.", get(&store.seals));
    single(
        out,
        "spanlake_seal_failures_total",
        "counter",
        "Seals that failed and are tried again.",
        get(&store.seal_failures),
    );
    single(out, "spanlake_sealed_rows_total", "counter", "Rows written to files.", get(&store.sealed_rows));
    single(out, "spanlake_sealed_bytes_total", "counter", "Bytes of files written.", get(&store.sealed_bytes));
    #[allow(clippy::cast_precision_loss, reason = "microseconds of one seal")]
    let seal_seconds = get(&store.last_seal_micros) as f64 / 1e6;
    single(out, "spanlake_seal_last_seconds", "gauge", "How long the last seal took.", seal_seconds);
    merges(out, store);
    single(out, "spanlake_disk_full", "gauge", "1 while requests are refused for want of disk.", get(&store.disk_full));
}

fn merges(out: &mut String, store: &StoreMetrics) {
    single(out, "spanlake_hot_file_bytes", "gauge", "Bytes of hot files.", store.hot_file_bytes.load(Relaxed));
    let rows: [(&str, &str, &AtomicU64); 14] = [
        ("spanlake_cold_merges_total", "Merges of small files of the cold tier.", &store.cold_merges),
        ("spanlake_cold_moves_total", "Hours moved to the cold tier.", &store.cold_moves),
        ("spanlake_cold_moved_rows_total", "Their rows.", &store.cold_moved_rows),
        ("spanlake_cold_dropped_rows_total", "Rows of traces that sampling did not keep.", &store.cold_dropped_rows),
        ("spanlake_merges_total", "Merges of files.", &store.merges),
        ("spanlake_merge_failures_total", "Merges that failed; nothing is lost by one.", &store.merge_failures),
        ("spanlake_merged_files_total", "Files that merges have replaced.", &store.merged_files),
        ("spanlake_merged_rows_total", "Rows that merges have rewritten.", &store.merged_rows),
        ("spanlake_merge_read_bytes_total", "Bytes of the files that merges read.", &store.merged_bytes_read),
        ("spanlake_merge_written_bytes_total", "Bytes of the files that merges wrote.", &store.merged_bytes_written),
        ("spanlake_expired_files_total", "Files that retention has removed.", &store.expired_files),
        ("spanlake_expired_bytes_total", "Their bytes.", &store.expired_bytes),
        ("spanlake_revised_files_total", "Files rewritten without rows that go.", &store.revised_files),
        ("spanlake_revised_rows_total", "Rows that went so.", &store.revised_rows),
    ];
    for (name, help, value) in rows {
        single(out, name, "counter", help, value.load(Relaxed));
    }
}

/// Appends what was held back before it was stored.
pub fn write_door(out: &mut String, counts: &DoorCounts, overload_probability: f64) {
    let help = "Rows of traces that were held back before they were stored; those that passed carry their weights.";
    family(out, "spanlake_door_dropped_rows_total", "counter", help);
    for (reason, dropped) in [("door", counts.dropped_by_setting), ("overload", counts.dropped_by_overload)] {
        let DroppedRows { spans, logs, exemplars } = dropped;
        for (table, rows) in [("spans", spans), ("logs", logs), ("exemplars", exemplars)] {
            let _ = writeln!(out, "spanlake_door_dropped_rows_total{{reason=\"{reason}\",table=\"{table}\"}} {rows}");
        }
    }
    let help = "Rows that were stored and stand for more than themselves, as a client or the door sampled.";
    single(out, "spanlake_door_weighted_rows_total", "counter", help, counts.weighted_rows);
    let help = "Spans whose tracestate was malformed and of which something was ignored.";
    single(out, "spanlake_malformed_trace_states_total", "counter", help, counts.malformed_trace_states);
    let help = "Probability with which traces pass because of load; 1 while there is no overload.";
    single(out, "spanlake_overload_probability", "gauge", help, overload_probability);
}

/// Appends what the cold tier says of itself.
pub fn write_cold(out: &mut String, cold: &ColdStatus) {
    let is_ready = u8::from(cold.condition == ColdCondition::Ready);
    single(out, "spanlake_cold_ready", "gauge", "1 while the cold tier can be written to.", is_ready);
    single(out, "spanlake_cold_files", "gauge", "Files of the cold tier.", cold.files);
    single(out, "spanlake_cold_bytes", "gauge", "Their bytes.", cold.bytes);
    single(out, "spanlake_cold_rows", "gauge", "Their rows.", cold.rows);
    let help = "Bytes of hot files that should have moved to the cold tier already.";
    single(out, "spanlake_cold_waiting_bytes", "gauge", help, cold.waiting_bytes);
}

fn oldest_seconds(store: &StoreMetrics) -> f64 {
    match store.oldest_unsealed.load(Relaxed) {
        0 => 0.0,
        #[allow(clippy::cast_precision_loss, reason = "an age in seconds")]
        oldest => spanlake_store::now_nanos().saturating_sub(oldest).max(0) as f64 / 1e9,
    }
}

fn write_durations(out: &mut String, name: &str, help: &str, durations: &DurationBuckets) {
    family(out, name, "histogram", help);
    let (counts, sum) = durations.read();
    let mut seen = 0;
    for (bucket, count) in counts.iter().enumerate() {
        seen += count;
        if bucket + 1 < counts.len() {
            #[allow(clippy::cast_precision_loss, reason = "bounds are powers of two")]
            let bound = DurationBuckets::bound_micros(bucket) as f64 / 1e6;
            let _ = writeln!(out, "{name}_bucket{{le=\"{bound}\"}} {seen}");
        }
    }
    let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {seen}\n{name}_sum {sum}\n{name}_count {seen}");
}
