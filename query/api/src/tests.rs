//! Routes over a real store and engine.

mod boards;
mod counts;
mod forget;
mod lake;
mod lists;
mod metrics;
mod mysql;
mod oracle;
mod pages;
mod peers;
mod random;
mod sampling;
mod server;
mod service_map;
mod sql;
mod traces;
