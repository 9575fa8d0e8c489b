//! The broker at which a device publishes, and how the connection to it stands.

use super::address::{BrokerAddress, BrokerLogin};
use super::status::{BrokerStatus, Connections};
use instep_mqtt::DeviceId;

/// Broker at which a device publishes its state.
#[derive(Debug)]
pub struct Broker {
    pub(super) address: BrokerAddress,
    pub(super) login: Option<BrokerLogin>,
    pub(super) id: DeviceId,
    /// Whether commands from the broker are taken.
    pub(super) commands: bool,
    /// Whether Home Assistant is told of the device.
    pub(super) discovery: bool,
    /// The address of the device's page.
    pub(super) page: Option<String>,
    pub(super) connections: Connections,
}

impl Broker {
    /// Creates the description of a broker, at which the device has this id.
    ///
    /// `commands` is whether commands are taken from there.
    pub fn new(address: BrokerAddress, login: Option<BrokerLogin>, id: DeviceId, commands: bool) -> Self {
        Self {
            address,
            login,
            id,
            commands,
            discovery: true,
            page: None,
            connections: Connections::default(),
        }
    }

    /// Sets the address of the device's page, to which Home Assistant links.
    pub fn with_page(self, page: Option<String>) -> Self {
        Self { page, ..self }
    }

    /// Does not tell Home Assistant of the device.
    pub fn without_discovery(self) -> Self {
        Self { discovery: false, ..self }
    }

    /// Returns whether commands from the broker are taken.
    pub fn takes_commands(&self) -> bool {
        self.commands
    }

    /// Returns how the connection stands.
    pub fn status(&self) -> BrokerStatus {
        self.connections.status()
    }
}
