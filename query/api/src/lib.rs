//! Port 4300: the native API, health, own metrics and the page.
//!
//! Owns HTTP, JSON and the guard before them. Never writes to the store, never plans a query, and knows of
//! other rooms only what [`StatusSource`] and [`Admin`] say. The contract is `docs/api.md`.
//!
//! The life of a request: [`guard`] (Host, Origin, token) -> a route ([`sql`], [`trace`], [`trace_list`],
//! [`services`], [`metric_names`], [`metric_series`], [`health`], or a file of the [`page`]) -> the engine or
//! the store's read half -> [`render`].

mod guard;
mod state;
mod sql;
mod trace;
mod trace_list;
mod services;
mod metric_names;
mod metric_series;
mod health;
mod page;
mod render;
mod columns;
mod origins;
mod parameters;
mod query;
mod error;
mod own_metrics;
mod server;

#[cfg(test)]
mod tests;

pub use server::{routes, serve};
pub use state::{Accepted, Admin, ApiConfig, ApiState, StatusReport, StatusSource};
