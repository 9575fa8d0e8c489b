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
    position_start(context, false)
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

/// Which events a client has had that connects again.
#[derive(Clone, Copy)]
pub(crate) struct LastSeen {
    /// It asks for revisions (`?revision`), and so is told how many events it missed meanwhile.
    pub(crate) revisions: bool,
    /// The number of the last event that it had, of this start of the device. `None` if it names none.
    seq: Option<u64>,
    /// That number where it names none.
    first: u64,
}

impl LastSeen {
    /// Reads the query and `Last-Event-ID`. `only`: for a stream of one property or event, which begins now; only a client
    /// that comes back gets events of the past.
    pub(crate) fn read(only: bool, head: &RequestHead<'_>, context: &Context<'_>) -> Self {
        let asked = asked_position(head).filter(|_| !only);
        let revisions = asked.is_some();
        let id = asked.filter(|id| !id.is_empty()).or_else(|| head.fields.items("last-event-id").next());
        let known = || {
            let (of, seq) = id?.split_once('-')?;
            let of = u32::from_str_radix(of, 16).ok()?;
            seq.parse()
                .ok()
                .filter(|_| position_start(context, revisions).is_some_and(|start| start.get() == of))
        };
        let first = if only && id.is_none() { u64::MAX } else { 0 };
        Self { revisions, seq: known(), first }
    }

    /// Where it begins to follow.
    pub(crate) fn begin(self, context: &Context<'_>) -> Cursor {
        begin(context, self.seq.unwrap_or(self.first))
    }

    /// How many events it missed that begins there.
    pub(crate) fn missed(self, begin: &Cursor) -> u64 {
        self.seq.filter(|_| self.revisions).map_or(0, |seq| begin.events().saturating_sub(seq))
    }
}

/// The start of the device as a position names it: where revisions are asked for, events are numbered without a backlog, too.
pub(crate) fn position_start(context: &Context<'_>, revisions: bool) -> Option<NonZeroU32> {
    context.device.start().filter(|_| revisions || context.manifest.backlog)
}

/// Whether the query of a request asks for revisions.
pub(crate) fn asks_for_revisions(head: &RequestHead<'_>) -> bool {
    asked_position(head).is_some()
}

/// The position in `?revision` or `?revision=POSITION`; empty in the former.
fn asked_position<'r>(head: &RequestHead<'r>) -> Option<&'r str> {
    let fields = head.query?.split('&');
    let mut asked = fields.filter_map(|field| field.strip_prefix("revision"));
    asked.find_map(|rest| if rest.is_empty() { Some(rest) } else { rest.strip_prefix('=') })
}

/// Says that the device is there, and up to which revision everything was told.
pub(crate) struct UpTo(pub(crate) u64);

impl Display for UpTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"label\":\"alive\",\"value\":{}}}", self.0)
    }
}
