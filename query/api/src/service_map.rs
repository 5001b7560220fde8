//! `GET /api/service-map`: which services call which, and what else they call.
//!
//! Owns the answer's form and the numbers in it. The spans come from [`spans`], who calls whom is said by [`graph`].

mod graph;
mod spans;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use http::Uri;
use serde_json::{Value, json};
use spanlake_store::now_nanos;

use crate::error::ApiError;
use crate::estimated;
use crate::parameters::{self, Window};
use crate::state::Shared;
use graph::{Graph, NodeKind, Tally};
use spans::Read;

/// The route.
pub(crate) async fn service_map(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Json<Value>, ApiError> {
    let began = Instant::now();
    let window: Window = parameters::read(&uri)?;
    let (start, end) = window.bounds()?;
    let end = end.unwrap_or_else(now_nanos);
    if start >= end {
        return Err(ApiError::invalid("end: it must be later than start"));
    }
    let (graph, read) = of_range(&shared, start, end, window.is_internal()?).await?;
    let seconds = (end - start) as f64 / 1e9;
    let nodes: Vec<Value> = graph
        .nodes
        .iter()
        .map(|(node, tally)| {
            let mut value = json!({"id": node.id(), "name": node.name, "kind": node.kind.as_str()});
            add_numbers(&mut value, tally, seconds);
            value
        })
        .collect();
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .map(|((source, target, kind), tally)| {
            let mut value = json!({"source": source.id(), "target": target.id(), "kind": kind.as_str()});
            add_numbers(&mut value, tally, seconds);
            value
        })
        .collect();
    let mut stats = json!({
        "elapsed_ms": (began.elapsed().as_secs_f64() * 10_000.0).round() / 10.0,
        "files_read": read.files_read, "files_total": read.files_total, "exact": read.note.is_none(),
    });
    estimated::add_sample(&mut stats, read.parts, read.is_sampled);
    if let Some(note) = read.note {
        stats["note"] = json!(note);
    }
    Ok(Json(json!({
        "nodes": nodes, "edges": edges, "start": start.to_string(), "end": end.to_string(), "stats": stats,
    })))
}

/// Calls between services: caller, called, how often.
pub(crate) async fn calls(shared: &Shared, start: i64, end: i64) -> Result<Vec<(String, String, u64)>, ApiError> {
    let (graph, _) = of_range(shared, start, end, true).await?;
    let between_services = graph.edges.into_iter().filter_map(|((source, target, _), tally)| {
        let are_services = source.kind == NodeKind::Service && target.kind == NodeKind::Service;
        are_services.then(|| (source.name, target.name, tally.requests().value()))
    });
    let mut calls: Vec<(String, String, u64)> = Vec::new();
    for (source, target, count) in between_services {
        match calls.last_mut().filter(|(caller, called, _)| *caller == source && *called == target) {
            // Calls and messages between the same two.
            Some((.., counted)) => *counted += count,
            None => calls.push((source, target, count)),
        }
    }
    Ok(calls)
}

async fn of_range(shared: &Shared, start: i64, end: i64, is_internal: bool) -> Result<(Graph, Read), ApiError> {
    let mut read = spans::read(shared, start, end, is_internal).await?;
    let (spans, links, names) =
        (std::mem::take(&mut read.spans), std::mem::take(&mut read.links), std::mem::take(&mut read.names));
    let working = tokio::task::spawn_blocking(move || Graph::of(spans, &links, &names));
    let graph = working.await.map_err(|_| ApiError::internal("the service map was stopped by a fault"))?;
    Ok((graph, read))
}

fn add_numbers(value: &mut Value, tally: &Tally, seconds: f64) {
    let requests = tally.requests().value();
    value["requests"] = json!(requests);
    if let Some(interval) = tally.requests().interval() {
        value["interval"] = interval;
    }
    value["errors"] = json!(tally.errors());
    value["p50"] = json!(tally.quantile(0.5).to_string());
    value["p95"] = json!(tally.quantile(0.95).to_string());
    value["rate"] = json!((requests as f64 / seconds * 1e4).round() / 1e4);
}
