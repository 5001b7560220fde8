//! Jaeger's storage API over gRPC, `jaeger.storage.v2`: what a Jaeger asks of the backend that it reads from. Beside it, what a
//! Jaeger itself is asked: [`query_service`].
//!
//! Owns the services' names (`proto/storage/v2/*.proto` of jaegertracing/jaeger-idl) and the way from their queries to searches of ours;
//! traces are OTLP. It is on the same port as everything else and behind the same guard, so it has no switch of its own.
//! Never writes: what a Jaeger collects goes to the OTLP door. A structured filter is refused, and said to be unsupported.

mod messages;
mod query_service;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::ingest::Signal;
use spanlake_schemas::otlp::encode;
use spanlake_schemas::tables::Table;
use spanlake_store::{Version, now_nanos};
use tonic::Status;

use super::{add_tag, recent_operations};
use crate::columns::Ids;
use crate::error::ApiError;
use crate::grpc::messages::Moment;
use crate::grpc::{Answer, Message, answered, bytes_of, no_such_method, one, status};
use crate::parameters::sql_text;
use crate::query::texts;
use crate::service_map::calls;
use crate::state::{OWN_SERVICE, Shared};
use crate::trace_list::{self, Filter, Keeps, Parameters, Summary};
use messages::{
    Capabilities, Dependencies, Dependency, Found, FoundIds, Operation, Operations, OperationsAsked, SearchAsked,
    SearchCapabilities, ServiceSummary, Services, Summaries, TraceQuery, TraceSummary, TracesAsked, WindowAsked,
};

/// Traces that a search shows unless told.
const SEARCH_DEPTH: usize = 100;
/// Traces that one call may name.
const IDS_MAX: usize = 10_000;
/// Bytes of one message with spans, unless one span alone has more; gRPC's clients take 4 MiB unless told.
const CHUNK_BYTES: usize = 2 << 20;
/// Traces of one message with summaries.
const SUMMARIES_AT_ONCE: usize = 100;
const DAY: i64 = 24 * 3_600_000_000_000;

/// The routes, at the root: gRPC's paths cannot be nested.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/jaeger.storage.v2.TraceReader/{method}", post(trace_reader))
        .route("/jaeger.storage.v2.DependencyReader/{method}", post(dependency_reader))
        .route("/jaeger.storage.v2.Capabilities/{method}", post(capabilities))
        .route("/jaeger.api_v3.QueryService/{method}", post(query_service::query_service))
}

async fn trace_reader(State(shared): State<Arc<Shared>>, Path(method): Path<String>, request: Request) -> Response {
    match method.as_str() {
        "GetTraces" => answered(request, |asked| get_traces(shared, asked)).await,
        "GetServices" => answered(request, |()| get_services(shared)).await,
        "GetOperations" => answered(request, |asked| get_operations(shared, asked)).await,
        "FindTraces" => answered(request, |asked| find_traces(shared, asked)).await,
        "FindTraceIDs" => answered(request, |asked| find_trace_ids(shared, asked)).await,
        "FindTraceSummaries" => answered(request, |asked| find_summaries(shared, asked)).await,
        _ => no_such_method(),
    }
}

async fn dependency_reader(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    request: Request,
) -> Response {
    match method.as_str() {
        "GetDependencies" => answered(request, |asked| get_dependencies(shared, asked)).await,
        _ => no_such_method(),
    }
}

async fn capabilities(Path(method): Path<String>, request: Request) -> Response {
    match method.as_str() {
        "GetCapabilities" => answered(request, get_capabilities).await,
        _ => no_such_method(),
    }
}

/// A service need not be named, and all conditions hold on one span; filters come as the older fields.
async fn get_capabilities((): ()) -> Answer {
    let search = SearchCapabilities { without_service_name: true, same_span_conjunction: true };
    one(&Capabilities { search: Some(search) })
}

/// The time range beside an id is a hint that is not needed: ids are looked up by an index.
async fn get_traces(shared: Arc<Shared>, asked: TracesAsked) -> Answer {
    if asked.query.len() > IDS_MAX {
        return Err(Status::invalid_argument(format!("query: at most {IDS_MAX} traces may be named")));
    }
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for wanted in &asked.query {
        let id = trace_id(&wanted.trace_id)?;
        if seen.insert(id) {
            ids.push(id);
        }
    }
    let version = shared.store.pin();
    Ok(whole_traces(shared, version, ids))
}

