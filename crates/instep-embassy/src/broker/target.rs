//! The broker at which a device publishes, and how the connection to it stands.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
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

/// How the connection to a broker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerStatus {
    /// Whether the broker has accepted the device, and the connection has not ended.
    pub connected: bool,
    /// The number of connections that the broker has accepted.
    pub connections: u32,
}

/// Numbers of connections, which only the client changes.
pub(super) struct Counts {
    pub(super) opened: AtomicU32,
    pub(super) closed: AtomicU32,
}

impl Counts {
    pub(super) const fn new() -> Self {
        Self { opened: AtomicU32::new(0), closed: AtomicU32::new(0) }
    }

    pub(super) fn status(&self) -> BrokerStatus {
        let closed = self.closed.load(Ordering::Relaxed);
        let connections = self.opened.load(Ordering::Relaxed);
        BrokerStatus { connected: connections != closed, connections }
    }

    /// Adds one. Not every chip has an instruction for it, and only one task calls this.
    pub(super) fn note(count: &AtomicU32) {
        count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
}

/// Without the password.
impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Broker({} as {})", self.address, self.id)
    }
}
