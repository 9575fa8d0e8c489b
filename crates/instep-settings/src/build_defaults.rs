//! What is given when a firmware is built.

use crate::{DeviceName, Network, PasswordHash, WifiPassword};
use sha1::{Digest, Sha1};

/// The settings that a build brings along. What it does not give stays as it is.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// The network to join.
    pub network: Option<Network>,
    /// The password of the network that the device itself makes.
    pub ap_password: Option<WifiPassword>,
    /// The device's name.
    pub device_name: Option<DeviceName>,
    /// The hash of the log-in password. It has to be the same for the same password in each build (so its salt is, too).
    pub log_in: Option<PasswordHash>,
}

/// What is remembered of a value that was taken from a build: enough to tell another one from it. It is no protection of
/// a password; that password lies in the firmware itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(pub(crate) [u8; Fingerprint::LENGTH]);

impl Fingerprint {
    pub(crate) const LENGTH: usize = 8;

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let digest: [u8; 20] = Sha1::digest(bytes).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        Self([a, b, c, d, e, f, g, h])
    }
}
