//! What polling real MySQL servers costs and how fast it shows what happens: the measures of `make bench-mysql`.
//!
//! Owns servers to poll, clients of them, a load like sysbench's, and the measures. The end-to-end tests use the same
//! servers and clients. Never reads anything of Spanlake but what users can: its API, and its process through `/proc`.

pub mod client;
pub mod cost;
pub mod failures;
pub mod fleet;
pub mod latency;
pub mod load;
pub mod pairs;
pub mod proxy;
pub mod servers;
mod sockets;
pub mod spanlake;
pub mod table;
