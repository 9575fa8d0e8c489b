//! Settings that a build contains.

use crate::{DeviceName, Network, PasswordHash, WifiPassword};
use sha1::{Digest, Sha1};

/// Settings of a build. Settings that it omits stay as they are.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// Network to join.
    pub network: Option<Network>,
    /// Password of the device's own network.
    pub ap_password: Option<WifiPassword>,
    /// Name of the device.
    pub device_name: Option<DeviceName>,
    /// Hash of the log-in password.
    ///
    /// The hash of one password must be the same in each build, so its salt must be the same, too.
    pub log_in: Option<PasswordHash>,
    /// Address of the broker.
    #[cfg(feature = "mqtt")]
    pub broker: Option<crate::BrokerUrl>,
    /// Password at the broker.
    #[cfg(feature = "mqtt")]
    pub broker_password: Option<crate::BrokerPassword>,
}

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
