//! Reading a body: as it comes, against a clock and a size limit. Knows neither protocol nor encoding.

use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::admission::Admission;
use crate::config::ReceiverConfig;
use crate::doors::Doors;
use crate::fault::Fault;

/// The frames of one body, with a deadline that moves as bytes arrive: trickling bytes does not hold a request open.
pub(crate) struct Frames<B> {
    body: B,
    started: Instant,
    received: u64,
    timer: Pin<Box<Sleep>>,
    patience: Duration,
    bytes_per_second_min: u64,
    /// Nothing was asked of the body yet; a client that expects `100 Continue` still waits.
    untouched: bool,
    ended: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Frames<B> {
    pub(crate) fn new(body: B, config: &ReceiverConfig) -> Self {
        let started = Instant::now();
        Self {
            ended: body.is_end_stream(),
            body,
            started,
            received: 0,
            timer: Box::pin(sleep_until(started + config.body_read_timeout)),
            patience: config.body_read_timeout,
            bytes_per_second_min: config.body_bytes_per_second_min.max(1),
            untouched: true,
        }
    }

    /// The size that the sender told, if it did.
    pub(crate) fn bytes_told(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    pub(crate) const fn untouched(&self) -> bool {
        self.untouched
    }

    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// The next data frame; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        self.untouched = false;
        loop {
            tokio::select! {
                biased;
                frame = self.body.frame() => match frame {
                    None => {
                        self.ended = true;
                        return Ok(None);
                    }
                    Some(Err(_)) => {
                        self.ended = true;
                        return Err(Fault::Disconnected);
                    }
                    Some(Ok(frame)) => {
                        let Ok(data) = frame.into_data() else { continue };
                        self.received += data.len() as u64;
                        return Ok(Some(data));
                    }
                },
                () = &mut self.timer => {
                    let earned = Duration::from_secs(self.received / self.bytes_per_second_min);
                    let deadline = self.started + self.patience + earned;
                    if deadline <= Instant::now() {
                        return Err(Fault::Timeout);
                    }
                    self.timer.as_mut().reset(deadline);
                }
            }
        }
    }

    /// The whole body, at most `bytes_max` of it. A body of one frame is not copied.
    pub(crate) async fn collect(
        &mut self,
        doors: &Doors,
        bytes_max: u64,
        admission: &mut Admission,
    ) -> Result<Bytes, Fault> {
        let too_large = || Fault::TooLarge { what: "body", limit: bytes_max };
        let told = self.bytes_told();
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        if first.len() as u64 > bytes_max {
            return Err(too_large());
        }
        let Some(second) = self.next().await? else { return Ok(first) };
        let mut whole = BytesMut::with_capacity(told.unwrap_or((first.len() + second.len()) as u64) as usize);
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(data) = next {
            let bytes = (whole.len() + data.len()) as u64;
            if bytes > bytes_max {
                return Err(too_large());
            }
            if told.is_none() {
                admission.cover(&*doors.ingest, bytes.next_power_of_two().min(bytes_max))?;
            }
            whole.extend_from_slice(&data);
            next = self.next().await?;
        }
        Ok(whole.freeze())
    }
}

impl<B: Body<Data = Bytes> + Unpin + Send + 'static> Frames<B> {
    /// Reads the rest and throws it away, within limits and beside the answer: a client that only listens once it
    /// has sent everything would see a reset otherwise.
    pub(crate) fn drain(mut self, config: &ReceiverConfig) {
        let (until, bytes_max) = (Instant::now() + config.drain_timeout, config.drain_bytes_max);
        tokio::spawn(tokio::time::timeout_at(until, async move {
            while let Ok(Some(_)) = self.next().await {
                if self.received > bytes_max {
                    break;
                }
            }
        }));
    }
}
