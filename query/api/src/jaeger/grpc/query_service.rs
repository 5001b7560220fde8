//! Jaeger's API v3 over gRPC, `jaeger.api_v3.QueryService`: what its own query service answers to programs.
//!
//! Owns its messages ([`messages`]) and what it demands of a question, as `grpc_handler.go` of jaegertracing/jaeger does
//! (`cmd/jaeger/internal/extension/jaegerquery/internal/apiv3`, lines 34 to 121 and 202 to 215). Answers are those of the storage
//! API, which has the same searches. Traces come as they are stored, whatever `raw_traces` says: nothing is adjusted here.

mod messages;

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;
use futures::stream::{self, StreamExt};
use spanlake_schemas::ids::TraceId;
use spanlake_store::Version;
use tonic::Status;

use super::messages as storage;
use super::{SUMMARIES_AT_ONCE, calls, chunks, get_operations, get_services, orphans, search, summary, whole_traces};
use crate::error::ApiError;
use crate::grpc::{Answer, answered, bytes_of, no_such_method, one, status};
use crate::state::Shared;
use crate::trace_list::Summary;
use messages::{Dependencies, Dependency, SearchAsked, Summaries, TraceAsked, TraceQuery, TraceSummary};

pub(super) async fn query_service(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    request: Request,
) -> Response {
    match method.as_str() {
        "GetTrace" => answered(request, |asked| get_trace(shared, asked)).await,
        "FindTraces" => answered(request, |asked| find_traces(shared, asked)).await,
        "FindTraceSummaries" => answered(request, |asked| find_summaries(shared, asked)).await,
        "GetServices" => answered(request, |()| get_services(shared)).await,
        "GetOperations" => answered(request, |asked| get_operations(shared, asked)).await,
        "GetDependencies" => answered(request, |asked| get_dependencies(shared, asked)).await,
        _ => no_such_method(),
    }
}

async fn get_trace(shared: Arc<Shared>, asked: TraceAsked) -> Answer {
    let id =
        TraceId::parse_any(&asked.trace_id).map_err(|error| Status::invalid_argument(format!("trace_id: {error}")))?;
    let chunks = chunks(&shared, &shared.store.pin(), id).await.map_err(status)?;
    if chunks.is_empty() {
        return Err(Status::not_found("trace not found"));
    }
    Ok(stream::iter(chunks.into_iter().map(Ok)).boxed())
}

async fn find_traces(shared: Arc<Shared>, asked: SearchAsked) -> Answer {
    let (found, version) = found(&shared, asked).await?;
    let ids = found.iter().map(|trace| trace.trace_id).collect();
    Ok(whole_traces(shared, version, ids))
}

async fn find_summaries(shared: Arc<Shared>, asked: SearchAsked) -> Answer {
    let (found, version) = found(&shared, asked).await?;
    let mut messages = Vec::new();
    for some in found.chunks(SUMMARIES_AT_ONCE) {
        let orphans = orphans(&shared, &version, some).await.map_err(status)?;
        let of = |trace: &Summary| TraceSummary::of(summary(trace, orphans.get(&trace.trace_id).copied()));
        messages.push(Ok(bytes_of(&Summaries { summaries: some.iter().map(of).collect() })));
    }
    Ok(stream::iter(messages).boxed())
}

/// The newest traces that match, and the version they are of.
async fn found(shared: &Shared, asked: SearchAsked) -> Result<(Vec<Summary>, Arc<Version>), Status> {
    let query = asked.query.ok_or_else(|| Status::invalid_argument("missing query"))?;
    if query.start_time_min.is_none() || query.start_time_max.is_none() {
        return Err(Status::invalid_argument("start time min and max are required parameters"));
    }
    search(shared, storage::SearchAsked { query: Some(TraceQuery::into_storage(query)) }).await
}

async fn get_dependencies(shared: Arc<Shared>, asked: storage::WindowAsked) -> Answer {
    let required = |name| Status::invalid_argument(format!("{name} is required"));
    let start = asked.start_time.ok_or_else(|| required("start_time"))?.nanos();
    let end = asked.end_time.ok_or_else(|| required("end_time"))?.nanos();
    if end <= start {
        return Err(Status::invalid_argument("end_time must be after start_time"));
    }
    let calls: Result<_, ApiError> = calls(&shared, start, end).await;
    let of = |(parent, child, call_count)| Dependency { parent, child, call_count };
    one(&Dependencies { dependencies: calls.map_err(status)?.into_iter().map(of).collect() })
}
