//! `/api/sampling`: what sampling does, what another policy would do, and what clients are told to send.
//!
//! Owns these answers' HTTP and Jaeger's form of the last one. Who samples is the assembly's ([`Sampling`]); pins are
//! [`crate::pins`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use spanlake_schemas::ids::TraceId;
use spanlake_schemas::sampling::Pin as PinnedTraces;
use spanlake_store::TraceRows;

use crate::error::ApiError;
use crate::parameters;
use crate::sql::require_json;
use crate::state::Shared;

/// What the API needs of whoever samples.
pub trait Sampling: Send + Sync {
    /// Puts all pins in force, in place of those before.
    fn set_pins(&self, pins: &[PinnedTraces]);

    /// What would become of a trace that is still hot, of which these are rows, as JSON; `None` where everything is kept.
    ///
    /// # Errors
    /// With what is wrong with the rows: a mistake of ours.
    fn outlook(&self, trace: TraceId, spans: &TraceRows, logs: &TraceRows) -> Result<Option<Value>, String>;

    /// One sentence for a word of `sampling_reason`.
    fn explain(&self, reason: &str) -> String;

    /// What a policy would do to the hot tier, as JSON. What is in memory alone is not looked at.
    fn simulate(&self, policy: Policy) -> Pin<Box<dyn Future<Output = Result<Value, SimulationError>> + Send + '_>>;

    /// What clients of a service are told to send; `None` where nobody is told anything.
    fn head_rates(&self, service: &str) -> Option<HeadRates>;
}

/// A policy that is tried: what is not said is as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Cold bytes a day.
    pub day_bytes: Option<u64>,
    /// In the form of the setting `sampling.rules`.
    pub rules: Option<Value>,
}

/// Why a policy could not be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimulationError {
    /// It has no meaning.
    Invalid(String),
    /// The rows could not be read.
    Failed(String),
}

/// Probabilities for a service's clients.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadRates {
    pub probability: f64,
    /// Of operations that have one of their own.
    pub operations: Vec<(String, f64)>,
}

/// `GET /api/sampling`: the budget of the cold tier and what it is spent on; what is held back at the door. With
/// `?service=`, what its clients are told to send, in Jaeger's form.
pub(crate) async fn report(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    if asked_services(&uri).is_empty() {
        let (sampling, door) = (shared.status.sampling(), shared.status.door());
        return Ok(Json(json!({ "sampling": sampling, "door": door })).into_response());
    }
    strategy(&shared, &uri)
}

/// `GET /sampling?service=`, where Jaeger's clients ask; without a service it is the page.
pub(crate) async fn page_or_strategy(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if asked_services(&uri).is_empty() {
        return crate::page::page(method, uri, headers).await;
    }
    strategy(&shared, &uri).unwrap_or_else(IntoResponse::into_response)
}

fn asked_services(uri: &Uri) -> Vec<String> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.filter(|(name, _)| name == "service").map(|(_, value)| value.into_owned()).collect()
}

fn strategy(shared: &Shared, uri: &Uri) -> Result<Response, ApiError> {
    let services = asked_services(uri);
    let [service] = services.as_slice() else {
        return Err(ApiError::invalid("'service' parameter must be provided once"));
    };
    let rates = shared.sampling.head_rates(service).ok_or_else(|| {
        ApiError::not_found("clients are told nothing here: remote sampling is off")
            .with_hint("set `sampling.head`, such as {\"*\": 0.5}, to serve rates to Jaeger's remote samplers")
    })?;
    Ok(Json(jaeger_strategy(&rates)).into_response())
}

/// `SamplingStrategyResponse` of Jaeger's `api_v2/sampling.proto`, as its agents write it.
fn jaeger_strategy(rates: &HeadRates) -> Value {
    let mut strategy = json!({
        "strategyType": "PROBABILISTIC",
        "probabilisticSampling": { "samplingRate": rates.probability },
    });
    if !rates.operations.is_empty() {
        let of = |(operation, rate): &(String, f64)| json!({ "operation": operation, "probabilisticSampling": { "samplingRate": rate } });
        strategy["operationSampling"] = json!({
            "defaultSamplingProbability": rates.probability,
            "defaultLowerBoundTracesPerSecond": 0.0,
            "perOperationStrategies": rates.operations.iter().map(of).collect::<Vec<_>>(),
        });
    }
    strategy
}

/// `POST /api/sampling/simulate`: what a policy would do to what is hot now.
pub(crate) async fn simulate(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    require_json(&headers)?;
    let body = parameters::body(body)?;
    let policy: Policy = serde_json::from_slice(&body).map_err(|error| {
        ApiError::invalid(format!("the body is no policy: {error}"))
            .with_hint(r#"{"day_bytes": 5000000000, "rules": [{"name": "…", "action": "keep", "services": ["…"]}]}"#)
    })?;
    let _turn = shared.simulation_turns.try_acquire().map_err(|_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "another simulation is running; try again when it is done",
        )
    })?;
    // What is in no file yet belongs to the hot tier too.
    shared.admin.seal().await;
    match shared.sampling.simulate(policy).await {
        Ok(report) => Ok(Json(report).into_response()),
        Err(SimulationError::Invalid(message)) => Err(ApiError::invalid(message)),
        Err(SimulationError::Failed(message)) => Err(ApiError::internal(message)),
    }
}
