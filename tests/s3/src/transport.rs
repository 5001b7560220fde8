//! One request over HTTP: its fate first, then S3.
//!
//! Owns delays, failures and resets. A reset is a real one (RST), which tells a client less than an orderly end.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use s3s::Body;
use s3s::service::S3Service;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::control;
use crate::faults::{Failure, Faults};
use crate::objects::Objects;

/// What all connections share.
pub struct Shared {
    pub service: S3Service,
    pub faults: Faults,
    pub objects: Arc<Objects>,
}

/// The connection ends here, without an answer.
#[derive(Debug)]
pub struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the connection is reset on purpose")
    }
}

impl std::error::Error for Cut {}

/// Answers one request; `resets` is told where the connection must end with a reset.
pub async fn handle(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    resets: Arc<AtomicBool>,
) -> Result<Response<Body>, Cut> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    if path.starts_with(control::PREFIX) {
        let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
        let (answer, mode) = control::handle(&head.method, &path, &body, &shared.faults, &shared.objects);
        if let Some(mode) = mode {
            shared.faults.set_mode(mode);
        }
        return Ok(answer);
    }
    let fate = shared.faults.draw(head.method.as_str(), &path);
    tokio::time::sleep(Duration::from_millis(fate.delay_ms)).await;
    if let Some(failure) = fate.fails {
        return fail(failure, &resets);
    }
    head.extensions.insert(fate.mode);
    let answer = shared.service.call(Request::from_parts(head, Body::from(body))).await.map_err(|_| Cut)?;
    match fate.answer_lost {
        Some(failure) => fail(failure, &resets),
        None => Ok(answer),
    }
}

fn fail(failure: Failure, resets: &AtomicBool) -> Result<Response<Body>, Cut> {
    let (status, code) = match failure {
        Failure::InternalError => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"),
        Failure::SlowDown => (StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
        Failure::Reset => {
            resets.store(true, Ordering::Release);
            return Err(Cut);
        }
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>on purpose</Message></Error>"
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/xml"));
    Ok(response)
}

/// A socket that can end with a reset.
pub struct Resettable {
    pub stream: TcpStream,
    pub resets: Arc<AtomicBool>,
}

impl Drop for Resettable {
    fn drop(&mut self) {
        if self.resets.load(Ordering::Acquire) {
            // Where that fails the end is an orderly one, which clients must survive as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Resettable {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Resettable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
