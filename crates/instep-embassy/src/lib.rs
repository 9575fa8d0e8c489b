//! The driver for microcontrollers: embassy-net's sockets, no heap, and memory that is fixed when it is compiled.
//!
//! A board declares its memory once, starts the server with it, and runs one driver for each network interface:
//!
//! ```ignore
//! const LIMITS: Limits = Limits::DEVICE;
//!
//! instep_embassy::resources! {
//!     /// All memory of the server.
//!     struct Resources { limits: LIMITS, app: APP, station: 8, access_point: 4 }
//! }
//! static RESOURCES: Resources = Resources::new();
//!
//! let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
//! let station = RESOURCES.station.driver(server, stack, 80); // then, in a task: station.run().await
//! ```
//!
//! embassy-net has no backlog: a connection is refused unless a socket listens for it. So each interface has
//! [`ACCEPTING`] sockets beside those of its clients. They listen or answer requests, and share as many buffers for
//! heads; a socket that becomes a client's gives its buffer back, and another one listens with it.

#![no_std]
#![forbid(unsafe_code)]

mod connection;
mod driver;
mod input;
mod login;
mod memory;
mod resources;
#[doc(hidden)]
pub mod sizes;

pub use driver::Driver;
/// For what [`resources!`] expands to.
#[doc(hidden)]
pub use instep;
pub use login::{LogInResources, ROUNDS};
#[doc(hidden)]
pub use memory::{DeviceMemory, InterfaceMemory};

use instep::{Access, App, BoardPages, Device, LogIn};

/// Sockets of each interface that listen or answer requests, beside those of its clients.
pub const ACCEPTING: usize = 6;

/// While fewer sockets than this listen, whoever keeps one without using it yields.
pub const LISTENING: usize = 2;

/// Bytes of each socket's receive buffer, and of its send buffer, where a board says nothing else. What is in the latter
/// cannot be replaced by newer state.
pub const SOCKET_BUFFER: usize = 1536;

/// A server on a microcontroller: what all its drivers share. A driver that is to differ gets a copy: that of the device's
/// own network has an [`Access`] with a portal.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    /// The application: its pages and endpoints.
    pub app: &'static App,
    /// Who may come in.
    pub access: &'static Access,
    /// Asks for the password, if there is one.
    pub log_in: Option<&'static LogIn>,
    /// The board's own pages, if it has any ([`Server::with_board`]).
    pub board: Option<&'static dyn BoardPages>,
    /// The device, for the application.
    pub device: &'static Device,
}

impl Server {
    /// The same server, with pages that the board brings along.
    pub fn with_board(self, board: &'static dyn BoardPages) -> Self {
        Self { board: Some(board), ..self }
    }
}
