//! What the end-to-end tests share: a server under test, requests to send it, and a feeder that remembers.
//!
//! Owns names of settings, so that a renamed one is changed in one place. The tests themselves are one binary,
//! `tests/e2e`; they drive the real `spanlake` over loopback, on ports that the system chooses.

pub mod feeder;
pub mod requests;
pub mod server;
pub mod settings;
