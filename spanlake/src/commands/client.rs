//! One request to a server that runs, and what its refusals mean for whoever typed the command.

use std::io::Read;
use std::time::Duration;

use serde::Deserialize;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{CommandError, EXIT_FAILURE, EXIT_NOT_ALLOWED, EXIT_UNAVAILABLE, ServerArguments, terminal};
use crate::config::EXIT_USAGE;

/// The server's own limit comes first; this is for a server that hangs.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3700);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ERROR_BYTES_MAX: u64 = 64 << 10;
/// Most of an answer that is not streamed.
pub(super) const ANSWER_BYTES_MAX: u64 = 4 << 30;

/// A server by its address.
pub(super) struct Client {
    agent: Agent,
    base: String,
    authorization: Option<String>,
}

/// `{"error": …}` of the API.
#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct ApiError {
    #[serde(default)]
    pub(super) code: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
}

/// What came back that is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The API refused in its own words.
    Api { status: u16, error: ApiError },
    /// Anything else, told already.
    Other(CommandError),
}

impl Client {
    pub(super) fn new(server: &ServerArguments) -> Result<Self, CommandError> {
        let wrong =
            |reason: &str| CommandError::new(EXIT_USAGE, format!("--url {}: {reason}", terminal::clean(&server.url)));
        let url = url::Url::parse(&server.url).map_err(|_| wrong("not a URL such as http://127.0.0.1:4300"))?;
        if url.scheme() != "http" || !url.has_host() {
            return Err(wrong(
                "only http:// is spoken; a server behind TLS is reached through a tunnel, such as ssh -L",
            ));
        }
        let authorization = match &server.token_file {
            None => None,
            Some(path) => {
                let unreadable =
                    |error| CommandError::new(EXIT_USAGE, format!("--token-file {}: {error}", path.display()));
                let token = std::fs::read_to_string(path).map_err(unreadable)?;
                Some(format!("Bearer {}", token.trim()))
            }
        };
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // A proxy for the outside has no business between a command and its server.
            .proxy(None)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(ANSWER_TIMEOUT))
            .user_agent(concat!("spanlake/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self { agent, base: server.url.trim_end_matches('/').to_owned(), authorization })
    }

    pub(super) fn get(&self, path: &str) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        self.judge(request.call())
    }

    pub(super) fn post(&self, path: &str, body: &serde_json::Value) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        self.judge(request.send_json(body))
    }

    pub(super) fn post_bytes(&self, path: &str, content_type: &str, body: &[u8]) -> Result<Response<Body>, Failure> {
        let mut request = self.agent.post(format!("{}{path}", self.base)).header("content-type", content_type);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        self.judge(request.send(body))
    }

    fn judge(&self, result: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        let mut response = result.map_err(|error| Failure::Other(self.unreachable(&error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let _ = response.body_mut().as_reader().take(ERROR_BYTES_MAX).read_to_end(&mut body);
        Err(refusal(status, &body))
    }

    fn unreachable(&self, error: &ureq::Error) -> CommandError {
        let base = terminal::clean(&self.base);
        let message = match error {
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                format!("no server answers at {base}; start one with `spanlake serve`, or name another with --url")
            }
            ureq::Error::ConnectionFailed | ureq::Error::HostNotFound | ureq::Error::Timeout(_) => {
                format!(
                    "no server answers at {base} ({error}); start one with `spanlake serve`, or name another with --url"
                )
            }
            error => format!("the request to {base} failed: {error}"),
        };
        CommandError::new(EXIT_UNAVAILABLE, message)
    }
}

fn refusal(status: u16, body: &[u8]) -> Failure {
    #[derive(Deserialize)]
    struct Answer {
        error: Said,
    }
    /// Prometheus's API says it in plain words.
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Ours(ApiError),
        Prometheus(String),
    }
    match serde_json::from_slice::<Answer>(body) {
        Ok(Answer { error: Said::Ours(error) }) => Failure::Api { status, error },
        Ok(Answer { error: Said::Prometheus(message) }) => {
            Failure::Api { status, error: ApiError { message, ..ApiError::default() } }
        }
        Err(_) => {
            let text = terminal::clean(&String::from_utf8_lossy(body));
            let said = terminal::cut(text.trim(), 200);
            let message = format!("the server answered {status}, and not as Spanlake does: {said}");
            Failure::Other(CommandError::new(EXIT_FAILURE, message))
        }
    }
}

impl From<Failure> for CommandError {
    fn from(failure: Failure) -> Self {
        let (status, error) = match failure {
            Failure::Other(error) => return error,
            Failure::Api { status, error } => (status, error),
        };
        let mut message = terminal::clean(&error.message);
        if status == 401 {
            message.push_str("; give the server's token with --token-file");
        }
        if let Some(hint) = &error.hint {
            message = format!("{message}\nhint: {}", terminal::clean(hint));
        }
        let exit = match status {
            401 | 403 => EXIT_NOT_ALLOWED,
            503 => EXIT_UNAVAILABLE,
            _ => EXIT_FAILURE,
        };
        Self::new(exit, message)
    }
}
