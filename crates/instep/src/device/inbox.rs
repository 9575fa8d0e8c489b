//! The inbox: what clients tell the application, one message at a time.

use super::responder::Responder;
use super::shared::Device;
use super::slot::{ClientId, InboxState};
use super::state::State;
use crate::buffer::Buffer;
use crate::limits::Limits;
use crate::log::{Escaped, FROM_CLIENT};
use crate::model::{Input, PropertyStore, Thing};
use core::future::poll_fn;
use core::ops::Range;
use core::task::Poll;
use instep_proto::delivery::Storage as _;
use instep_proto::message::Kind;

/// What a client did. It is plain data in the inbox's own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message<'m> {
    /// A client connected.
    Open {
        /// Who it is.
        client: ClientId,
    },
    /// A client sent text.
    Text {
        /// Who it is.
        client: ClientId,
        /// What it sent.
        text: &'m str,
    },
    /// A client sent bytes.
    Binary {
        /// Who it is.
        client: ClientId,
        /// What it sent.
        bytes: &'m [u8],
    },
    /// A client is gone.
    Close {
        /// Who it was.
        client: ClientId,
    },
}

/// Where the application hears from its clients. At most one message of each client waits in it, and clients
/// are served in turn, so none can keep another from being heard.
#[derive(Debug)]
pub struct Inbox<'d> {
    pub(super) device: &'d Device,
    pub(super) buffer: Buffer,
    /// The responder of the last request, of which the answer may still be due.
    pub(super) last_request: Option<Responder<'d>>,
    /// Where in the buffer the text of the last request is.
    pub(super) text: Range<usize>,
    /// What was kept, and the application is still to get.
    pub(super) restoring: Option<Restoring>,
}

/// A [`Request`] without what it borrows: [`Inbox::text`] has its text.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Invoked {
    pub name: &'static str,
    pub input: Input<'static>,
}

/// What is still to be restored. Only [`Inbox::keep_in`] names the function: who does not call that links none of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Restoring {
    pub(super) store: &'static dyn PropertyStore,
    /// The interaction that is looked at next.
    pub(super) next: usize,
    pub(super) next_invoked: fn(&mut Inbox<'_>, &'static Thing) -> Option<Invoked>,
}

/// A [`TextAction`] without what it borrows.
#[derive(Clone, Copy)]
pub(super) enum InboxItem {
    Open,
    Data {
        kind: Kind,
        /// It came in at the Thing's endpoint.
        speaks_thing: bool,
    },
    Close,
}

impl Device {
    /// The one inbox of the device: there cannot be a second consumer. `buffer` has room for
    /// [`Limits::message`] bytes. `None` if it has been taken before.
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
    /// The log tells of it now, so that what a message causes stands behind it.
    pub async fn recv(&mut self) -> Message<'_> {
        let (client, news) = self.recv_item().await;
        self.log_item(client, news);
        match news {
            InboxItem::Open => Message::Open { client },
            InboxItem::Close => Message::Close { client },
            InboxItem::Data { kind: Kind::Binary, .. } => {
                Message::Binary { client, bytes: self.buffer.bytes() }
            }
            InboxItem::Data { kind: Kind::Text, .. } => {
                // The wire has been checked: text is UTF-8.
                let text = core::str::from_utf8(self.buffer.bytes()).unwrap_or_default();
                Message::Text { client, text }
            }
        }
    }

    /// Calls `callback` with every message, for ever: for those who think in callbacks.
    pub async fn on_message(&mut self, mut callback: impl FnMut(Message<'_>)) -> ! {
        loop {
            callback(self.recv().await);
        }
    }

    /// Waits for the next thing to tell the application; a message is in the buffer then.
    pub(super) async fn recv_item(&mut self) -> (ClientId, InboxItem) {
        let (device, buffer) = (self.device, &mut self.buffer);
        poll_fn(|context| {
            device.with(|state| {
                let news = take_item(state, buffer, device.limits());
                if news.is_none() {
                    state.inbox_waker = Some(context.waker().clone());
                }
                news.map_or(Poll::Pending, Poll::Ready)
            })
        })
        .await
    }

    /// What was kept, as a request that nobody waits for.
    pub(super) fn next_restored(&mut self, thing: &'static Thing) -> Option<Invoked> {
        (self.restoring.as_ref()?.next_invoked)(self, thing)
    }

    /// Tells the log.
    pub(super) fn log_item(&self, client: ClientId, news: InboxItem) {
        let bytes = self.buffer.bytes();
        match news {
            InboxItem::Open => {}
            InboxItem::Close => client.log_disconnected(),
            InboxItem::Data { kind: Kind::Binary, .. } => {
                log::info!(client = client.logged(); "[{client}] Received: {} bytes", bytes.len());
            }
            InboxItem::Data { kind: Kind::Text, .. } => {
                log::info!(target: FROM_CLIENT, client = client.logged(); "[{client}] Received: {}", Escaped(bytes));
            }
        }
    }
}

/// Takes the next thing to tell the application; a message goes to `buffer`.
fn take_item(state: &mut State, buffer: &mut Buffer, limits: &Limits) -> Option<(ClientId, InboxItem)> {
    // A request by plain HTTP may have been withdrawn.
    let number = loop {
        let number = state.pop_inbox(limits)?;
        if state.slots[usize::from(number)].has_inbox_item() {
            break number;
        }
    };
    let slot = &mut state.slots[usize::from(number)];
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
        let asks_thing = slot.speaks_thing;
        state.inbox_used -= 1;
        InboxItem::Data { kind, speaks_thing: asks_thing }
    } else {
        slot.free();
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
