//! Clients of S3, GCS and Azure: made from a URL, and what their errors mean to an operator.
//!
//! Owns retries; time limits are the client's own (5 s to connect, 30 s a request), which the environment and
//! `cold.options` can change as everything else of it. Never logs a credential, nor a URL with one.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{BackoffConfig, ObjectStore, ObjectStoreScheme, RetryConfig};
use spanlake_schemas::errors::with_causes;
use url::Url;

/// The URL as it may be shown.
pub fn without_secrets(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(url) else { return url.to_owned() };
    // Neither can fail for a URL with a host, and one without has nothing to hide.
    let _ = parsed.set_password(None);
    if !parsed.username().is_empty() {
        let _ = parsed.set_username("");
    }
    parsed.set_query(None);
    parsed.to_string()
}

fn retry() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 };
    RetryConfig { backoff, max_retries: 4, retry_timeout: Duration::from_secs(20) }
}

/// The client, and the prefix of keys; or the end of a sentence that starts with the URL.
pub fn open(url: &Url, options: &[(String, String)]) -> Result<(Arc<dyn ObjectStore>, Key), String> {
    let (scheme, prefix) = ObjectStoreScheme::parse(url).map_err(|_| {
        "it is none of a path, file:///…, s3://bucket/prefix, gs://bucket/prefix and az://container/prefix".to_owned()
    })?;
    let store: Arc<dyn ObjectStore> = match scheme {
        ObjectStoreScheme::AmazonS3 => {
            let mut builder = AmazonS3Builder::from_env().with_retry(retry());
            for (key, value) in options {
                builder = builder.with_config(key.parse().map_err(|_| unknown(key, "aws_"))?, value);
            }
            Arc::new(builder.with_url(url.as_str()).build().map_err(|error| error.to_string())?)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let mut builder = GoogleCloudStorageBuilder::from_env().with_retry(retry());
            for (key, value) in options {
                builder = builder.with_config(key.parse().map_err(|_| unknown(key, "google_"))?, value);
            }
            Arc::new(builder.with_url(url.as_str()).build().map_err(|error| error.to_string())?)
        }
        ObjectStoreScheme::MicrosoftAzure => {
            let mut builder = MicrosoftAzureBuilder::from_env().with_retry(retry());
            for (key, value) in options {
                builder = builder.with_config(key.parse().map_err(|_| unknown(key, "azure_"))?, value);
            }
            Arc::new(builder.with_url(url.as_str()).build().map_err(|error| error.to_string())?)
        }
        _ => return Err("only paths, s3://, gs:// and az:// are places for the cold tier".to_owned()),
    };
    Ok((store, prefix))
}

fn unknown(key: &str, prefix: &str) -> String {
    format!("`cold.options` has {key:?}, which is no option of this kind of store; they begin with {prefix}")
}

/// The start of a sentence: what is wrong, as far as the answer tells.
pub fn hint(error: &object_store::Error) -> &'static str {
    let text = with_causes(error);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["NoSuchBucket", "ContainerNotFound", "bucket does not exist"]) {
        "there is no such bucket; make it, or mend `cold.url`"
    } else if has(&["ExpiredToken", "TokenRefreshRequired", "token has expired", "invalid_grant"]) {
        "the credentials have expired; renew them and start again"
    } else if has(&["InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed"]) {
        "the credentials are wrong"
    } else if has(&["instance metadata", "169.254.169.254", "metadata.google"]) {
        "no credentials were found; set them in the environment or in `cold.options`"
    } else {
        match error {
            object_store::Error::PermissionDenied { .. } => "the credentials do not allow it",
            object_store::Error::Unauthenticated { .. } => "the credentials are not accepted",
            object_store::Error::NotFound { .. } => "it is not there",
            object_store::Error::AlreadyExists { .. } => "it is there already",
            _ if has(&["client error (Connect)", "error sending request", "tcp connect", "dns error"]) => {
                "the store cannot be reached"
            }
            _ => "the store failed",
        }
    }
}

/// Whether there is no such object, in a bucket that is there.
pub fn is_absent(error: &object_store::Error) -> bool {
    let text = with_causes(error);
    let is_no_bucket = text.contains("NoSuchBucket") || text.contains("ContainerNotFound");
    matches!(error, object_store::Error::NotFound { .. }) && !is_no_bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_a_url_is_shown() {
        assert_eq!(without_secrets("s3://key:secret@bucket/prefix?sig=abc"), "s3://bucket/prefix");
        assert_eq!(without_secrets("/var/lib/cold"), "/var/lib/cold");
    }

    #[test]
    fn what_is_no_place_is_said() {
        let open = |url: &str| super::open(&Url::parse(url).unwrap(), &[]).map(|_| ()).unwrap_err();
        assert!(open("ftp://host/x").contains("s3://bucket/prefix"));
        let options = [("aws_secret_acess_key".to_owned(), "hunter2".to_owned())];
        let wrong = super::open(&Url::parse("s3://bucket").unwrap(), &options).map(|_| ()).unwrap_err();
        assert!(wrong.contains("aws_secret_acess_key") && !wrong.contains("hunter2"), "{wrong}");
    }
}
