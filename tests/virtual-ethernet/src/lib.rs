//! An Ethernet link in this process: every station hears what each of the others sends to it or to all. Time passes only
//! when everybody waits.

#![forbid(unsafe_code)]

mod clock;
mod link;
mod phone;
mod wire;

pub use clock::{spawn, test, test_in_real_time};
pub use link::{End, Link, Plug, Received, Sending, static_config};
pub use phone::{ask, get, post};
