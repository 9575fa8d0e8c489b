//! Driver of instep for microcontrollers, on embassy-net.
//!
//! It needs no heap, and its memory is fixed at build time. A board declares its memory once, starts the server
//! with it, and runs one driver per network interface:
//!
//! ```
//! use embassy_net::Stack;
//! use instep::{Access, App, Limits};
//!
//! static APP: App = App::new("lamp", "A lamp").endpoint("/ws");
//! static ACCESS: Access = Access::new("lamp");
//!
//! instep_embassy::resources! {
//!     /// All memory of the server.
//!     struct Resources { limits: Limits::DEVICE, app: APP, station: 8, access_point: 4 }
//! }
//! static RESOURCES: Resources = Resources::new();
//!
//! async fn serve(stack: Stack<'static>) -> ! {
//!     let (server, inbox) = RESOURCES.start(&APP, &ACCESS);
//!     // In other tasks: the application, with `server.device` and `inbox`; `RESOURCES.access_point`.
//!     RESOURCES.station.driver(server, stack, 80).run().await
//! }
//! ```
//!
//! embassy-net has no accept queue: a connection is refused unless a socket listens for it, or waits if the
//! network device is a [`SynFilter`]. So each interface has [`ACCEPTING`] sockets beside those of its clients.
//! They listen or answer requests, and share as many buffers for request heads. A socket that becomes a
//! client's returns its buffer, and another socket listens with that.

#![no_std]
#![forbid(unsafe_code)]

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
