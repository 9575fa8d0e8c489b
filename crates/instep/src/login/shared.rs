//! A log-in whose sessions hold at several servers, with the feature `shared-sessions`.

use super::log_in::LogIn;
use super::sealed::SharedSessions;

impl LogIn {
    /// Takes sessions from what several servers share, instead of from its own table.
    pub fn with_shared_sessions(mut self, sessions: &'static dyn SharedSessions) -> Self {
        self.shared = Some(sessions);
        self
    }
}
