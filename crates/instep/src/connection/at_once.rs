//! Frequent work of an open WebSocket that needs no turn: one short message, or one published frame.
//!
//! Each function does the same as a turn, or nothing at all.

use super::client::{Client, State};
use super::websocket::Open;
use crate::device::{Device, Offer};
use crate::limits::ROOM_MIN;
use crate::time::Instant;
use instep_proto::delivery::Newest;
use instep_proto::message::{Piece, ShortMessage};

impl Client {
    /// Takes a short message at the start of `input` where it lies, if nothing else is to be done.
    ///
    /// `room` is the number of bytes that the socket accepts now. Returns the number of used bytes. If it is 0, nothing has changed,
    /// and the input needs a turn. The input must begin with the bytes that the last turn left unused.
    pub fn take_short_message(
        &mut self,
        now: Instant,
        input: &mut [u8],
        room: usize,
        device: &Device,
    ) -> usize {
        let is_idle = |open: &&mut Open| open.receiver.is_idle() && room >= ROOM_MIN;
        let Some(open) = self.quiet(now).filter(is_idle) else { return 0 };
        let slot = open.slot;
        let Some(message) = ShortMessage::unmask(input) else { return 0 };
        let (kind, bytes) = (message.kind, message.payload());
        let used = message.frame_length();
        if device.offer(slot, &Piece { first: true, last: true, kind, compressed: false, bytes })
            != Offer::Taken
        {
            // A turn offers it again, and holds it.
            message.mask();
            return 0;
        }
        self.note_alive(now);
        used
    }

    /// Writes the newest frame of the feed if the client has received all others, and nothing else is to be done.
    ///
    /// `write` accepts the whole frame, and returns `true`, or nothing of it. It is not called if no frame is due. Returns whether
    /// the client is up to date. If it is not, nothing has changed, and a turn is due.
    pub fn deliver(
        &mut self,
        now: Instant,
        newest: &Newest<'_>,
        write: &mut dyn FnMut(&[u8]) -> bool,
    ) -> bool {
        let Some(open) = self.quiet(now).filter(|open| newest.feed_revision() < open.unsent_revision) else {
            return false;
        };
        match open.cursor.only_next(newest) {
            Some(Some(only)) if write(only.frame) => {
                open.cursor.advance_past_only(&only);
                open.note_sent(now);
                true
            }
            Some(None) => true,
            _ => false,
        }
    }

    /// Returns the open WebSocket, if the next turn would do nothing but read input and write frames of the feed.
    fn quiet(&mut self, now: Instant) -> Option<&mut Open> {
        let is_quiet = now < self.timing.earliest
            && self.timing.stalled_since().is_none()
            && self.memory.http().is_none()
            && !self.input_ended
            && self.seen == 0;
        match &mut self.state {
            State::Open(open) if is_quiet && open.is_quiet() => Some(open),
            _ => None,
        }
    }
}
