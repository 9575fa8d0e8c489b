//! The tables of all devices, behind one lock.

use super::{Changes, Description, FleetLimits, Follower, Following, Frame, Summary};
use crate::command::{Command, CommandError, Reply};
use instep_mqtt::DeviceId;
use std::sync::Arc;
use tokio::sync::watch;

/// The devices that a broker tells of.
///
/// All calls are short, and may come from any thread.
#[derive(Debug)]
pub struct Fleet {
    limits: FleetLimits,
    revision: watch::Sender<u64>,
}

impl Fleet {
    /// Creates a fleet without devices, which a gateway of this name shows.
    pub fn new(limits: FleetLimits) -> Arc<Self> {
        Arc::new(Self { limits, revision: watch::Sender::new(0) })
    }

    /// Returns the limits.
    pub fn limits(&self) -> FleetLimits {
        self.limits
    }

    /// Returns whether the gateway is connected to the broker.
    pub fn is_connected(&self) -> bool {
        false
    }

    /// Returns the number of devices.
    pub fn len(&self) -> usize {
        0
    }

    /// Returns whether there are no devices.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the device of that id, if the broker told of it.
    pub fn find(&self, id: &str) -> Option<Summary> {
        let _ = id;
        None
    }

    /// Returns the revision of the list of devices, which changes with each summary, and of which changes can be waited for.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Returns what has changed in the list of devices since a revision; 0 stands for the beginning.
    ///
    /// At most `max` summaries are returned, the oldest changes first: [`Changes::revision`] says how far.
    pub fn changes(&self, since: u64, max: usize) -> Changes {
        let _ = max;
        Changes { revision: since, is_whole: since == 0, changed: Vec::new(), gone: Vec::new() }
    }

    /// Returns up to `max` devices in the order of their ids, from behind `after` on.
    pub fn list(&self, after: Option<&str>, max: usize) -> Vec<Summary> {
        let _ = (after, max);
        Vec::new()
    }

    /// Calls `with` for each retained frame of a device, and returns whether there is such a device.
    ///
    /// The fleet is locked meanwhile.
    pub fn frames(&self, id: &str, with: &mut dyn FnMut(Frame<'_>)) -> bool {
        let _ = (id, with);
        false
    }

    /// Returns the description of a device.
    pub fn description(&self, id: &str) -> Option<Arc<Description>> {
        self.find(id)?.description
    }

    /// Follows a device, if there is one of that id.
    ///
    /// The follower is told the whole state before this returns, and from then on each change.
    pub fn follow(self: &Arc<Self>, id: &str, follower: Arc<dyn Follower>) -> Option<Following> {
        let _ = (id, follower);
        None
    }

    /// Sends a command to a device. It is sent once, and never repeated.
    ///
    /// # Errors
    /// If it was not sent.
    pub fn send(&self, command: &Command<'_>) -> Result<Reply, CommandError> {
        let _ = command;
        Err(CommandError::NoBroker)
    }

    pub(crate) fn unfollow(&self, id: DeviceId, number: u64) {
        let _ = (id, number);
    }
}
