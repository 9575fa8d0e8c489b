//! Fingerprints of values.

use sha1::{Digest as _, Sha1};

/// Fingerprint of a build's value, to detect that a later build has another one.
///
/// The fingerprint does not protect a password, because the firmware contains the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; Fingerprint::LENGTH]);

impl Fingerprint {
    /// Length of a fingerprint, in bytes.
    pub(crate) const LENGTH: usize = 8;

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let digest: [u8; 20] = Sha1::digest(bytes).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Self([a, b, c, d, e, f, g, h])
    }
}
