//! The settings in memory, and how each becomes a record.

use crate::build_defaults::Fingerprint;
use crate::record::{VALUE_MAX, VERSION};
use crate::{
    Build, DeviceName, KEPT_MAX, KEPT_NAME_MAX, KeepError, KeptName, KeptValue, Key, Network, NetworkName,
    PasswordHash, Record, WifiPassword,
};
use heapless::Vec;

/// The records that there can be: the version, four settings, and the kept values.
pub(crate) const SLOTS: usize = FIRST_KEPT + KEPT_MAX;

const VERSION_SLOT: usize = 0;
const NETWORK: usize = 1;
const AP_PASSWORD: usize = 2;
const DEVICE_NAME: usize = 3;
const LOG_IN: usize = 4;
const FIRST_KEPT: usize = 5;

/// Parts of a setting's record.
const FROM_BUILD: u8 = 1;
const HAS_VALUE: u8 = 2;

type Value = Vec<u8, VALUE_MAX>;

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots(u32);

const _: () = assert!(SLOTS <= 32, "there is a bit for each slot");

impl Slots {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn has(self, slot: usize) -> bool {
        self.0 & (1 << slot) != 0
    }

    pub(crate) fn add(&mut self, slot: usize) {
        self.0 |= 1 << slot;
    }

    pub(crate) fn add_all(&mut self, others: Self) {
        self.0 |= others.0;
    }

