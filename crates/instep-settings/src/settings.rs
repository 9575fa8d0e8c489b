//! Settings of a device, shared by reference.

use crate::slots::{AP_PASSWORD, DEVICE_NAME, LOG_IN, NETWORK, SLOTS, Slots};
use crate::table::Table;
use crate::{Build, DeviceName, KeepError, KeptName, KeptValue, Network, PasswordHash, Record, WifiPassword};
use core::cell::RefCell;
use core::fmt::{self, Debug};
use embassy_sync::blocking_mutex::{Mutex, raw::CriticalSectionRawMutex};
use embassy_sync::signal::Signal;

/// Settings in memory, which never block.
///
/// A [`Saver`](crate::Saver) stores them later.
pub struct Settings {
    table: Mutex<CriticalSectionRawMutex, RefCell<Table>>,
    changed: Signal<CriticalSectionRawMutex, ()>,
}

impl Settings {
    /// Creates settings without any value.
    pub const fn new() -> Self {
        Self { table: Mutex::new(RefCell::new(Table::NEW)), changed: Signal::new() }
    }

    /// Returns the network to join.
    pub fn network(&self) -> Option<Network> {
        self.read(|table| table.network.value.clone())
    }

    /// Returns the password of the device's own network.
    pub fn ap_password(&self) -> Option<WifiPassword> {
        self.read(|table| table.ap_password.value.clone())
    }

    /// Returns the device's name.
    pub fn device_name(&self) -> Option<DeviceName> {
        self.read(|table| table.device_name.value.clone())
    }

    /// Returns the hash of the log-in password.
    pub fn log_in(&self) -> Option<PasswordHash> {
        self.read(|table| table.log_in.value.clone())
    }

    /// Sets or clears the network to join.
    pub fn set_network(&self, network: Option<Network>) {
        self.change(|table| table.set(NETWORK, |table| &mut table.network, network));
    }

    /// Sets or clears the password of the device's own network.
    pub fn set_ap_password(&self, password: Option<WifiPassword>) {
        self.change(|table| table.set(AP_PASSWORD, |table| &mut table.ap_password, password));
    }

    /// Sets or clears the device's name.
    pub fn set_device_name(&self, name: Option<DeviceName>) {
        self.change(|table| table.set(DEVICE_NAME, |table| &mut table.device_name, name));
    }

    /// Sets or clears the hash of the log-in password.
    pub fn set_log_in(&self, hash: Option<PasswordHash>) {
        self.change(|table| table.set(LOG_IN, |table| &mut table.log_in, hash));
    }

    /// Returns the address of the broker.
    #[cfg(feature = "mqtt")]
    pub fn broker(&self) -> Option<crate::BrokerUrl> {
        self.read(|table| table.broker.value.clone())
    }

    /// Returns the password at the broker, if there is one for the present address.
    #[cfg(feature = "mqtt")]
    pub fn broker_password(&self) -> Option<crate::BrokerPassword> {
        self.read(|table| {
            let broker = table.broker.value.as_ref()?;
            table.broker_password.value.clone().filter(|password| password.is_for(broker))
        })
    }

    /// Sets or clears the address of the broker.
    #[cfg(feature = "mqtt")]
    pub fn set_broker(&self, broker: Option<crate::BrokerUrl>) {
        self.change(|table| table.set(crate::slots::BROKER, |table| &mut table.broker, broker));
    }

    /// Sets or clears the password at the broker.
    #[cfg(feature = "mqtt")]
    pub fn set_broker_password(&self, password: Option<crate::BrokerPassword>) {
        self.change(|table| {
            table.set(crate::slots::BROKER_PASSWORD, |table| &mut table.broker_password, password);
        });
    }

    /// Takes over the settings that differ from the settings of the previous build.
    ///
    /// A value that is set later stays until a build has another value. Must be called once, after
    /// [`Saver::open`](crate::Saver::open).
    pub fn take_build(&self, build: Build) {
        self.change(|table| table.take_build(build));
    }

    /// Waits for a change since the last call. Only one task at a time may wait.
    pub async fn changed(&self) {
        self.changed.wait().await;
    }

    pub(crate) fn kept(&self, name: KeptName) -> Option<KeptValue> {
        self.read(|table| table.kept(name))
    }

    pub(crate) fn keep(&self, name: KeptName, value: &[u8]) -> Result<(), KeepError> {
        let changed = self.table.lock(|table| table.borrow_mut().keep(name, value))?;
        if changed {
            self.changed.signal(());
        }
        Ok(())
    }

    pub(crate) fn remove(&self, name: KeptName) {
        if self.table.lock(|table| table.borrow_mut().remove(name)) {
            self.changed.signal(());
        }
    }

    pub(crate) fn replace(&self, new: Table) {
        self.change_silently(|table| *table = new);
    }

    /// Changes the settings without waking the task that waits for changes.
    pub(crate) fn change_silently(&self, change: impl FnOnce(&mut Table)) {
        self.table.lock(|table| change(&mut table.borrow_mut()));
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Table)) {
        self.change_silently(change);
        self.changed.signal(());
    }

    pub(crate) fn read<T>(&self, read: impl FnOnce(&Table) -> T) -> T {
        self.table.lock(|table| read(&table.borrow()))
    }

    /// Takes the records to store.
    pub(crate) fn take(&self) -> Taken<'_> {
        Taken { settings: self, next: 0, taken: Slots::NONE }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}

impl Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("network", &self.network())
            .field("ap_password", &self.ap_password())
            .field("device_name", &self.device_name())
            .field("log_in", &self.log_in())
            .finish_non_exhaustive()
    }
}

/// Records on their way to the storage.
///
/// If they are dropped before [`stored`](Taken::stored), they count as changed again.
pub(crate) struct Taken<'a> {
    settings: &'a Settings,
    next: usize,
    taken: Slots,
}

impl Taken<'_> {
    /// Confirms that the records are stored.
    pub(crate) fn stored(mut self) {
        self.taken = Slots::NONE;
    }
}

impl Iterator for Taken<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.next < SLOTS {
            let slot = self.next;
            self.next += 1;
            let taken = &mut self.taken;
            let record = self.settings.table.lock(|table| table.borrow_mut().take(slot, taken));
            if record.is_some() {
                return record;
            }
        }
        None
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.settings.table.lock(|table| table.borrow_mut().put_back(self.taken));
    }
}
