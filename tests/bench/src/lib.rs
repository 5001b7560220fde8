//! A load generator that costs far less than what it loads, and what is needed to measure a server with it.
//!
//! Owns the corpus, the sender, the server process under test and the measurements. The end-to-end tests use
//! the same parts. Never reads a server's data files, except to add up their sizes.
//!
//! How it stays cheap: every request is encoded once, at the start, with marks where ids, times and values go.
//! A send overwrites the marks in place and writes the buffer to a socket: no encoding, no allocation.

pub mod corpus;
pub mod http;
pub mod load;
pub mod measure;
pub mod mysql;
pub mod overload;
pub mod process;
pub mod queries;
pub mod questions;
pub mod random;
pub mod report;
pub mod template;

/// Now, in nanoseconds since the epoch.
#[must_use]
pub fn now_nanos() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
