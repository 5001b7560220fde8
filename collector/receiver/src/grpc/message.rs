//! gRPC's framing of one message: five bytes (compressed or not, length), then the message, and an answer with its
//! trailers.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame};

use crate::body::Frames;
use crate::fault::Fault;

const PREFIX_BYTES: usize = 5;

/// What precedes a message.
pub(super) struct Prefix {
    pub(super) compressed: bool,
    pub(super) bytes: u64,
}

/// Reads the prefix, and what came with it of the message.
pub(super) async fn read_prefix<B>(frames: &mut Frames<B>) -> Result<(Prefix, Bytes), Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut start = Bytes::new();
    while start.len() < PREFIX_BYTES {
        let Some(more) = frames.next().await? else {
            return Err(Fault::Malformed("the call ended before its message".to_owned()));
        };
        start = if start.is_empty() { more } else { Bytes::from([start, more].concat()) };
    }
    let compressed = match start.get_u8() {
        0 => false,
        1 => true,
        flag => return Err(Fault::Malformed(format!("{flag} is no compression flag"))),
    };
    Ok((Prefix { compressed, bytes: start.get_u32().into() }, start))
}

/// Reads a message of `bytes` to its end, which must be the end of the call. A message of one frame is not copied.
pub(super) async fn read_message<B>(frames: &mut Frames<B>, start: Bytes, bytes: usize) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    let too_long = || Fault::Malformed("the call goes on after its message".to_owned());
    if start.len() > bytes {
        return Err(too_long());
    }
    let message = if start.len() == bytes {
        start
    } else {
        let mut message = BytesMut::with_capacity(bytes);
        message.extend_from_slice(&start);
        while message.len() < bytes {
            let Some(more) = frames.next().await? else {
                return Err(Fault::Malformed("the call ended within its message".to_owned()));
            };
            if message.len() + more.len() > bytes {
                return Err(too_long());
            }
            message.extend_from_slice(&more);
        }
        message.freeze()
    };
    while let Some(more) = frames.next().await? {
        if !more.is_empty() {
            return Err(too_long());
        }
    }
    Ok(message)
}

/// The body of an answer: at most one message, then trailers.
#[derive(Default)]
pub(crate) struct Reply {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Reply {
    pub(super) const fn new(data: Bytes, trailers: HeaderMap) -> Self {
        Self { data: Some(data), trailers: Some(trailers) }
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = self.data.take().map(Frame::data);
        let frame = data.or_else(|| self.trailers.take().map(Frame::trailers));
        Poll::Ready(frame.map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }
}
