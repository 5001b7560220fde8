//! One GET over one connection that is kept: what a scrape and discovery over HTTP need, bounded in bytes.
//!
//! Owns connections, TLS, redirects and credentials. Time is the caller's: whoever drops the future drops the connection.
//! Never prints a credential, and never sends one to another host than it was meant for.

mod tls;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST, LOCATION, USER_AGENT,
};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::config::{Authorization, HttpSettings, SecretSource};

const REDIRECTS_MAX: usize = 10;
/// Head of an answer.
const HEAD_BYTES_MAX: usize = 64 << 10;
const SECRET_BYTES_MAX: u64 = 64 << 10;
/// Bytes of bodies that all targets together may hold, so that many large ones do not add up.
const IN_FLIGHT_BYTES_MAX: u64 = 256 << 20;

/// Why there is no answer. Texts are shown to users.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("cannot connect to {host}: {reason}")]
    Connect { host: String, reason: String },
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("server returned HTTP status {0}")]
    Status(StatusCode),
    #[error("the body exceeds {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("all targets together hold too many bytes; try fewer at once")]
    Crowded,
    #[error("the body is no valid gzip: {0}")]
    Gzip(std::io::Error),
    #[error("content encoding {0:?} was not asked for")]
    Encoding(String),
    #[error("{0}")]
    Redirect(String),
    #[error("{what} cannot be read: {reason}")]
    Secret { what: String, reason: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// What was answered.
pub(super) struct Fetched {
    pub(super) content_type: String,
    pub(super) body: Bytes,
    _held: Held,
}

/// Bytes in memory of all fetches; one value for all targets.
#[derive(Debug, Default)]
pub(super) struct InFlight(AtomicU64);

struct Held {
    all: Arc<InFlight>,
    bytes: u64,
}

impl Held {
    fn grow(&mut self, bytes: u64) -> Result<(), FetchError> {
        if self.all.0.fetch_add(bytes, Relaxed) + bytes > IN_FLIGHT_BYTES_MAX {
            self.all.0.fetch_sub(bytes, Relaxed);
            return Err(FetchError::Crowded);
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.0.fetch_sub(self.bytes, Relaxed);
    }
}

/// What is asked for.
pub(super) struct Asked<'a> {
    pub(super) url: &'a Url,
    pub(super) accept: &'static str,
    /// Further headers.
    pub(super) headers: &'a [(&'static str, String)],
    pub(super) gzip: bool,
    /// Of the body, also once inflated.
    pub(super) bytes_max: u64,
}

struct Connection {
    /// Scheme, host and port.
    origin: url::Origin,
    sender: SendRequest<Empty<Bytes>>,
    _task: AbortOnDropHandle<()>,
}

/// Fetches for one target.
pub(super) struct Fetcher {
    settings: HttpSettings,
    in_flight: Arc<InFlight>,
    connection: Option<Connection>,
}

impl Fetcher {
    pub(super) fn new(settings: HttpSettings, in_flight: Arc<InFlight>) -> Self {
        Self { settings, in_flight, connection: None }
    }

    pub(super) async fn get(&mut self, asked: &Asked<'_>) -> Result<Fetched, FetchError> {
        let (mut url, own_host) = (asked.url.clone(), asked.url.origin());
        for _ in 0..=REDIRECTS_MAX {
            let authorization = match &self.settings.authorization {
                Some(authorization) if url.origin() == own_host => Some(authorization_value(authorization).await?),
                _ => None,
            };
            let response = self.send(&url, asked, authorization).await?;
            let status = response.status();
            let is_redirect = status.is_redirection() && self.settings.follow_redirects;
            if !is_redirect {
                return match status {
                    StatusCode::OK => self.read(response, asked).await,
                    status => {
                        // What is left of the body would stand before the next answer.
                        self.connection = None;
                        Err(FetchError::Status(status))
                    }
                };
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            url = next
                .filter(|next| matches!(next.scheme(), "http" | "https"))
                .ok_or_else(|| FetchError::Redirect(format!("{status} without a place to go to")))?;
            self.connection = None;
        }
        Err(FetchError::Redirect(format!("more than {REDIRECTS_MAX} redirects")))
    }

    /// Drops the connection, whose answer nobody waits for any more.
    pub(super) fn forget(&mut self) {
        self.connection = None;
    }

    async fn send(
        &mut self,
        url: &Url,
        asked: &Asked<'_>,
        authorization: Option<HeaderValue>,
    ) -> Result<Response<Incoming>, FetchError> {
        let request = || build(url, asked, authorization.clone());
        if let Some(connection) = &mut self.connection
            && connection.origin == url.origin()
            && connection.sender.ready().await.is_ok()
            && let Ok(response) = connection.sender.send_request(request()?).await
        {
            return Ok(response);
        }
        // None, another host's, or one that the target closed in the meantime.
        let connection = self.connection.insert(connect(url, &self.settings).await?);
        let response = connection.sender.send_request(request()?).await;
        response.map_err(|error| FetchError::Broken(reason(&error)))
    }

    async fn read(&mut self, response: Response<Incoming>, asked: &Asked<'_>) -> Result<Fetched, FetchError> {
        let (parts, mut body) = response.into_parts();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let too_large = || FetchError::TooLarge { limit: asked.bytes_max };
        let mut held = Held { all: Arc::clone(&self.in_flight), bytes: 0 };
        let mut bytes = BytesMut::new();
        let read = async {
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| FetchError::Broken(reason(&error)))?;
                let Ok(data) = frame.into_data() else { continue };
                if (bytes.len() + data.len()) as u64 > asked.bytes_max {
                    return Err(too_large());
                }
                held.grow(data.len() as u64)?;
                bytes.extend_from_slice(&data);
            }
            Ok(())
        };
        if let Err(error) = read.await {
            self.connection = None;
            return Err(error);
        }
        let body = match text(CONTENT_ENCODING).as_str() {
            "" | "identity" => bytes.freeze(),
            "gzip" if asked.gzip => inflate(&bytes, asked.bytes_max, &mut held)?,
            other => return Err(FetchError::Encoding(other.to_owned())),
        };
        Ok(Fetched { content_type: text(CONTENT_TYPE), body, _held: held })
    }
}

