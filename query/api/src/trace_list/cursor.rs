//! Where a page of the list ended, as an opaque text that the next request brings back.
//!
//! Owns its bytes: the place of the last trace shown, how far the search had come, and traces that were found but have
//! later places. It says of what query it is, so that it is not used for another. Holds no state of the server: it is
//! good after a restart.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use spanlake_schemas::ids::TraceId;

use crate::error::ApiError;

/// The first byte; another form gets another one.
const FORM: u8 = 1;
/// Bytes before the traces that wait.
const HEAD_BYTES: usize = 1 + 8 + 8 + 8 + 8 + 8 + 16;
/// Traces that a cursor carries; what is beyond is looked for again.
pub(super) const PENDING_MAX: usize = 32;

/// A place in the list: newest first, of equal ones the greatest id first.
pub(super) type Place = (i64, TraceId);

/// The end of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Of the query.
    pub(super) query: u64,
    /// The moment of the first page: windows are reckoned from it.
    pub(super) now: i64,
    /// All places before this one were shown.
    pub(super) last: Place,
    /// Where the scan of what claims to be in the future goes on, and that of the rest; `i64::MIN` at the end.
    pub(super) future: i64,
    pub(super) past: i64,
    /// Traces that were found above these moments and come later.
    pub(super) pending: Vec<TraceId>,
}

impl Cursor {
    /// The moment from which the pages are reckoned.
    pub(crate) const fn now(&self) -> i64 {
        self.now
    }

    /// The text.
    pub(super) fn encoded(&self) -> String {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + 16 * self.pending.len());
        bytes.push(FORM);
        bytes.extend(self.query.to_be_bytes());
        for moment in [self.now, self.future, self.past, self.last.0] {
            bytes.extend(moment.to_be_bytes());
        }
        bytes.extend(self.last.1.0);
        bytes.extend(self.pending.iter().flat_map(|id| id.0));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text that must be of this query.
    pub(super) fn decoded(text: &str, query: u64) -> Result<Self, ApiError> {
        let wrong = |message: &str| {
            ApiError::new(StatusCode::BAD_REQUEST, "invalid_cursor", format!("cursor: {message}"))
                .with_hint("ask for the first page, without a cursor")
        };
        let read = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| Self::of_bytes(&bytes));
        let cursor = read.ok_or_else(|| wrong("it is none that this server gave"))?;
        if cursor.query != query {
            return Err(wrong("it is of another query; all parameters but `limit` must be those of the first page"));
        }
        Ok(cursor)
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, pending) = bytes.split_at_checked(HEAD_BYTES)?;
        let number = |at: usize| head.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
        let moment = |at: usize| number(at).map(u64::cast_signed);
        if head[0] != FORM || pending.len() % 16 != 0 || pending.len() / 16 > PENDING_MAX {
            return None;
        }
        Some(Self {
            query: number(1)?,
            now: moment(9)?,
            future: moment(17)?,
            past: moment(25)?,
            last: (moment(33)?, TraceId::from_slice(&head[41..])?),
            pending: pending.chunks_exact(16).filter_map(TraceId::from_slice).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_no_other() {
        let cursor = Cursor {
            query: 7,
            now: 1,
            last: (-5, TraceId([3; 16])),
            future: i64::MIN,
            past: 99,
            pending: vec![TraceId([1; 16]), TraceId([2; 16])],
        };
        let text = cursor.encoded();
        assert_eq!(Cursor::decoded(&text, 7), Ok(cursor));
        for (text, query) in [(text.as_str(), 8), ("", 7), ("%%", 7), (&text[..20], 7), (&text[..text.len() - 4], 7)] {
            let error = Cursor::decoded(text, query).unwrap_err();
            assert_eq!((error.code, error.status.as_u16()), ("invalid_cursor", 400), "{text}");
        }
    }
}