    fn remove(&mut self, slot: usize) {
        self.0 &= !(1 << slot);
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A setting, and what a build last gave for it.
pub(crate) struct Setting<T> {
    pub(crate) value: Option<T>,
    from_build: Option<Fingerprint>,
}

impl<T> Setting<T> {
    const NEW: Self = Self { value: None, from_build: None };
}

struct KeptSlot {
    name: Vec<u8, KEPT_NAME_MAX>,
    /// None: it was removed, which is to be stored, too.
    value: Option<KeptValue>,
}

pub(crate) struct Table {
    pub(crate) network: Setting<Network>,
    pub(crate) ap_password: Setting<WifiPassword>,
    pub(crate) device_name: Setting<DeviceName>,
    pub(crate) log_in: Setting<PasswordHash>,
    kept: [Option<KeptSlot>; KEPT_MAX],
    /// What is to be stored.
    changed: Slots,
    /// Something was set by a person, not by the application or the build.
    pub(crate) set: bool,
}

impl Table {
    pub(crate) const NEW: Self = Self {
        network: Setting::NEW,
        ap_password: Setting::NEW,
        device_name: Setting::NEW,
        log_in: Setting::NEW,
        kept: [const { None }; KEPT_MAX],
        changed: Slots::NONE,
        set: false,
    };

    /// Takes a stored record in. `false`: it is none of ours. Keys that are not known are passed over.
    pub(crate) fn load(&mut self, key: &Key, value: &[u8]) -> bool {
        match (key.as_bytes(), key.kept_name()) {
            (&[number], None) => match usize::from(number).wrapping_sub(1) {
                NETWORK => load_into(&mut self.network, value),
                AP_PASSWORD => load_into(&mut self.ap_password, value),
                DEVICE_NAME => load_into(&mut self.device_name, value),
                LOG_IN => load_into(&mut self.log_in, value),
                _ => Some(()),
            }
            .is_some(),
            (_, Some(name)) => self.load_kept(name, value).is_some(),
            _ => true,
        }
    }

    fn load_kept(&mut self, name: &[u8], value: &[u8]) -> Option<()> {
        let name = Vec::from_slice(name).ok()?;
        let value = match value {
            [] => None,
            [1, value @ ..] => Some(Vec::from_slice(value).ok()?),
            _ => return None,
        };
        let slot = self.kept_slot(&name).or_else(|| self.kept.iter().position(Option::is_none));
        // More than there is room for came from another version, which has more room.
        if let Some(slot) = slot {
            self.kept[slot] = value.map(|value| KeptSlot { name, value: Some(value) });
        }
        Some(())
    }

    /// The record of a slot, if there is one.
    pub(crate) fn record(&self, slot: usize) -> Option<Record> {
        let key = match slot {
            FIRST_KEPT.. => {
                let kept = self.kept.get(slot - FIRST_KEPT)?.as_ref()?;
                let value = kept.value.iter().flat_map(|value| [1].into_iter().chain(value.iter().copied()));
                return Some(Record { key: Key::kept(&kept.name), value: value.collect() });
            }
            _ => Key::of(u8::try_from(slot).ok()? + 1),
        };
        let value = match slot {
            VERSION_SLOT => VERSION.to_le_bytes().into_iter().collect(),
            NETWORK => stored(&self.network)?,
            AP_PASSWORD => stored(&self.ap_password)?,
            DEVICE_NAME => stored(&self.device_name)?,
            _ => stored(&self.log_in)?,
        };
        Some(Record { key, value })
    }

    /// The record of a slot if it is to be stored. It counts as stored from now on.
    pub(crate) fn take(&mut self, slot: usize, taken: &mut Slots) -> Option<Record> {
        if !self.changed.has(slot) {
            return None;
        }
        self.changed.remove(slot);
        taken.add(slot);
        self.record(slot)
    }

    /// Whether there is more to store than a version.
    pub(crate) fn is_worth_saving(&self) -> bool {
        let mut changed = self.changed;
        changed.remove(VERSION_SLOT);
        !changed.is_empty()
    }

    /// These are to be stored, after all.
    pub(crate) fn put_back(&mut self, slots: Slots) {
        self.changed.add_all(slots);
    }

    pub(crate) fn change_all(&mut self) {
        (0..SLOTS).for_each(|slot| self.changed.add(slot));
    }

    pub(crate) fn change_version(&mut self) {
        self.changed.add(VERSION_SLOT);
    }

    pub(crate) fn set_network(&mut self, value: Option<Network>) {
        self.set |= set(&mut self.network, value, NETWORK, &mut self.changed);
    }

    pub(crate) fn set_ap_password(&mut self, value: Option<WifiPassword>) {
        self.set |= set(&mut self.ap_password, value, AP_PASSWORD, &mut self.changed);
    }

    pub(crate) fn set_device_name(&mut self, value: Option<DeviceName>) {
        self.set |= set(&mut self.device_name, value, DEVICE_NAME, &mut self.changed);
    }

    pub(crate) fn set_log_in(&mut self, value: Option<PasswordHash>) {
        self.set |= set(&mut self.log_in, value, LOG_IN, &mut self.changed);
    }

    pub(crate) fn take_build(&mut self, build: Build) {
        take_from_build(&mut self.network, build.network, NETWORK, &mut self.changed);
        take_from_build(&mut self.ap_password, build.ap_password, AP_PASSWORD, &mut self.changed);
        take_from_build(&mut self.device_name, build.device_name, DEVICE_NAME, &mut self.changed);
        take_from_build(&mut self.log_in, build.log_in, LOG_IN, &mut self.changed);
    }

    pub(crate) fn kept(&self, name: KeptName) -> Option<KeptValue> {
        let slot = self.kept_slot(name.as_str().as_bytes())?;
        self.kept[slot].as_ref()?.value.clone()
    }

    /// Whether something is to be stored now.
    pub(crate) fn keep(&mut self, name: KeptName, value: &[u8]) -> Result<bool, KeepError> {
        let value = Vec::from_slice(value).map_err(|_| KeepError::TooLong)?;
        let name = name.as_str().as_bytes();
        let slot = self.kept_slot(name).or_else(|| self.free_slot()).ok_or(KeepError::Full)?;
        if self.kept[slot]
            .as_ref()
            .is_some_and(|kept| kept.name == name && kept.value.as_ref() == Some(&value))
        {
            return Ok(false);
        }
        // A `KeptName` is short enough.
        let name = Vec::from_slice(name).map_err(|_| KeepError::TooLong)?;
        self.kept[slot] = Some(KeptSlot { name, value: Some(value) });
        self.changed.add(FIRST_KEPT + slot);
        Ok(true)
    }

    /// Whether something is to be stored now.
    pub(crate) fn remove(&mut self, name: KeptName) -> bool {
        let Some(slot) = self.kept_slot(name.as_str().as_bytes()) else { return false };
        let Some(kept) = &mut self.kept[slot] else { return false };
        let there = kept.value.take().is_some();
        if there {
            self.changed.add(FIRST_KEPT + slot);
        }
        there
    }

    fn kept_slot(&self, name: &[u8]) -> Option<usize> {
        self.kept.iter().position(|kept| kept.as_ref().is_some_and(|kept| kept.name == name))
    }

    /// A slot that was never used, or whose value is gone for good.
    fn free_slot(&self) -> Option<usize> {
        (0..KEPT_MAX).find(|slot| {
            let gone = self.kept[*slot].as_ref().is_none_or(|kept| kept.value.is_none());
            gone && !self.changed.has(FIRST_KEPT + slot)
        })
    }
}

/// How a setting's value is stored.
trait Stored: Sized + PartialEq {
    fn write(&self, to: &mut Value);
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Stored for Network {
    fn write(&self, to: &mut Value) {
        let name = self.name().as_bytes();
        // A name has at most 32 bytes; `VALUE_MAX` holds all of it, by a test.
        let _ = to.push(u8::try_from(name.len()).unwrap_or_default());
        let _ = to.extend_from_slice(name);
        let _ = to.extend_from_slice(self.password().map_or("", WifiPassword::reveal).as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first()?;
        let (name, password) = rest.split_at_checked(usize::from(*length))?;
        let password = match password {
            [] => None,
            password => Some(WifiPassword::new(password).ok()?),
        };
        Some(Self::new(NetworkName::new(name).ok()?, password))
    }
}

impl Stored for WifiPassword {
    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.reveal().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(bytes).ok()
    }
}

impl Stored for DeviceName {
    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(core::str::from_utf8(bytes).ok()?).ok()
    }
}

impl Stored for PasswordHash {
    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.reveal());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(bytes).ok()
    }
}

