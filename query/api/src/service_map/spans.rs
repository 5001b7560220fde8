//! The spans of a range, with no more of each than the map needs.
//!
//! Owns how many are held at once. Of more than that whole traces are left out: see [`crate::trace_sample`].

use std::collections::HashMap;

use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;
use spanlake_schemas::ids::{SpanId, TraceId};

use super::graph::{Link, MapSpan, Node, NodeKind, Role};
use crate::columns::{Ids, Numbers, Texts};
use crate::error::ApiError;
use crate::estimated::{FROM_KEPT, Probabilities, is_sampled};
use crate::parameters::sql_window;
use crate::query;
use crate::state::{OWN_SERVICE, Shared};
use crate::trace_sample::TraceSample;

/// Spans that are held, some 80 bytes each; of more only some traces are looked at.
const SPANS_MAX: u64 = 500_000;
/// Links that are looked at.
const LINKS_MAX: usize = 200_000;
/// Different services and things that they call.
const NAMES_MAX: usize = 10_000;

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) spans: Vec<MapSpan>,
    pub(super) links: Vec<Link>,
    /// What the numbers in spans stand for.
    pub(super) names: Vec<Node>,
    /// One trace in so many was looked at.
    pub(super) parts: u64,
    /// Sampling left out spans of the range.
    pub(super) is_sampled: bool,
    pub(super) files_read: u64,
    pub(super) files_total: u64,
    /// What is not exact.
    pub(super) note: Option<String>,
}

pub(super) async fn read(shared: &Shared, start: i64, end: i64, is_internal: bool) -> Result<Read, ApiError> {
    let engine = shared.engine.pinned();
    let window = |column: &str| {
        let hidden = if is_internal { String::new() } else { format!(" AND service_name <> '{OWN_SERVICE}'") };
        format!("{}{hidden}", sql_window(column, start, Some(end)))
    };
    let mut read = Read::default();
    let sample = TraceSample::of(shared, &engine, (start, end), SPANS_MAX).await?;
    let parts = sample.weight();
    read.parts = parts;
    read.is_sampled = is_sampled(engine.version(), (start, end));
    let of_parts =
        (sample != TraceSample::All).then(|| format!("one trace in {parts} was looked at, and stands for all"));
    let kept = read.is_sampled.then(|| FROM_KEPT.to_owned());
    let notes: Vec<String> = kept.into_iter().chain(of_parts).collect();
    read.note = (!notes.is_empty()).then(|| notes.join("; "));
    let sample = sample.condition();
    let sql = format!(
        "SELECT trace_id, span_id, parent_span_id, service_name, kind, status_code, duration, sampling_probability, \
         coalesce(db_system_name, db_system) AS db, coalesce(db_namespace, db_name) AS db_namespace, messaging_system, \
         messaging_destination_name, peer_service, server_address FROM spans WHERE {}{sample}",
        window("start_time")
    );
    let mut names = Names::default();
    let spans = &mut read.spans;
    let stats = query::each_batch(shared, &engine, &sql, |batch| {
        add_spans(batch, parts, &mut names, spans);
        spans.len() < 4 * SPANS_MAX as usize
    })
    .await?;
    (read.files_read, read.files_total) = (stats.files_read, stats.files_total);
    // Consumers are who links lead from, so that those of others need not be read.
    let sql = format!(
        "SELECT trace_id, span_id, link['trace_id'] AS linked_trace_id, link['span_id'] AS linked_span_id FROM \
         (SELECT trace_id, span_id, unnest(links) AS link FROM spans WHERE {}{sample} AND kind = 'consumer') \
         LIMIT {LINKS_MAX}",
        window("start_time")
    );
    let links = &mut read.links;
    query::each_batch(shared, &engine, &sql, |batch| {
        add_links(batch, links);
        true
    })
    .await?;
    if read.links.len() >= LINKS_MAX {
        read.note.get_or_insert_with(|| format!("of links between spans {LINKS_MAX} were looked at"));
    }
    read.names = names.nodes;
    Ok(read)
}

/// Services and what they call, each with a number.
#[derive(Default)]
struct Names {
    nodes: Vec<Node>,
    numbers: HashMap<NodeKind, HashMap<String, u32>>,
}

impl Names {
    fn number(&mut self, kind: NodeKind, name: &str) -> u32 {
        let of_kind = self.numbers.entry(kind).or_default();
        if let Some(number) = of_kind.get(name) {
            return *number;
        }
        // All the rest are one.
        let name = if self.nodes.len() < NAMES_MAX { name } else { "…" };
        *of_kind.entry(name.to_owned()).or_insert_with(|| {
            self.nodes.push(Node { kind, name: name.to_owned() });
            u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

fn add_spans(batch: &RecordBatch, parts: u64, names: &mut Names, spans: &mut Vec<MapSpan>) {
    let [traces, ids, parents] = ["trace_id", "span_id", "parent_span_id"].map(|name| Ids::of(batch, name));
    let [services, kinds, statuses] = ["service_name", "kind", "status_code"].map(|name| Texts::of(batch, name));
    let targets =
        ["db", "db_namespace", "messaging_system", "messaging_destination_name", "peer_service", "server_address"]
            .map(|name| Texts::of(batch, name));
    let durations = Numbers::<Int64Type>::of(batch, "duration");
    let probabilities = Probabilities::of(batch, parts);
    for row in 0..batch.num_rows() {
        let (Some(trace), Some(id)) = (traces.at(row).and_then(TraceId::from_slice), ids.at(row).and_then(span_id))
        else {
            continue;
        };
        let role = Role::of(kinds.or_empty(row));
        let target = target(role, targets.map(|texts| texts.or_empty(row)));
        spans.push(MapSpan {
            trace,
            id,
            parent: parents.at(row).and_then(span_id),
            service: names.number(NodeKind::Service, services.or_empty(row)),
            role,
            is_error: statuses.at(row) == Some("error"),
            duration: durations.or_zero(row),
            probability: probabilities.at(row),
            target: target.map(|(kind, name)| names.number(kind, &name)),
        });
    }
}

fn span_id(bytes: &[u8]) -> Option<SpanId> {
    bytes.try_into().ok().map(SpanId)
}

/// What a span calls that does not send spans itself.
fn target(role: Role, [db, namespace, messaging, destination, peer, address]: [&str; 6]) -> Option<(NodeKind, String)> {
    let joined =
        |system: &str, name: &str| if name.is_empty() { system.to_owned() } else { format!("{system} {name}") };
    if !matches!(role, Role::Client | Role::Producer | Role::Consumer) {
        return None;
    }
    if !messaging.is_empty() {
        return Some((NodeKind::Messaging, joined(messaging, destination)));
    }
    if role == Role::Consumer {
        return None;
    }
    if !db.is_empty() {
        return Some((NodeKind::Database, joined(db, namespace)));
    }
    let name = if peer.is_empty() { address } else { peer };
    (!name.is_empty()).then(|| (NodeKind::External, name.to_owned()))
}

fn add_links(batch: &RecordBatch, links: &mut Vec<Link>) {
    let [traces, linked_traces] = ["trace_id", "linked_trace_id"].map(|name| Ids::of(batch, name));
    let [ids, linked_ids] = ["span_id", "linked_span_id"].map(|name| Ids::of(batch, name));
    links.extend((0..batch.num_rows()).filter_map(|row| {
        Some(Link {
            from: (traces.at(row).and_then(TraceId::from_slice)?, ids.at(row).and_then(span_id)?),
            to: (linked_traces.at(row).and_then(TraceId::from_slice)?, linked_ids.at(row).and_then(span_id)?),
        })
    }));
}