fn inflate(packed: &[u8], bytes_max: u64, held: &mut Held) -> Result<Bytes, FetchError> {
    let (mut decoder, mut plain) = (flate2::read::MultiGzDecoder::new(packed), Vec::new());
    let mut step = vec![0; 64 << 10];
    loop {
        let read = decoder.read(&mut step).map_err(FetchError::Gzip)?;
        if read == 0 {
            return Ok(plain.into());
        }
        if (plain.len() + read) as u64 > bytes_max {
            return Err(FetchError::TooLarge { limit: bytes_max });
        }
        held.grow(read as u64)?;
        plain.extend_from_slice(&step[..read]);
    }
}

fn build(
    url: &Url,
    asked: &Asked<'_>,
    authorization: Option<HeaderValue>,
) -> Result<Request<Empty<Bytes>>, FetchError> {
    let unfit =
        |error: &dyn std::fmt::Display| FetchError::Redirect(format!("a URL that cannot be asked for: {error}"));
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let uri: Uri = path.parse().map_err(|error| unfit(&error))?;
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let mut request = Request::get(uri)
        .header(HOST, authority)
        .header(ACCEPT, asked.accept)
        .header(USER_AGENT, concat!("Spanlake/", env!("CARGO_PKG_VERSION")));
    if asked.gzip {
        request = request.header(ACCEPT_ENCODING, "gzip");
    }
    for (name, value) in asked.headers {
        request = request.header(*name, value.as_str());
    }
    if let Some(authorization) = authorization {
        request = request.header(AUTHORIZATION, authorization);
    }
    request.body(Empty::new()).map_err(|error| unfit(&error))
}

async fn connect(url: &Url, settings: &HttpSettings) -> Result<Connection, FetchError> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or(80);
    let unreachable = |reason: String| FetchError::Connect { host: format!("{host}:{port}"), reason };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((bare, port)).await.map_err(|error| unreachable(error.to_string()))?;
    // A request is one small packet, and someone waits for the answer.
    let _ = stream.set_nodelay(true);
    let builder = {
        let mut builder = Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX);
        builder
    };
    let origin = url.origin();
    let broken = |error: hyper::Error| unreachable(reason(&error));
    if url.scheme() == "https" {
        let (connector, name) = tls::connector(&settings.tls, bare).await?;
        let stream = connector.connect(name, stream).await.map_err(|error| unreachable(error.to_string()))?;
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
        let task = tokio::spawn(async move { drop(connection.await) });
        return Ok(Connection { origin, sender, _task: AbortOnDropHandle::new(task) });
    }
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let task = tokio::spawn(async move { drop(connection.await) });
    Ok(Connection { origin, sender, _task: AbortOnDropHandle::new(task) })
}

/// hyper's errors say the cause only as their source.
fn reason(error: &hyper::Error) -> String {
    spanlake_schemas::errors::with_causes(error)
}

async fn authorization_value(authorization: &Authorization) -> Result<HeaderValue, FetchError> {
    let text = match authorization {
        Authorization::Basic { username, password } => {
            let pair = format!("{username}:{}", secret(password).await?);
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        }
        Authorization::Scheme { scheme, credentials } => format!("{scheme} {}", secret(credentials).await?),
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| FetchError::Secret {
        what: "the credentials".to_owned(),
        reason: "there is a line end or another control character in them".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A secret as it is now: whoever renews it writes the file.
async fn secret(source: &SecretSource) -> Result<String, FetchError> {
    let path = match source {
        SecretSource::Inline(secret) => return Ok(secret.0.clone()),
        SecretSource::File(path) => path,
    };
    let unreadable = |reason: String| FetchError::Secret { what: path.display().to_string(), reason };
    let size = tokio::fs::metadata(path).await.map_err(|error| unreadable(error.to_string()))?.len();
    if size > SECRET_BYTES_MAX {
        return Err(unreadable(format!("{size} bytes are no secret")));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(|error| unreadable(error.to_string()))?;
    Ok(text.trim().to_owned())
}
