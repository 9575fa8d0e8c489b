//! Settings that a build contains.

use crate::{DeviceName, Network, PasswordHash, WifiPassword};

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
