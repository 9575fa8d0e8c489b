//! A device of instep as the client of a broker (MQTT 5), without I/O, heap or clock.
//!
//! * [`packet`]: packets, as functions on bytes;
//! * [`Connection`]: one connection to a broker, with its keep-alive.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod connection;
pub mod packet;

pub use connection::{ANSWER_TIMEOUT_MS, Connection, End, Event, KEEP_ALIVE_SECONDS};
