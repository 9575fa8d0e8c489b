//! Ids of events, and the position from which a client follows them.
//!
//! With a backlog, a new client receives the events that the device still has. Events are numbered from each start of the device,
//! and the first frame names that start.

use super::context::Context;
#[cfg(feature = "gateway")]
use super::event_numbers as numbers;
use core::fmt::{self, Display};
use core::num::NonZeroU32;
use instep_proto::delivery::Cursor;
#[cfg(feature = "gateway")]
use instep_proto::frame::server_payload;
use instep_proto::http::RequestHead;

/// The version of the wire format.
const WIRE: u32 = 1;

/// Returns the first cursor of a client that has the first `seen` events.
pub(crate) fn begin(context: &Context<'_>, seen: u64) -> Cursor {
    if context.manifest.backlog {
        #[cfg(feature = "gateway")]
        let seen = numbers::event_after(seen, context.feed).unwrap_or(seen);
        Cursor::with_backlog(context.feed, seen)
    } else {
        Cursor::new(context.feed)
    }
}

/// Returns the id of the device's start, from which events are numbered.
///
/// Returns `None` if the application has no backlog, or if the driver has not set the id.
pub(crate) fn start(context: &Context<'_>) -> Option<NonZeroU32> {
    position_start(context, false)
}

/// Returns whether the first frame of the feed is the greeting, of a device that stands for another one.
#[cfg(feature = "gateway")]
pub(crate) fn feed_greets(context: &Context<'_>) -> bool {
    let first = context.feed.table().newer(0).map(|(topic, ..)| topic);
    first.is_some() && first == context.manifest.thing.map(|thing| thing.greeting_topic().0)
}

/// Returns the first frame to each client: wire version, hash and start of the device.
pub(crate) fn greeting(context: &Context<'_>) -> impl Display {
    let own = greeting_frame(context.manifest.hash, start(context));
    #[cfg(feature = "gateway")]
    let own = {
        // A device that stands for another one has the frame of that one as a topic.
        let thing = context.manifest.thing;
        let frame = thing.and_then(|thing| context.feed.table().latest(thing.greeting_topic().0));
        let text = frame.and_then(|frame| core::str::from_utf8(server_payload(frame)).ok());
        fmt::from_fn(move |f| match text {
            Some(text) => f.write_str(text),
            None => own.fmt(f),
        })
    };
    own
}

/// Returns the frame `thing`, with the id of the device's start, if there is one.
pub(crate) fn greeting_frame(hash: u64, start: Option<NonZeroU32>) -> impl Display {
    fmt::from_fn(move |f| {
        write!(f, "{{\"label\":\"thing\",\"value\":{{\"wire\":{WIRE},\"hash\":\"{hash:016x}\"")?;
        if let Some(start) = start {
            write!(f, ",\"start\":\"{start:08x}\"")?;
        }
        f.write_str("}}")
    })
}

/// Returns the number of the last event before the cursor, of which the first has 1.
pub(crate) fn position(cursor: &Cursor, context: &Context<'_>) -> u64 {
    #[cfg(feature = "gateway")]
    if let Some(number) = numbers::before(cursor, context.feed) {
        return number;
    }
    #[cfg(not(feature = "gateway"))]
    let _ = context;
    cursor.events()
}

/// Returns the id of an event in Server-Sent Events: the device's start and a number.
pub(crate) fn id(start: NonZeroU32, seq: u64) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{start:08x}-{seq}"))
}

/// Position of a client that connects again: the events that it has received.
#[derive(Clone, Copy)]
pub(crate) struct LastSeen {
    /// Whether it asks for revisions (`?revision`) and the number of missed events.
    pub(crate) revisions: bool,
    /// The number of the last event that it received since this start of the device. `None` if it names none.
    seq: Option<u64>,
    /// The number that is used if it names none.
    default_seq: u64,
}

impl LastSeen {
    /// Parses the query and `Last-Event-ID`.
    ///
    /// `only` is set for a stream of one property or event. Such a stream begins now, and only a client that names an id
    /// receives past events.
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
        let default_seq = if only && id.is_none() { u64::MAX } else { 0 };
        Self { revisions, seq: known(), default_seq }
    }

    /// Returns the first cursor of the client.
    pub(crate) fn begin(self, context: &Context<'_>) -> Cursor {
        begin(context, self.seq.unwrap_or(self.default_seq))
    }

    /// Returns the number of the last event that the client has, at its first cursor.
    #[cfg_attr(
        not(feature = "gateway"),
        expect(clippy::unused_self, reason = "a device has heard all events")
    )]
    pub(crate) fn position(self, begin: &Cursor, context: &Context<'_>) -> u64 {
        let position = position(begin, context);
        // A gateway may not have heard that one.
        #[cfg(feature = "gateway")]
        let position = position.max(self.seq.unwrap_or(0));
        position
    }

    /// Returns how many events the client missed, if it asks for revisions.
    pub(crate) fn missed(self, begin: &Cursor, context: &Context<'_>) -> u64 {
        self.seq.filter(|_| self.revisions).map_or(0, |seq| position(begin, context).saturating_sub(seq))
    }
}

/// Returns the id of the device's start for a position.
///
/// If the client asks for revisions, events are numbered without a backlog, too.
pub(crate) fn position_start(context: &Context<'_>, revisions: bool) -> Option<NonZeroU32> {
    context.device.start().filter(|_| revisions || context.manifest.backlog)
}

/// Returns whether the query of a request asks for revisions.
pub(crate) fn asks_for_revisions(head: &RequestHead<'_>) -> bool {
    asked_position(head).is_some()
}

/// Returns the position in `?revision=POSITION`, or an empty one for `?revision`.
fn asked_position<'r>(head: &RequestHead<'r>) -> Option<&'r str> {
    let fields = head.query?.split('&');
    let mut asked = fields.filter_map(|field| field.strip_prefix("revision"));
    asked.find_map(|rest| if rest.is_empty() { Some(rest) } else { rest.strip_prefix('=') })
}

/// Returns the keep-alive with the revision up to which everything has been sent.
pub(crate) fn up_to(revision: u64) -> impl Display {
    fmt::from_fn(move |f| write!(f, "{{\"label\":\"alive\",\"value\":{revision}}}"))
}
