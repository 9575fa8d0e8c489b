//! Frames of a Thing's endpoint: greeting, keep-alive, revision, missed events.

use super::context::Context;
use super::event_id;
use core::fmt::Display;
use instep_proto::delivery::{Cursor, Outgoing};
use instep_proto::frame::{Payload, SERVER_HEADER_MAX, encode_frame};

/// Maximum payload of one of these frames, in bytes.
///
/// The frame `thing` of a device that a gateway shows says more.
pub(crate) const OWN_FRAME_MAX: usize = if cfg!(feature = "gateway") { 320 } else { 88 };

/// Pushes the first frame of a client, and returns its first cursor.
///
/// The output must have room.
pub(crate) fn greet(context: &Context<'_>, out: &mut Outgoing<'_>) -> Cursor {
    #[cfg(feature = "gateway")]
    if event_id::feed_greets(context) {
        return event_id::begin(context, 0);
    }
    let pushed = push(out, event_id::greeting(context));
    debug_assert!(pushed, "the output of a new client has no room for its greeting");
    event_id::begin(context, 0)
}

/// Pushes a keep-alive.
pub(crate) fn push_keepalive(out: &mut Outgoing<'_>) -> bool {
    push(out, "{\"label\":\"alive\"}")
}

/// Pushes the revision up to which everything has been sent.
pub(crate) fn push_revision(revision: u64, out: &mut Outgoing<'_>) -> bool {
    push(out, event_id::up_to(revision))
}

/// Pushes the number of missed events.
pub(crate) fn push_missed(missed: u64, out: &mut Outgoing<'_>) -> bool {
    push(out, format_args!("{{\"label\":\"missed\",\"value\":{missed}}}"))
}

fn push(out: &mut Outgoing<'_>, text: impl Display) -> bool {
    let mut block = [0; SERVER_HEADER_MAX + OWN_FRAME_MAX];
    let frame = encode_frame(Payload::Text(&text), &mut block);
    debug_assert!(frame.is_ok(), "a notice is longer than OWN_FRAME_MAX");
    frame.is_ok_and(|frame| out.push(&block[frame]))
}
