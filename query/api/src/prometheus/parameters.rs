//! Parameters of a request: the query string and, of a POST, the form.

use axum::extract::{FromRequest, Request};
use http::{Method, header};
use spanlake_promql::duration::parse_duration;
use spanlake_promql::matcher::Matcher;
use spanlake_promql::syntax::parser::parse_selector;
use spanlake_store::now_nanos;

use super::answer::Failure;

const FORM_BYTES_MAX: usize = 1 << 20;

/// All of them, in order.
pub(super) struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let of_uri = request.uri().query().unwrap_or_default();
        let mut all: Vec<(String, String)> = url::form_urlencoded::parse(of_uri.as_bytes()).into_owned().collect();
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_form = content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        if request.method() == Method::POST && is_form {
            let body = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await;
            let body = body.map_err(|error| Failure::bad_data(format!("error parsing form values: {error}")))?;
            // What the form says goes before what the query string says, as in Go's `FormValue`.
            let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
            all.splice(..0, form);
        }
        Ok(Self(all))
    }
}

impl Parameters {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of a name.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// `match[]`, each read.
    pub(super) fn selectors(&self) -> Result<Vec<Vec<Matcher>>, Failure> {
        let given = self.0.iter().filter(|(name, _)| name == "match[]");
        given
            .map(|(_, text)| {
                parse_selector(text)
                    .map_err(|error| Failure::bad_data(format!("invalid parameter \"match[]\": {error}")))
            })
            .collect()
    }

    /// A moment in milliseconds: RFC 3339, or seconds since 1970.
    pub(super) fn moment(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if let Ok(seconds) = text.parse::<f64>()
            && seconds.is_finite()
        {
            return Ok(Some((seconds * 1000.0).round() as i64));
        }
        match chrono::DateTime::parse_from_rfc3339(text) {
            Ok(time) => Ok(Some(time.timestamp_millis())),
            Err(_) => {
                let message = format!("invalid parameter {name:?}: cannot parse {text:?} to a valid timestamp");
                Err(Failure::bad_data(message))
            }
        }
    }

    pub(super) fn moment_or_now(&self, name: &str) -> Result<i64, Failure> {
        Ok(self.moment(name)?.unwrap_or_else(|| now_nanos() / 1_000_000))
    }

    pub(super) fn wanted_moment(&self, name: &str) -> Result<i64, Failure> {
        self.moment(name)?.ok_or_else(|| {
            Failure::bad_data(format!("invalid parameter {name:?}: cannot parse \"\" to a valid timestamp"))
        })
    }

    /// A length of time in milliseconds: `5m`, or seconds.
    pub(super) fn length(&self, name: &str) -> Result<Option<i64>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        if let Ok(seconds) = text.parse::<f64>()
            && seconds.is_finite()
        {
            return Ok(Some((seconds * 1000.0) as i64));
        }
        let length = parse_duration(text);
        length.map(Some).map_err(|_| {
            Failure::bad_data(format!("invalid parameter {name:?}: cannot parse {text:?} to a valid duration"))
        })
    }

    /// Most entries of a list; `None` is all.
    pub(super) fn limit(&self) -> Result<Option<usize>, Failure> {
        match self.get("limit").map(str::parse::<usize>) {
            None | Some(Ok(0)) => Ok(None),
            Some(Ok(limit)) => Ok(Some(limit)),
            Some(Err(_)) => Err(Failure::bad_data("invalid parameter \"limit\": limit must be a non-negative number")),
        }
    }
}
