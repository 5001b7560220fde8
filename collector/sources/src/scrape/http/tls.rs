//! TLS as a `tls_config` says it. Files are read anew for each connection, so that renewed certificates are taken up.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::FetchError;
use crate::scrape::config::TlsSettings;

fn wrong(what: &str, error: &dyn std::fmt::Display) -> FetchError {
    FetchError::Tls(format!("{what}: {error}"))
}

/// A connector, and the name that the server's certificate must have.
pub(super) async fn connector(
    settings: &TlsSettings,
    host: &str,
) -> Result<(TlsConnector, ServerName<'static>), FetchError> {
    let name = settings.server_name.clone().unwrap_or_else(|| host.to_owned());
    let server = ServerName::try_from(name.clone()).map_err(|error| wrong(&name, &error))?;
    let settings = settings.clone();
    let config = tokio::task::spawn_blocking(move || config(&settings)).await;
    let config = config.map_err(|error| wrong("setting up", &error))??;
    Ok((TlsConnector::from(Arc::new(config)), server))
}

fn config(settings: &TlsSettings) -> Result<ClientConfig, FetchError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("protocol versions", &error))?;
    let builder = if settings.insecure_skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider)))
    } else {
        builder.with_root_certificates(roots(settings.ca_file.as_deref())?)
    };
    match (&settings.cert_file, &settings.key_file) {
        (Some(certificate), Some(key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(&key.display().to_string(), &error))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, key)
                .map_err(|error| wrong("the client's certificate", &error))
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FetchError> {
    let unreadable = |error: &dyn std::fmt::Display| wrong(&path.display().to_string(), error);
    let all = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
    all.collect::<Result<_, _>>().map_err(|error| unreadable(&error))
}

/// The certificates of a file, or those that the system trusts.
fn roots(file: Option<&Path>) -> Result<RootCertStore, FetchError> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| wrong(&path.display().to_string(), &error))?;
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    match roots.is_empty() {
        true => Err(FetchError::Tls("no certificates of authorities were found; name a ca_file".to_owned())),
        false => Ok(roots),
    }
}

/// `insecure_skip_verify`: whoever answers is believed.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
