//! A certificate, its key, and how connections use them.

use crate::x509::{Head, Validity};
use rustls::crypto::ring as provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A certificate with its key, for listeners. Its clones are one and the same: [`Certificate::replace`] changes all.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Mutex<Inner>>);

#[derive(Clone, Debug)]
struct Inner {
    config: Arc<ServerConfig>,
    own: CertificateDer<'static>,
    validity: Validity,
}

const DAMAGED: CertificateError =
    CertificateError::Unusable("it is damaged, or of a form that is not supported");

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// There is no certificate in PEM.
    NoCertificate,
    /// There is no private key in PEM.
    NoKey,
    /// The private key is encrypted.
    Encrypted,
    /// The private key is of a kind that is not supported, or damaged.
    KeyKind,
    /// The key belongs to another certificate.
    Mismatch,
    /// The certificate is of this version of X.509, which clients refuse.
    Version(u8),
    /// The certificate is damaged, or of a form that is not supported.
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
                "it is encrypted, and nobody is there to type its passphrase: `openssl pkey -in FILE -out NEW` writes it without",
            ),
            Self::KeyKind => f.write_str(
                "it is none of RSA with 2048 to 8192 bits, ECDSA with P-256 or P-384, and Ed25519",
            ),
            Self::Mismatch => f.write_str("the key does not fit the certificate"),
            Self::Version(version) => write!(
                f,
                "it is of version {version} of X.509, which clients refuse: have it made anew, of version 3"
            ),
            Self::Unusable(why) => f.write_str(why),
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
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&without_marks(chain))
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate)?;
        let own = chain.first().cloned().ok_or(CertificateError::NoCertificate)?;
        let head = Head::read(&own).ok_or(DAMAGED)?;
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
        // A client that comes back is spared the dear half of the handshake, and nothing is remembered for it here.
        config.ticketer = provider::Ticketer::new().map_err(unusable)?;
        Ok(Self(Arc::new(Mutex::new(Inner { config: Arc::new(config), own, validity: head.validity }))))
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

    /// The time in which the server's own certificate is valid.
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

fn read_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
        let has = |text: &str| pem.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        if has("-----BEGIN ENCRYPTED PRIVATE KEY-----") || has("Proc-Type: 4,ENCRYPTED") {
            CertificateError::Encrypted
        } else if has("PRIVATE KEY-----") {
            CertificateError::KeyKind
        } else {
            CertificateError::NoKey
        }
    })
}

/// The same without the byte order marks that some editors put before a text, and that stay where files are joined.
fn without_marks(pem: &[u8]) -> Cow<'_, [u8]> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let mut rest = pem;
    let mut clean = Vec::new();
    while let Some(at) = rest.windows(MARK.len()).position(|bytes| bytes == MARK) {
        clean.extend_from_slice(&rest[..at]);
        rest = &rest[at + MARK.len()..];
    }
    if rest.len() == pem.len() {
        return Cow::Borrowed(pem);
    }
    clean.extend_from_slice(rest);
    Cow::Owned(clean)
}
