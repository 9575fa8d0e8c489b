//! Sans-I/O HTTP/1.1 and WebSocket server (RFC 6455), and the delivery of messages.
//!
//! Input bytes become pieces of messages, and frames become output bytes. Nothing here waits, allocates, reads a
//! clock or logs. The caller lends every buffer and passes the time of day. The modules for input, from the socket
//! to the application:
//!
//! * [`http`]: request heads, responses, routes, assets and templates;
//! * [`handshake`]: the upgrade of an HTTP request to a WebSocket;
//! * [`frame`]: headers, masking and close codes;
//! * [`message`]: reassembly of fragments into pieces of messages, with UTF-8 checked on arrival;
//! * [`deflate`]: negotiation of permessage-deflate;
//! * [`json`]: JSON of a Thing's messages.
//!
//! The module for output is [`delivery`]. It has the retained table, which holds the latest message of each topic,
//! and the event ring, cursors and outboxes.

#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod deflate;
pub mod delivery;
#[doc(hidden)]
pub mod fnv1a;
pub mod frame;
pub mod handshake;
pub mod http;
pub mod json;
pub mod message;
mod texts;
