//! The page: the files of `ui/dist`, as they were when the server was built.
//!
//! Owns caching and content encoding of static files. Any path that is no file shows the page itself, which
//! reads the address. Never answers below `/api`.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};

use crate::error::ApiError;
use crate::guard::is_below;

include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

struct File {
    path: &'static str,
    content_type: &'static str,
    /// A weak entity tag: the same for both encodings.
    tag: &'static str,
    plain: &'static [u8],
    gzip: Option<&'static [u8]>,
}

/// What no route has.
pub(crate) async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if is_below(path, "/api") {
        return ApiError::not_found(format!("there is no {method} {path}")).into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return method_not_allowed().await.into_response();
    }
    let name = path.trim_start_matches('/');
    match find(name) {
        Some(file) => answer(file, &headers),
        None if is_below(path, "/assets") => ApiError::not_found(format!("there is no file {path}")).into_response(),
        None => find("index.html")
            .map_or_else(|| ApiError::not_found("there is no page").into_response(), |file| answer(file, &headers)),
    }
}

/// What a route does not take.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this address does not take that method")
}

fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == name)
}

fn answer(file: &'static File, headers: &HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    // Names below `assets` change with their content.
    let caching = if file.path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if text(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim() == file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let takes_gzip = text(header::ACCEPT_ENCODING).split(',').any(|coding| {
            coding.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("gzip"))
                && !coding.replace(' ', "").ends_with(";q=0")
        });
        match file.gzip.filter(|_| takes_gzip) {
            Some(packed) => ([(header::CONTENT_ENCODING, "gzip")], packed).into_response(),
            None => file.plain.into_response(),
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ETAG, HeaderValue::from_static(file.tag));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}
