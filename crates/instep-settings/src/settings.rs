//! Settings of a device, shared by reference.

use crate::setting::{Stored, Value};
use crate::slots::{SLOTS, Slots};
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
        self.value()
    }

    /// Returns the password of the device's own network.
    pub fn ap_password(&self) -> Option<WifiPassword> {
        self.value()
    }

    /// Returns the device's name.
    pub fn device_name(&self) -> Option<DeviceName> {
        self.value()
    }

    /// Returns the hash of the log-in password.
    pub fn log_in(&self) -> Option<PasswordHash> {
        self.value()
    }

    /// Sets or clears the network to join.
    pub fn set_network(&self, network: Option<Network>) {
        self.set(network);
    }

    /// Sets or clears the password of the device's own network.
    pub fn set_ap_password(&self, password: Option<WifiPassword>) {
        self.set(password);
    }

    /// Sets or clears the device's name.
    pub fn set_device_name(&self, name: Option<DeviceName>) {
        self.set(name);
    }

    /// Sets or clears the hash of the log-in password.
    pub fn set_log_in(&self, hash: Option<PasswordHash>) {
        self.set(hash);
    }

    /// Returns the address of the broker.
    #[cfg(feature = "mqtt")]
    pub fn broker(&self) -> Option<crate::BrokerUrl> {
        self.value()
    }

    /// Returns the password at the broker, if there is one for the present address.
    #[cfg(feature = "mqtt")]
    pub fn broker_password(&self) -> Option<crate::BrokerPassword> {
        let broker = self.broker()?;
        self.value().filter(|password: &crate::BrokerPassword| password.is_for(&broker))
    }

    /// Sets or clears the address of the broker.
    #[cfg(feature = "mqtt")]
    pub fn set_broker(&self, broker: Option<crate::BrokerUrl>) {
        self.set(broker);
    }

    /// Sets or clears the password at the broker.
    #[cfg(feature = "mqtt")]
    pub fn set_broker_password(&self, password: Option<crate::BrokerPassword>) {
        self.set(password);
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

    fn value<T: Stored>(&self) -> Option<T> {
        T::read(&self.bytes(T::SLOT)?)
    }

    fn set<T: Stored>(&self, value: Option<T>) {
        self.set_bytes(T::SLOT, value.map(|value| value.bytes()).as_deref());
    }

    fn bytes(&self, slot: usize) -> Option<Value> {
        self.read(|table| Value::from_slice(table.value(slot)?).ok())
    }

    fn set_bytes(&self, slot: usize, value: Option<&[u8]>) {
        self.change(|table| table.set(slot, value));
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
