//! The files of a certificate.

use instep_tokio::{Certificate, CertificateError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Files {
    pub(super) fn read(&self) -> Result<Certificate, String> {
        let Self { certificate, key } = self;
        let chain = read(certificate, "certificate")?;
        let secret = read(key, "key")?;
        Certificate::from_pem(&chain, &secret).map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            match error {
                CertificateError::NoKey | CertificateError::Encrypted | CertificateError::KeyKind => {
                    format!("cannot use the key {key}: {error}")
                }
                CertificateError::Mismatch => {
                    format!("cannot use the key {key}: it does not belong to the certificate {certificate}")
                }
                _ => {
                    format!("cannot use the certificate {certificate}: {error}")
                }
            }
        })
    }

    pub(super) fn changed(&self) -> Option<[SystemTime; 2]> {
        let changed = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        Some([changed(&self.certificate)?, changed(&self.key)?])
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read the {what} {}: {error}", path.display()))
}
