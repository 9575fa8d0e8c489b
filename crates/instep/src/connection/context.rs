//! What a client needs of the world around it.

use super::deflate::Compression;
use crate::access::Access;
use crate::app::App;
use crate::device::Device;
use crate::login::LogIn;
use crate::service::{BoardPage, BoardPages, Context};
use core::cell::Cell;
use core::net::IpAddr;
use core::ops::Deref;
use instep_proto::delivery::{Feed, SendWindow};
use instep_proto::http::Date;

/// What a client needs of the world for one turn. A driver makes it once for all its clients.
#[derive(Debug)]
pub struct TurnContext<'a> {
    /// The application: its pages and endpoints.
    pub app: &'a App,
    /// Who may come in.
    pub access: &'a Access,
    /// Asks for the password, if there is one.
    pub log_in: Option<&'a LogIn>,
    /// The board's own pages, if it has any.
    pub board: Option<&'a dyn BoardPages>,
    /// The device.
    pub device: &'a Device,
    /// What the clients of this driver follow.
    pub feed: &'a Feed<'static>,
    /// The same feed with its long frames compressed, if it is up to date.
    pub compressed_feed: Option<&'a Feed<'static>>,
    /// permessage-deflate, if the driver has it.
    pub compression: Option<&'a dyn Compression>,
    /// How many clients one address may have, if the driver has such a limit.
    pub address_limit: Option<&'a dyn AddressLimit>,
    /// The time of day, if the driver has a clock: answers say it.
    pub date: Option<Date>,
    /// Which of the device's followers this driver is.
    pub follower: usize,
    /// How many messages a turn takes. At that limit the client takes no more input.
    pub allowance: u32,
    /// What the socket takes for sure. It counts where nothing can be saved for the client, because it has no
    /// [`HttpState`](super::HttpState) any more.
    pub room: SendWindow,
    /// Where output is gathered, shared by all clients: as long as what one client may keep
    /// ([`HttpState::new`](super::HttpState::new)) and one frame.
    pub scratch: &'a mut [u8],
}

/// The limit of clients from one address, for those whose address only their request tells because they come by a
/// proxy. A driver has one for each connection.
pub trait AddressLimit: core::fmt::Debug {
    /// Counts this connection as one from `address` until it ends. `false`: there are too many already.
    fn count(&self, address: IpAddr) -> bool;

    /// Says in the log that there are too many. It is linked only with a driver that has such a limit.
    #[doc(hidden)]
    fn log_refused(&self, address: IpAddr) {
        log::warn!("Refused {address}: there are too many clients from there");
    }
}

/// [`TurnContext`] without what is lent for change. What handlers of requests see of it is its [`Context`].
pub(super) struct ConnectionContext<'a> {
    context: Context<'a>,
    pub(super) app: &'a App,
    pub(super) log_in: Option<&'a LogIn>,
    pub(super) board: Option<&'a dyn BoardPages>,
    pub(super) compression: Option<&'a dyn Compression>,
    pub(super) address_limit: Option<&'a dyn AddressLimit>,
    pub(super) date: Option<Date>,
    pub(super) allowance: u32,
    pub(super) room: SendWindow,
}

impl<'a> Deref for ConnectionContext<'a> {
    type Target = Context<'a>;

    fn deref(&self) -> &Context<'a> {
        &self.context
    }
}

impl ConnectionContext<'_> {
    /// Asks for the password, while there is one.
    pub(super) fn log_in(&self) -> Option<&LogIn> {
        self.log_in.filter(|log_in| log_in.is_on())
    }

    /// What is at `path` of the board's.
    pub(super) fn find_board_page(&self, path: &str) -> Option<(&dyn BoardPages, BoardPage)> {
        let board = self.board?;
        Some((board, board.find(path)?))
    }
}

impl<'a> ConnectionContext<'a> {
    pub(super) fn of<'s>(surroundings: &'s mut TurnContext<'a>) -> (Self, &'s mut [u8]) {
        let TurnContext {
            app,
            access,
            log_in,
            board,
            device,
            feed,
            compressed_feed,
            compression,
            address_limit,
            date,
            follower,
            allowance,
            room,
            ref mut scratch,
        } = *surroundings;
        let context = Context {
            access,
            device,
            manifest: app.manifest(),
            notices: app.service.map(|service| &service.notices),
            feed,
            compressed_feed,
            follower,
            messages: Cell::new(0),
        };
        (Self { context, app, log_in, board, compression, address_limit, date, allowance, room }, scratch)
    }
}
