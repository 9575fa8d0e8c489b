//! Limits of what a gateway keeps.

/// Limits of what a gateway keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FleetLimits {
    /// The maximum number of devices.
    pub devices: usize,
    /// The maximum number of retained frames of one device.
    pub properties: usize,
    /// The maximum length of a frame, in bytes.
    pub frame: usize,
    /// The maximum length of a description, in bytes.
    pub description: usize,
    /// The maximum length of all frames and descriptions together, in bytes.
    pub bytes: usize,
    /// The maximum memory of all past values of sensors together, in bytes.
    pub history: usize,
    /// The maximum number of commands that wait for their answers, of all devices.
    pub commands: usize,
    /// The maximum number of such commands of one device.
    pub commands_per_device: usize,
}

impl Default for FleetLimits {
    fn default() -> Self {
        Self {
            devices: 20_000,
            properties: 256,
            frame: 64 * 1_024,
            description: 256 * 1_024,
            bytes: 512 * 1_024 * 1_024,
            history: 64 * 1_024 * 1_024,
            commands: 4_096,
            commands_per_device: 8,
        }
    }
}

impl FleetLimits {
    /// Sets the maximum number of devices.
    #[must_use]
    pub fn with_devices(self, devices: usize) -> Self {
        Self { devices, ..self }
    }

    /// Sets the maximum length of all frames and descriptions together, in bytes.
    #[must_use]
    pub fn with_bytes(self, bytes: usize) -> Self {
        Self { bytes, ..self }
    }

    /// Sets the maximum memory of all past values of sensors together, in bytes.
    #[must_use]
    pub fn with_history(self, history: usize) -> Self {
        Self { history, ..self }
    }
}

/// What has reached its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Devices,
    Properties,
    Frame,
    Description,
    Bytes,
    History,
}

/// Log of the limits that were reached: one line for each, until the next connection to the broker.
#[derive(Debug, Default)]
pub(super) struct Told(u8);

impl Told {
    pub(super) fn note(&mut self, full: Full, limits: &FleetLimits) {
        let bit = 1 << full as u8;
        if self.0 & bit != 0 {
            return;
        }
        self.0 |= bit;
        match full {
            Full::Devices => log::warn!(
                "The broker tells of more than {} devices, and the others are left out; raise --limit devices",
                limits.devices
            ),
            Full::Properties => log::warn!(
                "A device has more than {} properties, and the others are left out",
                limits.properties
            ),
            Full::Frame => log::warn!(
                "A device sent a frame of more than {} bytes, and is shown without that value",
                limits.frame
            ),
            Full::Description => {
                log::warn!(
                    "A device sent a description of more than {} bytes, and cannot be shown",
                    limits.description
                );
            }
            Full::Bytes => log::warn!(
                "All values of the devices have more than {} bytes, and further ones are left out; raise --limit fleet_bytes",
                limits.bytes
            ),
            Full::History => log::warn!(
                "Past values of sensors take more than {} bytes, and charts of further ones begin when they are opened; raise \
                 --limit history_bytes",
                limits.history
            ),
        }
    }
}
