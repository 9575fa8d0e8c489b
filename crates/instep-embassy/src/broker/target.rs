//! The broker at which a device publishes.

use core::fmt;
use instep_mqtt::{BrokerAddress, DeviceId};

/// Maximum length of the user name and of the password at a broker, in bytes.
pub const LOGIN_MAX: usize = 64;

/// Broker at which a device publishes its state.
#[derive(Clone, Copy)]
pub struct Broker {
    /// The address, whose user name has at most [`LOGIN_MAX`] bytes.
    pub address: BrokerAddress<'static>,
    /// The password of the user there, of at most [`LOGIN_MAX`] bytes.
    pub password: Option<&'static str>,
    /// The id of the device there.
    pub id: DeviceId,
    /// Whether commands from the broker are taken although the device has a password.
    pub commands: bool,
    /// The address of the device's page, to which Home Assistant links.
    pub page: Option<&'static str>,
}

/// Without the password.
impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({} as {})", self.address, self.id)
    }
}
