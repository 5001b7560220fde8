//! What the doors count. One value per process, handed around; never a global, never a request's content.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use spanlake_schemas::ingest::Signal;

/// The way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    Http,
    Grpc,
}

impl Transport {
    pub const ALL: [Self; 2] = [Self::Http, Self::Grpc];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// Why a request was refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    Memory,
    DiskFull,
    ShuttingDown,
    Log,
    Forgotten,
    TooLarge,
    Malformed,
    Unsupported,
    Disabled,
    Unauthenticated,
    Timeout,
    Disconnected,
    Bug,
}

impl Reason {
    pub const ALL: [Self; 13] = [
        Self::Memory,
        Self::DiskFull,
        Self::ShuttingDown,
        Self::Log,
        Self::Forgotten,
        Self::TooLarge,
        Self::Malformed,
        Self::Unsupported,
        Self::Disabled,
        Self::Unauthenticated,
        Self::Timeout,
        Self::Disconnected,
        Self::Bug,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::DiskFull => "disk_full",
            Self::ShuttingDown => "shutting_down",
            Self::Log => "log",
            Self::Forgotten => "forgotten",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::Disabled => "disabled",
            Self::Unauthenticated => "unauthenticated",
            Self::Timeout => "timeout",
            Self::Disconnected => "disconnected",
            Self::Bug => "bug",
        }
    }
}

/// Counters of both doors. Requests marked as the server's own telemetry are in `own_requests` and nowhere else.
#[derive(Debug, Default)]
pub struct ReceiverMetrics {
    signals: [SignalCounters; 3],
    own_requests: AtomicU64,
    unknown_routes: AtomicU64,
    connections: [AtomicU64; 2],
}

#[derive(Debug, Default)]
struct SignalCounters {
    requests: [AtomicU64; 2],
    accepted_items: AtomicU64,
    rejected_items: AtomicU64,
    body_bytes: AtomicU64,
    unknown_fields: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
}

/// The counters at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// In the order of [`Signal::ALL`].
    pub signals: [SignalSnapshot; 3],
    /// Requests of the server's own telemetry.
    pub own_requests: u64,
    /// Requests to paths that are no OTLP export.
    pub unknown_routes: u64,
    /// Open connections, in the order of [`Transport::ALL`].
    pub connections: [u64; 2],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalSnapshot {
    pub signal: Signal,
    /// Requests, in the order of [`Transport::ALL`]; refused ones included.
    pub requests: [u64; 2],
    pub accepted_items: u64,
    pub rejected_items: u64,
    /// Bytes of bodies as received.
    pub body_bytes: u64,
    pub unknown_fields: u64,
    /// One entry a reason, zeros included.
    pub refused: Vec<RefusedRequests>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedRequests {
    pub reason: Reason,
    pub requests: u64,
}

// === impl ReceiverMetrics ===

impl ReceiverMetrics {
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            signals: Signal::ALL.map(|signal| self.of(signal).snapshot(signal)),
            own_requests: self.own_requests.load(Relaxed),
            unknown_routes: self.unknown_routes.load(Relaxed),
            connections: self.connections.each_ref().map(|count| count.load(Relaxed)),
        }
    }

    pub(crate) fn request(&self, signal: Signal, transport: Transport, own: bool) {
        match own {
            true => self.own_requests.fetch_add(1, Relaxed),
            false => self.of(signal).requests[transport as usize].fetch_add(1, Relaxed),
        };
    }

    pub(crate) fn body(&self, signal: Signal, bytes: u64) {
        self.of(signal).body_bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn stored(&self, signal: Signal, accepted: u64, rejected: u64, unknown_fields: u64) {
        let of = self.of(signal);
        of.accepted_items.fetch_add(accepted, Relaxed);
        of.rejected_items.fetch_add(rejected, Relaxed);
        of.unknown_fields.fetch_add(unknown_fields, Relaxed);
    }

    pub(crate) fn refused(&self, signal: Signal, reason: Reason) {
        self.of(signal).refused[reason as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn unknown_route(&self) {
        self.unknown_routes.fetch_add(1, Relaxed);
    }

    pub(crate) fn connected(&self, transport: Transport) {
        self.connections[transport as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn disconnected(&self, transport: Transport) {
        self.connections[transport as usize].fetch_sub(1, Relaxed);
    }

    const fn of(&self, signal: Signal) -> &SignalCounters {
        &self.signals[signal as usize - 1]
    }
}

// === impl SignalCounters ===

impl SignalCounters {
    fn snapshot(&self, signal: Signal) -> SignalSnapshot {
        let refused = Reason::ALL
            .map(|reason| RefusedRequests { reason, requests: self.refused[reason as usize].load(Relaxed) })
            .to_vec();
        SignalSnapshot {
            signal,
            requests: self.requests.each_ref().map(|count| count.load(Relaxed)),
            accepted_items: self.accepted_items.load(Relaxed),
            rejected_items: self.rejected_items.load(Relaxed),
            body_bytes: self.body_bytes.load(Relaxed),
            unknown_fields: self.unknown_fields.load(Relaxed),
            refused,
        }
    }
}

impl SignalSnapshot {
    /// Requests refused for one reason.
    #[must_use]
    pub fn refused_for(&self, reason: Reason) -> u64 {
        self.refused[reason as usize].requests
    }
}
