//! The driver for microcontrollers: embassy-net's sockets, no heap, and memory that is fixed when it is compiled.
//!
//! A board declares its memory once, starts the server with it, and runs one driver for each network interface:
//!
//! ```no_run
//! use embassy_net::Stack;
//! use instep::{Access, App, Asset, Inbox, Limits};
//!
//! static APP: App = APPLICATION;
//! const APPLICATION: App = App::new("hello", "Says hello").page("/", Asset::html("<h1>Hello</h1>")).endpoint("/ws");
//! static ACCESS: Access = Access::new("hello").with_ports(&[80]);
//!
//! instep_embassy::resources! {
//!     /// All memory of the server.
//!     struct Resources { limits: Limits::DEVICE, app: APPLICATION, station: 8, access_point: 4 }
//! }
//! static RESOURCES: Resources = Resources::new();
//!
//! /// Each `run` is a task of its own, beside those of the network stacks.
//! async fn serve(station: Stack<'static>, access_point: Stack<'static>) -> Inbox<'static> {
//!     let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
//!     let station = RESOURCES.station.driver(server, station, 80).run();
//!     let access_point = RESOURCES.access_point.driver(server, access_point, 80).run();
//!     # let _ = (station, access_point);
//!     inbox // the application's
//! }
//! ```
//!
//! embassy-net has no backlog: a connection is refused unless a socket listens for it, or the network device is a
//! [`SynFilter`], with which it waits. So each interface has
//! [`ACCEPTING`] sockets beside those of its clients. They listen or answer requests, and share as many buffers for
//! heads; a socket that becomes a client's gives its buffer back, and another one listens with it.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod arrays;
mod clock;
mod connection;
mod driver;
mod input;
mod login;
mod memory;
mod read;
mod resources;
mod serve;
mod server;
mod shared;
#[doc(hidden)]
pub mod sizes;
mod syn_filter;

#[doc(hidden)]
pub use arrays::Arrays;
pub use driver::Driver;
/// For the expansion of [`resources!`].
#[doc(hidden)]
pub use instep;
pub use login::{LogInResources, ROUNDS};
#[doc(hidden)]
pub use memory::{DeviceMemory, InterfaceMemory};
pub use server::Server;
pub use sizes::{ACCEPTING, LISTENING, SOCKET_BUFFER};
pub use syn_filter::SynFilter;
