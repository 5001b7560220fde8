//! Routes over a real store and engine.

mod forget;
mod lake;
mod lists;
mod metrics;
mod server;
mod sql;
mod traces;
