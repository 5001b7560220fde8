//! Tempo's `tempopb.StreamingQuerier` over gRPC: what Grafana's Tempo data source asks when streaming is switched on.
//!
//! Owns the calls (`pkg/tempopb/tempo.proto` of grafana/tempo, lines 27 to 35) and when a message leaves. A search tells traces
//! once their places are sure, each once, as Tempo's own does (`modules/frontend/combiner/search.go`, lines 86 to 118), and Grafana
//! puts them together (`pkg/tsdb/tempo/search_stream.go` of grafana/grafana, lines 92 to 135). What is answered is what the HTTP
//! routes answer, as protobuf: [`messages`]. A client that goes ends the search.

mod messages;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use futures::stream::{self, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;
use spanlake_engine::{PinnedEngine, QueryStats};
use spanlake_schemas::ids::TraceId;
use spanlake_traceql::syntax::tree::Pipeline;
use tonic::Status;

use super::search::{Asked, Prepared, Shown};
use super::{lists, metrics};
use crate::error::ApiError;
use crate::grpc::{Answer, Message, answered, bytes_of, no_such_method, one, status};
use crate::state::Shared;
use crate::trace_list::{Match, Step, Summary, matching, watched_search};
use messages::{
    InstantAsked, InstantSeries, RangeAsked, RangeSeries, ScopedTagNames, SearchAsked, SearchMetrics, SearchTraces,
    TagNames, TagValues, TagsAsked, TypedTagValues, ValuesAsked,
};

/// The routes, at the root: gRPC's paths cannot be nested.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/tempopb.StreamingQuerier/{method}", post(streaming_querier))
}

async fn streaming_querier(
    State(shared): State<Arc<Shared>>,
    Path(method): Path<String>,
    request: Request,
) -> Response {
    match method.as_str() {
        "Search" => answered(request, |asked| search(shared, asked)).await,
        "SearchTags" => answered(request, |asked| tags(shared, asked)).await,
        "SearchTagsV2" => answered(request, |asked| scoped_tags(shared, asked)).await,
        "SearchTagValues" => answered(request, |asked| values(shared, asked)).await,
        "SearchTagValuesV2" => answered(request, |asked| typed_values(shared, asked)).await,
        "MetricsQueryRange" => answered(request, |asked| range(shared, asked)).await,
        "MetricsQueryInstant" => answered(request, |asked| instant(shared, asked)).await,
        _ => no_such_method(),
    }
}

async fn tags(shared: Arc<Shared>, asked: TagsAsked) -> Answer {
    written::<TagNames>(lists::tag_names(&shared, &asked.into()).await)
}

async fn scoped_tags(shared: Arc<Shared>, asked: TagsAsked) -> Answer {
    written::<ScopedTagNames>(lists::scoped_tag_names(&shared, &asked.into()).await)
}

async fn values(shared: Arc<Shared>, asked: ValuesAsked) -> Answer {
    let (tag, range) = asked.into_parts();
    written::<TagValues>(lists::tag_values(&shared, &tag, &range).await)
}

async fn typed_values(shared: Arc<Shared>, asked: ValuesAsked) -> Answer {
    let (tag, range) = asked.into_parts();
    written::<TypedTagValues>(lists::typed_tag_values(&shared, &tag, &range).await)
}

async fn range(shared: Arc<Shared>, asked: RangeAsked) -> Answer {
    written::<RangeSeries>(metrics::range(&shared, &asked.into()).await)
}

async fn instant(shared: Arc<Shared>, asked: InstantAsked) -> Answer {
    written::<InstantSeries>(metrics::instant(&shared, &asked.into()).await)
}

/// An HTTP answer as the one message of a call.
fn written<M: prost::Message + DeserializeOwned>(answer: Result<Value, ApiError>) -> Answer {
    one(&message::<M>(answer.map_err(status)?)?)
}

fn message<M: DeserializeOwned>(json: Value) -> Result<M, Status> {
    serde_json::from_value(json).map_err(|error| Status::internal(format!("the answer does not fit: {error}")))
}

/// What all messages of a search share.
struct Searched {
    shared: Arc<Shared>,
    engine: PinnedEngine,
    query: Option<Arc<Pipeline>>,
    shown: Shown,
}

async fn search(shared: Arc<Shared>, asked: SearchAsked) -> Answer {
    let Prepared { filter, windows, shown } = Asked::from(asked).prepared().map_err(status)?;
    let engine = shared.engine.pinned();
    let query = filter.query.clone();
    let steps = watched_search(Arc::clone(&shared), engine.clone(), filter, windows);
    let searched = Searched { shared, engine, query, shown };
    let messages = stream::unfold(Some((steps, searched)), |under_way| async move {
        let (mut steps, searched) = under_way?;
        match steps.recv().await? {
            Step::Progress(progress) => {
                let message = searched.message(&progress.traces, progress.looked_at, progress.cost, false).await;
                Some((message, Some((steps, searched))))
            }
            Step::Done(Ok((rest, looked_at, cost))) => {
                Some((searched.message(&rest, looked_at, cost, true).await, None))
            }
            Step::Done(Err(error)) => Some((Err(status(error)), None)),
        }
    });
    Ok(messages.boxed())
}

impl Searched {
    /// Traces that were not told before.
    async fn message(&self, traces: &[Summary], looked_at: usize, cost: QueryStats, is_last: bool) -> Message {
        let matches = self.matches(traces).await.map_err(status)?;
        let written = self.shown.written(traces, &matches).into_iter().map(message);
        Ok(bytes_of(&SearchTraces {
            traces: written.collect::<Result<_, _>>()?,
            metrics: Some(SearchMetrics::of(looked_at, cost, is_last)),
        }))
    }

    /// What the query finds of these traces.
    async fn matches(&self, traces: &[Summary]) -> Result<Vec<Match>, ApiError> {
        let Some(query) = self.query.as_ref().filter(|_| !traces.is_empty()) else { return Ok(Vec::new()) };
        let sizes: Vec<(TraceId, u64)> = traces.iter().map(|trace| (trace.trace_id, trace.span_count)).collect();
        Ok(matching(&self.shared, self.engine.version(), (query, None), &sizes).await?.matches)
    }
}
