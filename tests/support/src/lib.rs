//! Starts an instep server and talks to it, for tests.
//!
//! - [`Server`] runs the command `instep serve` as a process, and fails the test if it panics or does not end as it should;
//! - [`WebSocket`] is a small client that can also violate every rule of the protocol;
//! - [`http()`] and [`Http`] send bytes unchanged and read one response at a time;
//! - [`target()`] describes the server under test, because a small device has other limits;
//! - with the feature `tls`, `Tls` makes encrypted streams for either;
//! - with the feature `mosquitto`, `mosquitto` starts that broker, and has a client of it;
//! - [`Balancer`] starts nginx or HAProxy before two gateways, and [`Relay`] is a network that a test can cut;
//! - [`wait_until`] and [`wait_for`] wait for a condition and for a value;
//! - [`Folder`] is a folder for one test;
//! - [`Random`] gives the same numbers each time.
//!
//! Nothing here uses a crate of instep. It is a second implementation of RFC 6455 and HTTP/1.1, so that a
//! mistake in the first one shows. Everything blocks, has a deadline, and panics with a sentence if an
//! expectation fails.

#![forbid(unsafe_code)]

mod balancer;
mod deadline;
mod folder;
mod frame;
mod http;
mod memory;
#[cfg(feature = "mosquitto")]
pub mod mosquitto;
mod output;
mod port;
mod program;
mod random;
mod relay;
mod server;
#[cfg(feature = "tls")]
mod session;
mod stream;
mod target;
#[cfg(feature = "tls")]
mod tls;
mod websocket;

pub use balancer::Balancer;
pub use deadline::{SOON, wait_for, wait_until};
pub use folder::Folder;
pub use frame::{Frame, opcode};
pub use http::{Http, Response, http};
pub use memory::{resident, resident_here};
pub use port::free_addr;
pub use program::find;
pub use random::Random;
pub use relay::Relay;
pub use server::{Builder, Server};
pub use stream::Stream;
pub use target::{Target, target};
#[cfg(feature = "tls")]
pub use tls::Tls;
pub use websocket::WebSocket;
