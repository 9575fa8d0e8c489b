//! An Ethernet link in this process.
//!
//! Every station receives the frames that the others send to it or to all. Time advances only when all
//! tasks wait.

#![forbid(unsafe_code)]

mod clock;
mod link;
mod phone;
mod wire;

pub use clock::{spawn, test, test_in_real_time};
pub use link::{End, Link, Plug, Received, Sending, static_config};
pub use phone::{ask, get, post};
