//! What a request's headers say of its body.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use spanlake_schemas::ingest::{Compression, Encoding};

use crate::fault::Fault;

/// The media type, whatever its case and parameters.
pub(super) fn encoding(headers: &HeaderMap) -> Result<Encoding, Fault> {
    let value = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/x-protobuf") {
        Ok(Encoding::Protobuf)
    } else if media_type.eq_ignore_ascii_case("application/json") {
        Ok(Encoding::Json)
    } else {
        Err(Fault::ContentType(media_type.to_owned()))
    }
}

/// One content coding at most; several in a row are no one's practice.
pub(super) fn compression(headers: &HeaderMap) -> Result<Compression, Fault> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let value = values.next().map(|value| value.to_str().unwrap_or("?").trim()).unwrap_or_default();
    match value {
        _ if values.next().is_some() => Err(Fault::Encoding("more than one".to_owned())),
        "" => Ok(Compression::None),
        _ if value.eq_ignore_ascii_case("identity") => Ok(Compression::None),
        _ if value.eq_ignore_ascii_case("gzip") || value.eq_ignore_ascii_case("x-gzip") => Ok(Compression::Gzip),
        _ if value.eq_ignore_ascii_case("zstd") => Ok(Compression::Zstd),
        _ => Err(Fault::Encoding(value.to_owned())),
    }
}
