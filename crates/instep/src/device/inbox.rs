//! The inbox: what clients tell the application, one message at a time.

use super::Device;
use super::slot::ClientId;
use super::state::State;
use crate::buffer::Buffer;
use crate::shown::Shown;
use core::future::poll_fn;
use core::task::Poll;
use instep_proto::delivery::Storage as _;
use instep_proto::message::Kind;

/// What a client did. It is plain data in the inbox's own buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    device: &'d Device,
    buffer: Buffer,
}

/// A [`Message`] without what it borrows.
#[derive(Clone, Copy)]
enum News {
    Open,
    Data(Kind),
    Close,
}

impl<'d> Inbox<'d> {
    pub(crate) fn new(device: &'d Device, buffer: Buffer) -> Self {
        Self { device, buffer }
    }

    /// Waits for the next message. Dropping the future loses nothing.
    ///
    /// The log tells of it now, so that what a message causes stands behind it.
    pub async fn next(&mut self) -> Message<'_> {
        let (device, buffer) = (self.device, &mut self.buffer);
        let (client, news) = poll_fn(|context| {
            device.with(|state| {
                let news = take_news(state, buffer, device.limits().inbox);
                if news.is_none() {
                    state.inbox_waker = Some(context.waker().clone());
                }
                news.map_or(Poll::Pending, Poll::Ready)
            })
        })
        .await;
        match news {
            News::Open => Message::Open { client },
            News::Close => {
                client.log_disconnected();
                Message::Close { client }
            }
            News::Data(Kind::Binary) => {
                let bytes = self.buffer.bytes();
                log::info!(client = client.number; "[{client}] Received: {} bytes", bytes.len());
                Message::Binary { client, bytes }
            }
            News::Data(Kind::Text) => {
                log::info!(client = client.number; "[{client}] Received: {}", Shown(self.buffer.bytes()));
                // The wire has been checked: text is UTF-8.
                let text = core::str::from_utf8(self.buffer.bytes()).unwrap_or_default();
                Message::Text { client, text }
            }
        }
    }

    /// Calls `callback` with every message, for ever: for those who think in callbacks.
    pub async fn on_event(&mut self, mut callback: impl FnMut(Message<'_>)) -> ! {
        loop {
            callback(self.next().await);
        }
    }
}

/// Takes the next thing to tell the application; a message goes to `buffer`.
fn take_news(state: &mut State, buffer: &mut Buffer, inbox_limit: usize) -> Option<(ClientId, News)> {
    let number = state.next_news()?;
    let slot = &mut state.slots[usize::from(number)];
    let client = ClientId { number: slot.number, slot: number };
    let mut resume = false;
    let news = if core::mem::take(&mut slot.opened) {
        News::Open
    } else if let Some(kind) = slot.ready.take() {
        buffer.clear();
        // The device asserts nothing of the inbox's buffer: a message that does not fit is cut to nothing.
        let fits = buffer.append(slot.message.bytes());
        debug_assert!(fits, "the inbox's buffer is as long as the longest message");
        slot.message.clear();
        resume = core::mem::take(&mut slot.waits);
        state.places -= 1;
        News::Data(kind)
    } else {
        slot.free();
        return Some((client, News::Close));
    };
    if slot.has_news() {
        state.tell(number);
    }
    if matches!(news, News::Data(_)) {
        state.grant_places(inbox_limit);
    }
    if resume {
        state.attend(number);
    }
    Some((client, news))
}