/// An id of 16 bytes, or a shorter one of older clients.
fn trace_id(bytes: &[u8]) -> Result<TraceId, Status> {
    let wrong = || Status::invalid_argument(format!("trace_id: it has {} bytes, not 16", bytes.len()));
    let missing = 16_usize.checked_sub(bytes.len()).filter(|missing| *missing < 16).ok_or_else(wrong)?;
    let mut id = [0; 16];
    id[missing..].copy_from_slice(bytes);
    Ok(TraceId(id))
}

/// All spans of each of these traces, in their order; a message never has spans of two.
fn whole_traces(shared: Arc<Shared>, version: Arc<Version>, ids: Vec<TraceId>) -> BoxStream<'static, Message> {
    let each = stream::iter(ids).then(move |id| {
        let (shared, version) = (Arc::clone(&shared), Arc::clone(&version));
        async move { chunks(&shared, &version, id).await.map_err(status) }
    });
    each.map_ok(|chunks| stream::iter(chunks.into_iter().map(Ok))).try_flatten().boxed()
}

/// The spans of a trace as `TracesData`, which has the form of an OTLP request.
async fn chunks(shared: &Shared, version: &Arc<Version>, id: TraceId) -> Result<Vec<Bytes>, ApiError> {
    let rows = shared.store.trace_rows(version, Table::Spans, &[id], None).await?;
    let rows: Vec<_> = rows.batches.into_iter().map(|batch| (Table::Spans, batch)).collect();
    let catalog = Arc::clone(shared.store.catalog());
    let encoding =
        tokio::task::spawn_blocking(move || encode(Signal::Traces, &rows, catalog.as_ref(), Some(CHUNK_BYTES)));
    let encoded = encoding.await.map_err(|_| ApiError::internal("the trace could not be written"))?;
    let encoded = encoded.map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(encoded.requests.into_iter().map(Bytes::from).collect())
}

async fn get_services(shared: Arc<Shared>) -> Answer {
    let services = super::service_names(&shared).await.map_err(status)?;
    one(&Services { services })
}

async fn get_operations(shared: Arc<Shared>, asked: OperationsAsked) -> Answer {
    if asked.service.is_empty() {
        return Err(Status::invalid_argument("service: it is required"));
    }
    let kind = Some(asked.span_kind).filter(|kind| !kind.is_empty());
    let filter = kind.map(|kind| format!(" AND kind = {}", sql_text(&kind))).unwrap_or_default();
    let rows = texts(&shared, &recent_operations(&asked.service, "name, kind", &filter)).await.map_err(status)?;
    let operations = rows.into_iter().filter_map(|row| {
        let [name, span_kind] = row.try_into().ok()?;
        Some(Operation { name, span_kind })
    });
    one(&Operations { operations: operations.collect() })
}

async fn find_traces(shared: Arc<Shared>, asked: SearchAsked) -> Answer {
    let (found, version) = search(&shared, asked).await?;
    let ids = found.iter().map(|trace| trace.trace_id).collect();
    Ok(whole_traces(shared, version, ids))
}

async fn find_trace_ids(shared: Arc<Shared>, asked: SearchAsked) -> Answer {
    let (found, _) = search(&shared, asked).await?;
    let trace_ids = found.into_iter().map(|trace| Found {
        trace_id: trace.trace_id.0.to_vec(),
        start: Some(Moment::of(trace.start_time)),
        end: Some(Moment::of(trace.start_time.saturating_add(trace.duration))),
    });
    one(&FoundIds { trace_ids: trace_ids.collect() })
}

async fn find_summaries(shared: Arc<Shared>, asked: SearchAsked) -> Answer {
    let (found, version) = search(&shared, asked).await?;
    let mut messages = Vec::new();
    for some in found.chunks(SUMMARIES_AT_ONCE) {
        let orphans = orphans(&shared, &version, some).await.map_err(status)?;
        let summaries = some.iter().map(|trace| summary(trace, orphans.get(&trace.trace_id).copied())).collect();
        messages.push(Ok(bytes_of(&Summaries { summaries })));
    }
    Ok(stream::iter(messages).boxed())
}

