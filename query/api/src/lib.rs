//! Port 4300: the native API, health, own metrics and the page.
//!
//! Owns HTTP, JSON and the guard before them. Never writes to the store itself, never plans a query, and knows of
//! other rooms only what [`StatusSource`], [`Admin`], [`Forget`], [`Sampling`] and [`MysqlLive`] say. The contract is
//! `docs/api.md`.
//!
//! The life of a request: [`guard`] (Host, Origin, token) -> a route ([`sql`], [`trace`], [`trace_list`],
//! [`facets`], [`heatmap`], [`compare`], [`service_map`], [`services`], [`metric_names`], [`metric_series`], [`mysql`], [`boards`], [`export`], [`import`], [`forget`], [`sampling`], [`pins`], [`live`], [`prometheus`], [`tempo`], [`jaeger`], [`health`], or a file of the [`page`]) -> the engine or
//! the store's read half -> [`render`].

mod boards;
mod columns;
mod compare;
mod error;
mod estimated;
mod export;
mod facets;
mod forget;
mod grpc;
mod guard;
mod health;
mod heatmap;
mod import;
mod jaeger;
mod live;
mod matching_spans;
mod metric_names;
mod metric_series;
mod mysql;
mod origins;
mod own_metrics;
mod page;
mod parameters;
mod pins;
mod prometheus;
mod query;
mod render;
mod sampling;
mod server;
mod service_map;
mod services;
mod sql;
mod state;
mod tempo;
mod trace;
mod trace_list;
mod trace_sample;
mod traced;
mod weighed;

#[cfg(test)]
mod tests;

pub use forget::Forget;
pub use mysql::{MysqlLive, NoMysql};
pub use pins::stored as stored_pins;
pub use prometheus::{ActiveTarget, DroppedTarget, ScrapedTargets};
pub use sampling::{HeadRates, Policy, Sampling, SimulationError};
pub use server::{routes, routes_with, serve};
pub use state::{
    Accepted, Admin, ApiConfig, ApiState, ColdReport, Import, ImportRefusal, Imported, StatusReport, StatusSource,
};
