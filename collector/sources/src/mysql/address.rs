//! `mysql://user:password@host:port/` as a checked value that cannot print its password.

use std::fmt;
use std::path::PathBuf;

use mysql_async::{Opts, OptsBuilder, UrlError};
use url::Url;

/// Where a server is and how to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct MysqlUrl {
    opts: Opts,
    user: String,
    host: String,
    port: u16,
}

/// Why a text is no such address. Never repeats the text: a password may be in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MysqlUrlError {
    #[error(
        "not a URL of the form mysql://user:password@host:port/ ({reason}); in a password write @ as %40, : as %3A, / as %2F"
    )]
    NotAUrl { reason: String },
    #[error("the scheme is {scheme:?}, expected mysql://user:password@host:port/")]
    Scheme { scheme: String },
    #[error("no host is named, expected mysql://user:password@host:port/")]
    NoHost,
    #[error("the parameter {parameter:?} is unknown or has a value that does not fit")]
    Parameter { parameter: String },
    #[error("the password's file {path:?} cannot be read: {reason}")]
    PasswordFile { path: String, reason: String },
    #[error("the password is to come from the environment variable {name:?}, which is not set")]
    PasswordVariable { name: String },
}

impl MysqlUrl {
    /// Reads an address. The port is 3306 where none is given, the user `root`. The password may be in a file
    /// (`?password_file=/path`, without the line's end) or in the environment (`?password_env=NAME`); certificates of
    /// authorities are taken from `?tls_ca=/path` too.
    ///
    /// # Errors
    /// When it is not one, in words that do not contain it.
    pub fn parse(text: &str) -> Result<Self, MysqlUrlError> {
        let url = Url::parse(text).map_err(|error| MysqlUrlError::NotAUrl { reason: error.to_string() })?;
        if url.scheme() != "mysql" {
            // A text without "://" may be parsed with anything as its scheme, a user name for one.
            let scheme = if text.contains("://") { url.scheme() } else { "" };
            return Err(MysqlUrlError::Scheme { scheme: scheme.to_owned() });
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MysqlUrlError::NoHost)?.to_owned();
        let (plain, ours) = without_own_parameters(&url);
        let opts = Opts::from_url(plain.as_str()).map_err(|error| match error {
            UrlError::Parse(error) => MysqlUrlError::NotAUrl { reason: error.to_string() },
            UrlError::UnsupportedScheme { scheme } => MysqlUrlError::Scheme { scheme },
            UrlError::InvalidParamValue { param, .. }
            | UrlError::UnknownParameter { param }
            | UrlError::FeatureRequired { param, .. } => MysqlUrlError::Parameter { parameter: param },
            UrlError::Invalid | UrlError::InvalidPoolConstraints { .. } => {
                MysqlUrlError::NotAUrl { reason: "incomplete".to_owned() }
            }
        })?;
        let user = opts.user().unwrap_or("root").to_owned();
        let opts = ours.applied(opts)?;
        let (port, bare_host) = (opts.tcp_port(), host.trim_start_matches('[').trim_end_matches(']').to_owned());
        Ok(Self { opts, user, host: bare_host, port })
    }

    /// Host name or address, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, with brackets around an IPv6 address.
    #[must_use]
    pub fn endpoint(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub(super) fn options(&self) -> OptsBuilder {
        let builder = OptsBuilder::from_opts(self.opts.clone()).user(Some(self.user.clone()));
        // Over TCP as told: a local socket would answer for another address than the one that is published.
        if self.opts.socket().is_none() { builder.prefer_socket(false) } else { builder }
    }
}

/// Parameters that the client does not know.
#[derive(Default)]
struct OwnParameters {
    password_file: Option<String>,
    password_env: Option<String>,
    tls_ca: Option<String>,
}

fn without_own_parameters(url: &Url) -> (Url, OwnParameters) {
    let mut ours = OwnParameters::default();
    let mut rest = Vec::new();
    for (key, value) in url.query_pairs() {
        match key.as_ref() {
            "password_file" => ours.password_file = Some(value.into_owned()),
            "password_env" => ours.password_env = Some(value.into_owned()),
            "tls_ca" => ours.tls_ca = Some(value.into_owned()),
            _ => rest.push((key.into_owned(), value.into_owned())),
        }
    }
    let mut plain = url.clone();
    plain.set_query(None);
    if !rest.is_empty() {
        plain.query_pairs_mut().extend_pairs(rest);
    }
    (plain, ours)
}

impl OwnParameters {
    fn applied(self, opts: Opts) -> Result<Opts, MysqlUrlError> {
        let mut builder = OptsBuilder::from_opts(opts.clone());
        if let Some(path) = self.password_file {
            let password = std::fs::read_to_string(&path)
                .map_err(|error| MysqlUrlError::PasswordFile { path, reason: error.to_string() })?;
            builder = builder.pass(Some(password.trim_end_matches(['\n', '\r'])));
        } else if let Some(name) = self.password_env {
            let password = std::env::var(&name).map_err(|_| MysqlUrlError::PasswordVariable { name })?;
            builder = builder.pass(Some(password));
        }
        if let Some(path) = self.tls_ca {
            let ssl = opts.ssl_opts().cloned().unwrap_or_default();
            builder = builder.ssl_opts(ssl.with_root_certs(vec![PathBuf::from(path).into()]));
        }
        Ok(builder.into())
    }
}

impl fmt::Display for MysqlUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "mysql://{}", self.endpoint())
    }
}

impl fmt::Debug for MysqlUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "MysqlUrl(mysql://{}:…@{})", self.user, self.endpoint())
    }
}
