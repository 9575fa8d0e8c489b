//! A setting: its value, and its record in the storage.

use crate::fingerprint::Fingerprint;
use crate::record::VALUE_MAX;
use crate::slots::Slots;
use crate::{DeviceName, Network, NetworkName, PasswordHash, WifiPassword};
use heapless::Vec;

/// Flag in a setting's record: a fingerprint of a build's value follows.
const FROM_BUILD: u8 = 1;
/// Flag in a setting's record: a value follows.
const HAS_VALUE: u8 = 2;

pub(crate) type Value = Vec<u8, VALUE_MAX>;

/// Setting, with the fingerprint of the last build's value.
pub(crate) struct Setting<T> {
    pub(crate) value: Option<T>,
    pub(crate) from_build: Option<Fingerprint>,
}

impl<T> Setting<T> {
    pub(crate) const NEW: Self = Self { value: None, from_build: None };
}

/// Conversion of a setting's value to and from bytes.
pub(crate) trait Stored: Sized + PartialEq {
    fn write(&self, to: &mut Value);
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl<T: Stored> Setting<T> {
    /// Encodes fingerprint and value in one record, so they always change together.
    pub(crate) fn record(&self) -> Option<Value> {
        let (mut parts, mut record) = (0, Value::new());
        let _ = record.push(0);
        if let Some(Fingerprint(bytes)) = &self.from_build {
            parts |= FROM_BUILD;
            let _ = record.extend_from_slice(bytes);
        }
        if let Some(value) = &self.value {
            parts |= HAS_VALUE;
            value.write(&mut record);
        }
        *record.first_mut()? = parts;
        Some(record)
    }

    /// Loads a record. Returns `None` if it is invalid, and changes nothing then.
    pub(crate) fn load(&mut self, record: &[u8]) -> Option<()> {
        let (parts, mut rest) = record.split_first()?;
        let mut loaded = Self::NEW;
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
        *self = loaded;
        Some(())
    }

    /// Takes the value of a build, if the last build had another one. `slot` is that of the setting.
    pub(crate) fn take_from_build(&mut self, value: Option<T>, slot: usize, changed: &mut Slots) {
        let Some(value) = value else { return };
        let mut bytes = Value::new();
        value.write(&mut bytes);
        let fingerprint = Some(Fingerprint::of(&bytes));
        if self.from_build != fingerprint {
            *self = Self { value: Some(value), from_build: fingerprint };
            changed.add(slot);
        }
    }
}

impl Stored for Network {
    fn write(&self, to: &mut Value) {
        let name = self.name().as_bytes();
        // A name has at most 32 bytes, and a test shows that `VALUE_MAX` suffices.
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

#[cfg(feature = "mqtt")]
impl Stored for crate::BrokerUrl {
    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(core::str::from_utf8(bytes).ok()?).ok()
    }
}

#[cfg(feature = "mqtt")]
impl Stored for crate::BrokerPassword {
    fn write(&self, to: &mut Value) {
        let (broker, text) = self.parts();
        let _ = to.extend_from_slice(broker);
        let _ = to.extend_from_slice(text);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (broker, text) = bytes.split_first_chunk()?;
        Self::from_parts(*broker, text)
    }
}
