//! Client of an MQTT broker, on one TCP socket: one more follower of the device.
//!
//! A board declares the memory, makes the client with its server, and runs it in a task of its own:
//!
//! ```no_run
//! # use embassy_net::Stack;
//! use instep::Limits;
//! use instep_embassy::broker::{Broker, BrokerAddress, BrokerMemory, DeviceId, input_bytes, send_bytes};
//!
//! const LIMITS: Limits = Limits::DEVICE;
//! static MEMORY: BrokerMemory<{ input_bytes(&LIMITS) }, { send_bytes(&LIMITS) }> = BrokerMemory::new();
//!
//! # async fn device(server: instep_embassy::Server, station: Stack<'static>, random: fn() -> u32) {
//! let address = BrokerAddress::parse_for_device("mqtt://broker.local").expect("it is an address");
//! let broker = Broker { address, password: None, id: DeviceId::of("lamp", 0x0a_1b_2c), commands: true, page: None };
//! if let Some(client) = MEMORY.start(server, broker) {
//!     client.run(station, random).await;
//! }
//! # }
//! ```
//!
//! The panel and `/healthz?verbose` show how the connection stands.
//!
//! The memory of the device has room for one more follower, with the feature `mqtt`. [`resources!`](crate::resources) sees to it.
//!
//! Names that end in `.local` are resolved by one-shot queries of multicast DNS (RFC 6762 section 5.1), and others at the DNS
//! servers of the network. The socket for it uses the buffers of the connection, so it takes no memory of its own.

mod client;
mod memory;
mod open;
mod query;
mod resolve;
mod session;
mod target;
mod wait;

pub use client::{BrokerClient, SOCKETS};
pub use instep_mqtt::{AddressError, BrokerAddress, DeviceId};
pub use memory::{BrokerMemory, input_bytes, send_bytes};
pub use target::{Broker, LOGIN_MAX};
