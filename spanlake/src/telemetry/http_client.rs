//! The HTTP client of the exporters: blocking, on the exporters' own threads.
//!
//! Owns the mark that a request is Spanlake's own. Never retries: the exporter does, within its bounds.

use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// Answers are tiny; more than this is not OTLP.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// A client for OTLP/HTTP exporters.
#[derive(Clone)]
pub struct BlockingClient {
    agent: ureq::Agent,
    to_itself: bool,
    token: Option<String>,
}

impl std::fmt::Debug for BlockingClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("BlockingClient").field("to_itself", &self.to_itself).finish_non_exhaustive()
    }
}

impl BlockingClient {
    /// `to_itself`: mark the requests as own telemetry.
    pub fn new(to_itself: bool, token: Option<String>) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .http_status_as_error(false)
            .build();
        Self { agent: config.into(), to_itself, token }
    }
}

#[async_trait::async_trait]
impl HttpClient for BlockingClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (mut parts, body) = request.into_parts();
        if self.to_itself {
            parts.headers.insert("x-spanlake-self", http::HeaderValue::from_static("1"));
        }
        if let Some(token) = &self.token {
            parts.headers.insert(http::header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        }
        let answer = self.agent.run(http::Request::from_parts(parts, body.to_vec()))?;
        let (parts, mut body) = answer.into_parts();
        let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(parts, Bytes::from(bytes)))
    }
}
