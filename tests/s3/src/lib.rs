//! A double of S3 for tests: objects in memory behind the real protocol, and every bad day that an object store has.
//!
//! Owns the process's or the test's one bucket, [`BUCKET`], and how it misbehaves ([`Mode`]). Checks signatures, so that
//! wrong credentials are refused as they really are. Never keeps anything on a disk, never speaks TLS.
//!
//! ```no_run
//! let s3 = spanlake_test_s3::S3Double::start_blocking();
//! // a client with s3.url() and the variables of s3.env() …
//! s3.set_mode(spanlake_test_s3::Mode::unreachable());
//! assert!(s3.objects().is_empty());
//! ```

mod conditions;
mod control;
mod double;
mod faults;
mod listing;
mod mode;
mod objects;
mod server;
mod service;
mod transport;

pub use double::{ACCESS_KEY, BUCKET, S3Double, SECRET_KEY};
pub use faults::Counts;
pub use mode::{Failing, Lie, Mode, Refusal};
