//! Files with a private key in PEM (PKCS #8), as `openssl genpkey -algorithm ed25519` writes them, or with a session key.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rustix::rand::{GetRandomFlags, getrandom};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Start of a private key for Ed25519 in PKCS #8, before its 32 bytes (RFC 8410, section 7).
const PKCS8_START: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Makes a key for the sessions of several servers, and writes it to a new file that only its owner can read.
///
/// # Errors
/// A sentence, if the file exists or cannot be written.
pub(super) fn create_session_key(path: &Path) -> Result<(), String> {
    let mut key = Zeroizing::new([0; 32]);
    fill(&mut *key)?;
    let mut text = Zeroizing::new(String::with_capacity(65));
    // Writing to a text cannot fail.
    key.iter().try_for_each(|byte| write!(text, "{byte:02x}")).map_err(|error| error.to_string())?;
    text.push('\n');
    write_new(path, text.as_bytes(), "servers with another key do not accept its sessions")
}

/// Private key for images.
pub(super) struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a key, and writes it to a new file that only its owner can read.
    ///
    /// # Errors
    /// A sentence, if the file exists or cannot be written.
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        let mut der = Zeroizing::new([0; PKCS8_START.len() + 32]);
        let (start, seed) = der.split_at_mut(PKCS8_START.len());
        start.copy_from_slice(&PKCS8_START);
        fill(seed)?;
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.as_slice())
            .expect("the key is made as PKCS #8 has it");
        let base64 = Zeroizing::new(BASE64_STANDARD.encode(der.as_slice()));
        let pem =
            Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *base64));
        write_new(path, pem.as_bytes(), "devices accept only the key that they were built with")?;
        Ok(Self(key))
    }

    /// Reads a key from a file.
    ///
    /// # Errors
    /// A sentence, if the file cannot be read or has no key for Ed25519.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let failed = |cause: &str| {
            format!("cannot read the key {}: {cause}; make one by `instep keygen FILE`", path.display())
        };
        let pem = std::fs::read(path).map(Zeroizing::new).map_err(|error| failed(&error.to_string()))?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem)
            .map_err(|_| failed("there is no private key in PEM (-----BEGIN PRIVATE KEY-----)"))?;
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der());
        key.map(Self).map_err(|_| failed("it is no key for Ed25519"))
    }

    /// Returns the public key in hexadecimal digits, as a build takes it.
    pub(super) fn public_hex(&self) -> String {
        self.0.public_key().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Signs a text.
    pub(super) fn sign(&self, text: &str) -> [u8; 64] {
        let signature = self.0.sign(text.as_bytes());
        signature.as_ref().try_into().expect("a signature for Ed25519 has 64 bytes")
    }
}

/// Fills up to 256 bytes, which Linux gives at once.
fn fill(bytes: &mut [u8]) -> Result<(), String> {
    let length = rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty()))
        .map_err(|error| format!("cannot get random numbers: {error}"))?;
    assert_eq!(length, bytes.len(), "there are too few random bytes");
    Ok(())
}

/// Writes a new file that only its owner can read. `reason` says why a key is not replaced.
fn write_new(path: &Path, text: &[u8], reason: &str) -> Result<(), String> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text)?;
        file.sync_all()
    };
    write().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("cannot write {}: the file exists; name another one, because {reason}", path.display())
        }
        _ => format!("cannot write {}: {error}", path.display()),
    })
}
