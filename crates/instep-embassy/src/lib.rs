//! Driver of instep for microcontrollers, on sockets of embassy-net.
//!
//! The driver needs no heap. All its memory is declared at compile time.
//!
//! A board declares the memory once, starts the server with it, and runs one driver for each network interface:
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
//! /// Each `run` is its own task, beside the tasks of the network stacks.
//! async fn serve(station: Stack<'static>, access_point: Stack<'static>) -> Inbox<'static> {
//!     let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
//!     let station = RESOURCES.station.driver(server, station, 80).run();
//!     let access_point = RESOURCES.access_point.driver(server, access_point, 80).run();
//!     # let _ = (station, access_point);
//!     inbox // for the application
//! }
//! ```
//!
//! A board whose firmware can be updated over HTTP has the feature `update`, and adds `Server::with_update` before it makes the
//! drivers.
//!
//! With the feature `mqtt`, the module `broker` publishes the device at an MQTT broker.
//!
//! embassy-net has no backlog, so it refuses a connection if no socket listens. With a [`SynFilter`], the connection
//! waits instead. Each interface has [`ACCEPTING`] more sockets than clients, and [`ACCEPTING`] buffers for request
//! heads. A socket that listens or answers requests holds one of these buffers. When its connection becomes a
//! WebSocket or an event stream, the buffer goes to another socket, which then listens.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod arrays;
mod at_once;
#[cfg(feature = "mqtt")]
pub mod broker;
mod clock;
mod connection;
mod driver;
mod input;
mod interface;
mod login;
mod memory;
mod read;
mod resources;
mod serve;
mod server;
mod shared;
mod signals;
#[doc(hidden)]
pub mod sizes;
mod syn_filter;
#[cfg(feature = "update")]
pub mod update;
#[cfg(debug_assertions)]
mod without_turn;

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
