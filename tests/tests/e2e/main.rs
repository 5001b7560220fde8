//! End-to-end tests: the real binary, real processes, loopback, ports of the system's choice.
//!
//! One binary, so that it is linked once. Each test says in a line its scenario and what it guarantees.
//! `SPANLAKE_BIN` names the server to test. Crashes and damage under load are `tests/faults`.

mod bad_input;
mod board_files;
mod cold_bucket;
mod differential;
mod disk_full;
mod doors;
mod forget;
mod fsck;
mod grpc_client;
mod jaeger_messages;
mod jaeger_query;
mod jaeger_storage;
mod lifecycle;
mod lists;
mod live;
mod log_damage;
mod mysql;
mod mysql_failures;
mod mysql_input;
mod mysql_linking;
mod mysql_slow_log;
mod odd_traces;
mod own_telemetry;
mod pressure;
mod prometheus;
mod remote_write;
mod report;
mod rules;
mod sampling;
mod sampling_door;
mod sampling_pins;
mod scrape;
mod search;
mod series_guard;
mod span_red;
mod sql;
mod structure;
mod tempo_streaming;
mod traces;
mod transfer;
mod visibility;
