//! The OTLP doors: sockets in, durable requests out, OTLP's answers back.
//!
//! A request's walk: [`serve_http`]/[`serve_grpc`] (connections, limits) -> `http` or `grpc` (what the protocol
//! says) -> `intake` (admit, read, inflate, decode, store; one path for both) -> the answer. Every way to fail is a
//! `Fault`, mapped to each protocol in one function.
//!
//! Port 4300's writing routes ([`writing_router`]) take the same way: remote write and pushes become OTLP requests first
//! (`remote_write`, `push`), so that what is logged and replayed is one form.
//!
//! Owns sockets, limits and answers. Never keeps telemetry, never reads a clock for anything but a request's
//! receipt, and never acknowledges what [`spanlake_schemas::ingest::Ingest::store`] has not.
//!
//! gRPC is framed here, over hyper's HTTP/2, rather than by tonic's server: the length in a message's prefix is
//! what admission and the size limit need before the message is read, the log wants the message still compressed,
//! and oversize must not be OUT_OF_RANGE. tonic still writes the statuses.

mod admission;
mod answer;
mod body;
mod config;
mod connections;
mod decoding;
mod doors;
mod fault;
mod grpc;
mod http;
mod import;
mod inflate;
mod intake;
mod metrics;
mod push;
mod remote_write;
mod snappy;
mod writing;

pub use config::{BearerToken, ReceiverConfig};
pub use connections::{ServeError, serve_grpc, serve_http};
pub use doors::Doors;
pub use http::http_router;
pub use import::{Import, ImportRefusal, Imported, import};
pub use metrics::{Reason, ReceiverMetrics, RefusedRequests, SignalSnapshot, Snapshot, Transport};
pub use writing::writing_router;

#[cfg(test)]
mod tests;