/// What a build gave and the value, in one record: so they cannot come apart.
fn stored<T: Stored>(setting: &Setting<T>) -> Option<Value> {
    let (mut parts, mut record) = (0, Value::new());
    let _ = record.push(0);
    if let Some(Fingerprint(bytes)) = &setting.from_build {
        parts |= FROM_BUILD;
        let _ = record.extend_from_slice(bytes);
    }
    if let Some(value) = &setting.value {
        parts |= HAS_VALUE;
        value.write(&mut record);
    }
    *record.first_mut()? = parts;
    Some(record)
}

fn load_into<T: Stored>(setting: &mut Setting<T>, record: &[u8]) -> Option<()> {
    let (parts, mut rest) = record.split_first()?;
    let mut loaded = Setting::NEW;
    if parts & FROM_BUILD != 0 {
        let (fingerprint, value) = rest.split_first_chunk()?;
        loaded.from_build = Some(Fingerprint(*fingerprint));
        rest = value;
    }
    match parts & !FROM_BUILD {
        0 if rest.is_empty() => {}
        HAS_VALUE => loaded.value = Some(T::read(rest)?),
        _ => return None,
    }
    *setting = loaded;
    Some(())
}

/// Whether it is another value.
fn set<T: Stored>(setting: &mut Setting<T>, value: Option<T>, slot: usize, changed: &mut Slots) -> bool {
    let other = setting.value != value;
    if other {
        setting.value = value;
        changed.add(slot);
    }
    other
}

fn take_from_build<T: Stored>(setting: &mut Setting<T>, value: Option<T>, slot: usize, changed: &mut Slots) {
    let Some(value) = value else { return };
    let mut bytes = Value::new();
    value.write(&mut bytes);
    let fingerprint = Some(Fingerprint::of(&bytes));
    if setting.from_build != fingerprint {
        *setting = Setting { value: Some(value), from_build: fingerprint };
        changed.add(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_values_fit_and_come_back() {
        let password = || WifiPassword::new(&[b'a'; 64]).unwrap();
        let mut table = Table::NEW;
        table.take_build(Build {
            network: Some(Network::new(NetworkName::new(&[7; 32]).unwrap(), Some(password()))),
            ap_password: Some(password()),
            device_name: Some(DeviceName::new(&"d".repeat(32)).unwrap()),
            log_in: Some(PasswordHash::new(&[9; 64]).unwrap()),
        });
        const NAME: KeptName = KeptName::new("a name that has thirty-two bytes");
        table.keep(NAME, &[1; 64]).unwrap();
        let mut back = Table::NEW;
        for record in (0..SLOTS).filter_map(|slot| table.record(slot)) {
            assert!(back.load(&record.key, &record.value), "{record:?}");
        }
        assert_eq!(back.network.value, table.network.value);
        assert_eq!(back.network.from_build, table.network.from_build);
        assert_eq!(back.ap_password.value, Some(password()));
        assert_eq!(back.device_name.value, table.device_name.value);
        assert_eq!(back.log_in.value, table.log_in.value);
        assert_eq!(back.kept(NAME).unwrap(), [1; 64]);
    }

    #[test]
    fn records_that_make_no_sense_are_refused_and_change_nothing() {
        let mut table = Table::NEW;
        for wrong in [&[][..], &[4], &[0, 1], &[1, 2, 3], &[2], &[2, 200, 1], &[2, 1, b'a', b'b'], &[2, 0]] {
            assert!(!table.load(&Key::of(2), wrong), "{wrong:?}");
        }
        assert!(!table.load(&Key::kept(b"led"), &[2]) && !table.load(&Key::kept(b"led"), &[1; 66]));
        assert!(table.network.value.is_none() && table.record(FIRST_KEPT).is_none());
        for unknown in [0, 6, 77, 255] {
            assert!(table.load(&Key::of(unknown), &[1, 2, 3]), "{unknown} is not known, and passed over");
        }
    }
}
