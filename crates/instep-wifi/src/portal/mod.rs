//! How a device in its own network is told of another one: what its page asks, what the radio is to do, and what comes of it.
//!
//! The network is tried first and kept after it was joined, and the device's own network stays until the phone has seen where
//! the device will be found. A password goes in and never comes out: no page shows one, and none is printed.
//!
//! [`Portal`] does nothing itself. Whoever has the radio asks it for the next [`Task`], at least whenever a form came, and
//! tells it what came of it; whoever serves pages hands it forms and writes its page. Both are short, so one lock around it
//! will do. The page is for those in the device's own network, or logged in, and for its own pages only
//! (docs/contracts.md section 5): that is for the server to check, before it calls [`Portal::submit`] or [`Portal::write_part`].

mod networks;
mod page;
mod state;

pub use networks::{NETWORKS_MAX, Network, Networks, Ssid};
pub use page::{About, FIRST_PART, STYLE, TELLING_PART};
pub use state::{Credentials, FormError, Outcome, Portal, Task};

#[cfg(test)]
mod tests;
