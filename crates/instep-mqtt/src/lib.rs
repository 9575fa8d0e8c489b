//! A device of instep as the client of a broker (MQTT 5), without I/O, heap or clock.
//!
//! * [`packet`]: packets, as functions on bytes;
//! * [`Connection`]: one connection to a broker, with its keep-alive;
//! * [`DeviceClient`]: a device on that connection, which publishes as a follower of the feed and takes commands;
//! * [`GatewayClient`]: a gateway on that connection, which hears all devices and sends them commands;
//! * [`BrokerAddress`] and [`Report`]: the address of a broker, and what the drivers log of their connections to it.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod address;
mod announce;
mod backoff;
mod command;
mod connection;
mod device_client;
mod discovery;
mod ended;
mod gateway;
mod id;
mod identity;
mod lines;
mod options;
pub mod packet;
mod publish;
mod report;
mod short;
mod stream;
mod topics;
mod writer;

pub use address::{AddressError, BrokerAddress};
pub use backoff::{Backoff, Outcome};
pub use connection::{ANSWER_TIMEOUT_MS, Connection, End, Event, KEEP_ALIVE_SECONDS};
pub use device_client::{DeviceClient, DeviceOptions, Ignored};
pub use ended::Ended;
pub use gateway::{GatewayClient, Heard, Message, NAME_MAX, Sent, is_name};
pub use id::{DeviceId, ID_MAX, IdError, PREFIX_MAX, check_prefix};
pub use options::ConnectionOptions;
pub use packet::Password;
pub use report::{Report, TransportError};
