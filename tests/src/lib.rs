//! What the tests of the real binary share: a server under test, requests to send it, a feeder that remembers, and a
//! checker that finds again what the feeder sent.
//!
//! Owns names of settings, so that a renamed one is changed in one place. The tests themselves are two binaries,
//! `tests/e2e` and `tests/faults`; they drive `spanlake` over loopback, on ports that the system chooses.

pub mod checker;
pub mod clock;
pub mod corpus;
pub mod exporter;
pub mod feeder;
pub mod live;
pub mod remote_write;
pub mod requests;
pub mod server;
pub mod settings;
pub mod shim;
