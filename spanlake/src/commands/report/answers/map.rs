//! Who calls whom, as `GET /api/service-map` says, round one service where one is named.

use std::collections::HashSet;

use serde_json::Value;

use super::super::Range;
use super::super::document::Panel;
use super::super::variables::{Values, plain};
use super::{Client, Failure, json_of};

/// Nodes of a picture; a map of more is read on the page.
const NODES_MAX: usize = 60;

/// A node with what it was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct MapNode {
    pub(in super::super) id: String,
    pub(in super::super) name: String,
    pub(in super::super) kind: String,
    /// A second.
    pub(in super::super) rate: f64,
    /// Of its requests.
    pub(in super::super) error_share: f64,
    /// Seconds.
    pub(in super::super) p95: f64,
}

/// An arrow, by places of nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct MapEdge {
    pub(in super::super) from: usize,
    pub(in super::super) to: usize,
    pub(in super::super) rate: f64,
    pub(in super::super) error_share: f64,
}

/// The map; nodes with most requests first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct ServiceMap {
    pub(in super::super) nodes: Vec<MapNode>,
    pub(in super::super) edges: Vec<MapEdge>,
    /// Nodes that are left out.
    pub(in super::super) more: usize,
}

pub(super) fn ask(client: &Client, panel: &Panel, chosen: &Values, range: Range) -> Result<ServiceMap, Failure> {
    let path = format!("/api/service-map?start={}000000&end={}000000", range.start_ms, range.end_ms);
    let service = panel.map.service.as_deref().map(|service| plain(service, chosen)).unwrap_or_default();
    Ok(read(&json_of(client.get(&path)?)?, Some(service.as_str()).filter(|name| !name.is_empty() && *name != "*")))
}

/// The whole answer, or a service and what it calls and is called by.
pub(in super::super) fn read(answer: &Value, around: Option<&str>) -> ServiceMap {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let ends = |edge: &Value| (text(&edge["source"]), text(&edge["target"]));
    let edges = list("edges");
    let near: Option<HashSet<String>> = around.map(|service| {
        let touching = edges.iter().map(ends).filter(|(source, target)| source == service || target == service);
        touching.flat_map(|(source, target)| [source, target]).chain([service.to_owned()]).collect()
    });
    let mut nodes = list("nodes");
    nodes.retain(|node| near.as_ref().is_none_or(|near| near.contains(&text(&node["id"]))));
    nodes.sort_by(|left, right| number(&right["requests"]).total_cmp(&number(&left["requests"])));
    let more = nodes.len().saturating_sub(NODES_MAX);
    nodes.truncate(NODES_MAX);
    let nodes: Vec<MapNode> = nodes
        .iter()
        .map(|node| MapNode {
            id: text(&node["id"]),
            name: text(&node["name"]),
            kind: text(&node["kind"]),
            rate: number(&node["rate"]),
            error_share: error_share(node),
            p95: text(&node["p95"]).parse::<f64>().unwrap_or(0.0) / 1e9,
        })
        .collect();
    let place = |id: &str| nodes.iter().position(|node| node.id == id);
    let edges = edges.iter().filter_map(|edge| {
        let (source, target) = ends(edge);
        let is_meant = around.is_none_or(|service| source == service || target == service);
        let (from, to) = (place(&source)?, place(&target)?);
        is_meant.then(|| MapEdge { from, to, rate: number(&edge["rate"]), error_share: error_share(edge) })
    });
    let edges = edges.collect();
    ServiceMap { nodes, edges, more }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

fn error_share(of: &Value) -> f64 {
    number(&of["errors"]) / number(&of["requests"]).max(1.0)
}
