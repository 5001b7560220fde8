//! Which web pages may send telemetry. Browsers ask first (they cannot post OTLP's content types unasked).

use http::header::{ORIGIN, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::config::ReceiverConfig;

/// Answers preflights, and marks every answer, for allowed origins. Any header may be asked for: SDKs send their
/// users' own.
pub(super) fn layer(config: &ReceiverConfig) -> CorsLayer {
    let allowed = config.cors_allowed_origins.clone();
    let is_allowed = move |origin: &HeaderValue, _: &Parts| {
        origin.to_str().is_ok_and(|origin| allowed.iter().any(|pattern| matches(pattern, origin)))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_allowed))
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([RETRY_AFTER])
        .max_age(config.cors_max_age)
        .vary([ORIGIN])
}

pub(crate) fn matches(pattern: &str, origin: &str) -> bool {
    if let Some(host) = pattern.strip_suffix(":*") {
        return origin.strip_prefix(host).is_some_and(is_port_or_none);
    }
    match pattern.split_once('*') {
        None => pattern.eq_ignore_ascii_case(origin),
        Some((start, end)) => {
            origin.len() >= start.len() + end.len() && origin.starts_with(start) && origin.ends_with(end)
        }
    }
}

/// `:8080`, or nothing; not `.example.com`.
fn is_port_or_none(rest: &str) -> bool {
    let digits = rest.strip_prefix(':').unwrap_or("0");
    (rest.is_empty() || rest.starts_with(':')) && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
