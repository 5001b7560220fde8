//! Every way in which a request can fail, and what each protocol says of it: one type, one function a protocol.
//!
//! What a client should send again is 503 or UNAVAILABLE; everything else is final, because OTLP clients drop
//! data on it. So a slow or broken connection is never 408 and oversize never OUT_OF_RANGE, which clients retry.

use std::time::Duration;

use http::StatusCode;
use spanlake_schemas::ingest::Refusal;
use tonic::Code;

use crate::metrics::Reason;

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("the {what} exceeds the limit of {limit} bytes")]
    TooLarge { what: &'static str, limit: u64 },
    #[error("{0}")]
    Malformed(String),
    /// A compressed message without a `grpc-encoding`, for which gRPC asks INTERNAL.
    #[error("the message is marked as compressed, but no grpc-encoding was given")]
    CompressionUnnamed,
    #[error("content type {0:?} is not supported: send application/x-protobuf or application/json")]
    ContentType(String),
    #[error("encoding {0:?} is not supported: send gzip, zstd or identity")]
    Encoding(String),
    /// The same two for what is no OTLP, in its own words.
    #[error("{0}")]
    Unsupported(String),
    #[error("{0} are not received here")]
    Disabled(&'static str),
    #[error("a valid bearer token is required")]
    Unauthenticated,
    #[error("there is nothing at this path: OTLP is received at /v1/traces, /v1/metrics and /v1/logs")]
    UnknownRoute,
    #[error("use POST")]
    Method,
    #[error("the body arrived too slowly; retry")]
    Timeout,
    #[error("the body ended early; retry")]
    Disconnected,
    #[error("the server failed on this request; this is a bug")]
    Bug,
}

impl Fault {
    pub(crate) const fn reason(&self) -> Reason {
        match self {
            Self::Refused(Refusal::Memory { .. }) => Reason::Memory,
            Self::Refused(Refusal::DiskFull) => Reason::DiskFull,
            Self::Refused(Refusal::ShuttingDown) => Reason::ShuttingDown,
            Self::Refused(Refusal::Log { .. }) => Reason::Log,
            Self::Refused(Refusal::Forgotten) => Reason::Forgotten,
            Self::TooLarge { .. } => Reason::TooLarge,
            Self::Malformed(_) | Self::CompressionUnnamed => Reason::Malformed,
            Self::ContentType(_) | Self::Encoding(_) | Self::Unsupported(_) | Self::Method | Self::UnknownRoute => {
                Reason::Unsupported
            }
            Self::Disabled(_) => Reason::Disabled,
            Self::Unauthenticated => Reason::Unauthenticated,
            Self::Timeout => Reason::Timeout,
            Self::Disconnected => Reason::Disconnected,
            Self::Bug => Reason::Bug,
        }
    }

    /// When to try again; `None` is never.
    pub(crate) const fn retry_after(&self, default: Duration) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => Some(refusal.retry_after()),
            Self::Timeout | Self::Disconnected => Some(default),
            _ => None,
        }
    }

    pub(crate) const fn to_http(&self) -> StatusCode {
        match self {
            Self::Refused(_) | Self::Timeout | Self::Disconnected => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Malformed(_) | Self::CompressionUnnamed => StatusCode::BAD_REQUEST,
            Self::ContentType(_) | Self::Encoding(_) | Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Disabled(_) | Self::UnknownRoute => StatusCode::NOT_FOUND,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) const fn to_grpc(&self) -> Code {
        match self {
            Self::Refused(_) | Self::Timeout | Self::Disconnected => Code::Unavailable,
            Self::TooLarge { .. } => Code::ResourceExhausted,
            Self::Malformed(_) => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::CompressionUnnamed | Self::Bug => Code::Internal,
            Self::ContentType(_)
            | Self::Encoding(_)
            | Self::Unsupported(_)
            | Self::Disabled(_)
            | Self::UnknownRoute
            | Self::Method => Code::Unimplemented,
        }
    }
}
