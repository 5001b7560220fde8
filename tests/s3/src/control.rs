//! The control route of the binary: `/_double/mode`, `/_double/objects`, `/_double/counts`.
//!
//! Owns its JSON. No bucket can have that name, so nothing of S3 is hidden by it. Never delayed and never failing.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use s3s::Body;

use crate::faults::Faults;
use crate::mode::Mode;
use crate::objects::Objects;

/// Where the route lies.
pub const PREFIX: &str = "/_double/";

fn answer(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

fn json(value: &impl serde::Serialize) -> Response<Body> {
    answer(StatusCode::OK, serde_json::to_string(value).expect("plain data always serialises"))
}

/// Answers, and gives the mode that was asked for.
pub fn handle(
    method: &Method,
    path: &str,
    body: &Bytes,
    faults: &Faults,
    objects: &Objects,
) -> (Response<Body>, Option<Mode>) {
    match (method, path.strip_prefix(PREFIX).unwrap_or_default()) {
        (&Method::GET, "mode") => (json(&faults.mode()), None),
        (&Method::GET, "counts") => (json(&faults.counts()), None),
        (&Method::GET, "objects") => {
            let sizes: BTreeMap<String, usize> =
                objects.all().into_iter().map(|(key, bytes)| (key, bytes.len())).collect();
            (json(&sizes), None)
        }
        (&Method::PUT | &Method::POST, "mode") => match serde_json::from_slice::<Mode>(body) {
            // Nobody could ever ask again to be reached.
            Ok(mode) if mode.is_unreachable => {
                let said = "kill the process to make it unreachable; only a test in the same process can undo this";
                (answer(StatusCode::BAD_REQUEST, format!("{said}\n")), None)
            }
            Ok(mode) => (json(&mode), Some(mode)),
            Err(error) => (answer(StatusCode::BAD_REQUEST, format!("{error}\n")), None),
        },
        _ => (answer(StatusCode::NOT_FOUND, "mode, counts or objects\n".to_owned()), None),
    }
}
