//! Who may ask: the guard before every route.
//!
//! Owns the checks of Host, Origin and token, and the headers that every answer carries. A page of another site
//! must neither read answers (it could, by making its name resolve to this machine: hence Host) nor have
//! statements run (hence Origin, `Sec-Fetch-Site`, and JSON as the only type of body). Never looks into a body.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::HeaderName;
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, Uri, header};

use crate::error::ApiError;
use crate::grpc;
use crate::live::TOKEN_PROTOCOL;
use crate::own_metrics::Refusal;
use crate::state::{ApiConfig, Shared};

/// Without who may show the page in a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self'; object-src 'none'; \
     base-uri 'none'; form-action 'self'";

/// Where a WebSocket is asked for.
const LIVE: &str = "/api/live";

/// Refuses what is not allowed in; marks every answer.
pub(crate) async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let ancestors: &[String] = if is_data(path) { &[] } else { &shared.config.frame_ancestors };
    let mut response = match check(&shared.config, request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err((refusal, error)) => {
            shared.metrics.refused(refusal);
            if grpc::is_call(request.uri().path()) { grpc::refused(error) } else { error.into_response() }
        }
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if ancestors.is_empty() {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, security_policy(ancestors));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// With the origins whose pages may show the page in a frame.
fn security_policy(ancestors: &[String]) -> HeaderValue {
    let ancestors = if ancestors.is_empty() { "'none'".to_owned() } else { ancestors.join(" ") };
    // The assembly has seen that they are origins; of anything else the browser is to let nobody in.
    HeaderValue::try_from(format!("{CONTENT_SECURITY_POLICY}; frame-ancestors {ancestors}"))
        .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"))
}

/// Whether a path is answered with data, not with the page.
fn is_data(path: &str) -> bool {
    ["/api", "/prometheus", "/tempo", "/jaeger"].iter().any(|of| is_below(path, of))
        || path == "/metrics"
        || grpc::is_call(path)
}

fn check(config: &ApiConfig, uri: &Uri, headers: &HeaderMap) -> Result<(), (Refusal, ApiError)> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = uri.authority().map(|authority| authority.as_str()).or_else(|| text(header::HOST)).unwrap_or_default();
    if !is_own_host(config, host) {
        let message = format!("this server is not known as {host:?}");
        let hint = "use a loopback address, or add the name to `allowed_hosts`";
        return Err((Refusal::Host, ApiError::forbidden(message).with_hint(hint)));
    }
    if let Some(origin) = text(header::ORIGIN).filter(|origin| !is_own_origin(config, host, origin)) {
        let message = format!("requests from pages of {origin:?} are not allowed");
        return Err((Refusal::Origin, ApiError::forbidden(message)));
    }
    let path = uri.path();
    let is_data = is_data(path);
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if is_data && text(header::ORIGIN).is_none() && matches!(site, Some("cross-site" | "same-site")) {
        return Err((Refusal::Origin, ApiError::forbidden("requests from pages of other sites are not allowed")));
    }
    match &config.token {
        Some(token) if is_data && !has_token(headers, token) && !(path == LIVE && offers_token(headers, token)) => {
            let message = "this server wants its token, as Authorization: Bearer";
            Err((Refusal::Token, ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)))
        }
        _ => Ok(()),
    }
}

/// Lets in whoever has the token, or sits at the machine where there is none.
pub(crate) fn only_operators(config: &ApiConfig, extensions: &Extensions, may: &str) -> Result<(), ApiError> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical());
    if config.token.is_some() || peer.is_some_and(|address| address.is_loopback()) {
        return Ok(());
    }
    Err(ApiError::forbidden(format!("without a token, only this machine itself may {may}")))
}

/// Whether a path is this one or below it.
pub(crate) fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Host without port; brackets of an IPv6 address stay.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) && !host.ends_with(']') =>
        {
            name
        }
        _ => host,
    }
}

fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.parse().ok()
}

fn is_own_host(config: &ApiConfig, host: &str) -> bool {
    let name = without_port(host);
    if name.eq_ignore_ascii_case("localhost") || is_allowed(config, host) {
        return true;
    }
    // A name can be made to resolve to this machine, an address cannot be made to mean another one.
    address(name).is_some_and(|address| {
        let listen = config.listen.ip();
        address.is_loopback() || address == listen || listen.is_unspecified()
    })
}

fn is_allowed(config: &ApiConfig, host: &str) -> bool {
    let name = without_port(host);
    config.allowed_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(name))
}

fn is_own_origin(config: &ApiConfig, host: &str, origin: &str) -> bool {
    let Some(authority) = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) else {
        return false;
    };
    authority.eq_ignore_ascii_case(host) || is_allowed(config, authority)
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let Some((scheme, given)) = given.split_at_checked(7) else { return false };
    scheme.eq_ignore_ascii_case(b"bearer ") && is_equal(given.trim_ascii(), token.as_bytes())
}

/// A page cannot set `Authorization` of a WebSocket: the token is among the protocols that it offers, which no log keeps.
fn offers_token(headers: &HeaderMap, token: &str) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let mut tokens =
        offered.flat_map(|value| value.split(',')).filter_map(|one| one.trim().strip_prefix(TOKEN_PROTOCOL));
    tokens.any(|text| URL_SAFE_NO_PAD.decode(text).is_ok_and(|given| is_equal(&given, token.as_bytes())))
}

/// Takes as long for a first wrong byte as for a last one.
fn is_equal(left: &[u8], right: &[u8]) -> bool {
    let differs = left.iter().zip(right).fold(0, |differs, (left, right)| differs | (left ^ right));
    left.len() == right.len() && std::hint::black_box(differs) == 0
}

#[cfg(test)]
mod tests;
