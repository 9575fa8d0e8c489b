//! Slot of one client in the device.

use crate::buffer::Buffer;
use core::num::NonZeroU32;
use instep_proto::delivery::Outbox;
use instep_proto::message::Kind;

/// First number of the HTTP requests. Smaller numbers are those of clients.
pub(super) const FIRST_REQUEST: u32 = 1 << 31;

/// Id of a client, numbered from 1 since the start of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    pub(crate) number: u32,
    pub(crate) slot: u16,
}

impl ClientId {
    /// Returns whether it is an HTTP request.
    pub(crate) const fn is_request(self) -> bool {
        self.number >= FIRST_REQUEST
    }

    /// Returns the client's number for the log. An HTTP request has none.
    pub(crate) fn logged(self) -> Option<u32> {
        (!self.is_request()).then_some(self.number)
    }

    /// Logs the disconnect.
    ///
    /// If the application receives messages of the client, the inbox does so after its last message.
    pub(crate) fn log_disconnected(self) {
        log::info!(client = self.number; "[{self}] Disconnected");
    }
}

impl core::fmt::Display for ClientId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.is_request() { f.write_str("HTTP") } else { self.number.fmt(f) }
    }
}

/// Slot of one client, with its message to the application and the replies to it.
///
/// Opening and closing are flags, so they are never queued and never lost.
#[derive(Debug)]
pub struct Slot {
    /// The client's number, 0 while the slot is free.
    pub(crate) number: u32,
    pub(crate) follower: u16,
    /// The number of the client's credential, if there is a log-in.
    pub(crate) session: Option<NonZeroU32>,
    /// Whether the credential was revoked, so that the client must be closed.
    pub(crate) revoked: bool,
    /// Whether the application receives messages of this client.
    pub(crate) notify_app: bool,
    /// Whether its messages are those of the Thing.
    pub(crate) speaks_thing: bool,
    /// Whether the application has not been told yet that the client connected.
    pub(crate) opened: bool,
    /// It is gone; the slot is free once the application has been told.
    pub(crate) closed: bool,
    pub(crate) message: Buffer,
    /// The message is whole and waits for the application.
    pub(crate) message_kind: Option<Kind>,
    /// The reply to it has no room: it waits for that, and takes no place in the inbox.
    pub(crate) awaiting_reply_room: bool,
    pub(crate) replies: Outbox<Buffer>,
    /// It stands in the queue for the application.
    pub(crate) queued: bool,
    /// It stands in the queue of its follower.
    pub(crate) is_ready: bool,
    /// It has been refused a place in the inbox and waits for one.
    pub(crate) waits: bool,
    pub(crate) in_waiting: bool,
    /// A place in the inbox is kept for its next message.
    pub(crate) reserved: bool,
}

impl Slot {
    /// Creates a free slot.
    ///
    /// Its memory is for one message to the application and for replies. Each reply takes 12 bytes more than its frame.
    /// `replies_max` is [`Limits::replies`](crate::Limits::replies).
    pub fn new(message: Buffer, replies: Buffer, replies_max: usize) -> Self {
        Self {
            number: 0,
            follower: 0,
            session: None,
            revoked: false,
            notify_app: false,
            speaks_thing: false,
            opened: false,
            closed: false,
            message,
            message_kind: None,
            awaiting_reply_room: false,
            replies: Outbox::new(replies, replies_max),
            queued: false,
            is_ready: false,
            waits: false,
            in_waiting: false,
            reserved: false,
        }
    }

    /// Returns whether it has an item for the application.
    pub(crate) fn has_inbox_item(&self) -> bool {
        self.notify_app
            && (self.opened || (self.message_kind.is_some() && !self.awaiting_reply_room) || self.closed)
    }

    pub(crate) fn free(&mut self) {
        self.number = 0;
        (self.notify_app, self.opened, self.closed, self.waits) = (false, false, false, false);
        (self.session, self.revoked) = (None, false);
        (self.message_kind, self.awaiting_reply_room) = (None, false);
        self.message.clear();
        self.replies.clear();
    }
}
