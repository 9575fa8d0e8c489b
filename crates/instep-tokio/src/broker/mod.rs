//! Client of an MQTT broker, on a thread of its own.

mod address;
mod open;
mod run;
mod session;
mod target;
mod transport;

pub use address::{BrokerAddress, BrokerLogin};
pub(crate) use run::{run, spawn};
pub use target::{Broker, BrokerStatus};
