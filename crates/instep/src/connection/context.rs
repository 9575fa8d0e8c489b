//! Context of a turn: the device, the feeds and the driver's memory.

use super::deflate::Compression;
use crate::access::Access;
use crate::app::App;
use crate::device::Device;
use crate::log::lines;
use crate::login::LogIn;
use crate::service::{BoardPage, BoardPages, Context, MountsRef};
use crate::update::UpdateRoute;
use core::cell::Cell;
use core::net::IpAddr;
use core::ops::Deref;
use instep_proto::delivery::{Feed, SendWindow};
use instep_proto::http::Date;

/// Context of a turn. A driver creates it for the turns of all its clients.
#[derive(Debug)]
pub struct TurnContext<'a> {
    /// The application, with its pages and endpoints.
    pub app: &'a App,
    /// The checks of Host and Origin.
    pub access: &'a Access,
    /// The log-in, if there is one.
    pub log_in: Option<&'a LogIn>,
    /// The board's own pages, if it has any.
    pub board: Option<&'a dyn BoardPages>,
    /// The route `/firmware`, if the driver has one. Without the feature `update` there is none.
    pub update: Option<UpdateRoute<'a>>,
    /// The devices of the server, if it has several. Without the feature `gateway` there is one.
    pub mounts: Option<MountsRef<'a>>,
    /// The device.
    pub device: &'a Device,
    /// The feed that the clients of this driver follow.
    pub feed: &'a Feed<'static>,
    /// The same feed with its long frames compressed, if it is up to date.
    pub compressed_feed: Option<&'a Feed<'static>>,
    /// permessage-deflate, if the driver has it.
    pub compression: Option<&'a dyn Compression>,
    /// The limit of clients from one address, if the driver has such a limit.
    pub address_limit: Option<&'a dyn AddressLimit>,
    /// The time of day for the header `Date`, if the driver has a clock.
    pub date: Option<Date>,
    /// The index of this driver in [`Memory::followers`](crate::driver::Memory::followers).
    pub follower: usize,
    /// The maximum number of messages in a turn. At that limit the client takes no more input.
    pub allowance: u32,
    /// The output that the socket is sure to accept.
    ///
    /// The output of a turn has this limit if the client has no [`HttpState`](super::HttpState) any more, which stores unsent output.
    pub room: SendWindow,
    /// Memory in which output is gathered, shared by all clients.
    ///
    /// The memory must hold the unsent output of one client ([`HttpState::new`](super::HttpState::new)) and one frame.
    pub scratch: &'a mut [u8],
}

/// Limit of the clients from one address, for clients behind a proxy.
///
/// The address of such a client is known only from its request. A driver has one limit for each connection.
pub trait AddressLimit: core::fmt::Debug {
    /// Counts this connection as one from `address` until it ends.
    ///
    /// Returns `false` if there are too many.
    fn count(&self, address: IpAddr) -> bool;

    /// Logs that there are too many.
    ///
    /// A provided method, so that it is linked only with a driver that has such a limit.
    #[doc(hidden)]
    fn log_refused(&self, address: IpAddr) {
        lines::warn(format_args!("Refused {address}: there are too many clients from there"));
    }
}

/// [`TurnContext`] without its mutable memory.
///
/// Handlers of requests see only its [`Context`].
pub(super) struct ConnectionContext<'a> {
    context: Context<'a>,
    pub(super) app: &'a App,
    pub(super) log_in: Option<&'a LogIn>,
    pub(super) board: Option<&'a dyn BoardPages>,
    pub(super) update: Option<UpdateRoute<'a>>,
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
    /// Returns the log-in, if it has a password.
    pub(super) fn log_in(&self) -> Option<&LogIn> {
        self.log_in.filter(|log_in| log_in.is_on())
    }

    /// Finds the board's page at `path`.
    pub(super) fn find_board_page(&self, path: &str) -> Option<(&dyn BoardPages, BoardPage)> {
        let board = self.board?;
        Some((board, board.find(path)?))
    }
}

impl<'a> ConnectionContext<'a> {
    /// Splits a turn's context into the shared references and the memory for output.
    pub(super) fn of<'s>(context: &'s mut TurnContext<'a>) -> (Self, &'s mut [u8]) {
        let TurnContext {
            app,
            access,
            log_in,
            board,
            update,
            mounts,
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
        } = *context;
        let context = Context {
            access,
            device,
            manifest: app.manifest(),
            notices: app.service.map(|service| &service.notices),
            feed,
            compressed_feed,
            follower,
            mounts,
            messages: Cell::new(0),
        };
        (
            Self { context, app, log_in, board, update, compression, address_limit, date, allowance, room },
            scratch,
        )
    }
}
