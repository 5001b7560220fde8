//! Routes over a real store and engine.

mod lake;
mod lists;
mod metrics;
mod pages;
mod server;
mod sql;
mod traces;
