//! Table of the settings, and their conversion to records.

use crate::fingerprint::Fingerprint;
use crate::record::VERSION;
use crate::setting::{SETTINGS, Setting, Stored};
use crate::slots::{FIRST_KEPT, NETWORK, SLOTS, Slots, VERSION_SLOT};
use crate::{Build, KEPT_MAX, KEPT_NAME_MAX, KeepError, KeptName, KeptValue, Key, Record};
use heapless::Vec;

struct KeptSlot {
    name: Vec<u8, KEPT_NAME_MAX>,
    /// Value; `None` if it was removed, which must be stored, too.
    value: Option<KeptValue>,
}

pub(crate) struct Table {
    settings: [Setting; SETTINGS],
    kept: [Option<KeptSlot>; KEPT_MAX],
    /// Slots to store.
    changed: Slots,
    /// Whether a person changed a setting, not the application or the build.
    pub(crate) set: bool,
}

impl Table {
    pub(crate) const NEW: Self = Self {
        settings: [Setting::NEW; SETTINGS],
        kept: [const { None }; KEPT_MAX],
        changed: Slots::NONE,
        set: false,
    };

    /// Loads a stored record; returns `false` if it is invalid.
    ///
    /// Unknown keys are skipped.
    pub(crate) fn load(&mut self, key: &Key, value: &[u8]) -> bool {
        match (key.as_bytes(), key.kept_name()) {
            (&[number], None) => self.load_setting(usize::from(number).wrapping_sub(1), value).is_some(),
            (_, Some(name)) => self.load_kept(name, value).is_some(),
            _ => true,
        }
    }

    fn load_setting(&mut self, slot: usize, record: &[u8]) -> Option<()> {
        let index = slot.wrapping_sub(NETWORK);
        if let Some(setting) = self.settings.get_mut(index) {
            *setting = Setting::read(index, record)?;
        }
        Some(())
    }

    fn load_kept(&mut self, name: &[u8], value: &[u8]) -> Option<()> {
        let name = Vec::from_slice(name).ok()?;
        let value = match value {
            [] => None,
            [1, value @ ..] => Some(Vec::from_slice(value).ok()?),
            _ => return None,
        };
        let slot = self.kept_slot(&name).or_else(|| self.kept.iter().position(Option::is_none));
        // Values beyond the last slot come from another version with more slots, and are dropped.
        if let Some(slot) = slot {
            self.kept[slot] = value.map(|value| KeptSlot { name, value: Some(value) });
        }
        Some(())
    }

