//! The place of one client on the device.

use crate::buffer::Buffer;
use core::num::NonZeroU32;
use instep_proto::delivery::Outbox;
use instep_proto::message::Kind;

/// Numbers from here on are those of requests.
pub(super) const FIRST_REQUEST: u32 = 1 << 31;

/// A client: the n-th that connected since the device started, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    pub(crate) number: u32,
    pub(crate) slot: u16,
}

impl ClientId {
    /// Whether it is a request by plain HTTP.
    pub(crate) const fn is_request(self) -> bool {
        self.number >= FIRST_REQUEST
    }

    /// The client's number, for the log; a request has none.
    pub(crate) fn logged(self) -> Option<u32> {
        (!self.is_request()).then_some(self.number)
    }

    /// Of a client that the application hears of, the inbox tells: after its last message.
    pub(crate) fn log_disconnected(self) {
        log::info!(client = self.number; "[{self}] Disconnected");
    }
}

impl core::fmt::Display for ClientId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.is_request() { f.write_str("HTTP") } else { self.number.fmt(f) }
    }
}

/// The place of one client: its message for the application, the replies for it, and what is to be said of it.
/// Opening and closing are flags, so they can neither be queued nor lost.
#[derive(Debug)]
pub struct Slot {
    /// The client's number, 0 while the slot is free.
    pub(crate) number: u32,
    pub(crate) follower: u16,
    /// What let the client in, where there is a log-in.
    pub(crate) session: Option<NonZeroU32>,
    /// That has ended: the client is to go.
    pub(crate) revoked: bool,
    /// The application hears of this client.
    pub(crate) notify_app: bool,
    /// It speaks with the Thing.
    pub(crate) speaks_thing: bool,
    /// The application has not been told yet that it connected.
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
    /// A free slot: room for one message to the application, and for replies (each takes 12 bytes more than
    /// its frame), of which there may be as many as [`Limits::replies`](crate::Limits::replies).
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

    /// Whether the application is to be told anything of it.
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
