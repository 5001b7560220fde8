//! Single settings: values of a form, and the groups that say who asks and how.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Authorization, HttpSettings, Secret, SecretSource, TlsSettings};
use crate::scrape::units;
use crate::scrape::yaml::{Node, YamlError};

pub(super) fn boolean(node: &Node) -> Result<bool, YamlError> {
    match node.text()? {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(node.fault(format!("{other:?} is neither true nor false"))),
    }
}

pub(super) fn number<T: std::str::FromStr>(node: &Node) -> Result<T, YamlError> {
    let text = node.text()?;
    text.parse().map_err(|_| node.fault(format!("{text:?} is not a whole number in range")))
}

pub(super) fn duration(node: &Node) -> Result<Duration, YamlError> {
    units::duration(node.text()?).map_err(|fault| node.fault(fault))
}

/// A duration after which something is done again.
pub(super) fn interval(node: &Node) -> Result<Duration, YamlError> {
    match duration(node)? {
        interval if interval < Duration::from_millis(10) => Err(node.fault("is less than 10ms")),
        interval => Ok(interval),
    }
}

pub(super) fn bytes(node: &Node) -> Result<u64, YamlError> {
    units::bytes(node.text()?).map_err(|fault| node.fault(fault))
}

pub(super) fn path(node: &Node, folder: &Path) -> Result<PathBuf, YamlError> {
    match node.text()? {
        "" => Err(node.fault("a path is missing")),
        text => Ok(folder.join(text)),
    }
}

/// A path of a file that must be there now.
fn present(node: &Node, folder: &Path) -> Result<PathBuf, YamlError> {
    let path = path(node, folder)?;
    match std::fs::File::open(&path) {
        Ok(_) => Ok(path),
        Err(error) => Err(node.fault(format!("{} cannot be read: {error}", path.display()))),
    }
}

pub(super) fn unknown(key: &str, node: &Node, known: &[&str]) -> YamlError {
    node.fault(format!("{key:?} is unknown here, expected one of {}", known.join(", ")))
}

fn inline(node: &Node) -> Result<SecretSource, YamlError> {
    Ok(SecretSource::Inline(Secret(node.text()?.to_owned())))
}

/// Collects what of a group is about HTTP; [`HttpFields::take`] says whether a key was.
#[derive(Default)]
pub(super) struct HttpFields {
    authorization: Vec<(&'static str, Authorization)>,
    tls: TlsSettings,
    stays: bool,
}

/// The keys that [`HttpFields::take`] knows.
pub(super) const HTTP_KEYS: [&str; 6] =
    ["basic_auth", "authorization", "bearer_token", "bearer_token_file", "tls_config", "follow_redirects"];

impl HttpFields {
    pub(super) fn take(&mut self, key: &str, node: &Node, folder: &Path) -> Result<bool, YamlError> {
        let bearer = |credentials| Authorization::Scheme { scheme: "Bearer".to_owned(), credentials };
        match key {
            "basic_auth" => self.authorization.push(("basic_auth", basic(node, folder)?)),
            "authorization" => self.authorization.push(("authorization", authorization(node, folder)?)),
            "bearer_token" => self.authorization.push(("bearer_token", bearer(inline(node)?))),
            "bearer_token_file" => {
                let file = SecretSource::File(present(node, folder)?);
                self.authorization.push(("bearer_token_file", bearer(file)));
            }
            "tls_config" => self.tls = tls(node, folder)?,
            "follow_redirects" => self.stays = !boolean(node)?,
            _ => return Ok(false),
        }
        match &self.authorization[..] {
            [_, (second, _), ..] => {
                Err(node.fault(format!("{second} stands beside another way to authorize; one is enough")))
            }
            _ => Ok(true),
        }
    }

    pub(super) fn finish(self) -> HttpSettings {
        HttpSettings {
            authorization: self.authorization.into_iter().next().map(|(_, authorization)| authorization),
            tls: self.tls,
            follow_redirects: !self.stays,
        }
    }
}

fn basic(node: &Node, folder: &Path) -> Result<Authorization, YamlError> {
    const KEYS: [&str; 4] = ["username", "username_file", "password", "password_file"];
    let (mut username, mut password) = (String::new(), None);
    for (key, value) in node.entries()? {
        let before = password.is_some();
        match key.as_str() {
            "username" => username = value.text()?.to_owned(),
            "username_file" => {
                let path = present(value, folder)?;
                let text = std::fs::read_to_string(&path).map_err(|error| value.fault(error.to_string()))?;
                username = text.trim().to_owned();
            }
            "password" => password = Some(inline(value)?),
            "password_file" => password = Some(SecretSource::File(present(value, folder)?)),
            other => return Err(unknown(other, value, &KEYS)),
        }
        if before && key.starts_with("password") {
            return Err(value.fault("both password and password_file are given"));
        }
    }
    let password = password.unwrap_or(SecretSource::Inline(Secret(String::new())));
    Ok(Authorization::Basic { username, password })
}

fn authorization(node: &Node, folder: &Path) -> Result<Authorization, YamlError> {
    const KEYS: [&str; 3] = ["type", "credentials", "credentials_file"];
    let (mut scheme, mut credentials) = ("Bearer".to_owned(), None);
    for (key, value) in node.entries()? {
        match key.as_str() {
            "type" if value.text()?.eq_ignore_ascii_case("basic") => {
                return Err(value.fault("for Basic there is basic_auth"));
            }
            "type" => scheme = value.text()?.trim().to_owned(),
            "credentials" | "credentials_file" if credentials.is_some() => {
                return Err(value.fault("both credentials and credentials_file are given"));
            }
            "credentials" => credentials = Some(inline(value)?),
            "credentials_file" => credentials = Some(SecretSource::File(present(value, folder)?)),
            other => return Err(unknown(other, value, &KEYS)),
        }
    }
    let credentials = credentials.ok_or_else(|| node.fault("credentials or credentials_file is missing"))?;
    Ok(Authorization::Scheme { scheme, credentials })
}

fn tls(node: &Node, folder: &Path) -> Result<TlsSettings, YamlError> {
    const KEYS: [&str; 6] = ["ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify", "min_version"];
    let mut tls = TlsSettings::default();
    for (key, value) in node.entries()? {
        match key.as_str() {
            "ca_file" => tls.ca_file = Some(present(value, folder)?),
            "cert_file" => tls.cert_file = Some(present(value, folder)?),
            "key_file" => tls.key_file = Some(present(value, folder)?),
            "server_name" => tls.server_name = Some(value.text()?.to_owned()),
            "insecure_skip_verify" => tls.insecure_skip_verify = boolean(value)?,
            // TLS 1.2 is the oldest that there is here.
            "min_version" if matches!(value.text()?, "TLS10" | "TLS11" | "TLS12") => {}
            "min_version" => return Err(value.fault("only TLS12 (the default), with 1.3 where both have it, is there")),
            other => return Err(unknown(other, value, &KEYS)),
        }
    }
    if tls.cert_file.is_some() != tls.key_file.is_some() {
        return Err(node.fault("cert_file and key_file belong together"));
    }
    Ok(tls)
}
