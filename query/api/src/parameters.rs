//! What requests carry besides SQL: query strings, moments, lengths of time; and literals for SQL of our own.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, Query};
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use spanlake_store::now_nanos;

use crate::error::ApiError;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const HOUR: i64 = 3600 * SECOND;

/// The query string as a struct.
pub(crate) fn read<T: DeserializeOwned>(uri: &Uri) -> Result<T, ApiError> {
    match Query::<T>::try_from_uri(uri) {
        Ok(Query(parameters)) => Ok(parameters),
        Err(rejection) => Err(ApiError::invalid(rejection.body_text())),
    }
}

/// A body, if it came whole and is no larger than its route takes.
pub(crate) fn body(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "invalid_request" };
        ApiError::new(rejection.status(), code, rejection.body_text())
    })
}

/// The part of the path that a route leaves open.
pub(crate) fn path_part(path: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    path.map(|Path(text)| text).map_err(|rejection| ApiError::invalid(rejection.body_text()))
}

/// The window that lists share: the last hour unless told.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Window {
    start: Option<String>,
    end: Option<String>,
    internal: Option<String>,
}

impl Window {
    /// From, and before (`None`: whatever is newest).
    pub(crate) fn bounds(&self) -> Result<(i64, Option<i64>), ApiError> {
        let end = self.end.as_deref().map(|text| moment("end", text)).transpose()?;
        let start = match self.start.as_deref() {
            Some(text) => moment("start", text)?,
            None => end.unwrap_or_else(now_nanos).saturating_sub(HOUR),
        };
        Ok((start, end))
    }

    pub(crate) fn is_internal(&self) -> Result<bool, ApiError> {
        truth("internal", self.internal.as_deref())
    }
}

/// `true`, `1`, `false`, `0` or nothing.
pub(crate) fn truth(name: &str, text: Option<&str>) -> Result<bool, ApiError> {
    match text {
        None | Some("" | "0" | "false") => Ok(false),
        Some("1" | "true") => Ok(true),
        Some(other) => Err(ApiError::invalid(format!("{name}: {other:?} is neither true nor false"))),
    }
}

/// RFC 3339, or nanoseconds since the epoch.
pub(crate) fn moment(name: &str, text: &str) -> Result<i64, ApiError> {
    if let Ok(nanos) = text.parse() {
        return Ok(nanos);
    }
    let parsed = chrono::DateTime::parse_from_rfc3339(text).ok().and_then(|time| time.timestamp_nanos_opt());
    parsed.ok_or_else(|| {
        ApiError::invalid(format!("{name}: {text:?} is neither RFC 3339 nor nanoseconds since the epoch"))
    })
}

/// `150ms`, `1.5s`, `2m`, `1h`, `80us`, `5ns`; a bare number is nanoseconds.
pub(crate) fn length(name: &str, text: &str) -> Result<i64, ApiError> {
    let split = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let nanos = match unit.trim() {
        "" | "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        "h" => 3600e9,
        _ => f64::NAN,
    };
    match number.parse::<f64>() {
        Ok(number) if !nanos.is_nan() => Ok((number * nanos) as i64),
        _ => Err(ApiError::invalid(format!("{name}: {text:?} is no length of time such as 150ms or 2s"))),
    }
}

/// A count from a query string, kept within bounds.
pub(crate) fn count(name: &str, text: Option<&str>, default: usize, max: usize) -> Result<usize, ApiError> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => match text.parse::<usize>() {
            Ok(count) if count > 0 => Ok(count.min(max)),
            _ => Err(ApiError::invalid(format!("{name}: {text:?} is no count"))),
        },
    }
}

/// A text as a literal of SQL.
pub(crate) fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A moment as a literal of SQL, of the type that the tables' times have.
pub(crate) fn sql_moment(nanos: i64) -> String {
    format!("arrow_cast({nanos}, 'Timestamp(Nanosecond, Some(\"UTC\"))')")
}

/// Conditions on a column of times.
pub(crate) fn sql_window(column: &str, start: i64, end: Option<i64>) -> String {
    let mut text = format!("{column} >= {}", sql_moment(start));
    if let Some(end) = end {
        text.push_str(&format!(" AND {column} < {}", sql_moment(end)));
    }
    text
}

#[cfg(test)]
mod tests;
