//! The words of a span that sketches and rules speak: kind, status, operation.
//!
//! Owns their spelling and the hash by which an operation is known in summaries. Never reads a table.

use std::hash::Hasher;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// OTLP's span kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpanKind {
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// OTLP's status code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCode {
    #[default]
    Unset,
    Ok,
    Error,
}

impl SpanKind {
    const WORDS: [(Self, &'static str); 6] = [
        (Self::Unspecified, "unspecified"),
        (Self::Internal, "internal"),
        (Self::Server, "server"),
        (Self::Client, "client"),
        (Self::Producer, "producer"),
        (Self::Consumer, "consumer"),
    ];

    /// The word of the tables' column `kind`.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(kind, _)| *kind == self).map_or("unspecified", |(_, word)| word)
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

impl StatusCode {
    const WORDS: [(Self, &'static str); 3] = [(Self::Unset, "unset"), (Self::Ok, "ok"), (Self::Error, "error")];

    /// The word of the tables' column `status_code`.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(status, _)| *status == self).map_or("unset", |(_, word)| word)
    }

    /// The status of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(_, known)| *known == word).map(|(status, _)| *status)
    }
}

/// Keys are hashes already, so their bits are taken as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}

/// A service's operation (span name), hashed. Fixed for ever: summaries and profiles made apart must meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OperationHash(pub u64);

impl OperationHash {
    /// All operations that no series was left for.
    pub const OVERFLOW: Self = Self(0);

    /// The operation of that service.
    #[must_use]
    pub fn of(service: &str, operation: &str) -> Self {
        Self(xxh3_64_with_seed(operation.as_bytes(), xxh3_64(service.as_bytes())).max(1))
    }
}