    /// Returns the record of a slot, if any.
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
            _ => Vec::from_slice(self.settings.get(slot - NETWORK)?.record()).ok()?,
        };
        Some(Record { key, value })
    }

    /// Takes the record of a slot if it has changed, and counts it as stored.
    pub(crate) fn take(&mut self, slot: usize, taken: &mut Slots) -> Option<Record> {
        if !self.changed.has(slot) {
            return None;
        }
        self.changed.remove(slot);
        taken.add(slot);
        self.record(slot)
    }

    /// Returns whether any change except a change of the version must be stored.
    pub(crate) fn is_worth_saving(&self) -> bool {
        let mut changed = self.changed;
        changed.remove(VERSION_SLOT);
        !changed.is_empty()
    }

    /// Marks slots as changed again.
    pub(crate) fn put_back(&mut self, slots: Slots) {
        self.changed.add_all(slots);
    }

    pub(crate) fn change_all(&mut self) {
        (0..SLOTS).for_each(|slot| self.changed.add(slot));
    }

    pub(crate) fn change_version(&mut self) {
        self.changed.add(VERSION_SLOT);
    }

    /// Returns the value of a setting, which is valid.
    pub(crate) fn value(&self, slot: usize) -> Option<&[u8]> {
        self.settings.get(slot - NETWORK)?.parts().1
    }

    /// Sets or clears a setting.
    pub(crate) fn set(&mut self, slot: usize, value: Option<&[u8]>) {
        let Some(setting) = self.settings.get_mut(slot - NETWORK) else { return };
        let (fingerprint, old) = setting.parts();
        if old != value {
            *setting = Setting::new(fingerprint, value);
            self.changed.add(slot);
            self.set = true;
        }
    }

    pub(crate) fn take_build(&mut self, build: Build) {
        self.take_from_build(build.network);
        self.take_from_build(build.ap_password);
        self.take_from_build(build.device_name);
        self.take_from_build(build.log_in);
        #[cfg(feature = "mqtt")]
        self.take_from_build(build.broker);
        #[cfg(feature = "mqtt")]
        self.take_from_build(build.broker_password);
    }

    fn take_from_build<T: Stored>(&mut self, value: Option<T>) {
        if let Some(value) = value {
            self.take_value_from_build(T::SLOT, &value.bytes());
        }
    }

    fn take_value_from_build(&mut self, slot: usize, value: &[u8]) {
        let Some(setting) = self.settings.get_mut(slot - NETWORK) else { return };
        let Fingerprint(fingerprint) = Fingerprint::of(value);
        if setting.parts().0 != fingerprint {
            *setting = Setting::new(&fingerprint, Some(value));
            self.changed.add(slot);
        }
    }

    pub(crate) fn kept(&self, name: KeptName) -> Option<KeptValue> {
        let slot = self.kept_slot(name.as_str().as_bytes())?;
        self.kept[slot].as_ref()?.value.clone()
    }

    /// Sets a persisted value. Returns whether it has changed.
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
        // A `KeptName` is never too long.
        let name = Vec::from_slice(name).map_err(|_| KeepError::TooLong)?;
        self.kept[slot] = Some(KeptSlot { name, value: Some(value) });
        self.changed.add(FIRST_KEPT + slot);
        Ok(true)
    }

    /// Removes a persisted value. Returns whether it existed.
    pub(crate) fn remove(&mut self, name: KeptName) -> bool {
        let Some(slot) = self.kept_slot(name.as_str().as_bytes()) else { return false };
        let Some(kept) = &mut self.kept[slot] else { return false };
        let existed = kept.value.take().is_some();
        if existed {
            self.changed.add(FIRST_KEPT + slot);
        }
        existed
    }

    fn kept_slot(&self, name: &[u8]) -> Option<usize> {
        self.kept.iter().position(|kept| kept.as_ref().is_some_and(|kept| kept.name == name))
    }

    /// Returns a slot that was never used, or whose removal is stored.
    fn free_slot(&self) -> Option<usize> {
        (0..KEPT_MAX).find(|slot| {
            let gone = self.kept[*slot].as_ref().is_none_or(|kept| kept.value.is_none());
            gone && !self.changed.has(FIRST_KEPT + slot)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slots::AP_PASSWORD;
    use crate::{DeviceName, Network, NetworkName, PasswordHash, WifiPassword};

    #[test]
    fn longest_values_load_as_stored() {
        let password = || WifiPassword::new(&[b'a'; 64]).unwrap();
        let mut table = Table::NEW;
        table.take_build(Build {
            network: Some(Network::new(NetworkName::new(&[7; 32]).unwrap(), Some(password()))),
            ap_password: Some(password()),
            device_name: Some(DeviceName::new(&"d".repeat(32)).unwrap()),
            log_in: Some(PasswordHash::new(&[9; 64]).unwrap()),
            #[cfg(feature = "mqtt")]
            broker: crate::BrokerUrl::new(&"u".repeat(crate::BROKER_URL_MAX)).ok(),
            #[cfg(feature = "mqtt")]
            broker_password: crate::BrokerUrl::new("mqtt://a").ok().and_then(|broker| {
                crate::BrokerPassword::new(&"ü".repeat(crate::BROKER_PASSWORD_MAX / 2), &broker).ok()
            }),
        });
        const NAME: KeptName = KeptName::new("a name that has thirty-two bytes");
        table.keep(NAME, &[1; 64]).unwrap();
        let mut loaded = Table::NEW;
        for record in (0..SLOTS).filter_map(|slot| table.record(slot)) {
            assert!(loaded.load(&record.key, &record.value), "{record:?}");
        }
        assert!(loaded.settings == table.settings);
        assert_eq!(WifiPassword::read(loaded.value(AP_PASSWORD).unwrap()), Some(password()));
        assert!((NETWORK..=SETTINGS).all(|slot| table.value(slot).is_some()));
        assert_eq!(loaded.kept(NAME).unwrap(), [1; 64]);
    }

    #[test]
    fn invalid_records_are_refused_without_change() {
        let mut table = Table::NEW;
        for wrong in [&[][..], &[4], &[0, 1], &[1, 2, 3], &[2], &[2, 200, 1], &[2, 1, b'a', b'b'], &[2, 0]] {
            assert!(!table.load(&Key::of(2), wrong), "{wrong:?}");
        }
        assert!(!table.load(&Key::kept(b"led"), &[2]) && !table.load(&Key::kept(b"led"), &[1; 66]));
        assert!(table.value(NETWORK).is_none() && table.record(FIRST_KEPT).is_none());
        for unknown in [0, 8, 77, 255] {
            assert!(table.load(&Key::of(unknown), &[1, 2, 3]), "the unknown key {unknown} was not skipped");
        }
    }
}
