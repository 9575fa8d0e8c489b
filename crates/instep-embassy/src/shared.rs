//! State shared by the connections of one network interface.

use crate::server::Server;
use crate::sizes::ACCEPTING;
use instep::driver::{Feed, HttpState, SendWindow, TurnContext};

/// Buffers of a connection that listens or answers requests.
pub(crate) struct Head {
    /// Buffer for request heads and the input after them.
    pub(crate) bytes: &'static mut [u8],
    pub(crate) http_state: &'static mut HttpState,
}

/// Free heads.
pub(crate) type Heads = [Option<Head>; ACCEPTING];

/// Server, feed and buffers, lent to one connection at a time.
pub(crate) struct Shared {
    pub(crate) server: Server,
    pub(crate) follower: usize,
    pub(crate) port: u16,
    pub(crate) feed: Feed<'static>,
    /// Buffer in which output is gathered.
    pub(crate) scratch: &'static mut [u8],
    /// Buffer for input on its way from a socket to its client.
    pub(crate) input: &'static mut [u8],
    pub(crate) heads: &'static mut Heads,
    /// Length of each socket's send buffer, in bytes.
    pub(crate) send_capacity: usize,
    #[cfg(debug_assertions)]
    pub(crate) without_turn: &'static crate::without_turn::WithoutTurn,
}

impl Shared {
    /// Returns the context of a client's turn, and the buffer for its input.
    pub(crate) fn lend(&mut self) -> (TurnContext<'_>, &mut [u8]) {
        let Server { app, access, log_in, board, device, .. } = self.server;
        #[cfg(feature = "update")]
        let update = self.server.update;
        #[cfg(not(feature = "update"))]
        let update = None;
        let turn_context = TurnContext {
            app,
            access,
            log_in,
            board,
            update,
            mounts: None,
            device,
            feed: &self.feed,
            compressed_feed: None,
            compression: None,
            address_limit: None,
            date: None,
            follower: self.follower,
            allowance: u32::MAX,
            room: SendWindow::NONE,
            scratch: self.scratch,
        };
        (turn_context, self.input)
    }

    /// Returns whether a head is free.
    pub(crate) fn has_head(&self) -> bool {
        self.heads.iter().any(Option::is_some)
    }

    /// Returns the number of free heads.
    pub(crate) fn free_heads(&self) -> usize {
        self.heads.iter().flatten().count()
    }

    /// Takes a free head, if there is one.
    pub(crate) fn take_head(&mut self) -> Option<Head> {
        self.heads.iter_mut().find_map(Option::take)
    }

    /// Returns a head.
    pub(crate) fn return_head(&mut self, head: Head) {
        if let Some(free) = self.heads.iter_mut().find(|head| head.is_none()) {
            *free = Some(head);
        }
    }
}
