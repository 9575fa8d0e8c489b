//! The backlog: where it is wanted, whoever comes is told of the events that the device still has. They are numbered, and the
//! first frame names the start of the device from which on they are.

use super::context::Context;
use core::fmt::{self, Display};
use core::num::NonZeroU32;
use instep_proto::delivery::Cursor;
use instep_proto::http::RequestHead;

/// The version of the wire format.
const WIRE: u32 = 1;

/// Where a client begins to follow that has had the first `heard` of all events.
pub(crate) fn begin(context: &Context<'_>, heard: u64) -> Cursor {
    if context.manifest.backlog {
        Cursor::with_backlog(context.feed, heard)
    } else {
        Cursor::new(context.feed)
    }
}

/// The start of the device from which on events are numbered; `None`: they are not, or nobody can tell.
pub(crate) fn start(context: &Context<'_>) -> Option<NonZeroU32> {
    context.device.start().filter(|_| context.manifest.backlog)
}

/// The first frame of all.
pub(crate) struct Greeting {
    hash: u64,
    start: Option<NonZeroU32>,
}

impl Greeting {
    pub(crate) fn of(context: &Context<'_>) -> Self {
        Self { hash: context.manifest.hash, start: start(context) }
    }
}

impl Display for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"label\":\"thing\",\"value\":{{\"wire\":{WIRE},\"hash\":\"{:016x}\"", self.hash)?;
        if let Some(start) = self.start {
            write!(f, ",\"start\":\"{start:08x}\"")?;
        }
        f.write_str("}}")
    }
}

/// An event as Server-Sent Events name it: by the start of the device and its number.
pub(crate) struct EventId {
    pub(crate) start: NonZeroU32,
    pub(crate) seq: u64,
}

impl Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{}", self.start, self.seq)
    }
}

/// How many events a client has had before that asks for them again: 0 if it speaks of another start. `None`: it does not say.
pub(crate) fn heard_before(head: &RequestHead<'_>, context: &Context<'_>) -> Option<u64> {
    let id = head.fields.items("last-event-id").next()?;
    let known = || {
        let (of, seq) = id.split_once('-')?;
        let of = u32::from_str_radix(of, 16).ok()?;
        seq.parse().ok().filter(|_| start(context).is_some_and(|start| start.get() == of))
    };
    Some(known().unwrap_or(0))
}
