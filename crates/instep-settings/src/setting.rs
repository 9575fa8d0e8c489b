//! A setting, in the form of its record in the storage.

use crate::fingerprint::Fingerprint;
use crate::record::VALUE_MAX;
use crate::slots::{AP_PASSWORD, DEVICE_NAME, LOG_IN, NETWORK};
#[cfg(feature = "mqtt")]
use crate::slots::{BROKER, BROKER_PASSWORD};
use crate::{DeviceName, Network, NetworkName, PasswordHash, WifiPassword};
use heapless::Vec;

/// Number of settings.
pub(crate) const SETTINGS: usize = IS_VALID.len();

/// Flag in a setting's record: a fingerprint of a build's value follows.
const FROM_BUILD: u8 = 1;
/// Flag in a setting's record: a value follows.
const HAS_VALUE: u8 = 2;

pub(crate) type Value = Vec<u8, VALUE_MAX>;

/// Functions that check a value, for each slot of a setting.
static IS_VALID: [fn(&[u8]) -> bool; if cfg!(feature = "mqtt") { 6 } else { 4 }] = [
    is_valid::<Network>,
    is_valid::<WifiPassword>,
    is_valid::<DeviceName>,
    is_valid::<PasswordHash>,
    #[cfg(feature = "mqtt")]
    is_valid::<crate::BrokerUrl>,
    #[cfg(feature = "mqtt")]
    is_valid::<crate::BrokerPassword>,
];

/// Setting in the form of its record: flags, the fingerprint of the last build's value, and the value.
///
/// They are one record, so they always change together. All settings have one type, because each other type would have all
/// functions of the table once more.
#[derive(PartialEq)]
pub(crate) struct Setting(Vec<u8, VALUE_MAX, u8>);

impl Setting {
    pub(crate) const NEW: Self = Self(Vec::new());

    /// Creates a setting, whose fingerprint may be empty.
    pub(crate) fn new(fingerprint: &[u8], value: Option<&[u8]>) -> Self {
        let flags = if fingerprint.is_empty() { 0 } else { FROM_BUILD };
        let flags = flags | if value.is_some() { HAS_VALUE } else { 0 };
        let mut record = Vec::new();
        for part in [&[flags], fingerprint, value.unwrap_or_default()] {
            // A test shows that the longest setting fits.
            let _ = record.extend_from_slice(part);
        }
        Self(record)
    }

    /// Returns the setting of that index with this record, or `None` if the record is invalid.
    pub(crate) fn read(index: usize, record: &[u8]) -> Option<Self> {
        let (_, value) = parts(record)?;
        let is_valid = IS_VALID.get(index)?;
        value.is_none_or(is_valid).then(|| Vec::from_slice(record).ok().map(Self))?
    }

    /// Returns the record.
    pub(crate) fn record(&self) -> &[u8] {
        // A setting that was never set has no flags.
        if self.0.is_empty() { &[0] } else { &self.0 }
    }

    /// Returns the fingerprint of the last build's value, which may be empty, and the value.
    pub(crate) fn parts(&self) -> (&[u8], Option<&[u8]>) {
        parts(&self.0).unwrap_or_default()
    }
}

/// Returns the parts of a setting's record, or `None` if it is invalid.
fn parts(record: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let (flags, rest) = record.split_first()?;
    let length = if flags & FROM_BUILD != 0 { Fingerprint::LENGTH } else { 0 };
    let (fingerprint, value) = rest.split_at_checked(length)?;
    match flags & !FROM_BUILD {
        0 if value.is_empty() => Some((fingerprint, None)),
        HAS_VALUE => Some((fingerprint, Some(value))),
        _ => None,
    }
}

fn is_valid<T: Stored>(value: &[u8]) -> bool {
    T::read(value).is_some()
}

/// Conversion of a setting's value to and from bytes.
pub(crate) trait Stored: Sized {
    /// Slot of the setting.
    const SLOT: usize;

    fn write(&self, to: &mut Value);
    fn read(bytes: &[u8]) -> Option<Self>;

    fn bytes(&self) -> Value {
        let mut bytes = Value::new();
        self.write(&mut bytes);
        bytes
    }
}

impl Stored for Network {
    const SLOT: usize = NETWORK;

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
    const SLOT: usize = AP_PASSWORD;

    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.reveal().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(bytes).ok()
    }
}

impl Stored for DeviceName {
    const SLOT: usize = DEVICE_NAME;

    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(core::str::from_utf8(bytes).ok()?).ok()
    }
}

impl Stored for PasswordHash {
    const SLOT: usize = LOG_IN;

    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.reveal());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(bytes).ok()
    }
}

#[cfg(feature = "mqtt")]
impl Stored for crate::BrokerUrl {
    const SLOT: usize = BROKER;

    fn write(&self, to: &mut Value) {
        let _ = to.extend_from_slice(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::new(core::str::from_utf8(bytes).ok()?).ok()
    }
}

#[cfg(feature = "mqtt")]
impl Stored for crate::BrokerPassword {
    const SLOT: usize = BROKER_PASSWORD;

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
