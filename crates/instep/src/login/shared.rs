//! A log-in whose sessions hold at several servers, with the feature `shared-sessions`.

use super::log_in::LogIn;
use super::sealed::SharedSessions;
use crate::device::Device;
use core::num::NonZeroU32;

impl LogIn {
    /// Takes sessions from what several servers share, instead of from its own table.
    pub fn with_shared_sessions(mut self, sessions: &'static dyn SharedSessions) -> Self {
        self.shared = Some(sessions);
        self
    }

    /// Closes the clients of this device, too, when a shared session ends.
    ///
    /// A driver calls this for each device that it serves. Without shared sessions it does nothing.
    pub fn follow(&self, device: &'static Device) {
        if let Some(shared) = self.shared {
            shared.follow(device);
        }
    }
}

impl Device {
    /// Closes the clients with this number of a session, or all clients, with 1008.
    pub fn close_session(&self, number: Option<NonZeroU32>) {
        self.revoke(number);
    }
}