fn small(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn summary(trace: &Summary, orphans: Option<u64>) -> TraceSummary {
    let services = trace.services.iter().map(|one| ServiceSummary {
        name: one.name.clone(),
        span_count: small(one.spans),
        error_span_count: small(one.errors),
    });
    TraceSummary {
        trace_id: trace.trace_id.0.to_vec(),
        root_service_name: trace.root_service.clone(),
        root_operation_name: trace.root_name.clone(),
        min_start_time_unix_nano: trace.start_time.cast_unsigned(),
        max_end_time_unix_nano: trace.start_time.saturating_add(trace.duration).cast_unsigned(),
        span_count: small(trace.span_count),
        error_span_count: small(trace.error_count),
        orphan_span_count: small(orphans.unwrap_or(0)),
        services: services.collect(),
    }
}

/// Spans of each trace that name a parent which the trace does not have.
async fn orphans(
    shared: &Shared,
    version: &Arc<Version>,
    traces: &[Summary],
) -> Result<HashMap<TraceId, u64>, ApiError> {
    let ids: Vec<TraceId> = traces.iter().map(|trace| trace.trace_id).collect();
    let columns = ["trace_id", "span_id", "parent_span_id"];
    let rows = shared.store.trace_rows(version, Table::Spans, &ids, Some(&columns)).await?;
    let mut spans: HashSet<(&[u8], &[u8])> = HashSet::new();
    let mut children: Vec<(&[u8], &[u8])> = Vec::new();
    for batch in &rows.batches {
        let [traces, spans_of, parents] = columns.map(|name| Ids::of(batch, name));
        for row in 0..batch.num_rows() {
            let Some(trace) = traces.at(row) else { continue };
            spans.extend(spans_of.at(row).map(|span| (trace, span)));
            let parent = parents.at(row).filter(|parent| parent.iter().any(|byte| *byte != 0));
            children.extend(parent.map(|parent| (trace, parent)));
        }
    }
    let mut counts = HashMap::new();
    for (trace, _) in children.into_iter().filter(|child| !spans.contains(child)) {
        *counts.entry(trace).or_insert(0) += 1;
    }
    Ok(counts.into_iter().filter_map(|(id, count)| Some((TraceId::from_slice(id)?, count))).collect())
}

/// The newest traces that match, and the version they are of.
async fn search(shared: &Shared, asked: SearchAsked) -> Result<(Vec<Summary>, Arc<Version>), Status> {
    let query = asked.query.ok_or_else(|| Status::invalid_argument("query: it is required"))?;
    let (filter, windows) = Filter::read(parameters(query)?, now_nanos()).map_err(status)?;
    let engine = shared.engine.pinned();
    let version = Arc::clone(engine.version());
    let found = trace_list::search_at(shared, engine, &filter, windows, Keeps::Summaries).await.map_err(status)?;
    Ok((found.traces, version))
}

/// Jaeger's conditions hold on one span, durations too.
fn parameters(query: TraceQuery) -> Result<Parameters, Status> {
    if query.filter.is_some() {
        let message = "filter: structured filters are not answered; the older fields of the query are";
        return Err(Status::invalid_argument(message));
    }
    let depth = match query.search_depth {
        0 => SEARCH_DEPTH,
        depth => usize::try_from(depth)
            .map_err(|_| Status::invalid_argument(format!("search_depth: {depth} is no count")))?,
    };
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    let moment = |moment: Option<Moment>| moment.map(|moment| moment.nanos().to_string());
    let mut parameters = Parameters {
        service: text(query.service_name),
        operation: text(query.operation_name),
        min_span_duration: moment(query.duration_min.filter(|length| length.nanos() > 0)),
        max_span_duration: moment(query.duration_max.filter(|length| length.nanos() > 0)),
        start: moment(query.start_time_min),
        // The last moment belongs to the range.
        end: query.start_time_max.map(|end| end.nanos().saturating_add(1).to_string()),
        limit: Some(depth.to_string()),
        internal: Some("true".to_owned()),
        ..Parameters::default()
    };
    for attribute in query.attributes {
        let value = attribute.value.and_then(|value| value.text()).ok_or_else(|| {
            Status::invalid_argument(format!("attributes: {:?} has no value that is compared", attribute.key))
        })?;
        add_tag(&mut parameters, &attribute.key, value);
    }
    Ok(parameters)
}

async fn get_dependencies(shared: Arc<Shared>, asked: WindowAsked) -> Answer {
    let end = asked.end_time.map_or_else(now_nanos, |end| end.nanos());
    let start = asked.start_time.map_or_else(|| end.saturating_sub(DAY), |start| start.nanos());
    if start >= end {
        return Err(Status::invalid_argument("end_time: it must be later than start_time"));
    }
    let calls = calls(&shared, start, end).await.map_err(status)?;
    let dependencies = calls.into_iter().map(|(parent, child, call_count)| Dependency {
        parent,
        child,
        call_count,
        source: OWN_SERVICE.to_owned(),
    });
    one(&Dependencies { dependencies: dependencies.collect() })
}
