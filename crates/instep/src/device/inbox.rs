//! The inbox, from which the application takes one message at a time.

use super::responder::Responder;
use super::shared::Device;
use super::slot::{ClientId, InboxState};
use super::state::State;
use super::wakers::register;
use crate::buffer::Buffer;
use crate::limits::Limits;
use crate::log::{EscapedText, FROM_CLIENT};
use crate::model::{Input, PropertyStore, Thing};
use core::future::poll_fn;
use core::ops::Range;
use core::task::{Context, Poll};
use instep_proto::delivery::Storage as _;
use instep_proto::message::Kind;

/// Message of a client to the application, or the beginning or end of a client.
///
/// Its data is in the inbox's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'m> {
    /// A client connected.
    Open {
        /// Who it is.
        client: ClientId,
    },
    /// A client sent a text message.
    Text {
        /// Who it is.
        client: ClientId,
        /// The text.
        text: &'m str,
    },
    /// A client sent a binary message.
    Binary {
        /// Who it is.
        client: ClientId,
        /// The bytes.
        bytes: &'m [u8],
    },
    /// A client disconnected.
    Close {
        /// The client.
        client: ClientId,
    },
}

/// Inbox of the application, from which it takes the messages of its clients.
///
/// At most one message of each client waits in it, and clients are served in turn, so no client can block another.
#[derive(Debug)]
pub struct Inbox<'d> {
    pub(super) device: &'d Device,
    pub(super) buffer: Buffer,
    /// The responder of the last request, of which the answer may still be due.
    pub(super) last_request: Option<Responder<'d>>,
    /// The range in the buffer with the text of the last request.
    pub(super) text: Range<usize>,
    /// The state of restoring, until all persisted values have been received.
    pub(super) restoring: Option<Restoring>,
}

/// [`Request`](super::requests::Request) without borrowed data.
///
/// [`Inbox::text`] returns its text.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Invoked {
    pub name: &'static str,
    pub input: Input<'static>,
}

/// State of restoring persisted values.
///
/// Only [`Inbox::keep_in`] names the function, so an application that does not call it does not link the function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restoring {
    pub(super) store: &'static dyn PropertyStore,
    /// The number of the next interaction.
    pub(super) next: usize,
    pub(super) next_invoked: fn(&mut Inbox<'_>, &'static Thing) -> Option<Invoked>,
}

/// [`Message`] without its client and its borrowed data.
#[derive(Clone, Copy)]
pub(super) enum InboxItem {
    Open,
    Data {
        kind: Kind,
        /// Whether it is for the Thing.
        speaks_thing: bool,
    },
    Close,
}

impl Device {
    /// Returns the inbox of the device, of which there is only one.
    ///
    /// `buffer` must hold [`Limits::message`] bytes. Returns `None` if the inbox has been taken before.
    pub fn inbox(&self, buffer: Buffer) -> Option<Inbox<'_>> {
        let free = self.with(|state| !core::mem::replace(&mut state.inbox_taken, true));
        free.then(|| Inbox::new(self, buffer))
    }
}

impl<'d> Inbox<'d> {
    pub(crate) fn new(device: &'d Device, buffer: Buffer) -> Self {
        Self { device, buffer, last_request: None, text: 0..0, restoring: None }
    }

    /// Waits for the next message. Dropping the future loses nothing.
    ///
    /// The message is logged now, so that its effects are logged after it.
    pub async fn recv(&mut self) -> Message<'_> {
        let (client, news) = poll_fn(|context| self.poll_item(context)).await;
        match news {
            InboxItem::Open => Message::Open { client },
            InboxItem::Close => {
                client.log_disconnected();
                Message::Close { client }
            }
            InboxItem::Data { kind: Kind::Binary, .. } => {
                let bytes = self.buffer.bytes();
                log_binary(client, bytes);
                Message::Binary { client, bytes }
            }
            InboxItem::Data { kind: Kind::Text, .. } => {
                let text = self.received_text();
                log_text(client, text);
                Message::Text { client, text }
            }
        }
    }

    /// Calls `callback` with every message, and never returns.
    pub async fn on_message(&mut self, mut callback: impl FnMut(Message<'_>)) -> ! {
        loop {
            callback(self.recv().await);
        }
    }

    /// Waits for the next item for the application. The bytes of a message are in the buffer then.
    pub(super) async fn recv_item(&mut self) -> (ClientId, InboxItem) {
        poll_fn(|context| self.poll_item(context)).await
    }

    fn poll_item(&mut self, context: &Context<'_>) -> Poll<(ClientId, InboxItem)> {
        let Self { device, buffer, .. } = self;
        device.with(|state| {
            if let Some(held) = &mut state.held {
                // The application looks now.
                held.application_is_due = false;
            }
            if state.has_inbox_item()
                && let Some(item) = take_item(state, buffer, device.limits())
            {
                return Poll::Ready(item);
            }
            register(&mut state.inbox_waker, context.waker());
            Poll::Pending
        })
    }

    /// Logs an item.
    pub(super) fn log_item(&self, client: ClientId, news: InboxItem) {
        match news {
            InboxItem::Open => {}
            InboxItem::Close => client.log_disconnected(),
            InboxItem::Data { kind: Kind::Binary, .. } => log_binary(client, self.buffer.bytes()),
            InboxItem::Data { kind: Kind::Text, .. } => log_text(client, self.received_text()),
        }
    }

    /// Returns the text of the message.
    fn received_text(&self) -> &str {
        // Always valid, because the receiver has checked that text is UTF-8.
        core::str::from_utf8(self.buffer.bytes()).unwrap_or_default()
    }
}

fn log_binary(client: ClientId, bytes: &[u8]) {
    log::info!(client = client.logged(); "[{client}] Received: {} bytes", bytes.len());
}

fn log_text(client: ClientId, text: &str) {
    log::info!(target: FROM_CLIENT, client = client.logged(); "[{client}] Received: {}", EscapedText(text));
}

/// Takes the next item for the application. The bytes of a message go to `buffer`.
// Not inlined, because most looks at the inbox find nothing.
#[inline(never)]
fn take_item(state: &mut State, buffer: &mut Buffer, limits: &Limits) -> Option<(ClientId, InboxItem)> {
    // A request by plain HTTP may have been withdrawn.
    let number = loop {
        let number = state.pop_inbox(limits)?;
        if state.slots[number.get()].has_inbox_item() {
            break number;
        }
    };
    let slot = &mut state.slots[number.get()];
    let client = ClientId { number: slot.number, slot: number };
    let mut resume = false;
    let news = if core::mem::take(&mut slot.opened) {
        InboxItem::Open
    } else if let InboxState::Queued(kind) = slot.inbox {
        slot.inbox = InboxState::Idle;
        buffer.clear();
        // The device asserts nothing of the inbox's buffer: a message that does not fit is cut to nothing.
        let fits = buffer.append(slot.message.bytes());
        debug_assert!(fits, "the inbox's buffer is as long as the longest message");
        slot.message.clear();
        resume = core::mem::take(&mut slot.is_blocked);
        let speaks_thing = slot.speaks_thing;
        state.inbox_used -= 1;
        InboxItem::Data { kind, speaks_thing }
    } else {
        slot.free();
        state.free.put(state.slots, number);
        return Some((client, InboxItem::Close));
    };
    if slot.has_inbox_item() {
        state.enqueue_inbox(number);
    }
    if matches!(news, InboxItem::Data { .. }) {
        state.reserve_free_slots(limits.inbox);
    }
    if resume {
        state.mark_ready(number);
    }
    Some((client, news))
}
