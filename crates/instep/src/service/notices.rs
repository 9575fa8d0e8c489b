//! What a Thing's endpoint says by itself: what it is, that it is there, and what a client missed.

use super::context::Context;
use super::event_id::{self, Greeting, UpTo};
use core::fmt::Display;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::{Payload, SERVER_HEADER_MAX, encode_frame};

/// The most bytes that one of these frames takes.
pub(crate) const OWN_FRAME_MAX: usize = 88;

/// The first frame of all, and where the client begins to follow.
pub(crate) fn greet(context: &Context<'_>, out: &mut Outgoing<'_>) -> Cursor {
    let pushed = push(out, Greeting::of(context));
    debug_assert!(pushed, "it was seen to that there is room");
    event_id::begin(context, 0)
}

/// The device is there.
pub(crate) fn push_keepalive(out: &mut Outgoing<'_>) -> bool {
    push(out, "{\"label\":\"alive\"}")
}

/// Everything was told up to that revision.
pub(crate) fn push_revision(revision: u64, out: &mut Outgoing<'_>) -> bool {
    push(out, UpTo(revision))
}

/// So many events were missed.
pub(crate) fn push_missed(missed: u64, out: &mut Outgoing<'_>) -> bool {
    push(out, format_args!("{{\"label\":\"missed\",\"value\":{missed}}}"))
}

fn push(out: &mut Outgoing<'_>, text: impl Display) -> bool {
    let mut block = [0; SERVER_HEADER_MAX + OWN_FRAME_MAX];
    let frame = encode_frame(Payload::Text(&text), &mut block);
    debug_assert!(frame.is_ok(), "none of them is longer");
    frame.is_ok_and(|frame| out.push(&block[frame]))
}
