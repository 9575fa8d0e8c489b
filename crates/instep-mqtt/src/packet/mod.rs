//! Packets of MQTT 5, as functions on bytes.
//!
//! [`Incoming::read`] parses what a broker sends, and the other items write what a client sends.

mod error;
mod fields;
mod incoming;
mod integer;
mod outgoing;
mod properties;
mod reason;

pub use error::PacketError;
pub use incoming::{ConnAck, Incoming, Publish, SubAck};
pub use outgoing::{
    Connect, ExpiringHead, Filter, PINGREQ, Password, PublishHead, disconnect, write_subscribe,
    write_unsubscribe,
};
pub use reason::ReasonCode;
