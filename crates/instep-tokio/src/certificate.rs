//! A certificate, its key, and how connections use them.

use rustls::ServerConfig;
use rustls::crypto::ring as provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A certificate with its key, for listeners. Its clones are one and the same: [`Certificate::replace`] changes all.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Mutex<Inner>>);

#[derive(Clone, Debug)]
struct Inner {
    config: Arc<ServerConfig>,
    own: CertificateDer<'static>,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// There is no certificate in PEM.
    NoCertificate,
    /// There is no private key in PEM.
    NoKey,
    /// The key belongs to another certificate.
    Mismatch,
    /// The certificate or the key is of a kind that is not supported, or is malformed.
    Unusable(String),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => {
                f.write_str("there is no certificate in PEM (-----BEGIN CERTIFICATE-----)")
            }
            Self::NoKey => f.write_str("there is no private key in PEM (-----BEGIN PRIVATE KEY-----)"),
            Self::Mismatch => f.write_str("the key does not fit the certificate"),
            Self::Unusable(why) => write!(f, "it cannot be used: {why}"),
        }
    }
}

impl std::error::Error for CertificateError {}

impl Certificate {
    /// From PEM: the chain with the server's own certificate first, and its private key (PKCS #8, PKCS #1 or SEC 1).
    ///
    /// # Errors
    /// If either is missing or unusable, or they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate)?;
        let own = chain.first().cloned().ok_or(CertificateError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey)?;
        let unusable = |error: rustls::Error| match error {
            rustls::Error::InconsistentKeys(_) => CertificateError::Mismatch,
            error => CertificateError::Unusable(error.to_string()),
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A client that comes back is spared the dear half of the handshake, and nothing is remembered for it here.
        config.ticketer = provider::Ticketer::new().map_err(unusable)?;
        Ok(Self(Arc::new(Mutex::new(Inner { config: Arc::new(config), own }))))
    }

    /// Uses another one from the next connection on.
    pub fn replace(&self, by: &Self) {
        let new = by.inner();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// The SHA-256 of the server's own certificate, as browsers show it: in hexadecimal, with colons.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.inner().own);
        let bytes: Vec<_> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    pub(crate) fn security(&self) -> Arc<ServerConfig> {
        self.inner().config
    }

    fn inner(&self) -> Inner {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
