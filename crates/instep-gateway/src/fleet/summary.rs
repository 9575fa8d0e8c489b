//! What a gateway knows of a device beside its frames.

use super::description::Description;
use instep_mqtt::DeviceId;
use std::sync::Arc;
use std::time::SystemTime;

/// What a gateway knows of a device beside its frames.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The id of the device.
    pub id: DeviceId,
    /// Whether it is online.
    pub presence: Presence,
    /// The id of its last start, if it has told it.
    pub start: Option<u32>,
    /// Its declaration, once it has been heard.
    pub description: Option<Arc<Description>>,
    /// The revision of the last change of this summary.
    pub revision: u64,
}

/// Whether a device is online.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Whether the device is online, and the gateway is connected to the broker.
    pub online: bool,
    /// Since when.
    pub since: Since,
}

/// Time of a change, as far as this gateway saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It changed at this time.
    At(SystemTime),
    /// It changed before this time, at which the gateway learned of it.
    Before(SystemTime),
}
