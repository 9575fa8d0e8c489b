//! What the connections of one network interface share: the server, the feed, buffers.

use crate::server::Server;
use crate::sizes::ACCEPTING;
use instep::driver::{Feed, HttpState, SendWindow, TurnContext};

/// What a connection has as long as it listens, or answers requests.
pub(crate) struct Head {
    /// For the heads of requests, and what comes behind them.
    pub(crate) bytes: &'static mut [u8],
    pub(crate) exchange: &'static mut HttpState,
}

/// Those that nobody has.
pub(crate) type Heads = [Option<Head>; ACCEPTING];

/// What is lent to one connection after the other.
pub(crate) struct Shared {
    pub(crate) server: Server,
    pub(crate) follower: usize,
    pub(crate) port: u16,
    pub(crate) feed: Feed<'static>,
    /// Where output is gathered.
    pub(crate) scratch: &'static mut [u8],
    /// For input on its way from a socket to its client.
    pub(crate) input: &'static mut [u8],
    pub(crate) heads: &'static mut Heads,
}

impl Shared {
    /// What a client needs for a turn, and the room for its input.
    pub(crate) fn lend(&mut self) -> (TurnContext<'_>, &mut [u8]) {
        let Server { app, access, log_in, board, device } = self.server;
        let surroundings = TurnContext {
            app,
            access,
            log_in,
            board,
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
        (surroundings, self.input)
    }

    pub(crate) fn has_head(&self) -> bool {
        self.heads.iter().any(Option::is_some)
    }

    /// Takes one, if there is any.
    pub(crate) fn take_head(&mut self) -> Option<Head> {
        self.heads.iter_mut().find_map(Option::take)
    }

    /// Takes it back.
    pub(crate) fn return_head(&mut self, head: Head) {
        if let Some(free) = self.heads.iter_mut().find(|head| head.is_none()) {
            *free = Some(head);
        }
    }
}
