//! Certificate of a listener, with its key and TLS configuration.

use crate::x509::{Head, Validity};
use rustls::crypto::ring as provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Certificate with its key, for listeners.
///
/// Clones share their content, so [`Certificate::replace`] changes all of them.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Mutex<Inner>>);

#[derive(Clone, Debug)]
struct Inner {
    config: Arc<ServerConfig>,
    /// Server's own certificate, the first of the chain.
    leaf: CertificateDer<'static>,
    validity: Validity,
}

const DAMAGED: CertificateError = CertificateError::Unusable("it is damaged, or of an unsupported form");

/// Reason why a certificate or its key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// No certificate in PEM.
    NoCertificate,
    /// No private key in PEM.
    NoKey,
    /// Encrypted private key.
    Encrypted,
    /// Private key that is damaged or of an unsupported kind.
    KeyKind,
    /// Private key of another certificate.
    Mismatch,
    /// Certificate of this version of X.509; clients accept version 3 only.
    Version(u8),
    /// Certificate that is damaged or of an unsupported form.
    Unusable(&'static str),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => {
                f.write_str("there is no certificate in PEM (-----BEGIN CERTIFICATE-----)")
            }
            Self::NoKey => f.write_str("there is no private key in PEM (-----BEGIN PRIVATE KEY-----)"),
            Self::Encrypted => f.write_str(
                "it is encrypted, and a server cannot ask for its passphrase; decrypt it with `openssl pkey -in FILE -out NEW`",
            ),
            Self::KeyKind => f.write_str(
                "it is none of RSA with 2048 to 8192 bits, ECDSA with P-256 or P-384, and Ed25519; use a key of these",
            ),
            Self::Mismatch => f.write_str("the key does not belong to the certificate"),
            Self::Version(version) => write!(
                f,
                "it is of version {version} of X.509, which clients refuse; issue it with version 3"
            ),
            Self::Unusable(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CertificateError {}

impl Certificate {
    /// Reads a certificate chain and its private key from PEM.
    ///
    /// The server's own certificate comes first. The key is in PKCS #8, PKCS #1 or SEC 1.
    ///
    /// # Errors
    /// If either is missing or unusable, or the key does not belong to the certificate.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(without_marks(chain).as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate)?;
        let leaf = chain.first().cloned().ok_or(CertificateError::NoCertificate)?;
        let head = Head::read(&leaf).ok_or(DAMAGED)?;
        if head.version != 3 {
            return Err(CertificateError::Version(head.version));
        }
        let provider = Arc::new(provider::default_provider());
        let key = read_key(&without_marks(key))?;
        let signing = provider.key_provider.load_private_key(key).map_err(|_| CertificateError::KeyKind)?;
        let pair = CertifiedKey::new(chain, signing);
        match pair.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(CertificateError::Mismatch),
            Err(_) => return Err(DAMAGED),
        }
        let unusable = |_| CertificateError::Unusable("the cryptography of this build does not work");
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Tickets let a client resume a session without the asymmetric part of the handshake, and the server
        // stores nothing.
        config.ticketer = provider::Ticketer::new().map_err(unusable)?;
        Ok(Self(Arc::new(Mutex::new(Inner { config: Arc::new(config), leaf, validity: head.validity }))))
    }

    /// Replaces the certificate for all later connections.
    pub fn replace(&self, by: &Self) {
        let new = by.inner();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Returns the SHA-256 of the server's certificate, as browsers show it.
    ///
    /// The digits are hexadecimal, with colons between bytes.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.inner().leaf);
        let bytes: Vec<_> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }

    /// Returns the validity of the server's certificate.
    pub fn validity(&self) -> Validity {
        self.inner().validity
    }

    pub(crate) fn security(&self) -> Arc<ServerConfig> {
        self.inner().config
    }

    fn inner(&self) -> Inner {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read_key(pem: &str) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || pem.contains("Proc-Type: 4,ENCRYPTED") {
            CertificateError::Encrypted
        } else if pem.contains("PRIVATE KEY-----") {
            CertificateError::KeyKind
        } else {
            CertificateError::NoKey
        }
    })
}

/// Removes byte order marks, which some editors write, and which remain inside joined files.
fn without_marks(pem: &[u8]) -> String {
    String::from_utf8_lossy(pem).replace('\u{feff}', "")
}
