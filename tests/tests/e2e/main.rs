//! End-to-end tests: the real binary, real processes, loopback, ports of the system's choice.
//!
//! One binary, so that it is linked once. Each test says in a line its scenario and what it guarantees.
//! `SPANLAKE_BIN` names the server to test; `SPANLAKE_KILLS` and `SPANLAKE_SEED` turn the longest one.

mod kills;
mod log_damage;
mod disk_full;
mod lifecycle;
mod pressure;
mod visibility;
mod bad_input;
mod sql;
mod traces;
mod lists;
mod doors;
mod structure;
