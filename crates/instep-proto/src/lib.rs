//! Sans-I/O HTTP/1.1 and WebSocket server, and the retained table of instep.
//!
//! The WebSocket protocol is that of RFC 6455. Input bytes become pieces of messages, and frames become output
//! bytes. Nothing here waits, allocates, reads a clock or logs, because the caller lends every buffer. The
//! folders are the layers, in the order in which an input byte passes them:
//!
//! * [`http`]: request heads, responses, routes, assets and templates;
//! * [`handshake`]: the upgrade of an HTTP request to a WebSocket;
//! * [`frame`]: headers, masking and close codes;
//! * [`message`]: reassembly of fragments into pieces of messages, with UTF-8 checked on arrival;
//! * [`delivery`]: the retained table, the event ring, cursors and outboxes;
//! * [`json`]: JSON of a Thing's messages.

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
