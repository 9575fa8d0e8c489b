//! Slots of the table, each of which is a record of the storage.

use crate::KEPT_MAX;

/// Maximum number of records: the version, six settings, and the persisted values.
pub(crate) const SLOTS: usize = FIRST_KEPT + KEPT_MAX;

/// Slot of the version.
pub(crate) const VERSION_SLOT: usize = 0;
/// Slot of the network to join.
pub(crate) const NETWORK: usize = 1;
/// Slot of the password of the device's own network.
pub(crate) const AP_PASSWORD: usize = 2;
/// Slot of the device's name.
pub(crate) const DEVICE_NAME: usize = 3;
/// Slot of the hash of the log-in password.
pub(crate) const LOG_IN: usize = 4;
/// Slot of the address of the broker.
#[cfg(feature = "mqtt")]
pub(crate) const BROKER: usize = 5;
/// Slot of the password at the broker.
#[cfg(feature = "mqtt")]
pub(crate) const BROKER_PASSWORD: usize = 6;
/// First slot of the persisted values.
pub(crate) const FIRST_KEPT: usize = 7;

/// Set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots(u32);

const _: () = assert!(SLOTS <= 32, "a slot has no bit");

impl Slots {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn has(self, slot: usize) -> bool {
        self.0 & (1 << slot) != 0
    }

    pub(crate) fn add(&mut self, slot: usize) {
        self.0 |= 1 << slot;
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        self.0 &= !(1 << slot);
    }

    pub(crate) fn add_all(&mut self, slots: Self) {
        self.0 |= slots.0;
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}
