//! One call of gRPC: its message in, messages or a status out.
//!
//! Owns the codec, which paths are calls, and the messages that several services share ([`messages`]). Answers are bytes that were written already, as spans are; every call may stream, and one with a single
//! message looks the same on the wire. Never knows what is asked.

pub(crate) mod messages;

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{BufMut, Bytes};
use futures::stream::{self, BoxStream, StreamExt};
use http::StatusCode;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, ServerStreamingService};
use tonic::{Code, Status};

use crate::error::ApiError;

/// Bytes of a question; the longest list of ids fits.
const QUESTION_BYTES_MAX: usize = 1 << 20;

/// What the paths of the services begin with.
const PACKAGES: [&str; 3] = ["/jaeger.storage.v2.", "/jaeger.api_v3.", "/tempopb."];

/// A message of an answer.
pub(crate) type Message = Result<Bytes, Status>;

/// Messages of an answer, or why there is none.
pub(crate) type Answer = Result<BoxStream<'static, Message>, Status>;

/// Whether a path is a call.
pub(crate) fn is_call(path: &str) -> bool {
    PACKAGES.iter().any(|package| path.starts_with(package))
}

/// Reads the question, has it answered, and writes the answer.
pub(crate) async fn answered<Q, F>(request: Request, answer: impl FnOnce(Q) -> F + Send) -> Response
where
    Q: prost::Message + Default + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let mut call = Grpc::new(Plain(PhantomData))
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(QUESTION_BYTES_MAX);
    call.server_streaming(Once(Some(answer)), request).await.map(Body::new)
}

pub(crate) fn no_such_method() -> Response {
    Status::unimplemented("there is no such method").into_http::<tonic::body::Body>().map(Body::new)
}

/// What a client of gRPC understands of a request that is not let in.
pub(crate) fn refused(error: ApiError) -> Response {
    status(error).into_http::<tonic::body::Body>().map(Body::new)
}

pub(crate) fn bytes_of(message: &impl prost::Message) -> Bytes {
    message.encode_to_vec().into()
}

/// An answer of one message.
pub(crate) fn one(message: &impl prost::Message) -> Answer {
    Ok(stream::iter([Ok(bytes_of(message))]).boxed())
}

/// The one place that says which error is which status.
pub(crate) fn status(error: ApiError) -> Status {
    let code = match error.status {
        StatusCode::BAD_REQUEST => Code::InvalidArgument,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        StatusCode::GATEWAY_TIMEOUT => Code::DeadlineExceeded,
        StatusCode::INSUFFICIENT_STORAGE => Code::ResourceExhausted,
        _ => Code::Internal,
    };
    let hint = error.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    Status::new(code, error.message + &hint)
}

/// What answers; it is called once.
struct Once<A>(Option<A>);

impl<Q, A, F> ServerStreamingService<Q> for Once<A>
where
    A: FnOnce(Q) -> F,
    F: Future<Output = Answer> + Send + 'static,
{
    type Response = Bytes;
    type ResponseStream = BoxStream<'static, Message>;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Self::ResponseStream>, Status>> + Send>>;

    fn call(&mut self, request: tonic::Request<Q>) -> Self::Future {
        let answering = self.0.take().map(|answer| answer(request.into_inner()));
        Box::pin(async move {
            let answering = answering.ok_or_else(|| Status::internal("a call was answered twice"))?;
            answering.await.map(tonic::Response::new)
        })
    }
}

/// Protobuf in, bytes of protobuf out.
struct Plain<Q>(PhantomData<fn() -> Q>);

impl<Q: prost::Message + Default + 'static> Codec for Plain<Q> {
    type Encode = Bytes;
    type Decode = Q;
    type Encoder = Written;
    type Decoder = Self;

    fn encoder(&mut self) -> Self::Encoder {
        Written
    }

    fn decoder(&mut self) -> Self::Decoder {
        Self(PhantomData)
    }
}

impl<Q: prost::Message + Default> Decoder for Plain<Q> {
    type Item = Q;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<Q>, Status> {
        let wrong =
            |error: prost::DecodeError| Status::invalid_argument(format!("the message cannot be read: {error}"));
        Q::decode(source).map(Some).map_err(wrong)
    }
}

/// Writes what was written already.
struct Written;

impl Encoder for Written {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, target: &mut EncodeBuf<'_>) -> Result<(), Status> {
        target.put(message);
        Ok(())
    }
}
