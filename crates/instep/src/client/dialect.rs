//! What a Thing's endpoint says by itself: what it is, that it is there, and what a client missed.

use super::Instant;
use super::backlog::{self, Greeting};
use super::open::Open;
use super::surroundings::World;
use core::fmt::Display;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::{Payload, SERVER_HEADER_MAX, encode_frame};

/// The most bytes that one of these frames takes.
pub(super) const OWN_FRAME_MAX: usize = 88;
/// After so much silence a client is told that the device is there: a script cannot see pings.
const SILENCE: u64 = 5_000;

/// The first frame of all, and where the client begins to follow.
pub(super) fn greet(world: &World<'_>, out: &mut Outgoing<'_>) -> Cursor {
    let pushed = push(out, Greeting::of(world));
    debug_assert!(pushed, "it was seen to that there is room");
    backlog::begin(world, 0)
}

/// The device is there.
pub(super) fn push_alive(out: &mut Outgoing<'_>) -> bool {
    push(out, "{\"label\":\"alive\"}")
}

/// So many events were missed.
pub(super) fn push_missed(missed: u64, out: &mut Outgoing<'_>) -> bool {
    push(out, format_args!("{{\"label\":\"missed\",\"value\":{missed}}}"))
}

impl Open {
    /// When a client that follows a Thing is told that the device is there, unless it hears something else before; never for others.
    pub(super) fn alive_after(thing: bool, now: Instant) -> Instant {
        if thing { now.after(SILENCE) } else { Instant::NEVER }
    }

    pub(super) fn asks_thing(&self) -> bool {
        self.alive_at != Instant::NEVER
    }

    /// A frame is on its way to it.
    pub(super) fn spoke(&mut self, now: Instant) {
        self.alive_at = Self::alive_after(self.asks_thing(), now);
    }

    /// Says that the device is there, where it has been silent for long. Who does not read is not silent but behind.
    pub(super) fn say_alive(&mut self, now: Instant, world: &World<'_>, out: &mut Outgoing<'_>) {
        if now >= self.alive_at {
            if let Some(declared) = world.app.declared.filter(|_| out.kept() == 0) {
                // There is room: nothing is in it.
                let _ = (declared.speaks.push_alive)(out);
            }
            self.spoke(now);
        }
    }

    /// Tells a client that follows a Thing how many events it missed, before those that follow. `false`: there is no room
    /// for that now.
    pub(super) fn tell_missed(&mut self, world: &World<'_>, out: &mut Outgoing<'_>) -> bool {
        let feed = self.feed(world);
        let mut cursor = self.cursor;
        let Some(declared) = world.app.declared.filter(|_| self.follows && self.asks_thing()) else {
            return true;
        };
        let missed = cursor.pass_missed(feed);
        if missed == 0 {
            return true;
        }
        let pushed = (declared.speaks.push_missed)(missed, out);
        if pushed {
            self.cursor = cursor;
            self.note_missed(missed, world);
        }
        pushed
    }
}

fn push(out: &mut Outgoing<'_>, text: impl Display) -> bool {
    let mut block = [0; SERVER_HEADER_MAX + OWN_FRAME_MAX];
    let frame = encode_frame(Payload::Text(&text), &mut block);
    debug_assert!(frame.is_ok(), "none of them is longer");
    frame.is_ok_and(|frame| out.push(&block[frame]))
}
