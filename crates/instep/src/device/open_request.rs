//! The request of which the application has yet to decide the answer.

/// The last request that the application received, and whether its answer is still due.
#[derive(Debug, Default)]
pub(crate) struct OpenRequest {
    /// Number of the request, never 0 once there is one.
    serial: u32,
    is_open: bool,
}

impl OpenRequest {
    /// Serial of a deferred request, whose answer is due as long as its responder exists.
    pub(super) const DEFERRED: u32 = 0;

    /// Replaces the last request by a new one, and returns the serial of the new one.
    ///
    /// `is_open` is whether a client waits for the answer. The request of a restored property has no client.
    pub(super) fn begin(&mut self, is_open: bool) -> u32 {
        self.serial = self.serial.wrapping_add(1).max(Self::DEFERRED + 1);
        self.is_open = is_open;
        self.serial
    }

    /// Returns whether the answer to this request is due, and takes it as given.
    pub(super) fn take(&mut self, serial: u32) -> bool {
        serial == Self::DEFERRED || (serial == self.serial && core::mem::take(&mut self.is_open))
    }
}
