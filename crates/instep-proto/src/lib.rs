//! HTTP/1.1 and WebSocket (RFC 6455) for a server, without I/O, heap or clock, and the retained table
//! that instep's clients follow.
//!
//! Bytes go in, pieces of messages come out; frames go in, bytes come out. Nothing here waits, allocates,
//! reads a clock or logs: the caller lends every buffer. The folders are the layers, in the order in
//! which a byte meets them:
//!
//! * [`http`]: request heads, responses, routes, assets and templates;
//! * [`handshake`]: from an HTTP request to an open WebSocket;
//! * [`frame`]: headers, masking and close codes;
//! * [`message`]: frames put together to pieces of messages, text checked as it comes;
//! * [`delivery`]: the retained table, the event ring, cursors and outboxes;
//! * [`json`]: what a message of a Thing says.

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
