//! The devices that the broker told of.

mod table;

pub use table::Fleet;

use instep_mqtt::DeviceId;
use std::sync::Arc;
use std::time::SystemTime;

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
    /// The maximum number of commands that wait for their answers, of all devices.
    pub commands: usize,
    /// The maximum number of such commands of one device.
    pub commands_per_device: usize,
}

impl Default for FleetLimits {
    fn default() -> Self {
        Self { devices: 20_000, properties: 256, frame: 65_536, commands: 4_096, commands_per_device: 8 }
    }
}

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

/// Thing Description of a device as it came from the broker, without `base` and `security`.
///
/// Devices with the same text share it.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// The text, which is a JSON object in UTF-8.
    pub text: Box<str>,
    /// The title.
    pub title: Box<str>,
    /// The version, which may be empty.
    pub version: Box<str>,
}

/// Retained frame of a property.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'f> {
    /// The name of the property.
    pub name: &'f str,
    /// The frame as it came.
    pub bytes: &'f [u8],
}

/// Change of the list of devices.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The revision up to which these are the changes.
    pub revision: u64,
    /// Whether the changes before are not known any more, so that all devices are here, and others are gone.
    pub is_whole: bool,
    /// Devices that are new or have changed, in the order of their revisions.
    pub changed: Vec<Summary>,
    /// Devices that are gone.
    pub gone: Vec<DeviceId>,
}

/// Change of one device.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Change<'c> {
    /// The frame `thing`, and the id of the start in it.
    Greeting {
        /// The frame as it came.
        frame: &'c [u8],
        /// The id of the start, if the frame has one.
        start: Option<u32>,
    },
    /// The declaration.
    Description(&'c Arc<Description>),
    /// The frame of a property.
    Property(Frame<'c>),
    /// The property has no value any more.
    Cleared(&'c str),
    /// The frame of an event, or the frame `missed`.
    Event(Frame<'c>),
    /// Whether the device is online.
    Presence(Presence),
    /// The device is gone. No change follows.
    Gone,
}

/// Follower of one device.
pub trait Follower: Send + Sync {
    /// Takes a change.
    ///
    /// The fleet is locked meanwhile, so this must return soon and must not call the fleet. The first changes, from within
    /// [`Fleet::follow`], are the state as it is: the frame `thing`, the declaration, all properties, whether the device is online.
    fn change(&self, change: Change<'_>);
}

/// Follower that follows until this is dropped.
#[derive(Debug)]
#[must_use = "the follower stops when this is dropped"]
pub struct Following {
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) id: DeviceId,
    pub(crate) number: u64,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.fleet.unfollow(self.id, self.number);
    }
}
