//! Devices that were left out, and when to ask the broker for them again.

use instep::Instant;

/// Minimum time between two questions, in ms. The answer is everything that the broker has stored.
const AGAIN_MS: u64 = 60_000;

/// Whether devices were left out since everything was last heard, and when the broker may be asked for everything again.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    any: bool,
    ask_from: Instant,
}

impl LeftOut {
    /// Notes that a device was left out.
    pub(super) fn note(&mut self) {
        self.any = true;
    }

    /// Notes that everything is heard anew, because of a new connection.
    pub(super) fn clear(&mut self) {
        self.any = false;
    }

    /// Notes that the broker was asked for everything again.
    pub(super) fn note_asked(&mut self, now: Instant) {
        (self.any, self.ask_from) = (false, now.after(AGAIN_MS));
    }

    /// Returns the time from which on the broker is to be asked.
    pub(super) fn ask_at(&self, has_room: bool) -> Instant {
        if self.any && has_room { self.ask_from } else { Instant::NEVER }
    }
}
