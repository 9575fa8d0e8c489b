//! Client of an MQTT broker, on a thread of its own.

mod address;
mod client;
mod device;
mod open;
mod publish;
mod run;
mod session;
mod status;
mod target;
mod transport;

pub use address::{BrokerAddress, BrokerLogin};
pub use client::BrokerClient;
pub(crate) use publish::{publish, spawn};
pub use run::run;
pub use status::{BrokerStatus, Connections};
pub use target::Broker;
