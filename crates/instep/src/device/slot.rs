//! Slot of one client in the device.

use super::slot_index::SlotIndex;
use crate::buffer::Buffer;
use core::fmt::Arguments;
use core::num::NonZeroU32;
use instep_proto::delivery::Outbox;
use instep_proto::message::Kind;
use log::Level;

/// First number of the HTTP requests. Clients have smaller numbers.
pub(super) const FIRST_REQUEST: u32 = 1 << 31;
/// First number of the commands of a broker, which are handled like HTTP requests.
pub(super) const FIRST_COMMAND: u32 = 3 << 30;

/// Id of a client, numbered from 1 since the start of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId {
    pub(crate) number: u32,
    pub(crate) slot: SlotIndex,
}

impl ClientId {
    /// Returns whether the id belongs to an HTTP request.
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
        self.log(Level::Info, format_args!("Disconnected"));
    }

    /// Logs a line about the client, as the functions in `log/lines.rs` do.
    #[inline(never)]
    pub(crate) fn log(self, level: Level, line: Arguments<'_>) {
        log::log!(level, client = self.number; "[{self}] {line}");
    }
}

impl core::fmt::Display for ClientId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.number {
            FIRST_COMMAND.. => f.write_str("MQTT"),
            FIRST_REQUEST.. => f.write_str("HTTP"),
            number => number.fmt(f),
        }
    }
}

/// Stage of a client's next message on its way to the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum InboxState {
    /// The message is not complete, and no place in the inbox is reserved for it.
    #[default]
    Idle,
    /// The message waits for a place in the inbox, in the queue of waiting slots.
    Waiting,
    /// A place in the inbox is reserved for the message.
    Reserved,
    /// The message is complete and has a place in the inbox.
    Queued(Kind),
    /// The message is complete, but its reply would have no room, so the message has no place in the inbox.
    AwaitingReplyRoom(Kind),
}

impl InboxState {
    /// Returns the kind of the message if it is complete.
    pub(crate) const fn message_kind(self) -> Option<Kind> {
        match self {
            Self::Queued(kind) | Self::AwaitingReplyRoom(kind) => Some(kind),
            Self::Idle | Self::Waiting | Self::Reserved => None,
        }
    }
}

/// Slot of one client, with its message to the application and the replies to the client.
///
/// Opening and closing are flags, so they are never queued and never lost.
#[derive(Debug)]
pub struct Slot {
    /// The client's number, 0 while the slot is free.
    pub(crate) number: u32,
    pub(crate) follower: u16,
    /// The number of the client's credential, if there is a log-in. Of a free slot it is the link of [`FreeSlots`], so that a slot
    /// of a microcontroller needs no field for it.
    ///
    /// [`FreeSlots`]: super::free_slots::FreeSlots
    pub(crate) session: Option<NonZeroU32>,
    /// Whether the credential was revoked, so that the client must be closed.
    pub(crate) revoked: bool,
    /// Whether the application receives messages of this client.
    pub(crate) notify_app: bool,
    /// Whether the client uses the protocol of the Thing.
    pub(crate) speaks_thing: bool,
    /// Whether the client has connected and the application has not received this yet.
    pub(crate) opened: bool,
    /// Whether the client is gone. The slot becomes free when the application has received this.
    pub(crate) closed: bool,
    pub(crate) message: Buffer,
    pub(crate) inbox: InboxState,
    pub(crate) replies: Outbox<Buffer>,
    /// Whether the slot is in the queue for the application.
    pub(crate) in_queue: bool,
    /// Whether the slot is in the queue of its driver.
    pub(crate) is_ready: bool,
    /// Whether the client is blocked by its own message or replies.
    ///
    /// It gets a turn when the application takes the message.
    pub(crate) is_blocked: bool,
}

impl Slot {
    /// Creates a free slot.
    ///
    /// The memory is for one message to the application and for replies. Each reply takes 12 bytes more than its frame.
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
            inbox: InboxState::Idle,
            replies: Outbox::new(replies, replies_max),
            in_queue: false,
            is_ready: false,
            is_blocked: false,
        }
    }

    /// Returns whether the slot has an item for the application.
    pub(crate) fn has_inbox_item(&self) -> bool {
        self.notify_app && (self.opened || matches!(self.inbox, InboxState::Queued(_)) || self.closed)
    }

    pub(crate) fn free(&mut self) {
        self.number = 0;
        debug_assert!(
            !matches!(self.inbox, InboxState::Waiting | InboxState::Reserved),
            "a slot was freed while it waited for a place in the inbox or had one"
        );
        (self.notify_app, self.opened, self.closed, self.is_blocked) = (false, false, false, false);
        (self.session, self.revoked, self.inbox) = (None, false, InboxState::Idle);
        self.message.clear();
        self.replies.clear();
    }
}
