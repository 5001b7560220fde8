//! Answers that go out while the statement runs.

use arrow::record_batch::RecordBatch;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::{StatusCode, header};
use spanlake_engine::{EngineError, QueryAnswer};

use super::Format;
use super::encoders::{Encoder, encoder};
use crate::error::ApiError;
use crate::own_metrics::{Outcome, Running};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// An answer on its way.
struct Sending {
    answer: QueryAnswer,
    /// The first batch, which was waited for so that early errors have a status.
    first: Option<RecordBatch>,
    encoder: Box<dyn Encoder>,
    rows_left: usize,
    /// `None` once it has ended.
    running: Option<Running>,
    begun: bool,
}

pub(super) async fn write(
    mut answer: QueryAnswer,
    format: Format,
    limit: Option<usize>,
    running: Running,
) -> Result<Response, ApiError> {
    let encoder = match encoder(format, &answer.schema) {
        Ok(encoder) => encoder,
        Err(error) => {
            running.end(Outcome::Invalid);
            let message = format!("this answer does not fit the format: {error}");
            return Err(
                ApiError::new(StatusCode::BAD_REQUEST, "invalid_query", message).with_hint("cast the column to text")
            );
        }
    };
    let first = match answer.batches.next().await.transpose() {
        Ok(first) => first,
        Err(error) => {
            running.end(Outcome::of(&error));
            return Err(error.into());
        }
    };
    // A stream that has ended must not be asked again.
    let rows_left = if first.is_some() { limit.unwrap_or(usize::MAX) } else { 0 };
    let sending = Sending { answer, first, encoder, rows_left, running: Some(running), begun: false };
    Ok(([(header::CONTENT_TYPE, format.content_type())], Body::from_stream(pieces(sending))).into_response())
}

/// Fused: what compresses an answer asks once more after its end, and an unfolded stream panics then.
fn pieces(sending: Sending) -> impl Stream<Item = Result<Bytes, BoxError>> + Send {
    let unfolded = futures::stream::unfold(sending, |mut sending| async move {
        loop {
            sending.running.as_ref()?;
            match sending.next().await {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Some((Ok(Bytes::from(piece)), sending)),
                Err(error) => {
                    tracing::warn!(%error, "an answer broke off");
                    return Some((Err(error), sending));
                }
            }
        }
    });
    unfolded.fuse()
}

impl Sending {
    /// The next piece, maybe empty.
    async fn next(&mut self) -> Result<Vec<u8>, BoxError> {
        if !self.begun {
            self.begun = true;
            return Ok(self.encoder.begin()?);
        }
        match self.next_batch().await {
            Ok(Some(batch)) => Ok(self.encoder.batch(&batch).inspect_err(|_| self.end(Outcome::Failed))?),
            Ok(None) => {
                self.end(Outcome::Done);
                Ok(self.encoder.end()?)
            }
            Err(error) => {
                self.end(Outcome::of(&error));
                Err(error.into())
            }
        }
    }

    async fn next_batch(&mut self) -> Result<Option<RecordBatch>, EngineError> {
        if self.rows_left == 0 {
            return Ok(None);
        }
        let batch = match self.first.take() {
            Some(batch) => batch,
            None => match self.answer.batches.next().await.transpose()? {
                Some(batch) => batch,
                None => return Ok(None),
            },
        };
        let batch = if batch.num_rows() > self.rows_left { batch.slice(0, self.rows_left) } else { batch };
        self.rows_left -= batch.num_rows();
        Ok(Some(batch))
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(running) = self.running.take() {
            running.end(outcome);
        }
    }
}
